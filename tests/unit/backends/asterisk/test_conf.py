"""Asterisk's files: what we write is read back exactly, and what is not ours keeps its bytes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.backends.asterisk import on_target_conf as conf

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n[]"), max_size=30)


def as_asterisk_reads(line):
    """Do what main/config.c does with a line: cut comments, take `\\;` for `;`."""
    out, rest = "", line
    while ";" in rest:
        before, _, rest = rest.partition(";")
        if not before.endswith("\\"):
            return out + before
        out += before[:-1] + ";"
    return out + rest


@given(TEXT)
def test_a_value_is_read_back_exactly(text):
    assert as_asterisk_reads(conf.value(text)) == text


@given(TEXT)
def test_what_goes_into_the_dialplan_is_inert_and_comes_back_exactly(text):
    written = conf.encoded(text)
    assert not re.search(r"[^\w %.-]", written)
    assert conf.decoded(written) == text


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b"])
def test_a_line_break_is_refused(text):
    with pytest.raises(conf.BadValue):
        conf.value(text)


@pytest.mark.parametrize("name", ["a]b", "a;b", "a b", "a(b"])
def test_a_section_cannot_be_named_so_that_it_ends_early(name):
    with pytest.raises(conf.BadValue):
        conf.section(name, [])


FILE = """; by hand
[2100](commsroom-endpoint)
context=x ; why
[2100](commsroom-auth)
password=y
[lobby]
type=endpoint
exten = odd

[2101](commsroom-endpoint)
"""


def test_only_the_named_sections_change():
    after = conf.with_sections(
        FILE, {"2100": ["[2100](t)", "a=b"], "2101": None, "2102": ["[2102]"]}
    )
    assert after == ("; by hand\n[2100](t)\na=b\n[lobby]\ntype=endpoint\nexten = odd\n\n[2102]\n")


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.lists(LINE, max_size=3)), max_size=6)
)
def test_what_is_not_named_keeps_its_bytes(parts):
    text = "".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in parts)
    assert conf.with_sections(text, {}) == text
    after = conf.with_sections(text, {"new": ["[new]"]})
    assert after == text + "[new]\n"
    assert conf.with_sections(after, {"new": None}) == text


DIALPLAN = """[commsroom-extensions]
exten => 2100,1,Gosub(x)
exten => 2101,1,NoOp()
 same => n,Hangup()
; a note
exten => 2102,1,NoOp()
[by-hand]
exten => 2101,1,Dial(PJSIP/other)
"""


def test_an_entry_is_replaced_with_its_following_lines_and_only_in_its_section():
    after = conf.with_entries(
        DIALPLAN,
        "commsroom-extensions",
        {"2101": ["exten => 2101,1,A()"], "2103": ["exten => 2103,1,B()"]},
    )
    assert (
        after
        == """[commsroom-extensions]
exten => 2100,1,Gosub(x)
exten => 2101,1,A()
; a note
exten => 2102,1,NoOp()
exten => 2103,1,B()
[by-hand]
exten => 2101,1,Dial(PJSIP/other)
"""
    )


def test_entries_can_go_and_a_missing_section_is_made():
    gone = conf.with_entries(DIALPLAN, "commsroom-extensions", {"2101": None})
    assert "2101,1,NoOp" not in gone
    assert "n,Hangup" not in gone
    assert "2101,1,Dial" in gone
    assert conf.with_entries("", "default", {"1": ["1 => 2"]}) == "[default]\n1 => 2\n"


def test_a_separator_of_unicode_is_no_end_of_line():
    text = "[default]\n2100 => 1,a\u2028b\n2101 => 1,c\n"
    assert dict(conf.entries(text, "default"))["2100"] == ["2100 => 1,a\u2028b"]
