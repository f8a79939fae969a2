"""Numbers and classes of service as lines of Asterisk's dialplan, and back from the running one.

A number is one line whose arguments are its values; the routines they call are the role's
(`roles/pbx/templates/extensions.conf.j2`). Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk.on_target_conf import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Values = dict[str, Any]
#: (context, extension, application, data) of every step, in order within its extension.
Steps = list[tuple[str, str, str, str]]

EXTENSIONS: Final = "commsroom-extensions"
CONFERENCES: Final = "commsroom-conferences"
GROUPS: Final = "commsroom-groups"
CLASS: Final = "commsroom-class-"
_PARTS: Final = ("commsroom-emergency-", "commsroom-prefixes-", "commsroom-allowed-")
#: Who Asterisk says has registered a step that stands in extensions.conf or a file it includes.
_FROM_FILES: Final = "pbx_config"
ALTERED: Final = "(changed by hand)"
_CALL: Final = re.compile(r"(?P<routine>[a-z-]+),s,1\((?P<arguments>.*)\)", re.DOTALL)
#: Asterisk's clock ends at 23:59; the time stays open until that minute is over.
_MIDNIGHT: Final = ("24:00", "23:59")


class Dialplan:
    """The running dialplan, as the manager interface lists it."""

    def __init__(self, messages: Iterable[Mapping[str, str]]) -> None:
        """Sort the listing's messages by context."""
        self.steps: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self.includes: dict[str, list[str]] = {}
        for message in messages:
            context = message.get("Context", "")
            if message.get("Event") != "ListDialplan":
                continue
            if "IncludeContext" in message:
                self.includes.setdefault(context, []).append(message["IncludeContext"])
            elif "Extension" in message:
                # A hint has no data; where its device stands an application would.
                step = (message["Application"], message.get("AppData", ""))
                extensions = self.steps.setdefault(context, {})
                extensions.setdefault(message["Extension"], []).append(step)

    def call(self, context: str, number: str, routine: str, count: int) -> list[str] | None:
        """Return the `count` arguments with which a number calls our routine, None if it does not."""
        steps = self.steps.get(context, {}).get(number, [])
        match = _CALL.fullmatch(steps[0][1]) if len(steps) == 1 and steps[0][0] == "Gosub" else None
        found = match["arguments"].split(",") if match and match["routine"] == routine else []
        return found if len(found) == count else None


