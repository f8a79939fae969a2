"""A glob that can name nothing is told with the word that was meant."""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("glob", "said"),
    [
        ("im1:acount/*", "no kind of object is called 'acount'; did you mean 'account'?"),
        ("im2:account/*", "there is no system 'im2' in the inventory; did you mean 'im1'?"),
        ("*:rooms/everyone", "no kind of object is called 'rooms'; did you mean 'room'?"),
    ],
)
@pytest.mark.parametrize("verb", ["show", "explain"])
def test_a_misspelt_kind_or_system_is_told_with_the_nearest(estate, verb, glob, said):
    done = estate(verb, glob)
    assert done.code == 1
    assert f"({said})" in done.err
    assert done.err.count("\n") == 1


def test_a_glob_of_words_that_exist_is_not_corrected(estate):
    done = estate("show", "im1:account/nobody")
    assert done.err == "error: nothing in policy matches im1:account/nobody\n"


@pytest.mark.parametrize(
    ("glob", "said"),
    [
        ("im1:rom/everyone", "no kind of object is called 'rom' (did you mean 'room'?)"),
        ("im7:room/everyone", "there is no system 'im7' in the inventory (did you mean 'im1'?)"),
        ("*:mailbox/archive@exmaple.test", "'exmaple.test' is no mail domain of ours"),
    ],
)
def test_protection_of_what_cannot_be_is_a_warning_with_its_place(estate, glob, said):
    estate.policy("security.yml", "im1:room/everyone", glob)
    done = estate("validate")
    assert done.code == 0
    assert f"warning: policies/security.yml:6:13: {glob} protects nothing: {said}" in done.out
    warned = estate("validate", "--json").document["warnings"]
    assert [item["message"].startswith(f"{glob} protects") for item in warned].count(True) == 1


@pytest.mark.parametrize("glob", ["im1:room/*", "*:r*m/everyone", "*:mailbox/boss@*"])
def test_protection_of_what_may_be_one_day_is_no_warning(estate, glob):
    estate.policy("security.yml", "im1:room/everyone", glob)
    assert "protects nothing" not in estate("validate").out


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (
            "dialing_class",
            "extension has no field 'dialing_class' (did you mean 'dialling_class'?)",
        ),
        ("display_name, nonsense", "extension has no field 'nonsense'"),
        ("secret:sip", ""),
        ("dialling_class", ""),
    ],
)
def test_an_exception_for_a_field_that_nothing_has_is_a_warning(estate, field, said):
    (estate.path / "policies" / "exceptions.yml").write_text(
        'exceptions:\n  - address: "pbx1:extension/*"\n'
        f"    fields: [{field}]\n    owner: P1\n    reason: until its own line is there\n    until: 2099-12-31\n"
    )
    done = estate("validate")
    assert done.code == 0, done.err
    told = "policies/exceptions.yml:3:5: the rule for pbx1:extension/* is about nothing: "
    assert (f"warning: {told}{said}" in done.out) if said else ("about nothing" not in done.out)
