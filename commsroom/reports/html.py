"""HTML: one self-contained page a manager can read, print, filter and send on.

Everything is escaped by Jinja2; nothing is fetched from anywhere, and the page's own policy
(Content-Security-Policy, with the digests of its one style and one script) forbids it to try.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final

import jinja2

from commsroom.errors import Exit
from commsroom.reports import languages
from commsroom.reports.languages import N_
from commsroom.reports.lines import printable, seconds, value
from commsroom.reports.model import FindingKind, Severity, uses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.reports.model import Report


_WORDS: Final[Mapping[str, str]] = {
    FindingKind.DRIFT: N_("differs from policy"),
    FindingKind.MISSING: N_("is missing"),
    FindingKind.EXTRA: N_("no longer in policy"),
    FindingKind.UNOWNED: N_("exists, not made by commsroom"),
    FindingKind.SEALED: N_("exists where commsroom must not write"),
    FindingKind.FOREIGN: N_("foreign, never touched"),
    FindingKind.UNSUPPORTED: N_("not supported by its system"),
    FindingKind.UNKNOWN: N_("unknown, could not be read"),
    FindingKind.SERVER: N_("server differs from its role"),
    FindingKind.EXCEPTION: N_("an exception that needs a look"),
    Severity.ERROR: N_("to repair"),
    Severity.WARNING: N_("to look at"),
    Severity.NOTE: N_("to know"),
    "create": N_("to create"),
    "update": N_("to update"),
    "delete": N_("to delete"),
    "adopt": N_("to adopt"),
}
_OURS: Final = N_("the one we wrote")
_OTHER: Final = N_("another one")
_VERDICTS: Final[Mapping[Exit, tuple[str, str]]] = {
    Exit.DONE: ("good", N_("Everything is as policy says.")),
    Exit.DIFFERENCE: ("bad", N_("Something is not as policy says.")),
    Exit.INCOMPLETE: ("doubt", N_("Incomplete: part of the estate is unknown.")),
}


def render(report: Report, *, language: str = "en") -> str:
    """Return the whole page, in `language` (one of `languages.available`)."""
    made = _environment(language)
    script, style = _source(made, "report.js"), _source(made, "report.css")
    mood, verdict = _VERDICTS[report.exit_code]
    return made.get_template("report.html.j2").render(
        report=report,
        language=language.replace("_", "-"),
        mood=mood,
        verdict=verdict,
        uses=uses(report.proofs),
        undone=[proof for proof in report.proofs if proof.ok is not True],
        good=sum(proof.ok is True for proof in report.proofs),
        systems=sorted({item.system for item in report.findings}),
        severities=[item for item in Severity if any(f.severity is item for f in report.findings)],
        total=sum(item.seconds for item in report.timings),
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'",
    )


@cache
def _environment(language: str) -> jinja2.Environment:
    words = languages.load(language)
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("commsroom.reports"),
        autoescape=True,
        finalize=_visible,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The extension adds this method when it is loaded.
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        # Not the template's own `_`: that one takes what it is given for safe HTML.
        translated=lambda content: words.gettext(str(content)),
        seconds=seconds,
        expected=lambda item: words.gettext(_OURS) if item.secret else value(item.expected),
        actual=lambda item: words.gettext(_OTHER) if item.secret else value(item.actual),
        word=lambda name: words.gettext(_WORDS[name]),
    )
    return made


def _visible(content: object) -> object:
    """Write out control characters in every value of the page, before it is escaped."""
    return content if hasattr(content, "__html__") else printable(str(content))


def _source(made: jinja2.Environment, name: str) -> str:
    loader = made.loader or jinja2.DictLoader({})
    return loader.get_source(made, name)[0]


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
