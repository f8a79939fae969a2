"""All objects of an Asterisk: read from the running server, written as edits of our files.

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk import on_target_conf as conf
from commsroom.backends.asterisk import on_target_dialplan as dialplan
from commsroom.backends.asterisk import on_target_trunk as trunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.backends.asterisk.on_target_ami import Manager, Message

Values = dict[str, Any]
#: kind → key → values; `secret` in them maps slot → clear value, and never leaves the server.
Objects = dict[str, dict[str, Values]]
Texts = dict[str, str]

FILES: Final = ("pjsip.conf", "extensions.conf", "voicemail.conf", "confbridge.conf")
KINDS: Final = (
    "dialling_class",
    "extension",
    "voicemail",
    "conference",
    "hunt_group",
    "trunk",
    "route",
)
MAILBOXES: Final = "default"
#: A comma ends a name in voicemail.conf and cannot be escaped; this one looks the same and does not.
COMMA: Final = "\u201a"
_CALLER_ID: Final = re.compile(r'(?:"(?P<name>(?:[^"\\]|\\.)*)" ?)?<(?P<number>[^<>]*)>', re.DOTALL)
_VARIABLE: Final = "COMMSROOM_CALLER_ID"
PROFILE: Final = "commsroom-"
#: Ends the name of a telephone's second login, while two passwords are taken.
PREVIOUS: Final = "-previous"
#: The role's own, in whose name a NOTIFY leaves for one telephone: nobody's extension.
_OUTBOUND: Final = "commsroom-outbound"


def running(manager: Manager, spool: Path, texts: Texts) -> Objects:
    """Ask the running server for everything; PINs come from files, where Asterisk shows none."""
    first = manager.ask(
        [
            {"Action": "PJSIPShowEndpoints"},
            {"Action": "VoicemailUsersList"},
            {"Action": "ShowDialPlan"},
            {"Action": "PJSIPShowRegistrationsOutbound"},
        ]
    )
    listed = [m["ObjectName"] for m in first[0] if m.get("Event") == "EndpointList"]
    endpoints = [name for name in listed if name != _OUTBOUND]
    plan = dialplan.Dialplan(first[2])
    rooms = sorted(plan.steps.get(dialplan.CONFERENCES, {}))
    details = manager.ask({"Action": "PJSIPShowEndpoint", "Endpoint": name} for name in endpoints)
    profiles = manager.ask(
        {"Action": "Command", "Command": f"confbridge show profile {sort} {PROFILE}{number}"}
        for number in rooms
        for sort in ("user", "bridge")
    )
    found: Objects = {kind: {} for kind in KINDS}
    lines = trunk.registrations(first[3])
    for name, messages in zip(endpoints, details):  # noqa: B905 - Python 3.9
        if name.startswith(trunk.SECTION):
            line = name[len(trunk.SECTION) :]
            found["trunk"][line] = trunk.values(line, messages, lines, plan)
        else:
            found["extension"][name] = _endpoint(name, messages, plan)
    pins = file_pins(texts["voicemail.conf"])
    for message in first[1]:
        if message.get("Event") == "VoicemailUserEntry":
            key, values = _mailbox(message, spool, pins)
            found["voicemail"][key] = values
    for index, number in enumerate(rooms):
        user, bridge = (_profile(answer) for answer in profiles[2 * index : 2 * index + 2])
        found["conference"][number] = _room(plan, number, user, bridge)
    for number in plan.steps.get(dialplan.GROUPS, {}):
        found["hunt_group"][number] = dialplan.group_values(plan, number)
    found["route"] = trunk.routes(plan)
    for context in sorted({*plan.steps, *plan.includes}):
        if context.startswith(dialplan.CLASS):
            name = context[len(dialplan.CLASS) :]
            found["dialling_class"][name] = dialplan.class_values(plan, name)
    return found


def _endpoint(name: str, messages: Sequence[Message], plan: dialplan.Dialplan) -> Values:
    detail: Mapping[str, str] = next(
        (m for m in messages if m.get("Event") == "EndpointDetail"), {}
    )
    auths = [m for m in messages if m.get("Event") == "AuthDetail"]
    shown = _CALLER_ID.fullmatch(detail.get("Callerid", ""))
    number = shown["number"] if shown else ""
    outside = re.search(rf"(?:^|[,\n]){_VARIABLE}=([^,\n]*)", detail.get("SetVar", ""))
    caller_id = outside[1] if outside else ""
    context = detail.get("Context", "")
    ours = context.startswith(dialplan.CLASS)
    return {
        "display_name": re.sub(
            r"\\(.)", r"\1", (shown["name"] or "") if shown else "", flags=re.DOTALL
        ),
        # Whoever calls inside is shown by number: another one than its own is a change by hand.
        "caller_id": caller_id if number == name else f"{caller_id} shown inside as {number}",
        "dialling_class": context[len(dialplan.CLASS) :] if ours else f"context {context}",
        "transport": _transport(detail),
        "suspended": _suspended(detail),
        **dialplan.extension_values(plan, name),
        "secret": _logins(name, auths),
    }


def _logins(number: str, auths: Sequence[Message]) -> dict[str, str]:
    """Return the password a telephone logs in with, and what else would be taken: the one before, or more."""
    own = [one for one in auths if one.get("ObjectName") == number] or auths[:1]
    others = [one.get("Password", "") for one in auths if one not in own]
    found = {"sip": own[0].get("Password", "") if own else ""}
    return {**found, "previous": "\n".join(others)} if others else found


def _suspended(detail: Mapping[str, str]) -> bool | str:
    """Tell whether a telephone is shut; one that is half so is neither, and no policy agrees with it."""
    refused, unreachable = bool(detail.get("Acl")), not detail.get("Aors")
    if refused == unreachable:
        return refused
    return "what it sends is refused" if refused else "no call reaches it"


def _transport(detail: Mapping[str, str]) -> str:
    known = {("commsroom-tls", "sdes"): "tls", ("commsroom-udp", "no"): "udp"}
    pair = (detail.get("Transport", ""), detail.get("MediaEncryption", ""))
    return known.get(pair, f"{pair[0] or 'any transport'}, media encryption {pair[1]}")


def _mailbox(message: Message, spool: Path, pins: Mapping[str, str]) -> tuple[str, Values]:
    box, context = message["VoiceMailbox"], message["VMContext"]
    values: Values = {
        "display_name": message.get("Fullname", "").replace(COMMA, ","),
        "email": message.get("Email", ""),
    }
    if context != MAILBOXES:
        return f"{box}@{context}", values
    pin = changed_pin(spool, box) or pins.get(box, "")
    return box, {**values, "secret": {"pin": pin} if pin else {}}


def changed_pin(spool: Path, box: str) -> str:
    """Return the PIN that a box's owner chose at the phone, "" when still the first one."""
    path = spool / MAILBOXES / box / "secret.conf"
    if "/" in box or not path.is_file():
        return ""
    found = re.search(r"^secret\s*=\s*(\S+)", path.read_text("utf-8", "replace"), re.MULTILINE)
    return found[1] if found else ""


