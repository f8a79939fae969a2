"""What an inspection says of lost devices: each is shut out, and people did their part in time (clause 4.4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.policy.devices import DeviceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from commsroom.estate.inspection import Check, Standard
    from commsroom.estate.loss import Loss
    from commsroom.estate.register.life import Life
    from commsroom.estate.resource import Provenance

_EXPECTED = "shut out at once, and reported within 72 h to whom it concerns"


def checks(
    losses: Iterable[Loss],
    lives: Mapping[str, Life],
    day: date,
    standard: Standard,
    because: Provenance,
) -> Iterator[Check]:
    """Yield what is wrong or not known of each loss that is not over, else that all is as it should be."""
    well = True
    for loss in losses:
        tag = loss.report.tag
        last = lives.get(tag)
        if loss.cleared or (last is not None and last.standing.state is DeviceState.RETIRED):
            continue
        for got, ok, remedy in _wrong(loss, day):
            well = False
            yield standard.check(
                "lost", tag, expected=_EXPECTED, got=got, ok=ok, because=because, remedy=remedy
            )
    if well:
        # Not how many ever were: a baseline knows only of those that are open.
        text = "no loss with anything left to do"
        yield standard.check(
            "lost", "devices", expected=_EXPECTED, got=text, ok=True, because=because
        )


def _wrong(loss: Loss, day: date) -> Iterator[tuple[str, bool | None, str]]:
    """Yield at most one thing of a loss: what is not as it should be beats what nobody knows yet."""
    command = f"commsroom device lost {loss.report.tag}"
    # A command that its MDM server has waits until the device comes by: nobody can tell, and nobody can hurry it.
    undone = [text for text in loss.open_steps if not text.endswith("no answer yet")]
    late = loss.open_duties if day > loss.due.date() else ()
    if undone:
        yield "; ".join(undone), False, command
    elif late:
        yield (
            f"not ticked: {', '.join(late)}",
            False,
            f"{command} --ticked {late[0]} --by ID --note TEXT",
        )
    elif loss.open_steps:
        yield "; ".join(loss.open_steps), None, command
