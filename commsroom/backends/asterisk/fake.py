"""An in-memory twin of `client.RealClient`, as strict as the real one; its state may live in a file.

It refuses what Asterisk and the program on it refuse: stale tokens, old fences, objects that are not in our
files, UDP where there is none, and in its calls (`fake_exchange`) wrong passwords, wrong PINs, barred numbers.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends import simulated
from commsroom.backends.asterisk import wire
from commsroom.backends.asterisk.fake_exchange import FakeExchange
from commsroom.backends.asterisk.inspecting import SIMULATED
from commsroom.backends.asterisk.services import services
from commsroom.errors import FenceRefused, TargetMoved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from commsroom.backends.asterisk.settings import Settings
    from commsroom.estate.inspection import Facts, Seen

Json = dict[str, Any]

#: What an object has that nobody spoke of, as the server would have it.
_FRESH: Final[dict[str, Json]] = {
    "dialling_class": {"title": "", "allowed": [], "barred": [], "hours": [], "emergency": []},
    "extension": {
        "display_name": "", "caller_id": "", "dialling_class": "", "transport": "tls",
        "ring_seconds": 15, "voicemail": False, "suspended": False,
    },
    "voicemail": {"display_name": "", "email": ""},
    "conference": {"title": "", "max_members": None},
    "hunt_group": {
        "title": "", "members": [], "strategy": "ringall", "ring_seconds": 15, "fallback": "",
    },
    "trunk": {
        "title": "", "provider": "", "port": 5061, "transport": "tls", "username": "", "max_calls": 1,
        "main_number": "", "answered_by": "", "direct_prefixes": [],
    },
    "route": {"prefixes": [], "exact": [], "trunks": []},
}  # fmt: skip


class FakeClient:
    """The server. `told` lists the operations it was sent, without secrets."""

    def __init__(self, system: str, settings: Settings, path: Path | None) -> None:
        """Start empty, or with what an earlier process left in `path`."""
        self._system = system
        self._settings = settings
        self._path = path
        self._data: Json = {
            "objects": {kind: {} for kind in wire.KINDS},
            "sealed": [],
            "fences": {},
        }
        self.told: list[str] = []

    def read(self) -> Json:
        """Return everything."""
        self._load()
        return {**self._answer(), "version": "simulated"}

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out all operations; the file changes once, at the end, or not at all."""
        self._load()
        seen = self._data["fences"].get(estate_id, 0)
        if fence < seen:
            raise FenceRefused(
                f"{self._system}: apply number {seen} was here already, ours is {fence}"
            )
        if token != self._answer()["token"]:
            raise TargetMoved(f"{self._system}: objects changed since they were read")
        self._data["fences"][estate_id] = fence
        results = [self._attempt(op) for op in ops]
        self._save()
        return {"results": results, **self._answer()}

    def inspect(self, wanted: Facts) -> Seen:
        """Find everything as it should be, save for what `simulated` is told otherwise."""
        return simulated.seen(services(self._settings), SIMULATED, wanted, self._path)

    def exchange(self) -> FakeExchange:
        """Return the server as a telephone meets it."""
        self._load()
        return FakeExchange(self._data["objects"], self._settings)

    def make_by_hand(self, kind: str, key: str, values: Json, *, sealed: bool = True) -> None:
        """Do what an administrator does in his own file (or, not `sealed`, in ours)."""
        self._load()
        self._data["objects"][kind][key] = {**_FRESH[kind], "secret": {}, **values}
        if sealed:
            self._data["sealed"].append([kind, key])
        self._save()

    def _attempt(self, op: Json) -> str:
        words = " ".join([*op["values"], *op["secret"]])
        fields = f" [{words}]" if words else ""
        self.told.append(f"{op['do']} {op['kind']}/{op['key']}{fields}")
        objects = self._data["objects"][op["kind"]]
        if [op["kind"], op["key"]] in self._data["sealed"]:
            return "it stands in a file that is not commsroom's"
        if op["do"] == "delete":
            objects.pop(op["key"], None)
            return ""
        base = objects.get(op["key"], {**_FRESH[op["kind"]], "secret": {}})
        secret = dict(base["secret"])
        for slot, text in op["secret"].items():
            secret.pop(slot, None)
            if text is not None:
                secret[slot] = hashed(text)
        merged = {**base, **json.loads(json.dumps(op["values"])), "secret": secret}
        if merged.get("transport") == "udp" and not self._settings.pbx_udp:
            return "this server does not listen on UDP"
        if op["kind"] in {"extension", "voicemail", "trunk"} and not secret:
            return "it cannot be without a secret"
        objects[op["key"]] = merged
        return ""

    def _answer(self) -> Json:
        kept = {"objects": self._data["objects"], "sealed": self._data["sealed"]}
        text = json.dumps(kept, sort_keys=True)
        return {**json.loads(text), "token": hashlib.sha256(text.encode()).hexdigest()}

    def _load(self) -> None:
        if self._path is not None and self._path.exists():
            self._data = json.loads(self._path.read_text("utf-8"))
            for kind in wire.KINDS:  # a file of an earlier version knows fewer kinds
                self._data["objects"].setdefault(kind, {})

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(json.dumps(self._data, ensure_ascii=False, indent=1), "utf-8")
        beside.replace(self._path)


def hashed(secret: str) -> str:
    """Return what the program on the server would send of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
