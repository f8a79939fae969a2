"""The exchange on the same machine: who is registered, and a NOTIFY that makes a telephone fetch.

Asterisk's manager interface listens on loopback alone, and its secret never leaves the server (role
`pbx`); so telephones can be told only where their profiles lie on the exchange's own machine.

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]
Message = dict[str, str]

_END: Final = b"\r\n\r\n"
_MOST: Final = 16 * 1024 * 1024
_SECONDS: Final = 10.0
#: The host of a contact's URI (RFC 3261, 19.1.1).
_ADDRESS: Final = re.compile(r"@(?P<host>\[[^\]]*\]|[^:;>]+)")


def contacts(data: Mapping[str, Any]) -> Any:
    """Return the contacts of each extension, or None where no exchange answers on this machine."""
    try:
        messages = _talk(data, [{"Action": "PJSIPShowContacts"}])
    except (TargetError, OSError):
        return None
    found: dict[str, list[Message]] = {}
    for one in messages:
        if one.get("Event") == "ContactList":
            found.setdefault(one.get("Endpoint", ""), []).append(one)
    return found


def registered(contacts: Any, profile: Mapping[str, Any], fetched: Any) -> Any:
    """Tell whether this very telephone is registered; None where that cannot be told.

    A contact is a telephone's when it names the telephone's MAC, or comes from the address that it fetched
    its profile from (that of its URI, which the exchange writes anew; in `Via` a telephone may say anything).
    """
    if contacts is None:
        return None
    mine = contacts.get(profile["values"].get("number") or "", [])
    return any(_is_of(one, profile, fetched) for one in mine)


def notify(
    profiles: Mapping[str, Json], fetched: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, str]:
    """Send each telephone the event of its vendor; return by key why it could not be sent, or "".

    `fetched` holds, by key, what is known of the last fetch (`from`), or None.
    """
    there = contacts(data)
    if there is None:
        return dict.fromkeys(profiles, "no exchange answers on this machine to tell its telephone")
    outcome: dict[str, str] = {}
    actions: list[Message] = []
    for key, one in profiles.items():
        number = str(one["values"].get("number") or "")
        if not one["notify"]:
            outcome[key] = "its telephone fetches it when it starts"
        elif number not in there:
            outcome[key] = "its telephone is not registered, and fetches it when it starts"
        else:
            outcome[key] = ""
            event = {"Variable": f"Event={one['notify']}"}
            mine = [each for each in there[number] if _is_of(each, one, fetched.get(key))]
            # Of several telephones with one number only this one is told, where it can be told apart. Where
            # not, all are: the others fetch their own profiles, with their own credentials, and no more.
            to = [{"URI": each["Uri"]} for each in mine if each.get("Uri")]
            actions += [
                {"Action": "PJSIPNotify", **each, **event} for each in to or [{"Endpoint": number}]
            ]
    try:
        _talk(data, actions)
    except (TargetError, OSError):
        return {key: text or "the exchange broke off" for key, text in outcome.items()}
    return outcome


def _is_of(contact: Message, profile: Mapping[str, Any], fetched: Any) -> bool:
    agent = re.sub("[^0-9a-z]", "", contact.get("UserAgent", "").lower())
    if profile["values"].get("mac") and profile["id"] in agent:
        return True
    address = _ADDRESS.search(contact.get("Uri", ""))
    return bool(fetched) and address is not None and address["host"].strip("[]") == fetched["from"]


def _talk(data: Mapping[str, Any], actions: Sequence[Message]) -> list[Message]:
    """Log in, ask everything in one write, and return all messages up to the goodbye."""
    text = Path(data["manager_secret"]).read_text("ascii")
    secret = re.search("^secret=([0-9a-f]+)$", text, re.MULTILINE)
    if not secret:
        raise TargetError("missing", "the exchange has no secret for its manager interface")
    login = {"Action": "Login", "Username": "commsroom", "Secret": secret[1], "Events": "off"}
    packets = b"".join(_packet(one) for one in [login, *actions, {"Action": "Logoff"}])
    with socket.create_connection(("127.0.0.1", data["manager_port"]), _SECONDS) as line:
        line.sendall(packets)
        heard = b""
        while len(heard) < _MOST:
            piece = line.recv(1 << 16)
            if not piece:
                break
            heard += piece
    return [_message(raw) for raw in heard.split(_END) if raw.strip()]


def _packet(action: Mapping[str, str]) -> bytes:
    for value in action.values():
        if "\r" in value or "\n" in value:
            raise TargetError("failed", "a value for the exchange holds a line break")
    return ("".join(f"{name}: {value}\r\n" for name, value in action.items()) + "\r\n").encode()


def _message(raw: bytes) -> Message:
    lines = raw.decode("utf-8", "replace").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)
