"""drift --notify: tell people what changed since they were told last, and only then.

What a recipient was told is remembered for each by itself, once the server has taken the message: one
that cannot be sent is said, and is told by the next run, together with what happened since. A run that is
killed between the two tells it twice rather than never.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.notice import Attachment, Delivery, Notice, Notifying, Sender
from commsroom.ledger.sightings import UNKNOWN
from commsroom.policy.calendar import State, state_of
from commsroom.reports import languages, notice
from commsroom.reports.languages import N_
from commsroom.reports.model import Finding, FindingKind, Severity
from commsroom.reports.notice import News

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.estate.backend import Provider
    from commsroom.ledger.sightings import Sighting
    from commsroom.reports.model import Report

MAIL: Final = "mail"
CHAT: Final = "chat"
#: Characters; a longer page stays at home, and the letter says where it would be.
_LARGEST_PAGE: Final = 4 * 2**20
_WEIGHTS: Final[Mapping[str, frozenset[str]]] = {
    "error": frozenset({Severity.ERROR}),
    "warning": frozenset({Severity.ERROR, Severity.WARNING}),
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to be told, by a channel; `name` is how the ledger calls them: `mail:ann@x.example`."""

    channel: str
    to: str
    room: bool = False

    @property
    def name(self) -> str:
        """Return the name."""
        return f"{'room' if self.room else self.channel}:{self.to}"


def require(estate: Estate, scope: Scope) -> None:
    """Make sure before anything is read that people can be told at all.

    Raises:
        UsageError: the look is narrowed, or notify.yml names nobody.
        CommsroomError: the ledger cannot remember what was told.
    """
    if not scope.whole or scope.as_of is not None:
        raise UsageError(
            "--notify tells of the whole estate, today",
            remedy="leave out --person, --only, --as-of",
        )
    if estate.policy.notify.mail is None and estate.policy.notify.chat is None:
        raise UsageError(
            "--notify: nobody is to be told", remedy="name them in policies/notify.yml"
        )
    if not estate.may_record:
        raise CommsroomError(
            "--notify: what people were told is remembered in the ledger, and this one cannot be written",
            remedy="run commsroom apply first; an account that may write is needed",
        )


def notify(estate: Estate, report: Report, progress: Progress) -> tuple[Finding, ...]:
    """Tell everybody of notify.yml what is news to them; return what could not be told.

    The report must have been recorded: what is compared is what the ledger says stands, all parts of it.
    """
    found = {item.fingerprint: item for item, _ in estate.ledger.findings()}
    weights = _WEIGHTS[estate.policy.notify.severity]
    counted = {
        key: item for key, item in found.items() if item.severity in weights or item.kind == UNKNOWN
    }
    due: dict[Recipient, News] = {}
    reminded = _reminded(estate)
    for recipient in recipients(estate):
        told = estate.ledger.told(recipient.name)
        news = compare(
            counted, told, found, remind=reminded is not None and recipient.name not in reminded
        )
        if not news.empty:
            due[recipient] = news
    failures = _send(estate, report, due, progress) if due else {}
    for recipient, news in due.items():
        if recipient not in failures:
            counts = {"new": len(news.new) + len(news.unknown), "gone": len(news.repaired)}
            estate.ledger.record_told(
                recipient.name, counted.values(), {**counts, "run": report.when}, actor=actor()
            )
    return tuple(
        Finding(
            kind=FindingKind.UNKNOWN,
            address=f"notification/{recipient.name}",
            system=system,
            text=f"it is not known to have been told: {reason}",
            remedy=N_("the next drift --notify tells it, with what changes until then"),
            simulated=system in estate.simulated,
        )
        for recipient, (system, reason) in failures.items()
    )


def compare(
    counted: Mapping[str, Sighting],
    told: Iterable[Sighting],
    found: Mapping[str, Sighting],
    *,
    remind: bool = False,
) -> News:
    """Compare what counts now with what somebody believes to stand.

    Args:
        counted: What stands and weighs enough, by fingerprint.
        told: What they were told last.
        found: All that stands, whatever it weighs.
        remind: Whether to tell again what stands though nothing changed.
    """
    before = {item.fingerprint: item for item in told}
    new = [item for key, item in counted.items() if key not in before]
    gone = [item for key, item in before.items() if key not in counted]
    standing = _items(item for key, item in counted.items() if key in before)
    return News(
        new=_items(item for item in new if item.kind != UNKNOWN),
        unknown=_items(item for item in new if item.kind == UNKNOWN),
        repaired=_items(
            item for item in gone if item.kind != UNKNOWN and item.fingerprint not in found
        ),
        known_again=_items(item for item in gone if item.kind == UNKNOWN),
        settled=_items(item for item in gone if item.kind != UNKNOWN and item.fingerprint in found),
        standing=standing,
        reminder=remind and not new and not gone and bool(standing),
    )


