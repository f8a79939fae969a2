"""Runs on the server: what each telephone is served, under a folder of its own, and what it last fetched.

    FOLDER/devices/ID/profile.json       ours alone: values, texts with marks, secrets
    FOLDER/devices/ID/DIGEST/NAME        what is served, for nginx to read
    FOLDER/devices/ID/current            which of these; changed in one step
    FOLDER/tokens/SECRET                 for telephones that can only show a URL: the device's folder
    FOLDER/certified/NAME                for those that show a certificate: ID in small letters and in capitals
    FOLDER/htpasswd                      ID and the hash of its password

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError, locked, replace, run
from commsroom.backends.phone import on_target_exchange as exchange
from commsroom.backends.phone import on_target_fetches as fetches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

_MARK: Final = "\ue000"
_ID: Final = re.compile("[0-9a-z][0-9a-z-]{0,63}")
_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_READER: Final = "www-data"


def read(data: Mapping[str, Any]) -> Json:
    """Return every profile with SHA-256 of its secrets, what was fetched, and who is registered."""
    folder = Path(data["folder"])
    held, sealed = _held(folder)
    return {**_told(folder, held, data), "sealed": sealed, "version": _version()}


def apply(data: Mapping[str, Any]) -> Json:
    """Write and delete profiles if the state is still `token`'s; then tell telephones, and wait for them.

    Returns `results` ("" or why not), `notes` (what telephones made of it, by key), and the state read after.

    Raises:
        TargetError: `moved`, `fenced`, `busy`, or `missing`: nothing was written.
    """
    folder = Path(data["folder"])
    if not folder.is_dir():
        raise TargetError("missing", f"{folder} is not there: run the role provisioning")
    with locked("phone", fence=data["fence"], estate_id=data["estate_id"]):
        held, sealed = _held(folder)
        if _token(folder, held) != data["token"]:
            raise TargetError("moved", "profiles changed since they were read")
        before = dict(
            held
        )  # two telephones may change places: what one overwrites, the other still needs
        results = [_attempt(folder, held, before, op, sealed) for op in data["ops"]]
        _write_accounts(folder, held)
    told = [
        op["key"]
        for op, fault in zip(data["ops"], results)  # noqa: B905 - `strict` needs Python 3.10
        if not fault and op["do"] == "put" and op["notify"]
    ]
    notes = _resync(folder, {key: held[key] for key in told}, data) if told else {}
    return {"results": results, "notes": notes, **_told(folder, held, data)}


def inspect(data: Mapping[str, Any]) -> Json:
    """Return the facts of `nginx`, `store` and `fetches`; `{"unknown": why}` for what cannot be told.

    Whether it is served, and with which certificate, is seen from outside; here, whether nginx would
    start again with the files that are there, what room they have, and what was fetched last.
    """
    folder, log = Path(data["folder"]), Path(data["log"])
    return {
        "nginx": _looked(_nginx),
        "store": _looked(lambda: _store(folder)),
        "fetches": _looked(lambda: _fetches(folder, log)),
    }


def _looked(part: Callable[[], Json]) -> Json:
    try:
        return part()
    except TargetError as error:
        return {"unknown": error.message}
    except OSError as error:
        return {"unknown": f"{error.filename or ''}: {error.strerror}".lstrip(": ")}


def _nginx() -> Json:
    try:
        run(["nginx", "-t"], timeout=20.0)
    except TargetError as error:
        if error.kind == "missing":
            raise
        return {"fault": error.message}
    return {"fault": ""}


def _store(folder: Path) -> Json:
    room = os.statvfs(folder)
    return {"place": str(folder), "free": room.f_bavail, "blocks": room.f_blocks}


def _fetches(folder: Path, log: Path) -> Json:
    held, sealed = _held(folder)
    log.stat()  # a log that is not there would look like telephones that never came
    last = fetches.last(log)
    seen = {key: last.get(f"{one['id']}/{one['main']}") for key, one in held.items()}
    return {
        "profiles": len(held),
        "strangers": sealed,
        "older": sorted(
            key
            for key, item in seen.items()
            if item and item["digest"] != _digest(_files(held[key]))
        ),
        "never": sorted(key for key, item in seen.items() if item is None),
    }


def _attempt(
    folder: Path,
    held: dict[str, Json],
    before: Mapping[str, Json],
    op: Mapping[str, Any],
    sealed: list[str],
) -> str:
    try:
        if op["key"] in sealed:
            return "a folder of that name is there that commsroom did not make"
        if op["do"] == "delete":
            _forget(folder, held.pop(op["key"], None))
            return ""
        return _put(folder, held, before, op)
    except OSError as error:
        return f"{error.strerror}: {error.filename or folder}"
    except TargetError as error:
        return error.message


def _put(
    folder: Path, held: dict[str, Json], before: Mapping[str, Json], op: Mapping[str, Any]
) -> str:
    old = before.get(op["key"])
    secrets = {**(old["secrets"] if old else {}), **op["secrets"]}
    lacking = [slot for slot in ("admin", "fetch", "sip") if slot not in secrets]
    if lacking:
        return f"it cannot be without its {lacking[0]} secret"
    if not _ID.fullmatch(op["id"]) or not all(_NAME.fullmatch(name) for name in op["texts"]):
        return "its files cannot have such names"
    there = next((key for key, one in held.items() if one["id"] == op["id"]), op["key"])
    if there != op["key"] and there not in op["moving"]:
        return f"another profile is served to {op['id']} already"
    profile = {
        "key": op["key"], "id": op["id"], "main": op["main"], "by_url": op["by_url"],
        "notify": op["event"], "values": op["values"], "texts": op["texts"], "secrets": secrets,
        "hash": old["hash"] if old and "fetch" not in op["secrets"] else _hashed(secrets["fetch"]),
    }  # fmt: skip
    if old and old["id"] != profile["id"]:
        _forget(folder, old)
    home = folder / "devices" / profile["id"]
    home.mkdir(mode=0o751, parents=True, exist_ok=True)
    files = _files(profile)
    name = _digest(files)
    served = home / name
    served.mkdir(mode=0o750, exist_ok=True)
    shutil.chown(served, "root", _READER)
    for file, text in files.items():
        replace(served / file, text, mode=0o640, owner="root", group=_READER)
    for extra in {path.name for path in served.iterdir()} - set(files):
        (served / extra).unlink()
    replace(home / "profile.json", json.dumps(profile), mode=0o600)
    _point(home / "current", name)
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name != name:
            shutil.rmtree(path)  # it holds yesterday's passwords
    if there != op["key"]:
        del held[there]  # its own turn comes, or came
    held[op["key"]] = profile
    return ""


def _forget(folder: Path, profile: Any) -> None:
    """Destroy what was served, unless another has it by now: it holds passwords."""
    home = folder / "devices" / profile["id"] if profile else None
    if home and _owner(home) == profile["key"]:
        shutil.rmtree(home, ignore_errors=True)


def _owner(home: Path) -> Any:
    try:
        return json.loads((home / "profile.json").read_text("utf-8"))["key"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _point(link: Path, name: str) -> None:
    beside = link.with_name(".current")
    beside.unlink(missing_ok=True)
    beside.symlink_to(name)
    beside.rename(link)


def _write_accounts(folder: Path, held: Mapping[str, Json]) -> None:
    replace(folder / "htpasswd", _accounts(held), mode=0o640, owner="root", group=_READER)
    _link(folder / "tokens", _tokens(held))
    _link(folder / "certified", _certified(held))


def _link(place: Path, wanted: Mapping[str, str]) -> None:
    """See that the folder holds these links, and no others."""
    for path in place.iterdir():
        if path.name not in wanted or str(path.readlink()) != wanted[path.name]:
            path.unlink()
    for name, goal in wanted.items():
        if not (place / name).is_symlink():
            (place / name).symlink_to(goal)


def _accounts(held: Mapping[str, Json]) -> str:
    named = sorted((one["id"], one["hash"]) for one in held.values() if not one["by_url"])
    return "".join(f"{name}:{hashed}\n" for name, hashed in named)


def _tokens(held: Mapping[str, Json]) -> dict[str, str]:
    return {
        one["secrets"]["fetch"]["clear"]: f"../devices/{one['id']}"
        for one in held.values()
        if one["by_url"]
    }


def _certified(held: Mapping[str, Json]) -> dict[str, str]:
    """Name the devices with a MAC, which is what the maker's certificates are about."""
    with_mac = [one["id"] for one in held.values() if one["values"].get("mac")]
    return {
        name: f"../devices/{identity}"
        for identity in with_mac
        for name in (identity, identity.upper())
    }


