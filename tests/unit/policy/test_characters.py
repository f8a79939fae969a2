"""What is not seen or means nothing is refused; what a script needs is not."""

import sys
import unicodedata

import pytest

from commsroom.policy import characters


def test_of_every_code_point_only_what_is_seen_and_the_joiners_may_stand_in_a_text():
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = unicodedata.category(character)
        hidden = kind in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} or code & 0xFFFE == 0xFFFE
        if kind == "Cn" and not hidden:
            continue
        wanted = character in "\t\n\u200c\u200d"
        assert (characters.hidden(character) >= 0) == (hidden and not wanted), f"U+{code:04X}"


@pytest.mark.parametrize(
    "text", ["👩\u200d👩\u200d👧", "نمی\u200cخ", "क्\u200dष", "🇹🇼", "\U00031350", "\U0001fabf"]
)
def test_joined_scripts_and_signs_and_the_newest_ideographs_stay_as_they_are(text):
    assert characters.refused(text) == ""


def test_the_first_that_is_refused_is_found_on_any_line():
    assert characters.hidden("a\u3000b\n\tc\u200d\nd\u2060e") == 9


def test_every_refused_character_is_named_and_never_shown():
    for code in [*range(0x110000 >> 4), 0xE0041, 0xE000, 0x10FFFF]:
        said = characters.describe(chr(code)) if characters.hidden(chr(code)) >= 0 else "x"
        assert said.isprintable()
