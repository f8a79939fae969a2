"""An in-memory twin of `client.RealClient`, as strict as the real one; its state may live in a file.

Its telephones behave: one that is told to fetch does so at once, and is registered then. A test may take
one from its desk with `unplug`, and put it back with `plug_in`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from commsroom.backends import simulated
from commsroom.backends.phone.inspecting import SIMULATED
from commsroom.errors import FenceRefused, TargetMoved
from commsroom.estate.inspection import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from commsroom.backends.phone.client import Credential
    from commsroom.estate.inspection import Facts, Service

Json = dict[str, Any]


class FakeClient:
    """The server. `told` lists the operations it was sent, without secrets."""

    def __init__(self, system: str, path: Path | None, services: Sequence[Service] = ()) -> None:
        """Start empty, or with what an earlier process left in `path`."""
        self._system = system
        self._path = path
        self._services = services
        self._data: Json = {"profiles": {}, "sealed": [], "fences": {}, "unplugged": []}
        self.told: list[str] = []
        #: What another took the place of within one batch, until its own turn comes.
        self._moved: dict[str, Json] = {}

    def read(self) -> Json:
        """Return everything."""
        self._load()
        return {**self._answer(), "sealed": list(self._data["sealed"]), "version": "simulated"}

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out all operations; the file changes once, at the end, or not at all."""
        self._load()
        seen = self._data["fences"].get(estate_id, 0)
        if fence < seen:
            raise FenceRefused(
                f"{self._system}: apply number {seen} was here already, ours is {fence}"
            )
        if token != self._answer()["token"]:
            raise TargetMoved(f"{self._system}: profiles changed since they were read")
        self._data["fences"][estate_id] = fence
        results = [self._attempt(op) for op in ops]
        notes = {op["key"]: note for op in ops if (note := self._resync(op))}
        self._save()
        return {"results": results, "notes": notes, **self._answer()}

    def inspect(self, wanted: Facts) -> Seen:
        """Find it as it should be, save for what `simulated` is told otherwise, and count what was fetched."""
        self._load()
        seen = {key: one["fetched"] for key, one in self._answer()["profiles"].items()}
        fetches = {
            "profiles": len(seen),
            "strangers": list(self._data["sealed"]),
            "older": sorted(key for key, one in seen.items() if one and not one["current"]),
            "never": sorted(key for key, one in seen.items() if one is None),
        }
        found = simulated.seen(
            self._services, {**SIMULATED, "fetches": fetches}, wanted, self._path
        )
        return Seen(own=found.own, outside=found.outside)

    def fetch(self, who: Credential, file: str) -> tuple[int, bytes]:
        """Give a telephone its own files, and nobody another's."""
        self._load()
        for held in self._data["profiles"].values():
            secret_fits = held["secret"]["fetch"] == hashed(who.secret)
            if secret_fits and held["by_url"] == who.by_url and who.name == held["id"]:
                text = held["texts"].get(file)
                return (404, b"") if text is None else (200, text.encode())
        return (404, b"") if who.by_url else (401, b"")

    def unplug(self, key: str) -> None:
        """Take a telephone from its desk: it neither fetches nor registers from now on."""
        self._load()
        self._data["unplugged"].append(key)
        self._save()

    def plug_in(self, key: str) -> None:
        """Put a telephone back on its desk: it starts, fetches what is served, and registers."""
        self._load()
        self._data["unplugged"].remove(key)
        held = self._data["profiles"][key]
        held["fetched"] = _digest(held)
        self._save()

    def edit(self, key: str, file: str, text: str) -> None:
        """Change what is served behind commsroom's back."""
        self._load()
        self._data["profiles"][key]["served"][file] = text
        self._save()

    def _attempt(self, op: Json) -> str:
        fields = f" [{' '.join(op['fields'])}]" if op["do"] == "put" else ""
        self.told.append(f"{op['do']} {op['key']}{fields}")
        profiles = self._data["profiles"]
        if op["key"] in self._data["sealed"]:
            return "a folder of that name is there that commsroom did not make"
        if op["do"] == "delete":
            profiles.pop(op["key"], None)
            return ""
        old = self._moved.pop(op["key"], None) or profiles.get(op["key"], {})
        secret = {
            **old.get("secret", {}),
            **{slot: hashed(one["clear"]) for slot, one in op["secrets"].items()},
        }
        for slot in ("admin", "fetch", "sip"):
            if slot not in secret:
                return f"it cannot be without its {slot} secret"
        there = next((key for key, one in profiles.items() if one["id"] == op["id"]), op["key"])
        if there != op["key"] and there not in op["moving"]:
            return f"another profile is served to {op['id']} already"
        if there != op["key"]:
            self._moved[there] = profiles.pop(there)
        kept = {name: op[name] for name in ("id", "main", "by_url", "event", "values", "texts")}
        profiles[op["key"]] = {
            **json.loads(json.dumps(kept)), "secret": secret, "served": dict(op["texts"]),
            "fetched": old.get("fetched", ""),
        }  # fmt: skip
        return ""

    def _resync(self, op: Json) -> str:
        if op["do"] != "put" or op["key"] not in self._data["profiles"] or not op["notify"]:
            return ""
        held = self._data["profiles"][op["key"]]
        if not held["event"]:
            return "its telephone fetches it when it starts"
        if op["key"] in self._data["unplugged"]:
            return "its telephone is not registered, and fetches it when it starts"
        held["fetched"] = _digest(held)
        return "its telephone fetched it after 0.0 s"

    def _answer(self) -> Json:
        profiles = {
            key: {
                "values": held["values"],
                "secrets": held["secret"],
                "rendered": hashed(json.dumps(held["texts"], sort_keys=True)),
                "intact": held["served"] == held["texts"],
                "fetched": {"current": held["fetched"] == _digest(held), "digest": held["fetched"], "at": "", "from": "", "agent": ""}
                if held["fetched"]
                else None,
                "registered": bool(held["fetched"]) and key not in self._data["unplugged"],
            }
            for key, held in self._data["profiles"].items()
        }  # fmt: skip
        seen = {key: {**one, "fetched": None} for key, one in profiles.items()}
        text = json.dumps([seen, self._data["sealed"]], sort_keys=True)
        answer: Json = json.loads(json.dumps({"profiles": profiles}))
        return {**answer, "token": hashed(text)}

    def _load(self) -> None:
        if self._path is not None and self._path.exists():
            self._data = json.loads(self._path.read_text("utf-8"))

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(json.dumps(self._data, ensure_ascii=False, indent=1), "utf-8")
        beside.replace(self._path)


def _digest(held: Json) -> str:
    return hashed(json.dumps([held["texts"], held["secret"]], sort_keys=True))[:16]


def hashed(text: str) -> str:
    """Return what the program on the server would send of a secret."""
    return hashlib.sha256(text.encode()).hexdigest()
