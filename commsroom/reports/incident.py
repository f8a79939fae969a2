"""The record of a lost device for an auditor: who did what, when, and how long after the report (4.4.2).

As text, as one self-contained page, on paper and as JSON; what people wrote themselves stays in their words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.loss import DUTIES, Duty, Step, duties
from commsroom.reports import html, languages, paper
from commsroom.reports.languages import N_
from commsroom.reports.lines import Line, Span, Style, duration, line, note, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from gettext import NullTranslations

    from commsroom.estate.loss import Loss, Moment, Record

TITLE: Final = N_("Record of a lost device")
_WHEN: Final = "%Y-%m-%d %H:%M:%S"
#: What each duty is called, and what it asks for, as estate/loss.py has it.
_DUTIES: Final[Mapping[Duty, tuple[str, str]]] = {
    Duty.CARRIER: (
        N_("carrier"),
        N_("have the carrier block its SIM and its IMEI; note the number of the call"),
    ),
    Duty.POLICE: (
        N_("police"),
        N_("report it to the police where it may be stolen; note the number of the report"),
    ),
    Duty.INSURER: (N_("insurer"), N_("tell the insurer, or note that it is not insured")),
    Duty.AUTHORITY: (
        N_("authority"),
        N_(
            "personal data on it? report to the authority within 72 h (GDPR art. 33), tell those concerned"
            " (GDPR art. 34; Taiwan PDPA art. 12); else note why not"
        ),
    ),
    Duty.HOLDER: (
        N_("holder"),
        N_("tell its holder what was changed, and how they get their new passwords"),
    ),
}
#: Words of the ledger that a sentence takes in: commands, answers, and what is open.
_WORDS: Final = (
    N_("lock"), N_("erase"), N_("remove profile"),
    N_("done"), N_("failed"), N_("refused"), N_("unknown"), N_("queued"),
    N_("no answer yet"), N_("to be queued"),
    N_("what lived on it is to be withdrawn"), N_("what it knew is to be renewed"),
    N_("erased, says the device itself"),
)  # fmt: skip
#: How the ledger begins to say why a device may be issued again, and the sentence of it.
_CLEARED: Final = (
    ("wiped, seen by ", N_("wiped, seen by %(rest)s")),
    ("not wiped: ", N_("not wiped: %(rest)s")),
)


def said(moment: Moment, words: NullTranslations | None = None) -> str:
    """Say in a few words what happened."""
    words = words or languages.load("en")
    data, word = moment.data, words.gettext  # `word`: of the ledger; `gettext`: of the catalogues
    text = ""
    match moment.step:
        case Step.REPORTED:
            text = words.gettext(N_("reported lost: %(reason)s")) % data
        case Step.WITHDRAWN:
            text = words.gettext(N_("withdrawn: %(objects)s")) % {
                "objects": ", ".join(data["gone"])
            }
        case Step.RENEWED:
            text = _renewed(data, words)
        case Step.ORDERED:
            queued = {"command": word(data["command"]), "uuid": data["uuid"]}
            text = words.gettext(N_("%(command)s: queued at its MDM server as %(uuid)s")) % queued
        case Step.ANSWERED:
            told = f" ({data['said']})" if data["said"] else ""
            text = _stands(word(data["command"]), f"{word(data['reply'])}{told}", words)
        case Step.TICKED:
            text = _stands(word(_DUTIES[Duty(data["duty"])][0]), data["note"], words)
        case Step.FOUND:
            text = words.gettext(N_("found"))
        case Step.CLEARED:
            how = _cleared(data["how"], words)
            text = words.gettext(N_("may be issued again: %(how)s")) % {"how": how}
    return text


def _renewed(data: Mapping[str, Any], words: NullTranslations) -> str:
    paths = ", ".join(data["renewed"]) or words.gettext(N_("nothing"))
    text = words.gettext(N_("renewed: %(secrets)s")) % {"secrets": paths}
    for path, why in data["left"].items():
        text += words.gettext(N_("; left %(secret)s: %(why)s")) % {"secret": path, "why": why}
    return text


def _cleared(how: str, words: NullTranslations) -> str:
    for begins, sentence in _CLEARED:
        if how.startswith(begins):
            return words.gettext(sentence) % {"rest": how.removeprefix(begins)}
    return words.gettext(how)


def _stands(what: str, state: str, words: NullTranslations) -> str:
    return words.gettext(N_("%(what)s: %(state)s")) % {"what": what, "state": state}


def _still_open(loss: Loss, words: NullTranslations) -> Iterator[str]:
    """Yield what no system was seen to have done, and what nobody has."""
    for text in loss.open_steps:
        what, colon, state = text.partition(": ")
        said_of = words.gettext(what)
        yield _stands(said_of, words.gettext(state), words) if colon else said_of
    for duty in loss.open_duties:
        name, what = map(words.gettext, _DUTIES[duty])
        yield _stands(name, what, words)


def lines(record: Record, *, language: str = "en") -> Iterator[Line]:
    """Yield the record as text."""
    loss, words = record.loss, languages.load(language)
    report = loss.report
    title = words.gettext(N_("Incident: %(device)s, %(product)s, lost"))
    yield line(
        Span(title % {"device": report.tag, "product": report.product}, Style.STRONG),
        note(record.simulated),
    )
    facts = list(_facts(record, words))
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        yield line(f"  {name:<{width}}  {value}")
    head = [words.gettext(one) for one in (N_("WHEN (UTC)"), N_("AFTER"), N_("WHO"), N_("WHAT"))]
    rows = [
        (
            f"{moment.at:{_WHEN}}",
            f"+{duration(_after(loss, moment.at))}",
            record.who(moment),
            said(moment, words),
        )
        for moment in loss.timeline
    ]
    yield from table(head, rows)
    for text in _still_open(loss, words):
        yield line(Span(words.gettext(N_("open: %(what)s")) % {"what": text}, Style.DOUBT))


def _after(loss: Loss, at: datetime) -> float:
    return (at - loss.at).total_seconds()


def _facts(record: Record, words: NullTranslations) -> Iterator[tuple[str, str]]:
    """Yield what was known when it was reported, each with its name."""
    loss = record.loss
    report = loss.report
    personal = N_("its holder") if report.personal else N_("the company")
    reporter = record.named(report.by) or loss.timeline[0].actor
    yield words.gettext(N_("holder")), record.named(report.holder) or words.gettext(N_("nobody"))
    yield words.gettext(N_("owner")), words.gettext(personal)
    by = words.gettext(N_("%(when)s UTC by %(who)s"))
    yield words.gettext(N_("reported")), by % {"when": f"{loss.at:{_WHEN}}", "who": reporter}
    due = words.gettext(N_("%(when)s UTC, a report of personal data on it"))
    yield words.gettext(N_("due")), due % {"when": f"{loss.due:{_WHEN}}"}


def page(record: Record, *, language: str = "en") -> str:
    """Return the whole HTML page; nothing is fetched, no script runs."""
    language = languages.canonical(language)
    made, words = html.environment(language), languages.load(language)
    style = html.source(made, "report.css") + html.source(made, "compliance.css")
    left = list(_still_open(record.loss, words))
    return made.get_template("incident.html.j2").render(
        record=record,
        loss=record.loss,
        title=TITLE,
        language=language.replace("_", "-"),
        facts=list(_facts(record, words)),
        rows=[
            (moment.at, _after(record.loss, moment.at), record.who(moment), said(moment, words))
            for moment in record.loss.timeline
        ],
        left=left,
        mood="doubt" if left else "good",
        sign="?" if left else "✓",
        style=style,
        policy=f"default-src 'none'; style-src '{html.digest(style)}'",
    )


def pdf(record: Record, *, language: str = "en") -> bytes:
    """Return the page on A4 paper; raises CommsroomError where WeasyPrint or Pango is not installed."""
    return paper.pdf(page(record, language=language))


class _Told(Protocol):
    """A loss, and which of the systems that did something about it are simulated."""

    @property
    def loss(self) -> Loss: ...
    @property
    def simulated(self) -> frozenset[str]: ...


def document(record: _Told) -> dict[str, Any]:
    """Return the record as JSON."""
    loss = record.loss
    report, ticked = loss.report, loss.ticked
    return {
        "device": report.tag,
        "product": report.product,
        "holder": report.holder,
        "personal": report.personal,
        "reason": report.reason,
        "reported": loss.at.isoformat(),
        "reported_by": report.by,
        "report_due": loss.due.isoformat(),
        "timeline": [
            {
                "at": moment.at.isoformat(),
                "seconds_after": round(_after(loss, moment.at), 3),
                "step": str(moment.step),
                "what": said(moment),
                "by": moment.by,
                "actor": moment.actor,
            }
            for moment in loss.timeline
        ],
        "duties": [
            {
                "duty": str(duty),
                "what": DUTIES[duty],
                "done": None
                if duty not in ticked
                else {
                    "at": ticked[duty].at.isoformat(),
                    "by": ticked[duty].by,
                    "note": ticked[duty].data["note"],
                },
            }
            for duty in duties(report.kind)
        ],
        "open": list(loss.open_steps),
        "found": loss.found,
        "cleared": loss.cleared,
        "simulated": sorted(record.simulated),
    }
