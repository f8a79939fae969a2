"""One batch on its way to a switch: what is sent in which order, what lets it stay, and what is known of its end.

What everything hangs on comes last and by itself: the password of our own login. The session that set it stays
open until a new one was let in with it; else that session puts back what was there.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.backends.network_cli import config as configs
from commsroom.backends.network_cli import logins
from commsroom.errors import FenceRefused, SystemUnknown, TargetMoved
from commsroom.estate.backend import NOT_TRIED, Applied, Outcome, Status
from commsroom.estate.kinds.network import SwitchLogin
from commsroom.estate.resource import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.backends.network_cli.config import Block, Config
    from commsroom.backends.network_cli.logins import Login
    from commsroom.backends.network_cli.provider import SwitchProvider
    from commsroom.backends.network_cli.session import Session
    from commsroom.estate.backend import Batch, Snapshot
    from commsroom.estate.resource import Address, Change, Resource
    from commsroom.estate.secret import Secret

#: VLANs exist before ports use them.
_ORDER: Final = {"switch_vlan": 0, "switch_services": 1, "switch_port": 2, "switch_login": 3}
#: Times that a new login is tried that nobody answers.
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class _Own:
    """The change of our own login's password: what was there, and what is to be."""

    change: Change
    block: Block
    held: Login | None
    word: Secret


