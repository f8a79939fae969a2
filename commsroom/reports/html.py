"""HTML: one self-contained page a manager can read, print, filter and send on.

Everything is escaped by Jinja2; nothing is fetched from anywhere, and the page's own policy
(Content-Security-Policy, with the digests of its one style and one script) forbids it to try.
Without script it is whole, only without filters.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final

import jinja2

from commsroom.errors import Exit
from commsroom.reports import languages
from commsroom.reports.chart import BAR, HEIGHT, chart
from commsroom.reports.languages import N_
from commsroom.reports.lines import printable, seconds, value
from commsroom.reports.model import FindingKind, uses
from commsroom.reports.problems import CHECK, UNTOLD, problems
from commsroom.reports.tally import Standing, counted, day, days, fixable, is_command, tallies

if TYPE_CHECKING:
    from collections.abc import Mapping
    from gettext import NullTranslations

    from commsroom.reports.difference import Difference
    from commsroom.reports.model import Report
    from commsroom.reports.problems import Problem


WORDS: Final[Mapping[str, str]] = {
    FindingKind.DRIFT: N_("differs from policy"),
    FindingKind.MISSING: N_("is missing"),
    FindingKind.EXTRA: N_("no longer in policy"),
    FindingKind.UNOWNED: N_("exists, not made by commsroom"),
    FindingKind.SEALED: N_("exists where commsroom must not write"),
    FindingKind.FOREIGN: N_("foreign, never touched"),
    FindingKind.UNSUPPORTED: N_("not supported by its system"),
    FindingKind.UNKNOWN: N_("could not be read"),
    FindingKind.SERVER: N_("server differs from its role"),
    FindingKind.OVERDUE: N_("a secret is overdue"),
    FindingKind.EXCEPTION: N_("an exception that needs a look"),
    CHECK: N_("inspection not as policy says"),
    UNTOLD: N_("inspection could not tell"),
    "create": N_("to create"),
    "update": N_("to update"),
    "delete": N_("to delete"),
    "adopt": N_("to adopt"),
}
_STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.UNKNOWN: N_("unknown"),
    Standing.ERROR: N_("to repair"),
    Standing.WARNING: N_("to look at"),
    Standing.NOTE: N_("to know"),
    Standing.ACKNOWLEDGED: N_("accepted"),
    Standing.GOOD: N_("as policy says"),
}
#: Advice that names its system; the name is put in after translation.
_ADVICE: Final = N_("make <system> reachable and run the command again")
_OURS: Final = N_("the one we wrote")
_OTHER: Final = N_("another one")
_NONE: Final = N_("nothing")
_UNASKED: Final = N_("a password that nobody asked for")
_VERDICTS: Final[Mapping[Exit, tuple[str, str, str]]] = {
    Exit.DONE: ("good", "✓", N_("Everything is as policy says.")),
    Exit.DIFFERENCE: ("bad", "!", N_("Something is not as policy says.")),
    Exit.INCOMPLETE: ("doubt", "?", N_("Incomplete: part of the estate is unknown.")),
}
#: Where only what is new was asked for, and there is older.
_NOTHING_NEW: Final = ("doubt", "…", N_("Nothing new; what is older is not shown."))
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def render(report: Report, *, language: str = "en") -> str:
    """Return the whole page, in `language` (one of `languages.available`, or its tag)."""
    language = languages.canonical(language)
    made = environment(language)
    script, style = source(made, "report.js"), source(made, "report.css")
    older = report.older and report.exit_code is Exit.DONE
    mood, sign, verdict = _NOTHING_NEW if older else _VERDICTS[report.exit_code]
    found = problems(report)
    return made.get_template("report.html.j2").render(
        report=report,
        language=language.replace("_", "-"),
        mood=mood,
        sign=sign,
        verdict=verdict,
        counted=counted(report),
        problems=found,
        fixable=fixable(report),
        passed=[item for item in report.checks if item.ok],
        tallies=tallies(report.checks),
        chart=chart(report),
        bar={"width": BAR, "ground": HEIGHT},
        uses=uses(report.proofs),
        undone=[proof for proof in report.proofs if proof.ok is not True],
        done=[proof for proof in report.proofs if proof.ok is True],
        systems=sorted({item.system for item in found}),
        standings=[kind for kind in Standing if any(item.standing is kind for item in found)],
        kinds=[kind for kind in WORDS if any(item.kind == kind for item in found)],
        total=sum(item.seconds for item in report.timings),
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'",
    )


@cache
def environment(language: str) -> jinja2.Environment:
    """Return what renders the pages of a language: everything escaped, everything visible."""
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
        advice=lambda item: _advice(item, words),
        seconds=seconds,
        day=day,
        expected=lambda item: _secret(item, words, _OURS, _NONE) or value(item.expected),
        actual=lambda item: _secret(item, words, _OTHER, _UNASKED) or value(item.actual),
        word=lambda name: words.gettext(WORDS[name]),
        standing=lambda name: words.gettext(_STANDINGS[name]),
        age=lambda since, when: _age(since, when, words, language),
        duration=lambda amount: _duration(amount, language),
    )
    made.tests["command"] = is_command
    return made


def _advice(item: Problem, words: NullTranslations) -> str:
    """Return what to do, in the reader's language where it is a sentence of ours."""
    if item.remedy == _ADVICE.replace("<system>", item.system):
        return words.gettext(_ADVICE).replace("<system>", item.system)
    return words.gettext(item.remedy)


def _age(since: str, when: str, words: NullTranslations, language: str) -> str:
    """Say how long something has been so, in whole days; nothing where that cannot be told."""
    from babel.units import format_unit

    if since == when:
        return words.gettext(N_("new in this run"))
    age = days(since, when)
    if age is None:
        return ""
    if age == 0:
        return words.gettext(N_("today"))
    return format_unit(age, "duration-day", "short", locale=language)


def _duration(amount: float, language: str) -> str:
    """Write a long time in its two largest units, in the reader's language."""
    from babel.units import format_unit

    rest, told = round(amount), []
    for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        number, rest = divmod(rest, size)
        if number:
            told.append(format_unit(number, f"duration-{unit}", "short", locale=language))
    shortest = format_unit(rest, "duration-second", "short", locale=language)
    return " ".join(told[:2]) or shortest


def _visible(content: object) -> object:
    """Write out control characters in every value of the page, before it is escaped."""
    return content if hasattr(content, "__html__") else printable(str(content))


def source(made: jinja2.Environment, name: str) -> str:
    """Return a file of the templates as it is."""
    loader = made.loader or jinja2.DictLoader({})
    return loader.get_source(made, name)[0]


def digest(content: str) -> str:
    """Return how a Content-Security-Policy names a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _secret(item: Difference, words: NullTranslations, usual: str, unasked: str) -> str:
    """Say of a secret what can be said of it; "" of anything else."""
    if not item.secret:
        return ""
    return words.gettext(unasked if item.unasked else usual)
