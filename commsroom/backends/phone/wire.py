"""Resources ⇄ what the program on the server speaks: values and texts, changes as operations."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.phone import vendors
from commsroom.backends.phone.render import CannotRender, digest, identity, names, render
from commsroom.backends.phone.vendor import URL
from commsroom.backends.phone.writers import CannotWrite
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.resource import Action, Address, Change, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from commsroom.backends.phone.render import Place
    from commsroom.estate.secret import Secret, SecretRef

Json = dict[str, Any]

#: What is seen, and never written.
SEEN: Final = ("fetched", "registered")
#: What is written with a profile; whether it is as rendered follows from looking.
WRITTEN: Final = tuple(name for name in PhoneProfile.names() if name not in {*SEEN, "as_rendered"})


def resources(system: str, profiles: Mapping[str, Json], place: Place) -> dict[Address, Resource]:
    """Turn all that the server holds into resources."""
    found = {}
    for key, held in profiles.items():
        address = Address(system, PhoneProfile.kind, key)
        values: Json = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in held["values"].items()
            if name in WRITTEN
        }
        body = PhoneProfile(
            **values, fetched=_fetched(held["fetched"]), registered=held["registered"]
        )
        found[address] = Resource(
            address, replace(body, as_rendered=_as_rendered(key, body, held, place))
        )
    return found


def verifiers(
    system: str, profiles: Mapping[str, Json], fingerprint: Callable[[str], str]
) -> dict[Address, dict[str, str]]:
    """Return the fingerprint of each secret the server holds."""
    return {
        Address(system, PhoneProfile.kind, key): {
            slot: fingerprint(value) for slot, value in held["secrets"].items()
        }
        for key, held in profiles.items()
    }


def hashed(secret: Secret) -> str:
    """Return what the server tells of a secret that it serves."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()


def operation(change: Change, place: Place, secret: Callable[[SecretRef], Secret]) -> Json | None:
    """Turn a change into an operation; None where there is nothing to write (a plain adoption).

    Raises:
        CannotRender: its template has failed since the plan, or the secret has no form in its format.
    """
    key = change.address.key
    if change.after is None:
        return {"do": "delete", "key": key}
    fields = [name for name in change.fields if name not in change.unsupported]
    if not fields and change.action is not Action.CREATE:
        return None
    body = _wanted(change)
    texts = render(key, body, place)
    vendor = vendors.vendor(body.vendor or "")
    held = {}
    for ref in change.after.secrets:
        if f"secret:{ref.slot}" in fields:
            clear = secret(ref).reveal()
            try:
                held[ref.slot] = {"clear": clear, "written": vendor.writer(clear)}
            except CannotWrite:
                raise CannotRender(f"its {ref.slot} secret has no form in this format") from None
    return {
        "do": "put",
        "key": key,
        "id": identity(key, body.mac or ""),
        "main": names(vendor, key, body)[0],
        "by_url": vendor.credential == URL,
        "event": vendor.resync,
        "notify": body.resync == "at once",
        "values": {name: value for name, value in body.values().items() if name in WRITTEN},
        "texts": texts,
        "secrets": held,
        "fields": fields,
    }


def refusals(wanted: Iterable[Resource], place: Place) -> Mapping[Address, str]:
    """Say which profiles cannot be rendered, and why: each by itself, so that none stops another's."""
    found = {}
    for item in wanted:
        if isinstance(item.body, PhoneProfile):
            try:
                render(item.address.key, item.body, place)
            except CannotRender as error:
                found[item.address] = str(error)
    return found


def _wanted(change: Change) -> PhoneProfile:
    """Return the whole profile as it will be: what policy does not speak of stays as it is."""
    before = change.before.body.values() if change.before else {}
    after = change.after.body.values() if change.after else {}
    merged = {**before, **after, "as_rendered": True, "fetched": None, "registered": None}
    return PhoneProfile(**merged)  # type: ignore[arg-type] # both came from one


def _fetched(seen: Json | None) -> str:
    if seen is None:
        return "never"
    return "current" if seen["current"] else "older"


def _as_rendered(key: str, body: PhoneProfile, held: Json, place: Place) -> bool:
    try:
        return bool(held["intact"]) and held["rendered"] == digest(render(key, body, place))
    except CannotRender:
        return False