def _held(folder: Path) -> tuple[dict[str, Json], list[str]]:
    """Return our profiles by key, and the names of folders that are not ours."""
    found: dict[str, Json] = {}
    sealed: list[str] = []
    place = folder / "devices"
    for home in sorted(place.iterdir()) if place.is_dir() else ():
        try:
            profile = json.loads((home / "profile.json").read_text("utf-8"))
            found[profile["key"]] = profile
        except (OSError, ValueError, KeyError, TypeError):
            sealed.append(home.name)
    return found, sealed


def _files(profile: Mapping[str, Any]) -> dict[str, str]:
    """Put the secrets where the texts have their marks."""
    found = {}
    for name, text in profile["texts"].items():
        whole = text
        for slot, secret in profile["secrets"].items():
            whole = whole.replace(f"{_MARK}{slot}{_MARK}", secret["written"])
        found[name] = whole
    return found


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def _served(home: Path) -> dict[str, str]:
    """Return what nginx would hand out now."""
    try:
        return {path.name: path.read_text("utf-8") for path in (home / "current").iterdir()}
    except (OSError, ValueError):
        return {}


def _told(folder: Path, held: Mapping[str, Json], data: Mapping[str, Any]) -> Json:
    last = fetches.last(Path(data["log"]))
    contacts = exchange.contacts(data)
    accounts = _lines(folder / "htpasswd") >= set(_accounts(held).splitlines())
    links = {path.name for path in (folder / "tokens").iterdir()} if held else set()
    profiles = {}
    for key, one in held.items():
        served, files = _served(folder / "devices" / one["id"]), _files(one)
        by_url = not one["by_url"] or one["secrets"]["fetch"]["clear"] in links
        seen = last.get(f"{one['id']}/{one['main']}")
        profiles[key] = {
            "values": one["values"],
            "secrets": {slot: _sha(secret["clear"]) for slot, secret in one["secrets"].items()},
            "rendered": _sha(json.dumps(one["texts"], sort_keys=True)),
            "intact": served == files and accounts and by_url,
            "fetched": {**seen, "current": seen["digest"] == _digest(files)} if seen else None,
            "registered": exchange.registered(contacts, one, seen),
        }
    return {"profiles": profiles, "token": _token(folder, held)}


