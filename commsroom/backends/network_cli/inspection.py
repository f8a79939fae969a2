"""What an inspection asks of a switch: that it answers, and that its next start keeps what runs now.

Clause 3.2.2. A switch is no host one can log in to: there are no disks, clocks or packages to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.topic import Topic, judged, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

_NAMED: Final = 5


def facts(
    now: Mapping[tuple[str, str], object], saved: Mapping[tuple[str, str], object], *, save: str
) -> Facts:
    """Compare what runs with what is saved, object by object; only what policy can speak of counts.

    `save` is what would be typed to save it.
    """
    lost = sorted(
        f"{kind}/{key}"
        for kind, key in now.keys() | saved.keys()
        if now.get((kind, key)) != saved.get((kind, key))
    )
    return {"startup": {"objects": len(now), "unsaved": lost, "save": save}}


def judge(found: Facts, standard: Standard) -> Iterator[Check]:
    """Judge what `facts` says."""
    yield from judged(_STARTUP, found, standard)


def _startup(fact: Facts, standard: Standard) -> Iterator[Check]:
    lost = list(map(str, fact["unsaved"]))
    shown = names(lost[:_NAMED], len(lost) - min(len(lost), _NAMED))
    yield standard.check(
        _STARTUP.name, _STARTUP.place, expected=_STARTUP.expected,
        got=f"a restart would change {shown}" if lost else f"{int(fact['objects'])} objects, all saved",
        ok=not lost, because=_any(standard),
        remedy=f"save the running configuration on the switch: {fact['save']}",
    )  # fmt: skip


def _any(standard: Standard) -> Provenance:
    return standard.because("thresholds")


_STARTUP: Final = Topic(
    "startup", "startup", "configuration", "a restart keeps what runs now", _any, _startup
)
