"""Commands of Apple's MDM protocol as plists, and what devices answer to them."""

from __future__ import annotations

import base64
import plistlib
from typing import TYPE_CHECKING, Any, Final
from xml.parsers.expat import ExpatError

from commsroom.estate.retiring.managing import Deed, Receipt, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commsroom.backends.nanomdm.settings import Settings
    from commsroom.estate.retiring.managing import Command

#: Topic of what a device answers, as MicroMDM's webhook has it.
_ANSWERED: Final = "mdm.Connect"
#: What ends a command; `NotNow` is asked again by the device itself, `Idle` is about none.
_ENDS: Final = {
    "Acknowledged": Reply.DONE,
    "Error": Reply.FAILED,
    "CommandFormatError": Reply.FAILED,
}
#: A word of a device's error that a record needs; it is somebody else's text.
_LONGEST: Final = 160


def refusal(command: Command, settings: Settings) -> str:
    """Say why a command is not ours to send, "" where it is: a person's own mobile is never erased or locked."""
    if command.personal and command.deed is not Deed.REMOVE:
        return f"it is its holder's own: {command.deed} is not ours to do"
    if command.deed is Deed.REMOVE and not settings.nanomdm_profile:
        return "nanomdm_profile is not set: which profile would be removed?"
    return ""


def plist(command: Command, settings: Settings) -> bytes:
    """Write a command as the server takes it."""
    said: dict[str, Any]
    match command.deed:
        case Deed.ERASE:
            # An eSIM of the company is not to go on being used by whoever has the device.
            said = {"RequestType": "EraseDevice", "PreserveDataPlan": False}
        case Deed.LOCK:
            said = {"RequestType": "DeviceLock", "Message": settings.nanomdm_lock_message}
            if settings.nanomdm_lock_number:
                said["PhoneNumber"] = settings.nanomdm_lock_number
        case Deed.REMOVE:
            said = {"RequestType": "RemoveProfile", "Identifier": settings.nanomdm_profile}
    return plistlib.dumps({"CommandUUID": command.name, "Command": said})


def taken(command: Command, answer: Mapping[str, Any]) -> Receipt:
    """Read what the server says of a command that was sent to it.

    Sent a second time, it may say that it has one of that name: then it has it, and nothing is amiss.
    """
    statuses = answer.get("status")
    mine = statuses.get(command.enrolment) if isinstance(statuses, dict) else None
    if not isinstance(mine, dict):
        mine = {}
    error = str(answer.get("command_error") or mine.get("command_error") or "")
    if "duplicate" in error.casefold():
        return Receipt(Reply.QUEUED, "it was queued before")
    if error:
        return Receipt(Reply.REFUSED, _short(error))
    if answer.get("command_uuid") != command.name:
        return Receipt(Reply.UNKNOWN, "the server does not say that it has it")
    unheard = str(answer.get("push_error") or mine.get("push_error") or "")
    return Receipt(Reply.QUEUED, f"not called yet: {_short(unheard)}" if unheard else "")


def answers(commands: Iterable[Command], events: Iterable[Mapping[str, Any]]) -> dict[str, Receipt]:
    """Return what devices answered to commands, by name; only who was asked can answer."""
    asked = {command.name: command.enrolment for command in commands}
    found: dict[str, Receipt] = {}
    for event in events:
        told = event.get("acknowledge_event")
        if event.get("topic") != _ANSWERED or not isinstance(told, dict):
            continue
        name = str(told.get("command_uuid", ""))
        reply = _ENDS.get(str(told.get("status")))
        if reply is None or name not in asked:
            continue
        if asked[name].casefold() not in _whose(told):
            continue
        at = str(event.get("created_at", ""))
        found[name] = Receipt(reply, "" if reply is Reply.DONE else _why(told), _short(at))
    return found


def _whose(told: Mapping[str, Any]) -> set[str]:
    return {str(told.get(key, "")).casefold() for key in ("udid", "enrollment_id")}


def _why(told: Mapping[str, Any]) -> str:
    """Return the first reason a device gives, of what it sent as it sent it."""
    try:
        payload = plistlib.loads(base64.b64decode(str(told.get("raw_payload", "")), validate=True))
        first = payload["ErrorChain"][0]
        text = str(first.get("USEnglishDescription") or first["LocalizedDescription"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, ExpatError):
        text = str(told.get("status"))
    return _short(text)


def _short(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text[:_LONGEST])
