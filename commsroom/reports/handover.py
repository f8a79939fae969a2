"""What is handed over: the letter that only its reader can open, and what a run says of it to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from commsroom.reports import languages
from commsroom.reports.languages import N_
from commsroom.reports.lines import Span, Style, count, line, note, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Protocol

    from commsroom.estate.secret import Secret
    from commsroom.reports.lines import Line

    class Handed(Protocol):
        """One file that was written."""

        @property
        def person(self) -> str: ...
        @property
        def name(self) -> str: ...
        @property
        def file(self) -> Path | None: ...
        @property
        def key(self) -> str: ...
        @property
        def places(self) -> Sequence[str]: ...


_SIMULATED: Final = N_(
    "These are not real systems; what is said of them proves nothing about real ones."
)
#: Named of those who share a reason.
_FEW: Final = 5
#: What each kind of object is called in a letter.
TITLES: Final[Mapping[str, str]] = {
    "account": N_("Chat"),
    "extension": N_("Telephone"),
    "mailbox": N_("E-mail"),
    "shared_mailbox": N_("Shared mailbox"),
    "voicemail": N_("Voicemail"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One thing its reader logs in to. `servers` are `name, service port`; `dial` is a number to call."""

    kind: str
    key: str
    secret: Secret
    login: str = ""
    title: str = ""
    servers: tuple[str, ...] = ()
    dial: str = ""
    pin: bool = False
    personal: bool = False
    custodian: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """All that one person is handed over. `start` is their first day where it is still to come."""

    company: str
    person: str
    name: str
    when: str
    logins: tuple[Login, ...]
    start: str = ""
    simulated: bool = False


def letter(content: Letter, *tags: str) -> bytes:
    """Return the text, UTF-8, in the first of some languages that it can be written in."""
    say = languages.load(languages.first(*tags)).gettext
    head = say(N_("%(company)s: what you need to log in")) % {"company": content.company}
    lines = [printable(head), printable(f"{content.name} ({content.person}), {content.when}")]
    if content.simulated:
        lines.append(say(_SIMULATED))
    if content.start:
        lines.append(say(N_("It is good from your first day, %(day)s.")) % {"day": content.start})
    for item in content.logins:
        lines += ["", *_login(item, say)]
    lines += ["", say(N_("Tell nobody your passwords, neither by mail nor on the telephone."))]
    lines += [say(N_("Delete this text when you have put them where you keep passwords."))]
    return ("\n".join(lines) + "\n").encode()


def _login(item: Login, say: Callable[[str], str]) -> Iterator[str]:
    title = say(TITLES[item.kind]) if item.kind in TITLES else item.kind
    extra = f", {item.title}" if item.title else ""
    yield printable(f"{title}: {item.key}{extra}")
    parts = [
        *((N_("Server"), server) for server in item.servers),
        (N_("Dial"), item.dial),
        (N_("Login name"), item.login),
    ]
    for label, value in parts:
        if value:
            yield printable(f"  {say(label)}: {value}")
    # As it is: what it was sealed for is that its owner can read it.
    word = say(N_("PIN") if item.pin else N_("Password"))
    yield f"  {word}: {item.secret.reveal()}"
    if item.custodian:
        yield "  " + say(N_("You alone have this password: you answer for who uses it."))
    if item.personal:
        yield "  " + say(N_("Change it when you first use it; nobody else knows the new one."))
    else:
        yield "  " + say(N_("Leave it as it is; when it is renewed, you get the new one."))


# ── what a run says: who, how many, where, never what ────────────────────────────────────────


def handed_lines(
    handed: Sequence[Handed],
    nothing: Sequence[str],
    left: Mapping[str, tuple[str, str]],
    *,
    keyless: int = 0,
    simulated: frozenset[str] = frozenset(),
) -> Iterator[Line]:
    """Say which files were written and for whom, and who got none and why."""
    for item in handed:
        what = count(len(item.places), "secret")
        yield line(Span("  + ", Style.CREATE), f"{item.person}  {item.name}  {what}")
        if item.file is not None:
            yield line("      ", Span(str(item.file), Style.COMMAND))
    yield from left_lines(left)
    if nothing:
        yield line(Span(f"{len(nothing):,}", Style.QUIET), " had it all already")
    if keyless:
        yield line(Span(f"{keyless:,}", Style.QUIET), " without a key: they get theirs another way")
    made = [item for item in handed if item.file is not None]
    word = "To hand over" if handed and not made else "Handed over"
    yield line(f"{word}: {count(len(handed), 'sealed file')}.{note(simulated)}")
    if made:
        how = "They open it with: "
        yield line(Span(how, Style.QUIET), Span("age -d -i ~/.ssh/id_ed25519 FILE", Style.COMMAND))


def left_lines(left: Mapping[str, tuple[str, str]]) -> Iterator[Line]:
    """Say who is still to be given something, each reason once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for person, reason in sorted(left.items()):
        reasons.setdefault(reason, []).append(person)
    for (why, remedy), people in sorted(reasons.items()):
        named = ", ".join(people[:_FEW]) + (
            f" and {len(people) - _FEW:,} more" if len(people) > _FEW else ""
        )
        yield line(Span("  ! ", Style.BAD), f"{named}: {why}", Span(f" ({remedy})", Style.QUIET))


def document(
    handed: Sequence[Handed], nothing: Sequence[str], left: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """Return it as JSON; no value of a secret was ever in it."""
    return {
        "handed_over": [
            {
                "person": item.person,
                "file": str(item.file) if item.file else None,
                "key": item.key,
                "secrets": list(item.places),
            }
            for item in handed
        ],
        "nothing_new": list(nothing),
        "left": [
            {"person": person, "why": why, "remedy": remedy}
            for person, (why, remedy) in sorted(left.items())
        ],
    }
