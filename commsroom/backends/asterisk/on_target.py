"""Runs on the server: reads Asterisk as it runs, writes our four files, reloads, reads back.

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk import on_target_dialplan as dialplan
from commsroom.backends.asterisk import on_target_objects as objects
from commsroom.backends.asterisk import on_target_trunk as trunk
from commsroom.backends.asterisk.on_target_ami import Manager
from commsroom.backends.asterisk.on_target_conf import BadValue
from commsroom.backends.asterisk.on_target_written import marked
from commsroom.backends.on_target import TargetError, locked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from commsroom.backends.asterisk.on_target_objects import Objects, Texts, Values

Json = dict[str, Any]
Name = tuple[str, str]

#: What to reload when a file of ours changed. Dialplan last: what it names must be there.
_RELOADS: Final = (
    ("confbridge.conf", "module reload app_confbridge.so"),
    ("voicemail.conf", "module reload app_voicemail.so"),
    ("pjsip.conf", "module reload res_pjsip.so"),
    ("extensions.conf", "dialplan reload"),
)
#: What of them an object needs, even when no file changed: it may have been changed in the running server alone.
_NEEDS: Final = {
    "dialling_class": ("extensions.conf",),
    "extension": ("pjsip.conf", "extensions.conf"),
    "voicemail": ("voicemail.conf",),
    "conference": ("confbridge.conf", "extensions.conf"),
    "hunt_group": ("extensions.conf",),
    "trunk": ("pjsip.conf", "extensions.conf"),
    "route": ("extensions.conf",),
}
_RELOADED: Final = ("reloaded successfully", "Dialplan reloaded")
#: Seconds a reload may take to be seen: Asterisk does parts of it in the background.
_SETTLE: Final = 5.0
_POLL: Final = 0.1


def read(data: Mapping[str, Any]) -> Json:
    """Return all objects (secrets as SHA-256), those not in our files, a token and the version."""
    texts = _texts(data)
    with _manager(data) as manager:
        version = manager.command("core show version").split(" built")[0]
        found = objects.running(manager, Path(data["spool"]), texts)
    return {**_told(found, texts), "version": version}


def apply(data: Mapping[str, Any]) -> Json:
    """Make all changes together if the state is still the one of `token`; judge each by what then runs.

    Raises:
        TargetError: `moved`, `fenced`, `busy`, or `missing`: nothing was written.
    """
    with locked("asterisk", fence=data["fence"], estate_id=data["estate_id"]):  # noqa: SIM117 - 3.9
        with _manager(data) as manager:
            return _apply(manager, data)


def clock(data: Mapping[str, Any]) -> Json:
    """Return the server's day and time, by which its dialling hours go."""
    now = time.localtime()
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {"day": days[now.tm_wday], "time": time.strftime("%H:%M", now)}


def lines(data: Mapping[str, Any]) -> Json:
    """Return by name what became of each line's registration, in Asterisk's word (`Registered`)."""
    with _manager(data) as manager:
        listed = manager.ask([{"Action": "PJSIPShowRegistrationsOutbound"}])[0]
    found = trunk.registrations(listed)
    return {
        name[len(trunk.SECTION) :]: message.get("Status", "")
        for name, message in found.items()
        if name.startswith(trunk.SECTION)
    }


def _apply(manager: Manager, data: Mapping[str, Any]) -> Json:
    spool = Path(data["spool"])
    texts = _texts(data)
    before = objects.running(manager, spool, texts)
    if objects.digest(before, texts) != data["token"]:
        raise TargetError("moved", "numbers, boxes or classes changed since they were read")
    wanted, failures = _wanted(before, texts, data["ops"], udp=_has_udp(manager))
    try:
        after_texts = objects.edited(texts, wanted)
    except BadValue as error:
        after_texts = texts
        failures = dict.fromkeys(wanted, str(error))
    trouble = ""
    if wanted and after_texts is not texts:
        _remove_strays(manager, wanted)
        due = {name for kind, _ in wanted for name in _NEEDS[kind]}
        trouble = _install(manager, data, texts, after_texts, due)
    if trouble:
        failures = {**dict.fromkeys(wanted, trouble), **failures}
    else:
        _set_pins(spool, data["ops"], failures)
    after = _settled(manager, spool, data, wanted, failures)
    if not trouble:
        _end_sessions(manager, wanted)
        _empty_boxes(spool, wanted, after)
    results = [_result(op, wanted, failures, after) for op in data["ops"]]
    concerned = {
        kind: {op["key"]: items[op["key"]] for op in data["ops"] if _is_in(op, kind, items)}
        for kind, items in after.items()
    }
    token = objects.digest(after, _texts(data))
    return {"results": results, "objects": _shown(concerned), "token": token}


