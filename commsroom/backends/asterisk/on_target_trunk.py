"""Lines to telephone companies, and the routes numbers leave by: written to files, read as they run.

A line is an endpoint with a registration. Its calls come in at a context of its own that leads to numbers
inside only (the role's `commsroom-inward`); ours leave by another one, which no call from outside can reach.
Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk import on_target_conf as conf
from commsroom.backends.asterisk.on_target_conf import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.backends.asterisk.on_target_ami import Message
    from commsroom.backends.asterisk.on_target_dialplan import Dialplan

Values = dict[str, Any]

#: What the sections of a line are called: no name of the role or of an extension begins so.
SECTION: Final = "trunk-"
INWARD: Final = "commsroom-inward-"
CARRY: Final = "commsroom-carry-"
ROUTES: Final = "commsroom-routes"
ALTERED: Final = "(changed by hand)"
#: A line's name holds dashes, so names are joined by what it cannot hold and the dialplan does not read.
_JOINT: Final = "."
_LINES: Final = re.compile(r"commsroom-lines,s,1\((?P<trunks>[^,()]*),(?P<route>[^,()]*)\)")
_URI: Final = re.compile(r"sip:(?P<host>[^:;@>]+):(?P<port>[0-9]+)(?P<tls>;transport=tls)?")


def sections(name: str, values: Values) -> list[str]:
    """Write a line's SIP sections."""
    own = SECTION + name
    host, user = values.get("provider") or "", values.get("username") or ""
    secure = values.get("transport") != "udp"
    transport = "commsroom-tls" if secure else "commsroom-udp"
    uri = f"sip:{host}:{values.get('port') or 5061}" + (";transport=tls" if secure else "")
    endpoint = [
        ("context", INWARD + name),
        ("transport", transport),
        ("media_encryption", "sdes" if secure else "no"),
        ("outbound_auth", own),
        ("aors", own),
        ("from_user", user),
        ("from_domain", host),
        # Nobody is this line by calling himself so: it is told by the token in our registration (`line`).
        ("identify_by", "ip"),
        ("allow_transfer", "no"),
        ("allow_subscribe", "no"),
    ]
    registration = [
        ("type", "registration"),
        ("transport", transport),
        ("outbound_auth", own),
        ("server_uri", uri),
        ("client_uri", f"sip:{user}@{host}:{values.get('port') or 5061}"),
        ("line", "yes"),
        ("endpoint", own),
        ("expiration", "300"),
        ("retry_interval", "30"),
        ("forbidden_retry_interval", "300"),
        ("auth_rejection_permanent", "no"),
        ("max_retries", "1000000"),
    ]
    login = [("username", user), ("password", values["secret"].get("password", ""))]
    return [
        *conf.section(own, endpoint, "commsroom-endpoint"),
        *conf.section(own, login, "commsroom-auth"),
        *conf.section(own, [("type", "aor"), ("contact", uri), ("qualify_frequency", "15")]),
        *conf.section(own, registration),
    ]


def contexts(name: str) -> tuple[str, str]:
    """Name a line's two contexts: in, and out."""
    return INWARD + name, CARRY + name


def context_lines(name: str, values: Values) -> dict[str, list[str]]:
    """Write a line's two contexts."""
    return _lines(_steps(name, values))


def values(
    name: str, messages: Sequence[Message], registrations: Mapping[str, Message], plan: Dialplan
) -> Values:
    """Read a line back: what is not as we would have written it is told in the field it is about."""
    detail: Mapping[str, str] = next(
        (m for m in messages if m.get("Event") == "EndpointDetail"), {}
    )
    held = registrations.get(SECTION + name, {})
    auths = [m for m in messages if m.get("Event") == "AuthDetail"]
    uri = _URI.fullmatch(held.get("ServerUri", ""))
    inward, carry = contexts(name)
    entry = plan.steps.get(inward, {}).get("s", [])
    found = (
        re.fullmatch(r"commsroom-inward,to,1\(([^,]*),([^,]*),([^,]*),[^,]*,[^,]*\)", entry[0][1])
        if entry
        else None
    )
    out = plan.steps.get(carry, {})
    most = (
        re.fullmatch(r"commsroom-carry,s,1\([^,]*,([0-9]+)\)", out["s"][0][1])
        if "s" in out
        else None
    )
    title = decoded(out["title"][0][1]) if "title" in out else ""
    seen: Values = {
        "title": title,
        "provider": _provider(held, uri, messages),
        "port": int(uri["port"]) if uri else None,
        "transport": _transport(detail, uri),
        "username": _username(detail, held, auths),
        "max_calls": int(most[1]) if most else None,
        "main_number": found[1] if found else "",
        "answered_by": found[2] if found else "",
        "direct_prefixes": found[3].split("-") if found and found[3] else [],
        "secret": {"password": auths[0].get("Password", "")} if auths else {},
    }
    wanted: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for context, extension, application, data in _steps(name, seen):
        wanted.setdefault(context, {}).setdefault(extension, []).append((application, data))
    strange = any(
        plan.steps.get(one, {}) != wanted.get(one, {}) or plan.includes.get(one)
        for one in contexts(name)
    )
    if strange or not _guarded(name, detail):
        seen["title"] = f"{title} {ALTERED}".strip()
    return seen


def registrations(messages: Iterable[Message]) -> dict[str, Message]:
    """Sort the listing of registrations by name."""
    return {m["ObjectName"]: m for m in messages if m.get("Event") == "OutboundRegistrationDetail"}