def recipients(estate: Estate) -> Iterator[Recipient]:
    """Yield everybody notify.yml names who can be reached: a person only while at work."""
    from commsroom.policy import allocations as numbers

    rules, policy = estate.policy.notify, estate.policy
    held = numbers.load(estate.home)

    def logins(people: Sequence[str]) -> Iterator[tuple[str, str]]:
        for key in people:
            person, entry = policy.person(key), held.get(key)
            day = planning.today(estate)
            if entry is not None and state_of(person, policy.security, day) is State.ACTIVE:
                yield entry.login, person.email or policy.mail.address(entry.login)

    if rules.mail is not None:
        found = [address for _, address in logins(rules.mail.people)]
        for address in dict.fromkeys([*found, *rules.mail.addresses]):
            yield Recipient(MAIL, address)
    if rules.chat is not None:
        for login, _ in logins(rules.chat.people):
            yield Recipient(CHAT, login)
        for room in rules.chat.rooms:
            yield Recipient(CHAT, room, room=True)


def _items(sightings: Iterable[Sighting]) -> tuple[notice.Item, ...]:
    return notice.group((item.system, item.address, item.kind, item.aspect) for item in sightings)


def _reminded(estate: Estate) -> frozenset[str] | None:
    """Return who was told lately; None where nobody is ever reminded."""
    again = estate.policy.notify.again
    if again is None:
        return None
    since = (datetime.now(UTC) - again).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return frozenset(
        str(event.data["recipient"]) for event in estate.ledger.events(kind="notified", since=since)
    )


def _send(
    estate: Estate, report: Report, due: Mapping[Recipient, News], progress: Progress
) -> dict[Recipient, tuple[str, str]]:
    notices = {item: _notice(estate, report, item, news) for item, news in due.items()}
    return post(estate, notices, progress)


def post(
    estate: Estate, notices: Mapping[Recipient, Notice], progress: Progress
) -> dict[Recipient, tuple[str, str]]:
    """Send everything, the channels side by side; return by recipient the system and why not."""
    failures: dict[Recipient, tuple[str, str]] = {}
    work: dict[str, tuple[Sender, dict[str, Recipient], list[Notice]]] = {}
    for channel in sorted({recipient.channel for recipient in notices}):
        mine = {item: notice for item, notice in notices.items() if item.channel == channel}
        try:
            system, sender = _sender(estate, channel)
        except CommsroomError as error:
            failures |= dict.fromkeys(mine, (channel, str(error)))
            continue
        by_id = {message.id: item for item, message in mine.items()}
        work[system] = (sender, by_id, list(mine.values()))
    progress.begin("Notifying", len(work))

    def deliver(system: str, provider: Provider) -> Sequence[Delivery]:
        sender, _, messages = work[system]
        if not isinstance(provider, Notifying):
            raise CommsroomError(f"{system} delivers no messages")
        return provider.notify(sender, messages)

    limits = estate.deadlines
    results = estate.fleet.each(
        deliver,
        on=list(work),
        deadline=limits.connect + limits.notify + 5,
        done=lambda name, _: progress.advance(name),
    )
    progress.end()
    for system, (_, by_id, _) in work.items():
        result = results.get(system, CommsroomError(f"{system} is not in the inventory"))
        if isinstance(result, CommsroomError):
            failures |= {item: (system, str(result)) for item in by_id.values()}
            continue
        failures |= {
            by_id[item.notice.id]: (system, item.failure) for item in result if item.failure
        }
    return failures


def _sender(estate: Estate, channel: str) -> tuple[str, Sender]:
    """Return the system that carries a channel, and the account messages come from."""
    rules = estate.policy.notify
    name = next(
        (key for key, system in estate.systems.items() if system.backend.channel == channel), ""
    )
    if not name:
        raise CommsroomError(f"no system of the inventory carries {channel}")
    if channel == MAIL and rules.mail is not None:
        key, path = rules.mail.address(estate.policy.mail), f"{rules.mail.sender}/mail"
    else:
        key = rules.chat.sender if rules.chat else ""
        path = f"{key}/chat"
    generation = estate.ledger.generation_of([path])[path]
    held = estate.secrets.get_many({(path, generation)})
    if (path, generation) not in held:
        raise CommsroomError(
            f"the sender's account {key} is not there yet", remedy="commsroom apply makes it"
        )
    return name, Sender(key, held[path, generation])


def language(estate: Estate) -> str:
    """Return the language that people are written to in: the company's, where there is a catalogue of it."""
    try:
        return languages.canonical(estate.policy.company.language)
    except UsageError:
        return "en"


def _notice(estate: Estate, report: Report, to: Recipient, news: News) -> Notice:
    company, words = estate.policy.company, language(estate)
    attachments = _attachments(report, words) if to.channel == MAIL else ()
    return Notice(
        id=f"commsroom-{uuid.uuid4().hex}",
        to=to.to,
        subject=notice.subject(news, company.name, words),
        text=notice.body(news, report, words, attached=bool(attachments)),
        room=to.room,
        attachments=attachments,
    )


def _attachments(report: Report, words: str) -> tuple[Attachment, ...]:
    from commsroom.reports import html

    page: Any = html.render(report, language=words)
    return (Attachment("drift.html", page),) if len(page) <= _LARGEST_PAGE else ()
