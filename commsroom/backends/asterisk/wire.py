"""Resources ⇄ what the program on the server speaks: objects as plain values, changes as operations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.kinds import (
    Conference,
    DiallingClass,
    Extension,
    HuntGroup,
    Route,
    Trunk,
    Voicemail,
)
from commsroom.estate.resource import Action, Address, Change, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from commsroom.estate.resource import Kind
    from commsroom.estate.secret import Secret, SecretRef

Json = dict[str, Any]

KINDS: Final[Mapping[str, type[Kind]]] = {
    kind.kind: kind
    for kind in (DiallingClass, Extension, Voicemail, Conference, HuntGroup, Trunk, Route)
}
#: Asterisk cuts names off here (AST_MAX_EXTENSION and the mailbox structure: 80 with the final zero).
LONGEST_NAME: Final = 79
#: A call's argument list, with all of a group's members and its title, stays below Asterisk's 8,192.
_LONGEST_LIST: Final = 4000
#: Stands for the comma in voicemail.conf, so no name may hold it itself (see on_target_objects).
_LOW_QUOTE: Final = "\u201a"
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_NUMBER: Final = re.compile(r"[0-9]{2,20}")
_CLASS: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_CALLER: Final = re.compile(r"\+?[0-9]{0,20}")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{0,253}")
_LOGIN: Final = re.compile(r"[A-Za-z0-9._+-]{0,64}")
_MAIL: Final = re.compile(r"[^\s,;|<>\"]{0,200}")
_SLOT: Final = "secret:"
_DAY: Final = "(?:mon|tue|wed|thu|fri|sat|sun)"
_HOURS: Final = re.compile(rf"{_DAY}(?:-{_DAY})? [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]")


def resources(system: str, objects: Mapping[str, Mapping[str, Json]]) -> dict[Address, Resource]:
    """Turn all that the server holds into resources."""
    found = {}
    for kind, items in objects.items():
        names = KINDS[kind].names()
        for key, values in items.items():
            address = Address(system, kind, key)
            plain = {name: _frozen(values.get(name)) for name in names}
            found[address] = Resource(address, KINDS[kind](**plain))
    return found


def verifiers(
    system: str, objects: Mapping[str, Mapping[str, Json]], fingerprint: Callable[[str], str]
) -> dict[Address, dict[str, str]]:
    """Return the fingerprint of each secret the server holds."""
    return {
        Address(system, kind, key): {
            slot: fingerprint(held) for slot, held in values["secret"].items()
        }
        for kind, items in objects.items()
        for key, values in items.items()
        if values.get("secret")
    }


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def operation(change: Change, secret: Callable[[SecretRef], Secret]) -> Json | None:
    """Turn a change into an operation; None where there is nothing to write (a plain adoption)."""
    name: Json = {"kind": change.address.kind, "key": change.address.key}
    if change.after is None:
        return {**name, "do": "delete", "values": {}, "secret": {}}
    fields = written(change)
    if not fields and change.action is not Action.CREATE:
        return None
    body = change.after.body.values()
    refs = {slot: change.after.secret(slot) for slot in slots(fields)}
    held = {slot: secret(ref).reveal() if ref else None for slot, ref in refs.items()}
    return {
        **name,
        "do": "put",
        "values": {field: body[field] for field in fields if field in body},
        "secret": held,
    }


def slots(fields: Iterable[str]) -> list[str]:
    """Name the slots of secrets among the fields of a change."""
    return [name.removeprefix(_SLOT) for name in fields if name.startswith(_SLOT)]


def written(change: Change) -> tuple[str, ...]:
    """Name the fields of a change that are sent."""
    return tuple(name for name in change.fields if name not in change.unsupported)


def refusals(wanted: Iterable[Resource]) -> Mapping[Address, str]:
    """Say why Asterisk or this back end cannot hold a resource."""
    reasons = ((item.address, _reason(item.address.key, item.body)) for item in wanted)
    return {address: reason for address, reason in reasons if reason}


def _reason(key: str, body: Kind) -> str:
    if isinstance(body, DiallingClass):
        return _class_reason(key, body)
    if isinstance(body, Trunk | Route):
        return _line_reason(key, body)
    if not _NUMBER.fullmatch(key):
        return f"{key!r} is no number to dial: two to twenty digits"
    if isinstance(body, Extension):
        return _name_reason(body.display_name) or _extension_reason(body)
    if isinstance(body, Voicemail):
        return _name_reason(body.display_name) or (
            ""
            if _MAIL.fullmatch(body.email or "")
            else f"{body.email!r} cannot stand in voicemail.conf"
        )
    return _group_reason(body) if isinstance(body, HuntGroup) else ""


def _name_reason(name: str | None) -> str:
    if name is None:
        return ""
    if _LOW_QUOTE in name:
        return "the name holds U+201A, which stands for a comma in Asterisk's files"
    if len(name.replace(",", _LOW_QUOTE).encode()) > LONGEST_NAME:
        return f"the name is longer than Asterisk keeps ({LONGEST_NAME} bytes in UTF-8)"
    if name != name.strip():
        return "the name begins or ends with a space, which Asterisk drops"
    return ""


def _extension_reason(body: Extension) -> str:
    if not _CALLER.fullmatch(body.caller_id or ""):
        return f"caller_id {body.caller_id!r} is no number"
    if body.dialling_class is not None and not _CLASS.fullmatch(body.dialling_class):
        return f"dialling_class {body.dialling_class!r} cannot be a context's name"
    if body.transport not in {None, "tls", "udp"}:
        return f"transport {body.transport!r} is neither tls nor udp"
    return ""


def _class_reason(key: str, body: DiallingClass) -> str:
    if not _CLASS.fullmatch(key):
        return f"{key!r} cannot be a context's name: small letters, digits, - and _"
    for number in (*(body.allowed or ()), *(body.barred or ()), *(body.emergency or ())):
        if not _DIGITS.fullmatch(number):
            return f"{number!r} is no prefix: digits only"
    for hours in body.hours or ():
        if not _HOURS.fullmatch(hours):
            return f"hours {hours!r}: write mon-fri 08:00-19:00"
        if hours.endswith("-23:59"):
            return f"hours {hours!r}: write 24:00 for the end of the day"
    return ""


def _line_reason(key: str, body: Trunk | Route) -> str:
    if not _CLASS.fullmatch(key):
        return f"{key!r} cannot be a context's name: small letters, digits, - and _"
    if isinstance(body, Route):
        numbers = (*(body.prefixes or ()), *(body.exact or ()))
        wrong = [one for one in numbers if not _DIGITS.fullmatch(one)]
        wrong += [one for one in body.trunks or () if not _CLASS.fullmatch(one)]
        return f"{wrong[0]!r} is neither digits nor the name of a trunk" if wrong else ""
    digits = (body.main_number or "", body.answered_by or "", *(body.direct_prefixes or ()))
    for number in filter(None, digits):
        if not _DIGITS.fullmatch(number):
            return f"{number!r} is no number: digits only"
    if not _HOST.fullmatch(body.provider or "") or not _LOGIN.fullmatch(body.username or ""):
        return "provider or username cannot stand in a SIP address"
    if body.transport not in {None, "tls", "udp"}:
        return f"transport {body.transport!r} is neither tls nor udp"
    return ""


def _group_reason(body: HuntGroup) -> str:
    for number in (*(body.members or ()), *([body.fallback] if body.fallback else ())):
        if not _NUMBER.fullmatch(number):
            return f"{number!r} is no number to dial"
    if body.strategy not in {None, "ringall", "linear"}:
        return f"strategy {body.strategy!r} is neither ringall nor linear"
    if len(",".join(body.members or ())) > _LONGEST_LIST:
        return "it has more members than one call can ring"
    return ""
