"""Dialling classes: what is barred is refused, and what is allowed is not, by the clock of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof.crew import ANSWER, Crew, hearing
from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.backends.asterisk.proof.trial import attempt
from commsroom.estate.kinds import DiallingClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commsroom.estate.backend import Proof

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DIGITS: Final = 10  # of a number made up to be dialled
_FORBIDDEN: Final = 403


async def dial(crew: Crew, name: str, caller: str) -> list[Proof]:
    """Dial a barred number and, where outside calls end in an echo (the lab), an allowed one."""
    request = crew.classes[name]
    body = request.resource.body
    assert isinstance(body, DiallingClass)  # noqa: S101 - filed by type
    address = request.resource.address
    proofs = []
    barred = made_up(body, body.barred or (), allowed=False)
    if barred:
        use = f"dial {barred} as {caller}"
        proofs.append(
            (await attempt(address, use, _dial(crew, caller, barred), allowed=False)).proof
        )
    number = made_up(body, body.allowed or (), allowed=True)
    if number and crew.outside_is_echo:
        try:
            now = await crew.exchange.clock() if body.hours else ("mon", "00:00")
        except Undecided as error:
            return [*proofs, _unknown(proofs, str(error))] if proofs else []
        open_ = not body.hours or within(body.hours, *now)
        use = f"dial {number} as {caller}" + (
            "" if open_ else f", outside its hours ({' '.join(now)})"
        )
        trial = await attempt(
            address, use, _dial(crew, caller, number), works="answered", allowed=open_
        )
        proofs.append(trial.proof)
    return proofs


def _unknown(proofs: Sequence[Proof], why: str) -> Proof:
    from commsroom.backends.asterisk.proof.trial import untried

    return untried(proofs[0].address, "dial an allowed number", "answered", why)


async def _dial(crew: Crew, caller: str, number: str) -> None:
    """Dial; 403 is the class's no. Other refusals say that the number was let through, or nothing."""
    try:
        call = await crew.phones[caller].call(number, ANSWER)
    except Refused as no:
        if no.code == _FORBIDDEN:
            raise
        raise Undecided(f"neither let through nor barred: {no}") from None
    try:
        if crew.outside_is_echo:
            await hearing(call, crew.phones[caller].tone)
    finally:
        await call.hang_up()


def made_up(body: DiallingClass, prefixes: Iterable[str], *, allowed: bool) -> str:
    """Return a number that begins with one of the prefixes and that the class decides as said, or ""."""
    for prefix in sorted(prefixes, key=lambda text: (-len(text), text)):
        for digit in "5738642019":
            number = prefix + digit * max(3, _DIGITS - len(prefix))
            if number not in (body.emergency or ()) and _allowed(body, number) == allowed:
                return number
    return ""


def _allowed(body: DiallingClass, number: str) -> bool:
    return _longest(body.allowed or (), number) > _longest(body.barred or (), number)


def _longest(prefixes: Iterable[str], number: str) -> int:
    return max((len(one) for one in prefixes if number.startswith(one)), default=0)


def within(hours: Iterable[str], day: str, time: str) -> bool:
    """Tell whether a day and time are in one of the ranges (`mon-fri 08:00-19:00`, over midnight too)."""
    return any(_in_one(text, day, time) for text in hours)


def _in_one(text: str, day: str, time: str) -> bool:
    days, _, clock = text.partition(" ")
    first, _, last = days.partition("-")
    start, _, end = clock.partition("-")
    a, b, today = (_DAYS.index(one) for one in (first, last or first, day))
    right_day = a <= today <= b if a <= b else today >= a or today <= b
    right_time = start <= time < end if start <= end else time >= start or time < end
    return right_day and right_time
