"""The provider of every switch with a command line: the same over a real one and over its fake."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from commsroom import files
from commsroom.backends.network_cli import config as configs
from commsroom.backends.network_cli import inspection
from commsroom.errors import FenceRefused, SystemUnknown, TargetMoved
from commsroom.estate.backend import NOT_TRIED, Applied, Outcome, Proof, Snapshot, Status
from commsroom.estate.inspection import Seen
from commsroom.estate.resource import Action, Address, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from commsroom.backends.network_cli.config import Block, Config
    from commsroom.backends.network_cli.dialect import Dialect
    from commsroom.backends.network_cli.session import Client, Session
    from commsroom.estate.backend import Batch, ProofRequest, Tools
    from commsroom.estate.inspection import Facts
    from commsroom.estate.resource import Change, Kind
    from commsroom.estate.secret import Secret

#: VLANs exist before ports use them.
_ORDER = {"switch_vlan": 0, "switch_services": 1, "switch_port": 2}


@dataclass(frozen=True, slots=True)
class SwitchProvider:
    """One switch; a connection is opened for each call and closed with it.

    `rollbacks` is the folder that keeps, for every batch, the commands that lead back.
    """

    system: str
    tools: Tools
    client: Client
    dialect: Dialect
    rollbacks: Path

    def read(self) -> Snapshot:
        """Read everything in a constant number of commands."""
        with self.client.session() as session:
            return self._snapshot(session)[0]

    def apply(self, batch: Batch) -> Applied:
        """Make the changes in one configuration session, save, and judge each by what is there then."""
        doing = _Doing(self, batch)
        try:
            with self.client.session() as session:
                return doing.run(session)
        except SystemUnknown as error:
            if not doing.begun:
                raise
            return doing.after_cut(error)

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Look whether the next start of the switch will have each object as it is now."""
        begin = time.perf_counter()
        now, saved = self._both()
        ms = (time.perf_counter() - begin) * 1000 / max(1, len(requests))
        for request in requests:
            address = request.resource.address
            key = (address.kind, address.key)
            kept = now.get(key) is not None and now.get(key) == saved.get(key)
            yield Proof(
                address, "survive a restart", "saved", "saved" if kept else "not saved", kept, ms,
                note="read from the startup configuration",
            )  # fmt: skip

    def inspect(self, wanted: Facts) -> Seen:
        """Look whether the next start keeps what runs; raises SystemUnknown."""
        return Seen(own=inspection.facts(*self._both(), save=self.dialect.save))

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _both(self) -> tuple[dict[tuple[str, str], Kind], dict[tuple[str, str], Kind]]:
        """Return what runs and what the next start will have, in one session."""
        with self.client.session() as session:
            _, running = self._snapshot(session)
            texts = dict(session.read())
            texts[next(iter(texts))] = session.startup()
        saved = self.dialect.configuration(texts)
        return self.dialect.bodies(running), self.dialect.bodies(saved)

    def _snapshot(self, session: Session) -> tuple[Snapshot, Config]:
        texts = session.read()
        config = self.dialect.configuration(texts)
        if self.dialect.reverts(config):
            self._require_settled(session)
        found = {
            Address(self.system, kind, key): body
            for (kind, key), body in self.dialect.bodies(config).items()
        }
        ports = self.dialect.sealed(config)
        return Snapshot(
            resources={address: Resource(address, body) for address, body in found.items()},
            token=config.token,
            sealed=frozenset(Address(self.system, "switch_port", port) for port in ports),
        ), config

    def _require_settled(self, session: Session) -> None:
        """Refuse to call what may be gone in a minute the state of a switch."""
        left = session.pending()
        if left:
            raise SystemUnknown(
                self.system, "read", f"a change on it waits to be confirmed; else it goes back (timer: {left})",
                remedy=f"run again when the timer has gone off, or settle it on the switch: {self.dialect.settle}",
                answered=True,
            )  # fmt: skip


