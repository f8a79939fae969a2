"""Whether our files say of each object what runs: an edit nobody reloaded waits there for the next start.

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk import on_target_conf as conf
from commsroom.backends.asterisk import on_target_dialplan as dialplan
from commsroom.backends.asterisk import on_target_objects as objects
from commsroom.backends.asterisk import on_target_trunk as trunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.asterisk.on_target_objects import Objects, Texts, Values

MARK: Final = "(its file says otherwise)"
_NAME: Final = {"extension": "display_name", "voicemail": "display_name"}  # of all others: title
#: No value of ours has a space in it; what a hand made of them is read as a sentence.
_PLAIN: Final = ("dialling_class", "caller_id")


def marked(found: Objects, texts: Texts) -> Objects:
    """Return all objects; in the name of one whose file says otherwise than what runs, that is said.

    Never the base of a write: what is said there is for people.
    """
    disk = _Disk(texts)
    ours = objects.ours(texts)
    return {
        kind: {
            key: _marked(kind, values)
            if (kind, key) in ours and not disk.agrees(kind, key, values)
            else values
            for key, values in items.items()
        }
        for kind, items in found.items()
    }


def _marked(kind: str, values: Values) -> Values:
    if kind == "route":
        return {**values, "trunks": [*values["trunks"], MARK]}
    name = _NAME.get(kind, "title")
    return {**values, name: f"{values.get(name) or ''} {MARK}".strip()}


class _Disk:
    """Our files, taken apart once."""

    def __init__(self, texts: Texts) -> None:
        self._sections: dict[str, list[str]] = {}
        for file in ("pjsip.conf", "confbridge.conf", "extensions.conf"):
            for name, lines in conf.sections(texts[file]):
                self._sections.setdefault(f"{file} {name}", []).extend(_said(lines))
        plan = texts["extensions.conf"]
        self._lines = {
            (kind, key): _said(lines)
            for kind, context in (
                ("extension", dialplan.EXTENSIONS),
                ("conference", dialplan.CONFERENCES),
                ("hunt_group", dialplan.GROUPS),
            )
            for key, lines in conf.entries(plan, context)
        }
        self._routes = {
            name: {pattern: _said(lines) for pattern, lines in entries.items()}
            for name, entries in trunk.written_routes(plan).items()
        }
        boxes = conf.entries(texts["voicemail.conf"], objects.MAILBOXES)
        self._lines.update({("voicemail", key): _said(lines) for key, lines in boxes})
        self._pins = objects.file_pins(texts["voicemail.conf"])

    def agrees(self, kind: str, key: str, values: Values) -> bool:
        """Tell whether an object stands in our files as it runs; odd values are told by their own field."""
        try:
            if kind == "dialling_class":
                written = dialplan.class_sections(key, values)
                return dialplan.ALTERED in values["title"] or all(
                    self._section("extensions.conf", name) == lines
                    for name, lines in written.items()
                )
            if kind in ("trunk", "route"):
                return self._line(kind, key, values)
            return self._as(kind, key, values)
        except conf.BadValue:
            return False

    def _line(self, kind: str, key: str, values: Values) -> bool:
        """Tell it of a line to the outside, or of a route."""
        if trunk.ALTERED in str(values.get("title", values.get("trunks"))):
            return True
        if kind == "route":
            return self._routes.get(key, {}) == trunk.route_lines(key, values)
        written = trunk.context_lines(key, values)
        same = all(
            self._section("extensions.conf", name) == lines for name, lines in written.items()
        )
        said = f"{values.get('username')}{values.get('provider')}"
        if " " in said or values.get("transport") not in {"tls", "udp"}:
            return same  # two places do not agree: told by that field
        return same and self._section("pjsip.conf", trunk.SECTION + key) == trunk.sections(
            key, values
        )

    def _as(self, kind: str, key: str, values: Values) -> bool:
        if kind == "extension":
            return self._phone(key, values)
        if kind == "voicemail":  # its owner may have chosen another PIN at the phone
            values = {**values, "secret": {"pin": self._pins.get(key, "")}}
        if kind == "conference" and self._section(
            "confbridge.conf", objects.PROFILE + key
        ) != objects.profiles(key, values):
            return False
        return dialplan.ALTERED in str(values.get("title")) or self._lines.get(
            (kind, key), []
        ) == objects.entry(kind, key, values)

    def _phone(self, key: str, values: Values) -> bool:
        if _is_odd(values):
            return True
        # Whether it has a box is told by its line in the dialplan, which a hand may have changed alone.
        held = _shut(self._section("pjsip.conf", key), values)
        second = self._section("pjsip.conf", key + objects.PREVIOUS)
        if "previous" in values["secret"] and not second:
            # A second password that is none of ours: told as that, wherever it stands.
            values = {**values, "secret": {"sip": values["secret"].get("sip", "")}}
            held = [f"auth={key}" if line.startswith("auth=") else line for line in held]
        boxes = ({**values, "voicemail": box} for box in (True, False))
        line = self._lines.get(("extension", key), [])
        if second != (objects.previous(key, values) or []):
            return False
        return any(held == _shut(objects.phone(key, one), values) for one in boxes) and (
            values.get("ring_seconds") in {None, -1}
            or line == objects.entry("extension", key, values)
        )

    def _section(self, file: str, name: str) -> list[str]:
        return self._sections.get(f"{file} {name}", [])


def _is_odd(values: Values) -> bool:
    """Tell whether a value is none that we would write: its own field says so already."""
    return (
        not isinstance(values.get("suspended"), bool)
        or values.get("transport") not in {"tls", "udp"}
        or any(" " in str(values.get(name) or "") for name in _PLAIN)
    )


def _shut(lines: Sequence[str], values: Values) -> list[str]:
    """Leave out by which words a telephone that runs as shut is shut: there is more than one way."""
    if not values.get("suspended"):
        return list(lines)
    ways = ("deny=", "acl=")
    return [
        line for line in lines if not line.startswith(ways) and not line.endswith("(commsroom-aor)")
    ]


def _said(lines: Sequence[str]) -> list[str]:
    """Leave out what says nothing: empty lines and comments."""
    return [line for line in lines if line.strip() and not line.lstrip().startswith(";")]