class Doing:
    """One batch; what is known of it when the connection is cut."""

    def __init__(self, provider: SwitchProvider, batch: Batch) -> None:
        """Put the changes in order; sends nothing."""
        self._provider = provider
        self._batch = batch
        backwards = all(change.after is None for change in batch.changes)
        self._changes = sorted(
            batch.changes,
            key=lambda item: (_ORDER[item.address.kind], self._is_own(item)),
            reverse=backwards,
        )
        self._refused: dict[Address, str] = {}
        #: What is not sent at all, and why.
        self._withheld: dict[Address, str] = {}
        #: The change's name on a switch that takes back what nobody confirms; no two share one.
        self._reverts = ""
        #: Sent, and no new login has proven it yet.
        self._unproven: _Own | None = None
        self.begun = False

    def run(self, session: Session) -> Applied:
        """Do all of it."""
        provider, batch = self._provider, self._batch
        snapshot, config = provider.look(session)
        self._check(snapshot, config)
        held = provider.dialect.logins.held(config)
        fence = provider.dialect.fence_commands(config, batch.estate_id, batch.fence)
        blocks = [self._block(config, change) for change in self._changes]
        self._keep(blocks)
        self.begun = True
        own = [
            _Own(change, block, held.get(change.address.key), self._words(change)[logins.PASSWORD])
            for change, block in zip(self._changes, blocks, strict=True)
            if self._is_own(change) and block.commands and self._words(change)
        ]
        others = blocks[: len(blocks) - len(own)]
        reverts = provider.dialect.reverts(config)
        self._name(reverts=reverts)
        session.configure(
            [configs.Block(fence, ()), *others], revert=self._reverts, done=self._done
        )
        self._settle(session)
        for one in own:
            self._name(reverts=reverts)
            self._change_own(session, one)
        return self._applied(provider.look(session)[0], "")

    def after_cut(self, error: SystemUnknown) -> Applied:
        """Look once what is there after a connection was lost; what cannot be seen is unknown."""
        provider = self._provider
        try:
            with provider.client.session() as session:
                if self._unproven is not None:
                    self._prove(session, self._unproven)
                self._settle(session)
                snapshot, _ = provider.look(session)
                return self._applied(snapshot, f"{error.phase}: {error.reason}")
        except SystemUnknown:
            return Applied([self._doubtful(change, error) for change in self._batch.changes], "")

    def _name(self, *, reverts: bool) -> None:
        if reverts:
            self._reverts = f"commsroom-{self._batch.fence}-{secrets.token_hex(4)}"

    def _settle(self, session: Session) -> None:
        """Let what is there stay, over a restart too."""
        if self._reverts:
            session.confirm(self._reverts)
        session.save()

    # ── our own login ────────────────────────────────────────────────────────────────────────

    def _is_own(self, change: Change) -> bool:
        """Tell whether it is about the user that we are logged in as by a password."""
        user = self._provider.client.user
        return bool(user) and (change.address.kind, change.address.key) == (SwitchLogin.kind, user)

    def _change_own(self, session: Session, own: _Own) -> None:
        address = own.change.address
        self._unproven = own
        session.configure(
            [configs.Block((), ()), own.block],
            revert=self._reverts,
            done=lambda number, said: self._refused.update({address: said} if number else {}),
        )
        if not self._refused.get(address):
            self._prove(session, own)
        self._unproven = None
        self._settle(session)

    def _prove(self, session: Session, own: _Own) -> None:
        """Log in anew with what was set; where that fails, put back what was there, in this session."""
        name = own.change.address.key
        let_in = None
        for _ in range(_TRIES):
            let_in = self._provider.client.log_in(name, own.word)
            if let_in is not None:
                break
        if let_in:
            return
        self._put_back(session, own)
        said = (
            "a new login with it was refused" if let_in is False else "no new login could be made"
        )
        self._refused[own.change.address] = f"{said}: the old password is in force again"

    def _put_back(self, session: Session, own: _Own) -> None:
        """Let the switch go back where it can; what it did not undo is typed as it was read."""
        words, name = self._provider.dialect.logins, own.change.address.key
        if self._reverts:
            session.take_back(self._reverts)
        now = words.held(self._provider.dialect.configuration(session.read()))
        if now.get(name) != own.held:
            block = words.back(name, own.held)
            session.configure(
                [configs.Block((), ()), block], revert="", done=lambda _number, _said: None
            )

    # ── what is sent ─────────────────────────────────────────────────────────────────────────

    def _check(self, snapshot: Snapshot, config: Config) -> None:
        batch, provider = self._batch, self._provider
        seen = provider.dialect.fence(config, batch.estate_id)
        if batch.fence < seen:
            raise FenceRefused(
                f"{provider.system}: apply number {seen} was here already, ours is {batch.fence}"
            )
        if batch.token != snapshot.token:
            raise TargetMoved(f"{provider.system}: its configuration changed since it was read")

    def _words(self, change: Change) -> dict[str, Secret]:
        """Return the secrets that a change writes, by slot."""
        refs = change.after.secrets if change.after is not None else ()
        written = _written(change)
        return {
            ref.slot: self._batch.secret(ref) for ref in refs if f"secret:{ref.slot}" in written
        }

    def _block(self, config: Config, change: Change) -> Block:
        if not _written(change) and change.action not in {Action.CREATE, Action.DELETE}:
            return configs.Block((), ())
        words = self._words(change)
        if wrong := self._wrong(change, words):
            self._withheld[change.address] = wrong
            return configs.Block((), ())
        return configs.block(self._provider.dialect, config, change, words)

    def _wrong(self, change: Change, words: Mapping[str, Secret]) -> str:
        """Say why a change of a login must not be sent, "" when it may."""
        if change.address.kind != SwitchLogin.kind:
            return ""
        if change.after is None and self._is_own(change):
            return "it is the login that we are here with: give the inventory another one first"
        if change.action is Action.CREATE and logins.PASSWORD not in words:
            return "it cannot be without its password"
        return logins.word_fault(words[logins.PASSWORD]) if words else ""

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

    # ── what became of it ────────────────────────────────────────────────────────────────────

    def _done(self, number: int, refused: str) -> None:
        if number:
            self._refused[self._changes[number - 1].address] = refused

    @property
    def _sent(self) -> int:
        """Count the blocks that were at least begun."""
        return len(self._refused) + 1

    def _doubtful(self, change: Change, error: SystemUnknown) -> Outcome:
        if change.address in self._refused:  # its last answer had come
            text = "sent, and not read back: "
        else:
            text = NOT_TRIED if self._sent <= self._changes.index(change) else "in doubt: "
        return Outcome(change.address, Status.UNKNOWN, f"{text}{error}")

    def _applied(self, snapshot: Snapshot, cut: str) -> Applied:
        outcomes = []
        for change in self._batch.changes:
            said = self._withheld.get(change.address) or self._refused.get(change.address, cut)
            fault = said or _shortfall(change, snapshot.resources)
            if fault and fault == cut and not _shortfall(change, snapshot.resources):
                fault = "" if not _has_secret(change) else cut
            unknown = bool(cut) and fault == cut and _has_secret(change)
            status = Status.UNKNOWN if unknown else Status.FAILED if fault else Status.DONE
            shown = snapshot.verifiers.get(change.address, {}) if change.after else {}
            outcomes.append(Outcome(change.address, status, fault, verifiers=shown))
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