class _Doing:
    """One batch on its way; what is known of it when the connection is cut."""

    def __init__(self, provider: SwitchProvider, batch: Batch) -> None:
        self._provider = provider
        self._batch = batch
        backwards = all(change.after is None for change in batch.changes)
        self._changes = sorted(
            batch.changes, key=lambda item: _ORDER[item.address.kind], reverse=backwards
        )
        self._refused: dict[Address, str] = {}
        #: The change's name on a switch that takes back what nobody confirms; no two batches share one.
        self._reverts = ""
        self.begun = False

    def run(self, session: Session) -> Applied:
        """Do all of it."""
        provider, batch = self._provider, self._batch
        snapshot, config = provider._snapshot(session)  # noqa: SLF001 - its own other half
        self._check(snapshot, config)
        fence = provider.dialect.fence_commands(config, batch.estate_id, batch.fence)
        blocks = [self._block(config, change) for change in self._changes]
        self._keep(blocks)
        self.begun = True
        first = configs.Block(fence, ())
        if provider.dialect.reverts(config):
            self._reverts = f"commsroom-{batch.fence}-{secrets.token_hex(4)}"
        session.configure([first, *blocks], revert=self._reverts, done=self._done)
        self._settle(session)
        return self._applied(provider._snapshot(session)[0], "")  # noqa: SLF001 - as above

    def after_cut(self, error: SystemUnknown) -> Applied:
        """Look once what is there after a connection was lost; what cannot be seen is unknown."""
        provider = self._provider
        try:
            with provider.client.session() as session:
                self._settle(session)
                snapshot, _ = provider._snapshot(session)  # noqa: SLF001 - its own other half
                return self._applied(snapshot, f"{error.phase}: {error.reason}")
        except SystemUnknown:
            return Applied([self._doubtful(change, error) for change in self._batch.changes], "")

    def _settle(self, session: Session) -> None:
        """Let what is there stay, over a restart too."""
        if self._reverts:
            session.confirm(self._reverts)
        session.save()

    def _doubtful(self, change: Change, error: SystemUnknown) -> Outcome:
        if change.address in self._refused:  # its last answer had come
            text = "sent, and not read back: "
        else:
            text = NOT_TRIED if self._sent <= self._changes.index(change) else "in doubt: "
        return Outcome(change.address, Status.UNKNOWN, f"{text}{error}")

    @property
    def _sent(self) -> int:
        """Count the blocks that were at least begun."""
        return len(self._refused) + 1

    def _check(self, snapshot: Snapshot, config: Config) -> None:
        batch, provider = self._batch, self._provider
        seen = provider.dialect.fence(config, batch.estate_id)
        if batch.fence < seen:
            raise FenceRefused(
                f"{provider.system}: apply number {seen} was here already, ours is {batch.fence}"
            )
        if batch.token != snapshot.token:
            raise TargetMoved(f"{provider.system}: its configuration changed since it was read")

    def _block(self, config: Config, change: Change) -> Block:
        words: dict[str, Secret] = {}
        if change.after is not None:
            for ref in change.after.secrets:
                if f"secret:{ref.slot}" in _written(change):
                    words[ref.slot] = self._batch.secret(ref)
        if not _written(change) and change.action not in {Action.CREATE, Action.DELETE}:
            return configs.Block((), ())
        return configs.block(self._provider.dialect, config, change, words)

    def _keep(self, blocks: Sequence[Block]) -> None:
        """Write down the way back, before anything is sent."""
        lines = [line for block in reversed(blocks) for line in block.rollback]
        if not lines:
            return
        folder = self._provider.rollbacks / self._provider.system
        files.make_folder(folder.parent.parent, mode=0o700)
        files.make_folder(folder.parent, mode=0o700)
        files.make_folder(folder, mode=0o700)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = folder / f"{now}-apply-{self._batch.fence}.txt"
        path.touch(mode=0o600)
        head = json.dumps({"system": self._provider.system, "before": self._batch.token})
        path.write_text("\n".join([f"! {head}", *lines, ""]), "utf-8")

    def _done(self, number: int, refused: str) -> None:
        if number:
            self._refused[self._changes[number - 1].address] = refused

    def _applied(self, snapshot: Snapshot, cut: str) -> Applied:
        outcomes = []
        for change in self._batch.changes:
            fault = self._refused.get(change.address, cut) or _shortfall(change, snapshot.resources)
            if fault and fault == cut and not _shortfall(change, snapshot.resources):
                fault = "" if not _has_secret(change) else cut
            unknown = bool(cut) and fault == cut and _has_secret(change)
            status = Status.UNKNOWN if unknown else Status.FAILED if fault else Status.DONE
            outcomes.append(Outcome(change.address, status, fault))
        return Applied(tuple(outcomes), snapshot.token)


def _written(change: Change) -> tuple[str, ...]:
    return tuple(name for name in change.fields if name not in change.unsupported)


def _has_secret(change: Change) -> bool:
    return any(name.startswith("secret:") for name in _written(change))


def _shortfall(change: Change, held: Mapping[Address, Resource]) -> str:
    """Say how what is there now falls short of the change, "" when it is as it should be."""
    actual = held.get(change.address)
    if change.after is None:
        return "" if actual is None else "it is still there"
    if actual is None:
        return "it is not there"
    wanted, found = change.after.body.values(), actual.body.values()
    wrong = [
        name
        for name in _written(change)
        if not name.startswith("secret:") and name in wanted and wanted[name] != found.get(name)
    ]
    return f"the switch still has another {', '.join(wrong)}" if wrong else ""
