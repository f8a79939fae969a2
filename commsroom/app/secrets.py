"""secret show, secret enter: hand a secret out, or take one in that somebody else made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.app.scope import Scope
from commsroom.errors import SecretMissing, UsageError
from commsroom.estate.resource import Address
from commsroom.estate.secret import Secret, Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from commsroom.app.estate import Estate


#: Longer than any telephone company's, and short enough for one line of Asterisk's files.
_LONGEST: Final = 128


def enter(estate: Estate, address: str, secret: Callable[[], str]) -> Address:
    """Keep a secret that somebody else made: the telephone company's password of a trunk.

    It becomes the next generation where one was kept already; `apply` sends it. Every system with
    the same line has the same one.

    Args:
        estate: The estate.
        address: Of the object that is to hold it.
        secret: Asked once the address is known to want one.

    Raises:
        UsageError: there is no such object, its secrets are made here, or the text cannot be one.
        LockHeld: another command writes at this moment.
    """
    desired = planning.compile_policy(estate, Scope()).desired
    at = Address.parse(address)
    item = next((one for one in desired if one.address == at), None)
    if item is None:
        raise UsageError(
            f"nothing in policy is at {address!r}", remedy=planning.addresses_of(estate, address)
        )
    given = [ref for ref in item.secrets if ref.shape is Shape.GIVEN]
    if not given:
        raise UsageError(
            f"{at} holds no secret that somebody else made", remedy="commsroom apply makes its own"
        )
    text = secret()
    if not text or len(text) > _LONGEST or not all("!" <= one <= "~" for one in text):
        raise UsageError(
            f"that is no password: 1 to {_LONGEST} ASCII characters without spaces",
            remedy="enter it as the telephone company wrote it",
        )
    with estate.ledger.lock(actor(), command="secret enter"):
        if _keep(estate, given[0].path, text):
            named = {"secrets": [f"{at} {given[0].slot}"]}
            estate.ledger.record("secret entered", named, actor=actor())
    return at


def _keep(estate: Estate, path: str, text: str) -> bool:
    """Keep a text as the current generation of a path, a new one where another was; tell whether it is new."""
    generation = estate.ledger.generation_of([path])[path]
    held = estate.secrets.get(path, generation)
    if held is None:
        estate.secrets.put(path, generation, Secret(text))
    elif held.reveal() == text:
        return False
    else:
        generation = max(generation, estate.secrets.latest(path)) + 1
        estate.secrets.put(path, generation, Secret(text))
        while estate.ledger.generation_of([path])[path] < generation:
            estate.ledger.advance([path], actor=actor(), reason="entered")
    return True


def reveal(
    estate: Estate, glob: str, *, as_of: date | None = None
) -> tuple[tuple[Address, str, Secret], ...]:
    """Return (address, slot, secret) for every secret at the addresses a glob names.

    Raises:
        UsageError: nothing in policy matches.
        SecretMissing: it was never made (apply makes it).
    """
    desired = planning.compile_policy(estate, Scope(as_of=as_of)).desired
    chosen = [item for item in planning.pinned(estate, desired) if item.address.matches(glob)]
    if not chosen:
        raise UsageError(
            f"nothing in policy is at {glob!r}", remedy=planning.addresses_of(estate, glob)
        )
    held = estate.secrets.get_many(
        {(ref.path, ref.generation) for item in chosen for ref in item.secrets}
    )
    found = [
        (item.address, ref.slot, held[ref.path, ref.generation])
        for item in chosen
        for ref in item.secrets
        if (ref.path, ref.generation) in held
    ]
    if not found:
        written = estate.ledger.known().secrets
        lost = any(item.address in written for item in chosen)
        remedy = (
            "restore the store of secrets from a backup" if lost else "commsroom apply makes it"
        )
        raise SecretMissing(f"no secret is kept for {glob}", remedy=remedy)
    names = [f"{address} {slot}" for address, slot, _ in found]
    generations = {
        ref.path: ref.generation
        for item in chosen
        for ref in item.secrets
        if (ref.path, ref.generation) in held
    }
    about: dict[Address, str] = {}
    for at, slot, _ in found:
        about[at] = f"{about[at]} {slot}" if at in about else slot
    data = {"secrets": names, "generations": generations}
    estate.ledger.record("secret shown", data, actor=actor(), about=about)
    return tuple(found)
