"""Characters that may not hide in names, numbers and titles, wherever these come from.

Refused is what is not seen or means nothing: controls and separators of lines, format characters (a
zero-width space, a soft hyphen, tags, and the bidirectional controls of UAX #9, which make a text read
as something else than it is), private use, halves of a character (an escape in JSON can make one), and
code points that are no character. Two format characters are wanted: the joiners U+200C and U+200D,
which Persian, Hindi and sequences of emoji are written with.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: The joiners of Arabic and Indic scripts and of emoji.
JOINERS: Final = "\u200c\u200d"
_WANTED: Final = frozenset("\t\n" + JOINERS)
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Blocks for ideographs and pictographs only. Unicode adds to them yearly, rare characters of Chinese
#: names among them, and Python's tables are older than the font that shows these.
_GROWING: Final = (range(0x1F000, 0x1FB00), range(0x20000, 0x40000))

_KNOWN: Final = {
    "\x00": "a NUL character",
    "\n": "a line break",
    "\r": "a line break",
    "\t": "a tab",
    "\u2028": "a line break (U+2028)",
    "\u2029": "a line break (U+2029)",
    "\ufeff": "a byte order mark (U+FEFF)",
}

_KINDS: Final = {
    "Cs": "half a character",
    "Cf": "a character that is not seen",
    "Co": "a private-use character",
    "Cn": "an unassigned character",
}


def hidden(text: str) -> int:
    """Return the place of the first character no text may hold (tabs and line breaks may be), or -1."""
    if text.isprintable():  # nothing of what is refused is, and this is quick
        return -1
    start = 0
    for line in text.split("\n"):
        if not line.isprintable():
            for place, character in enumerate(line, start):
                if _is_refused(character):
                    return place
        start += len(line) + 1
    return -1


def describe(character: str) -> str:
    """Name a refused character in words, for a message that must not contain it."""
    if character in _KNOWN:
        return _KNOWN[character]
    code = f"U+{ord(character):04X}"
    if character in _BIDI:
        return f"a bidirectional control character ({code})"
    if _is_no_character(ord(character)):
        return f"what is no character ({code})"
    kind = unicodedata.category(character)
    name = f" {unicodedata.name(character, '').lower()}" if kind == "Cf" else ""
    return f"{_KINDS.get(kind, 'a control character')} ({code}{name})"


def refused(text: str) -> str:
    """Describe the first character of a one-line text that may not be there, or return ""."""
    place = hidden(text)
    if place >= 0:
        return describe(text[place])
    for character in "\n\t":
        if character in text:
            return describe(character)
    return ""


def _is_refused(character: str) -> bool:
    category = unicodedata.category(character)
    if category not in _REFUSED or character in _WANTED:
        return False
    if category != "Cn":
        return True
    code = ord(character)
    return _is_no_character(code) or not any(code in block for block in _GROWING)


def _is_no_character(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004 - Unicode, 23.7