def _is_in(op: Json, kind: str, items: Mapping[str, Values]) -> bool:
    return bool(op["kind"] == kind and op["key"] in items)


def _manager(data: Mapping[str, Any]) -> Manager:
    return Manager(data["manager_port"], data["manager_secret"], data["timeout"])


def _texts(data: Mapping[str, Any]) -> Texts:
    folder = Path(data["folder"])
    if not folder.is_dir():
        raise TargetError("missing", f"{folder} is not there: run the role pbx on this server")
    paths = ((name, folder / name) for name in objects.FILES)
    return {name: path.read_text("utf-8") if path.exists() else "" for name, path in paths}


def _told(found: Objects, texts: Texts) -> Json:
    """Prepare everything for its way to the controller."""
    ours = objects.ours(texts)
    sealed = [
        [kind, key] for kind, items in found.items() for key in items if (kind, key) not in ours
    ]
    return {
        "objects": _shown(marked(found, texts)),
        "sealed": sealed,
        "token": objects.digest(found, texts),
    }


def _shown(found: Objects) -> Objects:
    """Replace secrets by their digests: none leaves the server."""
    return {
        kind: {
            key: {**values, "secret": {s: _hashed(v) for s, v in values.get("secret", {}).items()}}
            for key, values in items.items()
        }
        for kind, items in found.items()
    }


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _has_udp(manager: Manager) -> bool:
    return "commsroom-udp" in manager.command("pjsip list transports")


def _wanted(
    before: Objects, texts: Texts, ops: Iterable[Json], *, udp: bool
) -> tuple[dict[Name, Values | None], dict[Name, str]]:
    """Merge each change with what runs now; tell which cannot be made and why."""
    ours = objects.ours(texts)
    wanted: dict[Name, Values | None] = {}
    failures: dict[Name, str] = {}
    for op in ops:
        name = (op["kind"], op["key"])
        actual = before[op["kind"]].get(op["key"])
        if actual is not None and name not in ours:
            failures[name] = "it stands in a file that is not commsroom's"
        elif op["do"] == "delete":
            wanted[name] = None
        else:
            base = actual or {"secret": {}}
            held = {**base.get("secret", {}), **op["secret"]}
            secret = {slot: text for slot, text in held.items() if text is not None}
            merged = {**base, **op["values"], "secret": secret}
            if merged.get("transport") == "udp" and not udp:
                failures[name] = (
                    "this server does not listen on UDP: policy must give its site sip_transport udp, then run the role pbx"
                )
            elif op["kind"] in ("extension", "voicemail", "trunk") and not any(secret.values()):
                failures[name] = "it cannot be without a secret"
            else:
                wanted[name] = merged
    return wanted, failures


# ── writing ────────────────────────────────────────────────────────────────────────────────


def _remove_strays(manager: Manager, wanted: Mapping[Name, Values | None]) -> None:
    """Take away what somebody added to these objects in the console: a reload would leave it."""
    listing = manager.ask([{"Action": "ShowDialPlan"}])[0]
    for context, extension in dialplan.strays(listing, wanted):
        manager.ask(
            [{"Action": "DialplanExtensionRemove", "Context": context, "Extension": extension}]
        )
    for context, other in dialplan.stray_includes(listing, wanted):
        manager.command(f"dialplan remove include {other} from {context}")


def _install(
    manager: Manager, data: Mapping[str, Any], before: Texts, after: Texts, due: Iterable[str]
) -> str:
    """Put the new files in force; say why not, with the old ones in force again."""
    folder = Path(data["folder"])
    changed = [name for name in objects.FILES if before[name] != after[name]]
    reload_ = {*changed, *due}
    try:
        for name in changed:
            _stage(folder / name, after[name])
    except OSError as error:
        _discard(folder, changed)
        return f"{folder}: {error.strerror}; nothing was changed"
    for name in changed:
        _swap(folder / name)
    _sync(folder)
    trouble = _reload(manager, reload_)
    if trouble:
        for name in changed:
            (folder / f".{name}.before").replace(folder / name)
        _sync(folder)
        _reload(manager, reload_)
        return f"{trouble}; the old configuration is in force again"
    _discard(folder, changed)
    return ""


