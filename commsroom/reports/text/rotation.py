"""What is going to be rotated and what became of it, as text and as JSON."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.rotation import Phase
from commsroom.reports import handover
from commsroom.reports.lines import Span, Style, count, duration, line, note, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from typing import Protocol

    from commsroom.estate.rotation import Place, Rotation
    from commsroom.reports.handover import Handed
    from commsroom.reports.lines import Line

    class Handover(Protocol):
        """What people were given of it, and who is still to be."""

        @property
        def handed(self) -> Sequence[Handed]: ...
        @property
        def left(self) -> Mapping[str, tuple[str, str]]: ...


#: Told one by one up to here; beyond, by their number.
_MANY: Final = 20
#: Seconds that are not worth telling of.
_SOON: Final = 60.0
#: Named of those that share a reason.
_FEW: Final = 3
_WORDS: Final = {
    Phase.GRACE: "renewed; the old one is good until its grace is over",
    Phase.REVOKED: "renewed; the old one is refused",
    Phase.ROLLED_BACK: "not renewed, the old one is in force everywhere",
    Phase.QUARANTINED: "needs a person",
}
_STYLES: Final = {
    Phase.GRACE: Style.GOOD,
    Phase.REVOKED: Style.GOOD,
    Phase.ROLLED_BACK: Style.BAD,
    Phase.QUARANTINED: Style.BAD,
}


def chosen_lines(
    places: Mapping[str, tuple[Place, ...]],
    two: frozenset[str],
    left: Mapping[str, str],
    grace: timedelta,
    *,
    known: frozenset[str] = frozenset(),
    blind: frozenset[str] = frozenset(),
    simulated: frozenset[str] = frozenset(),
) -> Iterator[Line]:
    """Say which secrets are renewed, where, and how the old ones end; and why others are not.

    Args:
        places: Where each secret that is going to be renewed is held, by its path.
        two: Those of them that some place takes beside the new one.
        left: Why others that were asked for are left as they are, by path.
        grace: For how long the old one is good where it can be.
        known: Those that are in wrong hands.
        blind: Those that are written, and no login can show it.
        simulated: The systems a fake stands in for.
    """
    for number, path in enumerate(sorted(places)):
        if number == _MANY:
            yield line(Span(f"  … and {len(places) - _MANY:,} more", Style.QUIET))
            break
        until = f"the old one is good for {duration(grace.total_seconds())} more"
        once = (
            "it is in wrong hands"
            if path in known
            else "nothing there takes two passwords at a time"
        )
        how = until if path in two else f"at once: {once}"
        how += "; no login can show that it was taken" if path in blind else ""
        held = ", ".join(str(place) for place in places[path])
        yield line(Span("  ~ ", Style.UPDATE), f"{path}  ", Span(f"{held}; {how}", Style.QUIET))
    yield from left_lines(left)
    yield line(
        f"Rotation: {count(len(places), 'secret')} to renew,"
        f" {len(left):,} left as they are.{note(simulated)}"
    )


def going_on_lines(turns: Mapping[str, Rotation]) -> Iterator[Line]:
    """Say what is under way, which every run goes on with; nothing where nothing is."""
    for phase, number in sorted(Counter(turn.phase for turn in turns.values()).items()):
        yield line(Span(f"{number:,}", Style.QUIET), f" under way ({phase}): a run goes on with it")


def left_lines(left: Mapping[str, str]) -> Iterator[Line]:
    """Say what is left as it is, each reason once with how many."""
    reasons: dict[str, list[str]] = {}
    for path, why in sorted(left.items()):
        reasons.setdefault(why, []).append(path)
    for why, paths in sorted(reasons.items()):
        named = ", ".join(paths[:_FEW]) + (
            f" and {len(paths) - _FEW:,} more" if len(paths) > _FEW else ""
        )
        yield line(Span("  - ", Style.DOUBT), f"{named}: ", Span(why, Style.QUIET))


def rotated_lines(
    turns: Mapping[str, Rotation],
    left: Mapping[str, str],
    took: float,
    handed: Handover,
    *,
    written: frozenset[str] = frozenset(),
    simulated: frozenset[str] = frozenset(),
) -> Iterator[Line]:
    """Say what became of each rotation: the failed ones by name, the others by their number."""
    now = time.time()
    counted = Counter(turn.phase for turn in turns.values())
    for path, turn in sorted(turns.items()):
        if turn.phase in _WORDS and not turn.why:
            continue
        words = _WORDS.get(turn.phase) or _undecided(turn, now)
        style = _STYLES.get(turn.phase, Style.DOUBT)
        yield line(Span("  ! ", style), f"{path}  {words}" + (f": {turn.why}" if turn.why else ""))
    yield from left_lines(left)
    for phase in (Phase.REVOKED, Phase.GRACE, Phase.ROLLED_BACK, Phase.QUARANTINED):
        if counted[phase]:
            yield line(Span(f"{counted[phase]:,}", _STYLES[phase]), f" {_WORDS[phase]}")
    if written:
        told = "renewed; no login can show that the old one is refused"
        yield line(Span(f"{len(written):,}", Style.GOOD), f" {told}")
    open_ = sum(number for phase, number in counted.items() if phase not in _WORDS)
    if open_:
        yield line(Span(f"{open_:,}", Style.DOUBT), " not decided yet: run commsroom rotate again")
    yield line(
        f"Rotation: {count(len(turns) + len(written), 'secret')} in {seconds(took)}.{note(simulated)}"
    )
    if handed.handed or handed.left:
        yield from handover.handed_lines(handed.handed, (), handed.left)


def _undecided(turn: Rotation, now: float) -> str:
    """Say what an undecided rotation waits for, and what to do."""
    said = f"not decided yet ({turn.phase})"
    if turn.silent:
        return f"{said}: {', '.join(turn.silent)} did not answer; run rotate again"
    until = turn.rests_until(now)
    if until > now + _SOON:
        when = datetime.fromtimestamp(until, UTC)
        why = "more refused logins might lock the account" if turn.counting(now) else "it rests"
        return f"{said}: {why}; run rotate again after {when:%H:%M}Z"
    return f"{said}: run rotate again"


def document(
    turns: Mapping[str, Rotation],
    left: Mapping[str, str],
    handed: Handover,
    written: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return it as JSON; no value of a secret was ever in it."""
    return {
        "rotations": [
            {
                "secret": path,
                "phase": str(turn.phase),
                "since": datetime.fromtimestamp(turn.since, UTC).isoformat(timespec="seconds"),
                "generation": turn.new,
                "places": [str(held.place) for held in turn.holders],
                "why": turn.why,
            }
            for path, turn in sorted(turns.items())
        ],
        "written": sorted(written),
        "left": dict(sorted(left.items())),
        "handover": handover.document(handed.handed, (), handed.left),
    }


def chosen_document(
    places: Mapping[str, tuple[Place, ...]], left: Mapping[str, str]
) -> dict[str, Any]:
    """Return what would be renewed, as JSON."""
    return {
        "renew": {path: [str(place) for place in held] for path, held in sorted(places.items())},
        "left": dict(sorted(left.items())),
    }
