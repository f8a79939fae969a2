"""Typed writers: every value of a template goes through one, quoted for the format or refused.

Templates never quote by hand: the environment's `finalize` calls the vendor's writer on each
expression, so that a forgotten filter cannot let a name become a setting.
"""

from __future__ import annotations

import html
import re
from typing import Final

#: Not characters of XML 1.0 (§2.2), line ends, and what bidirectional text may be turned by; private use
#: stands for secrets (see `render`), so it is nobody's to write.
_NEVER: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000\ufffe\uffff]"
)


class CannotWrite(ValueError):
    """A value has no form in this format; the message says why and quotes no secret."""


def xml(text: str) -> str:
    """Quote for XML, in an element's text as well as in an attribute (XML 1.0 §2.4)."""
    return html.escape(plain(text), quote=True)


def setting(text: str) -> str:
    """Write as the rest of a line `name = value`: such a format quotes nothing, so a value is one line.

    Blanks at its ends would be lost, and Yealink reads `%NULL%` and `%EMPTY%` as orders to clear.
    """
    if plain(text) != text.strip():
        raise CannotWrite("it begins or ends with a blank, which the telephone drops")
    if re.fullmatch("%[A-Za-z_]+%", text):
        raise CannotWrite(f"{text} is an order to the telephone, not a value")
    return text


def plain(text: str) -> str:
    """Return the text if it is one line of printable characters."""
    found = _NEVER.search(text)
    if found:
        raise CannotWrite(f"it holds U+{ord(found[0]):04X}, which has no place in a profile")
    return text
