"""How an answer becomes a proof: three-valued, since silence and "try later" prove nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from commsroom.backends.postfix_dovecot.wire import NoEntry, Reply, Unanswered
from commsroom.estate.backend import Proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from commsroom.estate.resource import Address


def since(started: float) -> float:
    """Return the milliseconds since then."""
    return round((time.perf_counter() - started) * 1000, 1)


def judge(
    address: Address,
    use: str,
    act: Callable[[], bool],
    *,
    want: bool = True,
    words: tuple[str, str] = ("accepted", "refused"),
    note: str = "",
    login: bool = False,
) -> Proof:
    """Do something that ends in yes or no, and compare."""
    expected = words[0] if want else words[1]
    started = time.perf_counter()
    try:
        done = act()
    except Unanswered as silent:
        return Proof(address, use, expected, "no answer", None, since(started), str(silent))
    got = words[0] if done else words[1]
    return Proof(address, use, expected, got, done is want, since(started), note, login and done)


def judge_reply(
    address: Address, use: str, act: Callable[[], Reply], *, want: bool = True, note: str = ""
) -> Proof:
    """Do something an SMTP server answers; a temporary no (4xx) decides nothing."""
    expected = "accepted" if want else "refused"
    started = time.perf_counter()
    try:
        reply = act()
    except NoEntry as refused:
        reply = refused.reply
    except Unanswered as silent:
        return Proof(address, use, expected, "no answer", None, since(started), str(silent))
    ok = reply.accepted if want else reply.refused
    decided = reply.accepted or reply.refused
    return Proof(address, use, expected, str(reply), ok if decided else None, since(started), note)
