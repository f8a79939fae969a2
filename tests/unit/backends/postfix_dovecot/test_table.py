"""Files edited by the line: what no change names stays as it is, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.backends.postfix_dovecot.on_target_table import (
    Table,
    full,
    octets,
    quoted,
    shares_of,
    shares_text,
    short,
    unquoted,
)

LINES = st.lists(
    st.sampled_from(
        [
            "ann@a.test:{SSHA512}x:::Ann::mailbox:",
            "list@a.test ann@a.test, bob@a.test",
            "    carol@a.test",
            "# a note",
            "#tight",
            "",
            "bob@a.test\tOK",
            "ann@a.test OK",
            "odd ] ; $ \\ line",
            "# a line separator \u2028 and a next line \x85 inside",
        ]
    )
)


@given(LINES)
def test_a_file_comes_back_as_it_was(lines):
    text = "".join(f"{line}\n" for line in lines)
    assert Table(text).text() == text


@given(LINES)
def test_a_change_to_one_entry_leaves_every_other_line_alone(lines):
    before = [line for line in lines if not line.startswith("new@a.test")]
    table = Table("".join(f"{line}\n" for line in before))
    table.put("new@a.test", "new@a.test OK")
    table.drop("new@a.test")
    assert table.text() == "".join(f"{line}\n" for line in before)


def test_the_first_of_two_entries_counts_and_both_stay():
    table = Table("a@a.test one\na@a.test two\n")
    assert table.value("a@a.test") == "one"
    assert table.text() == "a@a.test one\na@a.test two\n"


def test_a_continued_line_belongs_to_its_entry():
    table = Table("team@a.test ann@a.test,\n   bob@a.test\nnext@a.test x\n")
    assert table.value("team@a.test") == "ann@a.test, bob@a.test"
    table.drop("team@a.test")
    assert table.text() == "next@a.test x\n"


def test_a_title_goes_with_its_entry_and_a_note_elsewhere_stays():
    table = Table("# kept\n\n# Sales: 銷售\nsales@a.test internal\n")
    assert table.titles == {"sales@a.test": "Sales: 銷售"}
    table.put("sales@a.test", "sales@a.test internal", "Selling")
    assert table.text() == "# kept\n\n# Selling\nsales@a.test internal\n"
    table.drop("sales@a.test")
    assert table.text() == "# kept\n\n"


@given(st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_any_name_comes_back_exactly(name):
    field = quoted(name)
    assert ":" not in field
    assert unquoted(field) == name


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1G", 1024**3),
        ("500 M", 500 * 1024**2),
        ("1073741824B", 1024**3),
        ("10", 10 * 1024),
        ("2GB", 2 * 1024**3),
        ("0", 0),
        ("unlimited", 0),
        ("", 0),
    ],
)
def test_sizes_mean_what_dovecot_means_by_them(size, expected):
    assert octets(size) == expected


@pytest.mark.parametrize("address", ["ann@a.test", "ann@other.test"])
def test_a_grantee_is_found_again_from_the_key_of_a_grant(address):
    assert full(short(address, "contact@a.test"), "contact@a.test") == address


def test_the_dictionary_of_shares_comes_back():
    shares = {("ann@a.test", "contact@a.test"), ("bob@a.test", "contact@a.test")}
    assert shares_of(shares_text(shares)) == shares
