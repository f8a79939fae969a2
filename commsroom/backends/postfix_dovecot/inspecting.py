"""What the facts of a mail server's own part of an inspection mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.topic import Topic, judged, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

_HOUR: Final = 3600.0
#: What a simulated server says of itself.
SIMULATED: Final[Facts] = {
    "queue": {"length": 0, "held": 0, "oldest": 0.0},
    "postfix": {"running": True},
    "dovecot": {"services": 20, "full": [], "failing": []},
}


def judge(facts: Facts, standard: Standard) -> Iterator[Check]:
    """Judge queue and servers."""
    for topic in _TOPICS:
        yield from judged(topic, facts, standard)


def _queue(fact: Facts, standard: Standard) -> Iterator[Check]:
    limits = standard.rules.thresholds
    length, held, oldest = int(fact["length"]), int(fact["held"]), float(fact["oldest"])
    hours, most = oldest / _HOUR, limits.queue_age.total_seconds() / _HOUR
    remedy = "mailq says what waits and why; postqueue -f tries again, postsuper -d removes"
    yield standard.check(
        "queue", "length", expected=f"at most {limits.queue_length} messages wait",
        got=f"{length} wait" + (f", {held} more are held" if held else ""),
        ok=length <= limits.queue_length, because=_length(standard), remedy=remedy,
    )  # fmt: skip
    yield standard.check(
        "queue", "age", expected=f"none waits longer than {most:g} hours",
        got=f"the oldest waits for {hours:.1f} hours" if length else "none waits",
        ok=not length or hours <= most, because=standard.because("thresholds", "queue_age"),
        remedy=remedy,
    )  # fmt: skip


def _postfix(fact: Facts, standard: Standard) -> Iterator[Check]:
    running = fact["running"] is True
    yield standard.check(
        "server", "postfix", expected="runs", got="runs" if running else "does not", ok=running,
        because=_any(standard), remedy="systemctl restart postfix",
    )  # fmt: skip


def _dovecot(fact: Facts, standard: Standard) -> Iterator[Check]:
    full, failing = list(map(str, fact["full"])), list(map(str, fact["failing"]))
    got = [f"no process left for {names(full)}"] if full else []
    got += [f"{names(failing)} keeps failing"] if failing else []
    yield standard.check(
        "server", "dovecot", expected="runs, and none of its services is at its limit",
        got="; ".join(got) or f"{int(fact['services'])} services, none at its limit",
        ok=not got, because=_any(standard),
        remedy="doveadm service status; doveadm log errors",
    )  # fmt: skip


def _length(standard: Standard) -> Provenance:
    return standard.because("thresholds", "queue_length")


def _any(standard: Standard) -> Provenance:
    return standard.because("thresholds")


_TOPICS: Final = (
    Topic("queue", "queue", "length", "a short queue", _length, _queue),
    Topic("postfix", "server", "postfix", "runs", _any, _postfix),
    Topic("dovecot", "server", "dovecot", "runs", _any, _dovecot),
)
