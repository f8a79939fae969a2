"""Characters that may not hide in names, numbers and titles, wherever these come from."""

from __future__ import annotations

import re
from typing import Final

#: Control characters (C0 but tab and line feed, DEL, C1), line and paragraph separators, and the
#: bidirectional controls of UAX #9, which make a text read as something else than it is. Lone
#: surrogates (an escape in JSON can make one) are no characters and cannot be written out again.
HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)

_KNOWN: Final = {
    "\x00": "a NUL character",
    "\n": "a line break",
    "\r": "a line break",
    "\t": "a tab",
    "\u2028": "a line break (U+2028)",
    "\u2029": "a line break (U+2029)",
    "\ufeff": "a byte order mark (U+FEFF)",
}


def describe(character: str) -> str:
    """Name a refused character in words, for a message that must not contain it."""
    if character in _KNOWN:
        return _KNOWN[character]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        return f"half a character (U+{code:04X})"
    kind = "a control character" if code < 0xA0 else "a bidirectional control character"  # noqa: PLR2004 - end of C1
    return f"{kind} (U+{code:04X})"


def refused(text: str) -> str:
    """Describe the first character of a one-line text that may not be there, or return ""."""
    found = HIDDEN.search(text)
    if found is not None:
        return describe(found.group())
    for character in "\n\t":
        if character in text:
            return describe(character)
    return ""
