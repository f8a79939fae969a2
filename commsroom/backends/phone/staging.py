"""A new template goes round in two rings: the canaries first, the others after those have proven it.

Pure, of what policy wants and what the server shows. A telephone that waits keeps the version it has,
and a new one begins with the last that everybody has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commsroom.backends.phone import vendors
from commsroom.estate.kinds import PhoneProfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commsroom.estate.resource import Address, Resource


def staged(
    wanted: Iterable[Resource], held: Mapping[Address, Resource]
) -> tuple[list[Resource], dict[Address, str]]:
    """Return what may be asked for now, and by address why it is not yet what policy wants.

    Where policy names no version, the newest there is is wanted. A canary has proven a version when it is
    served it, has fetched it, and is registered.
    """
    aimed = [_aimed(item) for item in wanted]
    doubts = _doubts(aimed, held)
    found, waiting = [], {}
    for item in aimed:
        body = item.body
        if isinstance(body, PhoneProfile) and body.ring != "canary":
            doubt = doubts.get((body.vendor or "", body.template or 0))
            now = _present(item, held)
            if doubt and now != body.template:
                waiting[item.address] = (
                    f"waits with template v{now} until the canaries have v{body.template}: {doubt}"
                )
                item = replace(item, body=replace(body, template=now))  # noqa: PLW2901
        found.append(item)
    return found, waiting


def _aimed(item: Resource) -> Resource:
    body = item.body
    if not isinstance(body, PhoneProfile) or body.template is not None:
        return item
    known = vendors.versions(body.vendor or "")
    return replace(item, body=replace(body, template=known[-1] if known else 1))


def _doubts(
    wanted: Iterable[Resource], held: Mapping[Address, Resource]
) -> dict[tuple[str, int], str]:
    """Return for each version why it is not proven yet: the first canary that has not, by name."""
    found: dict[tuple[str, int], str] = {}
    for item in wanted:
        body = item.body
        if not isinstance(body, PhoneProfile) or body.ring != "canary":
            continue
        seen = held.get(item.address)
        now = seen.body if seen is not None and isinstance(seen.body, PhoneProfile) else None
        version = (body.vendor or "", body.template or 0)
        if now is None or now.template != body.template:
            found.setdefault(version, f"{item.address.key} is not served it yet")
        elif now.fetched != "current":
            found.setdefault(version, f"{item.address.key} has not fetched it yet")
        elif now.registered is False:
            found.setdefault(version, f"{item.address.key} has not registered since")
    return found


def _present(item: Resource, held: Mapping[Address, Resource]) -> int | None:
    """Return the version a telephone has now, or for a new one the newest before the one wanted."""
    body = item.body
    seen = held.get(item.address)
    if (
        seen is not None
        and isinstance(seen.body, PhoneProfile)
        and seen.body.vendor == getattr(body, "vendor", None)
    ):
        return seen.body.template
    if isinstance(body, PhoneProfile) and body.template is not None:
        older = [one for one in vendors.versions(body.vendor or "") if one < body.template]
        return older[-1] if older else body.template
    return None
