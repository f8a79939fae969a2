"""The provider of every switch with a command line: the same over a real one and over its fake."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.backends.network_cli import inspection
from commsroom.backends.network_cli.doing import Doing
from commsroom.backends.network_cli.erasing import Work
from commsroom.backends.network_cli.logins import PASSWORD
from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Applied, Proof, Snapshot
from commsroom.estate.inspection import Seen
from commsroom.estate.kinds.network import SwitchLogin
from commsroom.estate.resource import Address, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from commsroom.backends.network_cli.config import Config
    from commsroom.backends.network_cli.dialect import Dialect
    from commsroom.backends.network_cli.logins import Login
    from commsroom.backends.network_cli.session import Client, Session
    from commsroom.estate.backend import Batch, Credential, ProofRequest, Tools
    from commsroom.estate.inspection import Facts
    from commsroom.estate.resource import Kind
    from commsroom.estate.retiring.erasing import Erasure


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
            return self.look(session)[0]

    def apply(self, batch: Batch) -> Applied:
        """Make the changes in one configuration session, save, and judge each by what is there then."""
        doing = Doing(self, batch)
        try:
            with self.client.session() as session:
                return doing.run(session)
        except SystemUnknown as error:
            if not doing.begun:
                raise
            return doing.after_cut(error)

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Look whether the next start of the switch will have each object as it is now; log in as each login."""
        begin = time.perf_counter()
        now, saved = (self._objects(one) for one in self._both())
        ms = (time.perf_counter() - begin) * 1000 / max(1, len(requests))
        for request in requests:
            address = request.resource.address
            if address.kind == SwitchLogin.kind:
                yield self._by_login(request)
            key = (address.kind, address.key)
            kept = now.get(key) is not None and now.get(key) == saved.get(key)
            yield Proof(
                address, "survive a restart", "saved", "saved" if kept else "not saved", kept, ms,
                note="read from the startup configuration",
            )  # fmt: skip

    def log_in(self, credentials: Sequence[Credential]) -> Sequence[bool | None]:
        """Log in over SSH as each login with its password, once each."""
        return [
            self.client.log_in(one.resource.address.key, one.secret)
            if (one.resource.address.kind, one.slot) == (SwitchLogin.kind, PASSWORD)
            else None
            for one in credentials
        ]

    def _by_login(self, request: ProofRequest) -> Proof:
        ref = request.resource.secret(PASSWORD)
        word = request.secret(ref) if ref else None
        begin = time.perf_counter()
        let_in = self.client.log_in(request.resource.address.key, word) if word else None
        told = {True: "accepted", False: "refused", None: "nobody said"}[let_in]
        ms = (time.perf_counter() - begin) * 1000
        return Proof(
            request.resource.address, "ssh login", "accepted", told, let_in, ms, login=bool(let_in)
        )

    def inspect(self, wanted: Facts) -> Seen:
        """Look whether the next start keeps what runs; raises SystemUnknown."""
        running, saved = (self._objects(one) for one in self._both())
        return Seen(own=inspection.facts(running, saved, save=self.dialect.save))

    def serials(self) -> Sequence[str]:
        """Ask who it is."""
        with self.client.session() as session:
            return self._work(session).serials()

    def erase(self, serial: str) -> Erasure:
        """Erase the switch in one session, of which its restart is the end."""
        with self.client.session() as session:
            return self._work(session).run(serial)

    def _work(self, session: Session) -> Work:
        words = self.dialect.erasing
        if words is None:  # who asks looks whether the back end `erases`
            raise SystemUnknown(self.system, "erase", f"{self.dialect.called} is erased by hand")
        return Work(self.system, words, session.dialogue())

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _both(self) -> tuple[Config, Config]:
        """Return what runs and what the next start will have, in one session."""
        with self.client.session() as session:
            _, running = self.look(session)
            texts = dict(session.read())
            texts[next(iter(texts))] = session.startup()
        return running, self.dialect.configuration(texts)

    def _objects(self, config: Config) -> dict[tuple[str, str], Kind | Login]:
        """Return what a configuration holds, by kind and key; of a login its password's hash, too."""
        users = self.dialect.logins.held(config).items()
        return {
            **self.dialect.bodies(config),
            **{(SwitchLogin.kind, name): login for name, login in users},
        }

    def look(self, session: Session) -> tuple[Snapshot, Config]:
        """Read everything in an open session; raises SystemUnknown while a change waits to be confirmed."""
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
            verifiers=self._verifiers(config),
            token=config.token,
            sealed=frozenset(Address(self.system, "switch_port", port) for port in ports),
        ), config

    def _verifiers(self, config: Config) -> dict[Address, dict[str, str]]:
        return {
            Address(self.system, SwitchLogin.kind, name): {
                PASSWORD: self.tools.fingerprint(login.verifier)
            }
            for name, login in self.dialect.logins.held(config).items()
            if login.verifier
        }

    def _require_settled(self, session: Session) -> None:
        """Refuse to call what may be gone in a minute the state of a switch."""
        left = session.pending()
        if left:
            raise SystemUnknown(
                self.system, "read", f"a change on it waits to be confirmed; else it goes back (timer: {left})",
                remedy=f"run again when the timer has gone off, or settle it on the switch: {self.dialect.settle}",
                answered=True,
            )  # fmt: skip