def file_pins(text: str) -> dict[str, str]:
    """Return the PINs that stand in our file, by box."""
    return {
        key: lines[0].partition("=>")[2].partition(",")[0].strip()
        for key, lines in conf.entries(text, MAILBOXES)
    }


def _profile(answer: Sequence[Message]) -> dict[str, str]:
    lines = (line.partition(":") for line in answer[0].get("Output", "").split("\n"))
    return {name.strip(): text.strip() for name, _, text in lines}


def _room(
    plan: dialplan.Dialplan, number: str, user: Mapping[str, str], bridge: Mapping[str, str]
) -> Values:
    most, pin = bridge.get("Max Members", ""), user.get("PIN", "")
    return {
        **dialplan.conference_values(plan, number),
        "max_members": int(most) if most.isdigit() else None,
        "secret": {"pin": pin} if pin.isdigit() else {},
    }


def ours(texts: Texts) -> set[tuple[str, str]]:
    """Return (kind, key) of every object that stands in our files; all others are not ours to write."""
    plan = texts["extensions.conf"]
    phones = [
        name
        for name, _ in conf.sections(texts["pjsip.conf"])
        if name and not name.endswith(PREVIOUS)
    ]
    classes = [name for name, _ in conf.sections(plan) if name.startswith(dialplan.CLASS)]
    keys: dict[str, Iterable[str]] = {
        "extension": [name for name in phones if not name.startswith(trunk.SECTION)],
        "trunk": [name[len(trunk.SECTION) :] for name in phones if name.startswith(trunk.SECTION)],
        "route": trunk.written_routes(plan),
        "voicemail": [key for key, _ in conf.entries(texts["voicemail.conf"], MAILBOXES)],
        "conference": [key for key, _ in conf.entries(plan, dialplan.CONFERENCES)],
        "hunt_group": [key for key, _ in conf.entries(plan, dialplan.GROUPS)],
        "dialling_class": [name[len(dialplan.CLASS) :] for name in classes],
    }
    return {(kind, key) for kind, names in keys.items() for key in names}