def _stage(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
    os.chown(beside, 0, grp.getgrnam("asterisk").gr_gid)
    beside.chmod(0o640)
    # The old file keeps a second name: going back needs no room on a full disk.
    kept = path.with_name(f".{path.name}.before")
    kept.unlink(missing_ok=True)
    if path.exists():
        os.link(path, kept)
    else:
        kept.touch(0o640)


def _swap(path: Path) -> None:
    path.with_name(f".{path.name}.new").replace(path)


def _discard(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        for suffix in ("new", "before"):
            (folder / f".{name}.{suffix}").unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reload(manager: Manager, changed: Collection[str]) -> str:
    for name, command in _RELOADS:
        if name not in changed:
            continue
        said = manager.command(command)
        if not any(word in said for word in _RELOADED):
            return f"{command}: {said[:200] or 'no answer'}"
    return ""


# ── what a change entails beyond the files ─────────────────────────────────────────────────


def _set_pins(spool: Path, ops: Iterable[Json], failures: Mapping[Name, str]) -> None:
    """A PIN we set takes the place of one its owner chose; one that we do not set is left to him."""
    for op in ops:
        if op["kind"] == "voicemail" and op["secret"] and ("voicemail", op["key"]) not in failures:
            (spool / objects.MAILBOXES / op["key"] / "secret.conf").unlink(missing_ok=True)


def _empty_boxes(spool: Path, wanted: Mapping[Name, Values | None], after: Objects) -> None:
    """Messages go with their box: the number's next owner must not hear them."""
    for (kind, key), values in wanted.items():
        if kind == "voicemail" and values is None and key.isdigit() and key not in after[kind]:
            shutil.rmtree(spool / objects.MAILBOXES / key, ignore_errors=True)


def _end_sessions(manager: Manager, wanted: Mapping[Name, Values | None]) -> None:
    """Drop registrations and calls of extensions that are closed or gone."""
    closed = {
        key
        for (kind, key), values in wanted.items()
        if kind == "extension" and (values is None or values.get("suspended"))
    }
    if not closed:
        return
    contacts = manager.ask([{"Action": "PJSIPShowContacts"}])[0]
    names = [m.get("ObjectName", "") for m in contacts if m.get("Event") == "ContactList"]
    gone = [name for name in names if name.partition(";@")[0] in closed]
    manager.ask({"Action": "DBDel", "Family": "registrar/contact", "Key": name} for name in gone)
    channels = manager.ask([{"Action": "CoreShowChannels"}])[0]
    manager.ask(
        {"Action": "Hangup", "Channel": message["Channel"], "Cause": "16"}
        for message in channels
        if message.get("Event") == "CoreShowChannel"
        and message["Channel"].partition("/")[2].rpartition("-")[0] in closed
    )


# ── judging ────────────────────────────────────────────────────────────────────────────────


def _settled(
    manager: Manager,
    spool: Path,
    data: Mapping[str, Any],
    wanted: Mapping[Name, Values | None],
    failures: Mapping[Name, str],
) -> Objects:
    """Read until all is as wanted, or the time for it is over."""
    deadline = time.monotonic() + _SETTLE
    while True:
        after = objects.running(manager, spool, _texts(data))
        pending = [name for name in wanted if name not in failures]
        if not any(_shortfall(wanted[name], after[name[0]].get(name[1])) for name in pending):
            return after
        if time.monotonic() > deadline:
            return after
        time.sleep(_POLL)


def _shortfall(values: Values | None, actual: Values | None) -> str:
    if values is None or actual is None:
        if values is actual:
            return ""
        return "it is still there" if values is None else "it is not there"
    wrong = [
        field
        for field, value in values.items()
        if field != "secret" and value is not None and value != actual.get(field)
    ]
    asked, held = values.get("secret", {}), actual.get("secret", {})  # a group has none
    wrong += [slot for slot in sorted({*asked, *held}) if asked.get(slot) != held.get(slot)]
    return f"Asterisk still has another {', '.join(wrong)}" if wrong else ""


def _result(
    op: Json,
    wanted: Mapping[Name, Values | None],
    failures: Mapping[Name, str],
    after: Objects,
) -> str:
    """Return "" for done, else why not."""
    name = (op["kind"], op["key"])
    with contextlib.suppress(KeyError):
        return failures[name]
    return _shortfall(wanted[name], after[op["kind"]].get(op["key"]))