def strays(
    listing: Iterable[Mapping[str, str]], concerned: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return (context, extension) of what no file says about the objects (kind, key) concerned."""
    objects = set(concerned)
    places = {"extension": EXTENSIONS, "conference": CONFERENCES, "hunt_group": GROUPS}
    numbers = {(places[kind], key) for kind, key in objects if kind in places}
    contexts = {one for kind, key in objects for one in _own_contexts(kind, key)}
    found = (
        (message["Context"], message["Extension"])
        for message in listing
        if "Extension" in message and message.get("Registrar") != _FROM_FILES
    )
    return sorted({one for one in found if one in numbers or one[0] in contexts})


def stray_includes(
    listing: Iterable[Mapping[str, str]], concerned: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return (context, included) of what no file includes in the classes concerned."""
    objects = set(concerned)
    contexts = {one for kind, key in objects for one in _own_contexts(kind, key)}
    return [
        (message["Context"], message["IncludeContext"])
        for message in listing
        if message.get("Context") in contexts
        and "IncludeContext" in message
        and message.get("Registrar") != _FROM_FILES
    ]


def _own_contexts(kind: str, key: str) -> tuple[str, ...]:
    """Name the contexts that are an object's alone."""
    if kind == "dialling_class":
        return class_contexts(key)
    own = {
        "trunk": (f"commsroom-inward-{key}", f"commsroom-carry-{key}"),
        "route": ("commsroom-routes",),
    }
    return own.get(kind, ())


def extension_line(number: str, values: Values) -> list[str]:
    """Write the line that rings an extension."""
    box = "voicemail" if values.get("voicemail") else ""
    return _line(number, "commsroom-ring", [number, str(values.get("ring_seconds") or 15), box])


def extension_values(plan: Dialplan, number: str) -> Values:
    """Read it back. A line of another shape has a ring time no policy agrees with, so it is seen."""
    if number not in plan.steps.get(EXTENSIONS, {}):
        return {"ring_seconds": None, "voicemail": None}
    arguments = plan.call(EXTENSIONS, number, "commsroom-ring", 3)
    if arguments is None or arguments[0] != number:
        return {"ring_seconds": -1, "voicemail": None}
    return {"ring_seconds": _number(arguments[1]), "voicemail": arguments[2] == "voicemail"}


def conference_line(number: str, values: Values) -> list[str]:
    """Write the line that leads into a conference room."""
    return _line(number, "commsroom-conference", [number, encoded(values.get("title") or "")])


def conference_values(plan: Dialplan, number: str) -> Values:
    """Read it back."""
    arguments = plan.call(CONFERENCES, number, "commsroom-conference", 2)
    if arguments is None or arguments[0] != number:
        return {"title": ALTERED}
    return {"title": decoded(arguments[1])}


def group_line(number: str, values: Values) -> list[str]:
    """Write the line that rings a hunt group."""
    arguments = [
        values.get("strategy") or "ringall",
        str(values.get("ring_seconds") or 15),
        values.get("fallback") or "",
        encoded(values.get("title") or ""),
        "-".join(values.get("members") or ()),
    ]
    return _line(number, "commsroom-hunt", arguments)


def group_values(plan: Dialplan, number: str) -> Values:
    """Read it back."""
    arguments = plan.call(GROUPS, number, "commsroom-hunt", 5)
    if arguments is None:
        return {"title": ALTERED}
    strategy, seconds, fallback, title, members = arguments
    return {
        "title": decoded(title),
        "members": members.split("-") if members else [],
        "strategy": strategy,
        "ring_seconds": _number(seconds),
        "fallback": fallback,
    }


def class_contexts(name: str) -> tuple[str, ...]:
    """Name the contexts of a dialling class, its entrance first."""
    return (CLASS + name, *(part + name for part in _PARTS))


def class_sections(name: str, values: Values) -> dict[str, list[str]]:
    """Write a dialling class: what is tried in which order, emergency numbers, prefixes, hours."""
    written: dict[str, list[str]] = {}
    for context, includes in _class_includes(name).items():
        written[context] = [f"[{context}]", *(f"include => {other}" for other in includes)]
    last = ("", "")
    for context, extension, application, data in _class_steps(name, values):
        word = "exten => " + extension + ",1" if last != (context, extension) else " same => n"
        written[context].append(f"{word},{application}({data})")
        last = (context, extension)
    return written


def class_values(plan: Dialplan, name: str) -> Values:
    """Read a dialling class back; anything in it that we would not have written is told in its title."""
    _, emergency, prefixes, allowed = class_contexts(name)
    found: Values = {"allowed": [], "barred": [], "hours": [], "title": ""}
    found["emergency"] = sorted(plan.steps.get(emergency, {}))
    for pattern, steps in plan.steps.get(prefixes, {}).items():
        prefix = pattern.strip("_!")
        if steps[0][0] == "Set" or steps[0][1] == "commsroom-refused,both,1":
            found["allowed"].append(prefix)
        if steps[0][0] != "Set":
            found["barred"].append(prefix)
    for application, data in plan.steps.get(allowed, {}).get("s", []):
        if application == "GotoIfTime":
            hours, days = data.split(",")[:2]
            start, _, end = hours.partition("-")
            found["hours"].append(f"{days} {start}-{_MIDNIGHT[0] if end == _MIDNIGHT[1] else end}")
    for application, data in plan.steps.get(allowed, {}).get("title", []):
        found["title"] = decoded(data) if application == "NoOp" else ""
    found["allowed"].sort()
    found["barred"].sort()
    if not _as_written(plan, name, found):
        found["title"] = f"{found['title']} {ALTERED}".strip()
    return found


def _as_written(plan: Dialplan, name: str, values: Values) -> bool:
    ours: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for context, extension, application, data in _class_steps(name, values):
        ours.setdefault(context, {}).setdefault(extension, []).append((application, data))
    includes = _class_includes(name)
    return all(
        plan.steps.get(context, {}) == ours.get(context, {})
        and plan.includes.get(context, []) == includes[context]
        for context in class_contexts(name)
    )


def _class_includes(name: str) -> dict[str, list[str]]:
    entrance, emergency, prefixes, allowed = class_contexts(name)
    # The first one that knows a number decides, so a prefix can never hide an extension.
    return {
        entrance: [emergency, "commsroom-internal", prefixes],
        emergency: [],
        prefixes: [],
        allowed: [],
    }


def _class_steps(name: str, values: Values) -> Steps:
    _, emergency, prefixes, allowed = class_contexts(name)
    steps: Steps = []
    for number in values.get("emergency") or ():
        steps.append((emergency, number, "Set", f"COMMSROOM_NUMBER={number}"))
        steps.append((emergency, number, "Goto", "commsroom-outward,s,1"))
    open_, shut = set(values.get("allowed") or ()), set(values.get("barred") or ())
    for prefix in sorted(open_ | shut):
        # Asterisk takes the most particular pattern, which is the longest prefix; `!` is "and any more".
        pattern = f"_{prefix}!"
        if prefix in shut:
            why = "both" if prefix in open_ else "s"
            steps.append((prefixes, pattern, "Goto", f"commsroom-refused,{why},1"))
        else:
            steps.append((prefixes, pattern, "Set", "COMMSROOM_DIALLED=${EXTEN}"))
            steps.append((prefixes, pattern, "Goto", f"{allowed},s,1"))
    steps.append((allowed, "s", "Gosub", "commsroom-checked,s,1"))
    for hours in values.get("hours") or ():
        days, _, clock = hours.partition(" ")
        start, _, end = clock.partition("-")
        span = f"{start}-{_MIDNIGHT[1] if end == _MIDNIGHT[0] else end}"
        steps.append((allowed, "s", "GotoIfTime", f"{span},{days},*,*?commsroom-outward,s,1"))
    always = "commsroom-refused,s,1" if values.get("hours") else "commsroom-outward,s,1"
    steps.append((allowed, "s", "Goto", always))
    steps.append((allowed, "title", "NoOp", encoded(values.get("title") or "")))
    return steps


def _line(number: str, routine: str, arguments: Sequence[str]) -> list[str]:
    return [f"exten => {number},1,Gosub({routine},s,1({','.join(arguments)}))"]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1
