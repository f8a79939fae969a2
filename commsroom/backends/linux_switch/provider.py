"""The provider: the same over a real Linux switch and over the fake one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from commsroom import files
from commsroom.backends.linux_switch import wire
from commsroom.estate.backend import Applied, Outcome, Proof, Snapshot, Status
from commsroom.estate.resource import Address, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from commsroom.backends.linux_switch.client import Client
    from commsroom.estate.backend import Batch, ProofRequest
    from commsroom.estate.inspection import Facts, Seen

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LinuxSwitchProvider:
    """One connected switch (nothing stays open between calls)."""

    system: str
    client: Client
    rollbacks: Path

    def read(self) -> Snapshot:
        """Read everything in one round trip."""
        answer = self.client.read()
        ports = answer["ports"]
        return Snapshot(
            resources={
                self._address(name): Resource(self._address(name), body)
                for name, body in wire.bodies(ports).items()
            },
            token=answer["token"],
            sealed=frozenset(self._address(name) for name in ports if wire.is_uplink(ports[name])),
        )

    def apply(self, batch: Batch) -> Applied:
        """Make all changes in one round trip and judge each by what is there afterwards."""
        held = self.client.read()
        bodies = wire.bodies(held["ports"])
        ops = [(change, wire.operation(change, bodies)) for change in batch.changes]
        sent = [op for _, op in ops if op is not None]
        self._keep([wire.way_back(op, held["ports"]) for op in sent], batch.fence)
        answer = self.client.apply(
            sent, token=batch.token, estate_id=batch.estate_id, fence=batch.fence
        )
        after, results = wire.bodies(answer["ports"]), iter(answer["results"])
        outcomes = []
        for change, op in ops:
            result = next(results) if op is not None else {"ok": True}
            fault = wire.shortfall(change, after.get(change.address.key))
            text = fault if result["ok"] else str(result["error"])
            outcomes.append(Outcome(change.address, Status.FAILED if text else Status.DONE, text))
        return Applied(tuple(outcomes), answer["token"])

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Look whether lldpd tells each port's voice VLAN to whoever listens there."""
        begin = time.perf_counter()
        ports = wire.bodies(self.client.read()["ports"])
        ms = (time.perf_counter() - begin) * 1000 / max(1, len(requests))
        for request in requests:
            body = ports.get(request.resource.address.key)
            wanted = getattr(request.resource.body, "voice_vlan", 0) or 0
            tells = getattr(request.resource.body, "lldp_med", None)
            told = body.voice_vlan if body and body.lldp_med else 0
            expected = wanted if tells else 0
            yield Proof(
                request.resource.address, "tell the voice VLAN", f"VLAN {expected}", f"VLAN {told}",
                told == expected, ms, note="asked of the running lldpd",
            )  # fmt: skip

    def inspect(self, wanted: Facts) -> Seen:
        """Look at machine and switch in one round trip."""
        return self.client.inspect(wanted)

    def close(self) -> None:
        """Nothing to let go of."""

    def _address(self, port: str) -> Address:
        return Address(self.system, "switch_port", port)

    def _keep(self, ops: Sequence[Json], fence: int) -> None:
        """Write down the way back, before anything is sent."""
        if not ops:
            return
        folder = self.rollbacks / self.system
        files.make_folder(self.rollbacks.parent, mode=0o700)
        files.make_folder(folder, mode=0o700)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = folder / f"{now}-apply-{fence}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(list(ops), indent=1) + "\n", "utf-8")
