"""Resources ⇄ what `mod_commsroom` speaks: its state into resources, changes into its operations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.kinds import Account, Member, Room
from commsroom.estate.resource import Action, Address, Change, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from commsroom.estate.resource import Kind
    from commsroom.estate.secret import Secret, SecretRef

Json = dict[str, Any]

AFFILIATIONS: Final = ("member", "admin", "owner")
#: Texts longer than this are refused: they would not fit into one stanza of the admin socket.
LONGEST_TEXT: Final = 512
#: What a nodeprepped local part looks like in ASCII (RFC 6122 appendix A), and fits in a file name.
_LOCAL_PART: Final = re.compile(r"[!#$%()*+,.0-9;=?\[\]^_`a-z{|}~-]{1,255}")
#: XML 1.0 has no place for these, escaped or not.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def resources(system: str, domain: str, state: Json) -> dict[Address, Resource]:
    """Turn all that the server holds into resources."""
    found = [*_accounts(system, state), *_rooms(system, domain, state)]
    return {item.address: item for item in found}


def verifiers(
    system: str, state: Json, fingerprint: Callable[[str], str]
) -> dict[Address, dict[str, str]]:
    """Return the fingerprint of each account's password."""
    return {
        Address(system, "account", item["login"]): {"password": fingerprint(item["verifier"])}
        for item in state["accounts"]
    }


def _accounts(system: str, state: Json) -> Iterator[Resource]:
    for item in state["accounts"]:
        body = Account(
            display_name=item.get("display_name"),
            file_sharing=item["file_sharing"],
            suspended=item["suspended"],
        )
        yield Resource(Address(system, "account", item["login"]), body)


def _rooms(system: str, domain: str, state: Json) -> Iterator[Resource]:
    for item in state["rooms"]:
        room = item["room"]
        body = Room(
            title=item.get("title"), members_only=item["members_only"], moderated=item["moderated"]
        )
        yield Resource(Address(system, "room", room), body)
        for member in item["members"]:
            login = member["jid"].removesuffix(f"@{domain}")
            key = Address(system, "member", f"{room}/{login}")
            yield Resource(key, Member(affiliation=member["affiliation"]))


def operation(change: Change, secret: Callable[[SecretRef], Secret]) -> Json | None:
    """Turn a change into an operation; None where there is nothing to write (a plain adoption)."""
    kind, key = change.address.kind, change.address.key
    if change.after is None:
        return {"do": f"{kind}_delete", **_names(kind, key)}
    fields = _written(change)
    if not fields and change.action is not Action.CREATE:
        return None
    body = change.after.body.values()
    values: Json = {name: body[name] for name in fields if name in body}
    ref = change.after.secret("password") if "secret:password" in fields else None
    if ref is not None:
        values["password"] = secret(ref).reveal()
    return {"do": f"{kind}_put", **_names(kind, key), **values}


def _names(kind: str, key: str) -> Json:
    if kind == "member":
        room, _, login = key.partition("/")
        return {"room": room, "login": login}
    return {"login" if kind == "account" else "room": key}


def _written(change: Change) -> tuple[str, ...]:
    return tuple(name for name in change.fields if name not in change.unsupported)


def shortfall(change: Change, actual: Resource | None) -> str:
    """Say how what is there now falls short of the change, "" when it is as it should be."""
    if change.after is None:
        return "" if actual is None else "it is still there"
    if actual is None:
        return "it is not there"
    wanted = change.after.body
    wrong = [
        name
        for name in _written(change)
        if not name.startswith("secret:") and getattr(wanted, name) != getattr(actual.body, name)
    ]
    return f"the server still has another {', '.join(wrong)}" if wrong else ""


def is_local_part(text: str) -> bool:
    """Tell whether XMPP takes `text` for a login or a room's name just as it is."""
    return _LOCAL_PART.fullmatch(text) is not None


def refusals(wanted: Iterable[Resource]) -> Mapping[Address, str]:
    """Say why XMPP or this back end cannot hold a resource."""
    reasons = ((item.address, _reason(item.address, item.body)) for item in wanted)
    return {address: reason for address, reason in reasons if reason}


def _reason(address: Address, body: Kind) -> str:
    parts = address.key.split("/") if address.kind == "member" else [address.key]
    if address.kind == "member" and len(parts) != 2:  # noqa: PLR2004 - room and login
        return "a membership is named ROOM/LOGIN"
    for part in parts:
        if not is_local_part(part):
            return (
                f"{part!r} is no local part of an XMPP address (small ASCII letters, digits, .-_)"
            )
    if isinstance(body, Member) and body.affiliation not in {None, *AFFILIATIONS}:
        return f"affiliation {body.affiliation!r} is none of {', '.join(AFFILIATIONS)}"
    text = body.display_name if isinstance(body, Account) else None
    text = body.title if isinstance(body, Room) else text
    return "" if text is None else _text_reason(text)


def _text_reason(text: str) -> str:
    if not text:
        return "an empty name cannot be kept: leave it out"
    if len(text) > LONGEST_TEXT:
        return f"a name of {len(text)} characters is too long for it ({LONGEST_TEXT})"
    if _NOT_XML.search(text):
        return "the name holds a character that XML has no place for"
    return ""
