"""What the facts of an exchange's own part of an inspection mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.topic import Topic, judged, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

_HOUR: Final = 3600.0
_NAMED: Final = 20
#: What a simulated server says of itself.
SIMULATED: Final[Facts] = {
    "channels": {"count": 0, "oldest": 0},
    "trunks": {"count": 0, "down": []},
    "transports": {"defined": ["commsroom-tls"]},
    "registered": {"contacts": 0},
    "pins": {"boxes": 0, "weak": []},
}


def judge(facts: Facts, standard: Standard) -> Iterator[Check]:
    """Judge calls, trunks, transports and PINs."""
    for topic in _TOPICS:
        yield from judged(topic, facts, standard)


def _channels(fact: Facts, standard: Standard) -> Iterator[Check]:
    count, oldest = int(fact["count"]), float(fact["oldest"]) / _HOUR
    most = standard.rules.thresholds.channel_age.total_seconds() / _HOUR
    yield standard.check(
        "channels", "age", expected=f"no call lasts longer than {most:g} hours",
        got=f"{count} channels, the oldest for {oldest:.1f} hours" if count else "no calls",
        ok=oldest <= most, because=standard.because("thresholds", "channel_age"),
        remedy="asterisk -rx 'core show channels', then 'channel request hangup CHANNEL'",
    )  # fmt: skip


def _trunks(fact: Facts, standard: Standard) -> Iterator[Check]:
    down = list(map(str, fact["down"]))
    yield standard.check(
        "trunks", "registrations", expected="all are registered",
        got=f"not registered: {names(down)}" if down else f"{int(fact['count'])}, all are",
        ok=not down, because=_any(standard), remedy="asterisk -rx 'pjsip show registrations'",
    )  # fmt: skip


def _transports(fact: Facts, standard: Standard) -> Iterator[Check]:
    defined = list(map(str, fact["defined"]))
    yield standard.check(
        "server", "sip transports", expected="at least one is in force",
        got=names(defined) or "none is", ok=bool(defined), because=_any(standard),
        remedy="asterisk -rx 'pjsip show transports'; systemctl restart asterisk",
    )  # fmt: skip


def _registered(fact: Facts, standard: Standard) -> Iterator[Check]:
    yield standard.check(
        "server", "asterisk", expected="runs and answers",
        got=f"{int(fact['contacts'])} telephones are registered", ok=True, because=_any(standard),
    )  # fmt: skip


def _pins(fact: Facts, standard: Standard) -> Iterator[Check]:
    weak = list(map(str, fact["weak"]))
    shown = names(weak[:_NAMED], len(weak[_NAMED:]))
    yield standard.check(
        "password", "voicemail", expected="no PIN that anybody would guess",
        got=f"boxes {shown}" if weak else f"none, of {int(fact['boxes'])} boxes", ok=not weak,
        because=_guesses(standard),
        remedy=f"commsroom rotate '{standard.system}:voicemail/{weak[0]}'" if weak else "",
    )  # fmt: skip


def _any(standard: Standard) -> Provenance:
    return standard.because("thresholds")


def _guesses(standard: Standard) -> Provenance:
    return standard.because("security", "default_passwords", clause="5.2.2")


_TOPICS: Final = (
    Topic("registered", "server", "asterisk", "runs and answers", _any, _registered),
    Topic("transports", "server", "sip transports", "one is in force", _any, _transports),
    Topic("trunks", "trunks", "registrations", "all are registered", _any, _trunks),
    Topic("channels", "channels", "age", "no call is stuck", _any, _channels),
    Topic("pins", "password", "voicemail", "no PIN that anybody would guess", _guesses, _pins),
)
