"""What the facts of a chat server's own part of an inspection mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.topic import Topic, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

#: What a simulated server says of itself.
SIMULATED: Final[Facts] = {
    "sessions": {"counts": {"c2s": 0}},
    "certificates": {"sound": True},
}


def judge(facts: Facts, standard: Standard) -> Iterator[Check]:
    """Judge sessions and certificates."""
    for topic in _TOPICS:
        yield from judged(topic, facts, standard)


def _sessions(fact: Facts, standard: Standard) -> Iterator[Check]:
    counts = {str(name): int(count) for name, count in fact["counts"].items()}
    yield standard.check(
        "server", "prosody", expected="runs and answers on its shell",
        got=", ".join(f"{count} {name} sessions" for name, count in sorted(counts.items())),
        ok=True, because=_any(standard),
    )  # fmt: skip


def _certificates(fact: Facts, standard: Standard) -> Iterator[Check]:
    sound = fact["sound"]
    if not isinstance(sound, bool):
        raise TypeError
    yield standard.check(
        "server", "prosody certificates", expected="Prosody finds nothing wrong with them",
        got="nothing" if sound else "it does", ok=sound, because=_any(standard),
        remedy="prosodyctl check certs says what; ansible-playbook playbooks/site.yml --limit im",
    )  # fmt: skip


def _any(standard: Standard) -> Provenance:
    return standard.because("thresholds")


_TOPICS: Final = (
    Topic("sessions", "server", "prosody", "runs", _any, _sessions),
    Topic("certificates", "server", "prosody certificates", "sound", _any, _certificates),
)
