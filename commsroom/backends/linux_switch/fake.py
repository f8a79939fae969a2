"""An in-memory twin of `client.RealClient`; its state may live in a file."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from commsroom.backends import simulated
from commsroom.backends.linux_switch.inspecting import SIMULATED
from commsroom.errors import FenceRefused, TargetMoved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from commsroom.estate.inspection import Facts, Seen

Json = dict[str, Any]

_FACTORY: Json = {"tag": None, "trunks": [], "mode": "", "description": "", "told": 0}


class FakeClient:
    """A bridge with 24 ports, of which the last is the uplink. `told` lists what it was asked to do."""

    def __init__(self, system: str, path: Path | None) -> None:
        """Start as from the factory, or with what an earlier process left in `path`."""
        self._system = system
        self._path = path
        self._ports: Json = {f"swp{number}": dict(_FACTORY) for number in range(1, 24)}
        self._ports["swp24"] = {**_FACTORY, "mode": "trunk"}
        self._fences: dict[str, int] = {}
        self.told: list[str] = []

    def read(self) -> Json:
        """Return everything."""
        if self._path is not None and self._path.exists():
            held = json.loads(self._path.read_text("utf-8"))
            self._ports, self._fences = held["ports"], held["fences"]
        text = json.dumps(self._ports, sort_keys=True)
        return {"ports": json.loads(text), "token": hashlib.sha256(text.encode()).hexdigest()}

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out all operations; the file changes once, at the end."""
        before = self.read()
        seen = self._fences.get(estate_id, 0)
        if fence < seen:
            raise FenceRefused(
                f"{self._system}: apply number {seen} was here already, ours is {fence}"
            )
        if before["token"] != token:
            raise TargetMoved(f"{self._system}: its ports changed since they were read")
        self._fences[estate_id] = fence
        results = [self._attempt(op) for op in ops]
        if self._path is not None:
            beside = self._path.with_name(f".{self._path.name}.new")
            beside.write_text(json.dumps({"ports": self._ports, "fences": self._fences}), "utf-8")
            beside.replace(self._path)
        return {"results": results, **self.read()}

    def inspect(self, wanted: Facts) -> Seen:
        """Find everything as it should be, save for what `simulated` is told otherwise."""
        return simulated.seen((), SIMULATED, wanted, self._path)

    def _attempt(self, op: Json) -> Json:
        self.told.append(" ".join(f"{name}={value}" for name, value in op.items()))
        port = self._ports.get(op["port"])
        if port is None:
            return {"ok": False, "error": f"br0 has no port {op['port']}"}
        if "tag" in op:
            both = [op["tag"], op["voice"]] if op["voice"] else []
            mode = "native-untagged" if both else "access" if op["tag"] else ""
            port |= {"tag": op["tag"] or None, "trunks": sorted(both), "mode": mode}
        port |= {name: op[name] for name in ("description", "told") if name in op}
        return {"ok": True}