def route_edits(text: str, routes: Mapping[str, Values | None]) -> dict[str, Sequence[str] | None]:
    """Return the entries of `ROUTES` to write for some routes, and those of them to drop (None)."""
    edits: dict[str, Sequence[str] | None] = {}
    for pattern, lines in conf.entries(text, ROUTES):
        if _owner(pattern, lines[0]) in routes:
            edits[pattern] = None
    for name, values in routes.items():
        edits.update(route_lines(name, values) if values is not None else {})
    return edits


def route_lines(name: str, values: Values) -> dict[str, list[str]]:
    """Write a route: a line for each of its numbers, all in one context so that the longest decides."""
    data = _lines_call(name, values)
    return {one: [f"exten => {one},1,Gosub({data})"] for one in _patterns(values)}


def written_routes(text: str) -> dict[str, dict[str, Sequence[str]]]:
    """Return the entries of each route that stands in a file of ours."""
    found: dict[str, dict[str, Sequence[str]]] = {}
    for pattern, lines in conf.entries(text, ROUTES):
        found.setdefault(_owner(pattern, lines[0]), {})[pattern] = lines
    return found


def routes(plan: Dialplan) -> dict[str, Values]:
    """Read all routes back; one that we would not have written has a line no policy agrees with."""
    grouped: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for pattern, steps in plan.steps.get(ROUTES, {}).items():
        grouped.setdefault(_owner(pattern, steps[0][1]), {})[pattern] = steps
    return {name: _route(name, steps) for name, steps in grouped.items()}


def _route(name: str, steps: Mapping[str, list[tuple[str, str]]]) -> Values:
    seen: Values = {
        "prefixes": sorted(one.strip("_!") for one in steps if one.startswith("_")),
        "exact": sorted(one for one in steps if not one.startswith("_")),
    }
    match = _LINES.search(next(iter(steps.values()))[0][1])
    seen["trunks"] = match["trunks"].split(_JOINT) if match else []
    ours = {one: [("Gosub", _lines_call(name, seen))] for one in _patterns(seen)}
    if ours != steps:
        seen["trunks"].append(ALTERED)
    return seen


def _owner(pattern: str, text: str) -> str:
    """Name the route of an entry; one of another shape is nobody's, and named by its pattern."""
    match = _LINES.search(text)
    return match["route"] if match else pattern


def _patterns(values: Values) -> list[str]:
    return [*(f"_{one}!" for one in values.get("prefixes") or ()), *(values.get("exact") or ())]


def _lines_call(name: str, values: Values) -> str:
    return f"commsroom-lines,s,1({_JOINT.join(values.get('trunks') or ())},{name})"


def _steps(name: str, values: Values) -> list[tuple[str, str, str, str]]:
    inward, carry = contexts(name)
    arguments = ",".join(
        [
            values.get("main_number") or "",
            values.get("answered_by") or "",
            "-".join(values.get("direct_prefixes") or ()),
            name,
            str(values.get("max_calls") or 1),
        ]
    )
    return [
        (inward, "s", "Gosub", f"commsroom-inward,to,1({arguments})"),
        (inward, "_[+0-9]!", "Set", "COMMSROOM_DIALLED=${EXTEN}"),
        (inward, "_[+0-9]!", "Gosub", f"commsroom-inward,s,1({arguments})"),
        (carry, "s", "Gosub", f"commsroom-carry,s,1({name},{values.get('max_calls') or 1})"),
        (carry, "s", "Return", ""),
        (carry, "title", "NoOp", encoded(values.get("title") or "")),
    ]


def _lines(steps: Iterable[tuple[str, str, str, str]]) -> dict[str, list[str]]:
    written: dict[str, list[str]] = {}
    last = ("", "")
    for context, extension, application, data in steps:
        lines = written.setdefault(context, [f"[{context}]"])
        word = f"exten => {extension},1" if last != (context, extension) else " same => n"
        lines.append(f"{word},{application}({data})")
        last = (context, extension)
    return written


def _transport(detail: Mapping[str, str], uri: Any) -> str:
    pair = (detail.get("Transport", ""), detail.get("MediaEncryption", ""))
    known = {("commsroom-tls", "sdes", True): "tls", ("commsroom-udp", "no", False): "udp"}
    return known.get(
        (*pair, bool(uri and uri["tls"])), f"{pair[0] or 'any'}, media encryption {pair[1]}"
    )


def _provider(held: Mapping[str, str], uri: Any, messages: Sequence[Message]) -> str:
    """Return whose line it is; where calls go elsewhere than where it registers, both that they say."""
    where = held.get("ServerUri", "")
    # `Contacts: trunk-main/sip:…`, joined by commas.
    aors = [m.get("Contacts", "") for m in messages if m.get("Event") == "AorDetail"]
    calls = {one.partition("/")[2] for text in aors for one in text.split(",") if one} - {where}
    return ", calls to ".join([uri["host"] if uri else where, *sorted(calls)])


def _username(
    detail: Mapping[str, str], held: Mapping[str, str], auths: Sequence[Mapping[str, str]]
) -> str:
    """Return the login; where three places do not agree, all that they say."""
    client = re.fullmatch(r"sip:([^@]*)@.*", held.get("ClientUri", ""))
    said = {
        auths[0].get("Username", "") if auths else "",
        client[1] if client else "",
        detail.get("FromUser", ""),
    }
    return " ".join(sorted(said))


def _guarded(name: str, detail: Mapping[str, str]) -> bool:
    """Tell whether calls from outside still come in where we lead them, and only by the registration."""
    return (
        detail.get("Context") == INWARD + name
        and detail.get("AllowTransfer", "false") == "false"
        and "username" not in detail.get("IdentifyBy", "")
        and detail.get("Aors") == SECTION + name
    )