def edited(texts: Texts, objects: Mapping[tuple[str, str], Values | None]) -> Texts:
    """Return our files with the given objects as wanted, or gone (None), and all else untouched."""
    lines: dict[str, dict[str, Sequence[str] | None]] = {kind: {} for kind in KINDS}
    phones: dict[str, Sequence[str] | None] = {}
    rooms: dict[str, Sequence[str] | None] = {}
    contexts: dict[str, Sequence[str] | None] = {}
    routes: dict[str, Values | None] = {}
    for (kind, key), values in objects.items():
        if kind == "dialling_class":
            written = dialplan.class_sections(key, values) if values is not None else {}
            contexts.update({name: written.get(name) for name in dialplan.class_contexts(key)})
        elif kind == "trunk":
            written = trunk.context_lines(key, values) if values is not None else {}
            contexts.update({name: written.get(name) for name in trunk.contexts(key)})
            phones[trunk.SECTION + key] = (
                trunk.sections(key, values) if values is not None else None
            )
        elif kind == "route":
            routes[key] = values
        else:
            lines[kind][key] = entry(kind, key, values) if values is not None else None
        if kind == "extension":
            phones[key] = phone(key, values) if values is not None else None
            phones[key + PREVIOUS] = previous(key, values) if values is not None else None
        if kind == "conference":
            rooms[PROFILE + key] = profiles(key, values) if values is not None else None
    plan = conf.with_sections(texts["extensions.conf"], contexts)
    plan = conf.with_entries(plan, dialplan.EXTENSIONS, lines["extension"])
    plan = conf.with_entries(plan, dialplan.CONFERENCES, lines["conference"])
    plan = conf.with_entries(plan, dialplan.GROUPS, lines["hunt_group"])
    plan = conf.with_entries(plan, trunk.ROUTES, trunk.route_edits(plan, routes))
    return {
        "pjsip.conf": conf.with_sections(texts["pjsip.conf"], phones),
        "extensions.conf": plan,
        "voicemail.conf": conf.with_entries(texts["voicemail.conf"], MAILBOXES, lines["voicemail"]),
        "confbridge.conf": conf.with_sections(texts["confbridge.conf"], rooms),
    }


def entry(kind: str, key: str, values: Values) -> list[str]:
    """Write the line by which a number, room, group or box is there."""
    if kind == "extension":
        return dialplan.extension_line(key, values)
    if kind == "conference":
        return dialplan.conference_line(key, values)
    if kind == "hunt_group":
        return dialplan.group_line(key, values)
    name = conf.value(values.get("display_name") or "").replace(",", COMMA)
    pin, email = values["secret"].get("pin", ""), values.get("email") or ""
    return [f"{key} => {conf.value(pin)},{name},{conf.value(email)}"]


def phone(number: str, values: Values) -> list[str]:
    """Write an extension's SIP sections; the templates are the role's."""
    name = (values.get("display_name") or "").replace("\\", "\\\\").replace('"', '\\"')
    secure = values.get("transport") != "udp"
    shut = bool(values.get("suspended"))
    endpoint = [
        ("context", dialplan.CLASS + (values.get("dialling_class") or "")),
        ("transport", "commsroom-tls" if secure else "commsroom-udp"),
        ("media_encryption", "sdes" if secure else "no"),
        ("auth", f"{number},{number}{PREVIOUS}" if values["secret"].get("previous") else number),
        ("callerid", f'"{name}" <{number}>' if name else f"<{number}>"),
        ("set_var", f"{_VARIABLE}={values.get('caller_id') or ''}"),
    ]
    if values.get("voicemail"):
        endpoint.append(("mailboxes", f"{number}@{MAILBOXES}"))
    # Suspended: whatever it sends is refused before its password is looked at, and nothing is sent to it.
    endpoint += [("deny", "0.0.0.0/0.0.0.0"), ("deny", "::/0")] if shut else [("aors", number)]
    login = [("username", number), ("password", values["secret"].get("sip", ""))]
    written = conf.section(number, endpoint, "commsroom-endpoint")
    written += conf.section(number, login, "commsroom-auth")
    return written if shut else [*written, *conf.section(number, [], "commsroom-aor")]


def previous(number: str, values: Values) -> list[str] | None:
    """Write the login that is still taken beside the new one while a rotation's grace lasts, if there is one."""
    password = values["secret"].get("previous")
    if not password:
        return None
    login = [("username", number), ("password", password)]
    return conf.section(number + PREVIOUS, login, "commsroom-auth")


def profiles(number: str, values: Values) -> list[str]:
    """Write a conference room's two profiles."""
    pin = values["secret"].get("pin", "")
    most = values.get("max_members")
    user = [("pin", pin)] if pin else []
    bridge = [("max_members", str(most))] if most else []
    # Asterisk keeps profiles of users and of bridges apart, but sections of one name are one: hence two.
    return [
        *conf.section(f"{PROFILE}{number}", user, "commsroom-user"),
        *conf.section(f"{PROFILE}{number}", bridge, "commsroom-bridge"),
    ]


def digest(objects: Objects, texts: Texts) -> str:
    """Name this very state: what runs, and what stands in our files."""
    content = repr([objects, sorted(texts.items())])
    return hashlib.sha256(content.encode()).hexdigest()
