"""Words by which an operator allows something: one that can name nothing is a slip, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.errors import UsageError
from commsroom.estate.resource import Action, Address
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.estate.guards import Allow
    from commsroom.estate.plan import Plan

_REMOVAL = "write SYSTEM:KIND, as in pbx1:extension, or total"


def check(estate: Estate, allow: Allow) -> None:
    """Refuse what can name nothing, before anything else happens.

    Raises:
        UsageError: a system that neither inventory nor ledger knows, a kind it cannot hold, or no
            address where one belongs.
    """
    if not allow.removals and not allow.protected:
        return
    owned = {(item.system, item.kind) for item in estate.ledger.known().owned}
    gone = {system for system, _ in owned} - estate.systems.keys()
    kinds = {
        *(f"{system}:{kind}" for system, kind in owned),
        *(
            f"{name}:{kind}"
            for name, item in estate.systems.items()
            for kind in item.backend.supports
        ),
    }
    removals = {"total", *kinds, *(f"{system}:*" for system in gone)}
    for word in sorted(allow.removals - removals):
        system = word.removesuffix(":*")
        if word != system and system in estate.systems:
            raise UsageError(
                f"--allow-removal {word}: {system} is in the inventory, and its kinds are named one by one",
                remedy=f"as in {system}:{min(estate.systems[system].backend.supports)}",
            )
        raise UsageError(
            f"--allow-removal {quoted(word)} names nothing we have or could have",
            remedy=did_you_mean(word, removals) or _REMOVAL,
        )
    for word in sorted(allow.protected):
        address = Address.parse(word)
        if (found := f"{address.system}:{address.kind}") not in kinds:
            raise UsageError(
                f"--allow-protected {quoted(word)}: there is no {quoted(found)}",
                remedy=did_you_mean(found, kinds) or "commsroom show lists all addresses",
            )


def idle(plan: Plan, allow: Allow) -> tuple[str, ...]:
    """Return the globs of `--allow-adopt` that name nothing this plan would take over."""
    strangers = [item.address for item in plan.changes if item.action is Action.ADOPT]
    return tuple(
        glob for glob in allow.adopt if not any(address.matches(glob) for address in strangers)
    )
