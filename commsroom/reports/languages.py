"""The languages of the HTML report: gettext catalogues beside this file, English in the source."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path
from typing import Final

from commsroom.errors import UsageError

_CATALOGUES: Final = Path(__file__).with_name("locale")
#: Where Chinese is written in traditional characters, though a tag does not say so.
_SCRIPTS: Final = {
    "zh-hk": "zh-Hant",
    "zh-mo": "zh-Hant",
    "zh-tw": "zh-Hant",
    "zh-hant-tw": "zh-Hant",
}


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


def available() -> tuple[str, ...]:
    """Return the languages a report can be written in."""
    return ("en", *sorted(file.stem for file in _CATALOGUES.glob("*.po")))


def canonical(language: str) -> str:
    """Return a language as the catalogues are called: `zh-Hant` (BCP 47) and `zh_Hant` are one.

    Raises:
        UsageError: there is no such language; names the ones there are.
    """
    wanted = language.replace("-", "_").casefold()
    for name in available():
        if name.casefold() == wanted:
            return name
    tags = ", ".join(name.replace("_", "-") for name in available())
    raise UsageError(f"reports are not written in {language!r}", remedy=f"one of {tags}")


def first(*languages: str) -> str:
    """Return the first of some language tags there is a catalogue for, else English.

    A tag that names a region says its script by it (RFC 5646 §4.1, suppressed where it is usual).
    """
    for tag in languages:
        for wanted in (_SCRIPTS.get(tag.casefold(), tag), tag.partition("-")[0]):
            try:
                return canonical(wanted)
            except UsageError:
                continue
    return "en"


@cache
def load(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; raises UsageError naming the ones there are."""
    language = canonical(language)
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (_CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
