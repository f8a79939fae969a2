"""What an operator allows by name names something, or is a slip that is said."""

import pytest

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-02")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--allow-removal", "pbx1:extensoin"], "did you mean 'pbx1:extension'?"),
        (["--allow-removal", "foo"], "'foo' names nothing we have"),
        (["--allow-removal", "pbx9:extension"], "did you mean 'pbx1:extension'?"),
        (["--allow-removal", "totl"], "did you mean 'total'?"),
        (["--allow-removal", "im1:*"], "im1 is in the inventory"),
        (["--allow-removal", "gone1:*"], "'gone1:*' names nothing we have"),
        (["--allow-protected", "foo"], "'foo' is not an address"),
        (["--allow-protected", "im1:rom/everyone"], "did you mean 'im1:room'?"),
        (["--allow-protected", "im9:room/everyone"], "did you mean 'im1:room'?"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_word_that_can_name_nothing_is_refused_with_the_nearest(estate, words, said):
    before = estate.held()
    done = estate("apply", "--yes", *words, *DAY)
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1, done.err
    assert estate.held() == before


@pytest.mark.parametrize(
    "words",
    [["--allow-removal", "total"], ["--allow-removal", "im1:room"],
     ["--allow-protected", "im1:room/everyone"]],
    ids=" ".join,
)  # fmt: skip
def test_a_word_that_names_something_is_taken_whether_it_is_needed_or_not(estate, words):
    done = estate("apply", "--yes", *words, *DAY)
    assert (done.code, done.err) == (0, "")


def test_a_glob_that_finds_nothing_to_take_over_is_a_warning(estate):
    done = estate("apply", "--yes", "--allow-adopt", "zzz", *DAY)
    assert done.code == 0
    assert "warning: --allow-adopt zzz: there is nothing to take over" in done.err


def test_a_server_gone_for_good_may_still_be_forgotten(estate):
    hosts = estate.path / "inventory/hosts.yml"
    text = hosts.read_text("utf-8")
    assert "\n    im1:" in text or "im1" in text
    hosts.write_text(text.replace("im1", "im2"), "utf-8")
    done = estate("apply", "--yes", "--allow-removal", "im1:*", *DAY)
    assert "names nothing" not in done.err
    assert done.code == 0, done.err
    assert "forgotten, for their system left the inventory: im1:account/" in done.err