def _token(folder: Path, held: Mapping[str, Json]) -> str:
    """Name this very state: what was decided, and what is served (not what was fetched)."""
    parts = [[one, _served(folder / "devices" / one["id"])] for _, one in sorted(held.items())]
    return _sha(json.dumps(parts, sort_keys=True))


def _resync(folder: Path, told: Mapping[str, Json], data: Mapping[str, Any]) -> dict[str, str]:
    """Tell telephones through their exchange to fetch, and say by key what came of it."""
    current = {key: _digest(_files(one)) for key, one in told.items()}
    last = fetches.last(Path(data["log"]))
    fetched = {key: last.get(f"{one['id']}/{one['main']}") for key, one in told.items()}
    asked = exchange.notify(told, fetched, data)
    waiting = {key for key, fault in asked.items() if not fault}
    came = fetches.wait(
        Path(data["log"]),
        {key: (f"{told[key]['id']}/{told[key]['main']}", current[key]) for key in waiting},
        float(data["seconds"]),
    )
    notes = {key: fault for key, fault in asked.items() if fault}
    for key in waiting:
        notes[key] = (
            f"its telephone fetched it after {came[key]:.1f} s"
            if key in came
            else f"its telephone was told, and has not fetched it within {data['seconds']:g} s"
        )
    return notes


def _hashed(secret: Mapping[str, str]) -> str:
    """Return SHA-512 crypt (crypt(5)) of a password, as nginx asks the C library to check."""
    return run(["openssl", "passwd", "-6", "-stdin"], text=secret["clear"]).strip()


def _lines(path: Path) -> set[str]:
    try:
        return set(path.read_text("utf-8").splitlines())
    except OSError:
        return set()


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _version() -> str:
    """Return nginx's version, which it tells on standard error."""
    argv = ["/bin/sh", "-c", "nginx -v 2>&1"]
    try:
        return run(argv, timeout=10).strip().replace("nginx version: ", "")
    except TargetError:
        return ""
