"""An opened estate: policy, systems, ledger and secrets behind one handle, each loaded when asked."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import threading
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from commsroom import files
from commsroom.app.once import once
from commsroom.errors import CommsroomError, GuardRefused, PolicyErrors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from commsroom.app.custody import Custody
    from commsroom.estate.backend import Deadlines
    from commsroom.ledger import Ledger
    from commsroom.ledger.baseline import Baseline
    from commsroom.policy import Policy
    from commsroom.runs.inventory import System
    from commsroom.runs.nornir import Fleet
    from commsroom.secrets.store import Store


T = TypeVar("T")


class Estate:
    """A company's estate at `path`. Everything is loaded lazily and closed with the handle."""

    def __init__(
        self,
        path: Path,
        *,
        simulate: Path | None,
        ledger_url: str,
        baseline: Path | None,
        read_only: bool,
        record: bool,
        founding: bool,
        on_boundary: Callable[[str], None] | None,
    ) -> None:
        """Remember where things are; touches nothing yet."""
        self.path = path
        self.simulate = simulate
        self.read_only = read_only
        self.baseline = baseline
        self._record = record
        self.founding = founding
        self._ledger_url = ledger_url
        self._on_boundary = on_boundary
        self._closing = contextlib.ExitStack()
        self._opening = threading.RLock()

    @cached_property
    def home(self) -> Path:
        """Where is kept what is remembered: the estate, or the folder of a simulation.

        A simulation begins with the estate's numbers and leaves no trace in it: what only exists on
        fakes must never count as ours on the real systems.
        """
        if self.simulate is None or self.simulate == self.path:
            return self.path
        from commsroom.policy import allocations as numbers

        theirs, mine = self.path / numbers.FILE, self.simulate / numbers.FILE
        files.make_folder(self.simulate, mode=0o700, called=f"--simulate: {self.simulate}")
        files.make_folder(mine.parent, mode=0o700)
        if theirs.is_file() and not mine.exists():
            mine.write_bytes(theirs.read_bytes())
        return self.simulate

    @property
    def state(self) -> Path:
        """The estate's own folder (git-ignored); whoever writes there first makes it."""
        return self.home / ".commsroom"

    @cached_property
    def policy(self) -> Policy:
        """The loaded policy and roster; raises PolicyErrors with every problem.

        When what is wrong comes of a roster that lost more people than a plan may remove, that is
        said instead, as GuardRefused: a hundred lines about missing people would hide it.
        """
        from commsroom import policy

        try:
            return policy.load(self.path)
        except PolicyErrors as error:
            _check_roster(self.path, error)
            raise

    @cached_property
    def listing(self) -> Mapping[str, Any]:
        """What `ansible-inventory --list` says.

        Raises:
            PolicyErrors, GuardRefused: what is wrong with policy, which the inventory is made from too.
            CommsroomError: there is no inventory, or Ansible cannot read it.
        """
        from commsroom.runs import inventory

        return self._asked(lambda: inventory.listing(self.path))

    @cached_property
    def systems(self) -> Mapping[str, System]:
        """The systems of the inventory, by name."""
        from commsroom.runs import inventory

        return self._asked(lambda: inventory.systems(self.path, simulate=self.simulate))

    def _asked(self, inventory: Callable[[], T]) -> T:
        """Ask the inventory, which is made from policy too: what is wrong with that is told first, as ever."""
        try:
            return inventory()
        except CommsroomError:
            _ = self.policy
            raise

    @cached_property
    def simulated(self) -> frozenset[str]:
        """Names of the systems that a fake stands in for."""
        return frozenset(name for name, system in self.systems.items() if system.simulated)

    @property
    def known_simulated(self) -> frozenset[str]:
        """The same for an answer that does not rest on systems: none where the inventory cannot be read."""
        with contextlib.suppress(CommsroomError):
            return self.simulated
        return frozenset()

    @once
    def ledger(self) -> Ledger:
        """The ledger, opened. A new estate's is made by a founding verb; else an empty one, not kept.

        With a baseline it is one that remembers no more than that.

        Raises:
            CommsroomError: it cannot be used, or is missing beside secrets or for a reader.
        """
        from commsroom.ledger import Ledger, LedgerMissing

        if self.baseline is not None:
            from commsroom.ledger.baseline import remembered

            ledger = remembered(self.accepted, self._scratch / "baseline.db")
            return self._closing.enter_context(ledger)
        file = self.state / "ledger.db"
        if not self._ledger_url and not file.exists() and self.custody.left_traces:
            # A new one would be empty, and everything a stranger's.
            raise CommsroomError(
                f"{file}: the ledger is gone, though the secrets beside it are there",
                remedy="restore it from a backup or name it with COMMSROOM_LEDGER; without one, make an"
                " empty file of that name, and take over what is yours with commsroom adopt",
            )
        try:
            ledger = Ledger.open(
                self._url,
                read_only=not self.may_record,
                founding=self.founding,
                on_boundary=self._on_boundary,
            )
        except LedgerMissing:
            if self.read_only:
                raise
            ledger = Ledger.open(str(self._scratch / "ledger.db"))
        return self._closing.enter_context(ledger)

    @cached_property
    def accepted(self) -> Baseline:
        """What the baseline says, which is signed and in force; only for an estate opened with one."""
        from commsroom.app import baseline

        assert self.baseline is not None  # noqa: S101 - who asks has looked
        return baseline.accepted(self, self.baseline)

    @property
    def _url(self) -> str:
        return self._ledger_url or str(self.state / "ledger.db")

    @cached_property
    def may_record(self) -> bool:
        """Whether the ledger is open for writing: for a read-only estate on request only.

        Then it must be there already and let us: a check makes no ledger, and needs no right to write. Nor
        does who founds nothing (an auditor's `device list`) where ours is a file that we may only read.
        """
        from commsroom.ledger import Ledger

        if self.baseline is not None:
            return False
        if self.read_only:
            return self._record and Ledger.writable(self._url)
        return self.founding or not Ledger.only_readable(self._url)

    def require_ledger(self) -> None:
        """Raise CommsroomError unless there is a ledger already, a sound one that we may write to."""
        from commsroom.ledger import Ledger

        if not Ledger.writable(self._url):
            self.ledger.known()  # one that is there and damaged, or on a full disk, says so itself
            raise CommsroomError(
                "there is no ledger here yet, or it may only be read",
                remedy="run commsroom apply first; an account that may write is needed",
            )

    @once
    def custody(self) -> Custody:
        """The estate's keys and its store of secrets."""
        from commsroom.app.custody import Custody
        from commsroom.policy.stores import StorePlace

        return Custody(
            root=self.path,
            state=self.state,
            home=self.home,
            read_only=self.read_only,
            founding=self.founding,
            noting=self.simulate is None,
            # What exists only on fakes is kept beside them, never in the company's store.
            place=lambda: StorePlace() if self.simulate else self.policy.security.store,
            scratch=lambda: self._scratch,
            closing=self._closing,
            opening=self._opening,
        )

    @property
    def key(self) -> bytes:
        """The estate's master key, as `Custody.key`."""
        return self.custody.key

    @once
    def _fingerprint_key(self) -> bytes | None:
        """The key for fingerprints, for who only reads; None where a baseline has none beside it."""
        from commsroom.secrets import key

        if not self.read_only:
            return None
        try:
            return key.find_for_fingerprints(self.home)
        except key.NeverMade:
            if self.baseline is None:
                raise
            return None

    @property
    def compares_secrets(self) -> bool:
        """Whether a password changed behind our back would be seen: only a baseline may lack the key."""
        return self.baseline is None or self._fingerprint_key is not None

    @once
    def _scratch(self) -> Path:
        """A folder that is gone with the handle: for what a verb needs and must not found."""
        return Path(self._closing.enter_context(TemporaryDirectory(prefix="commsroom-")))

    @property
    def secrets(self) -> Store:
        """The store of secrets, as `Custody.store`."""
        return self.custody.store

    @cached_property
    def deadlines(self) -> Deadlines:
        """How long each phase of a conversation with a system may take."""
        from commsroom.estate.backend import Deadlines

        return Deadlines()

    @once
    def _tell(self) -> Callable[[str], str]:
        """What makes a fingerprint of a verifier, with the key that the ledger knows as its own."""
        from commsroom.secrets import fingerprint

        ledger = self.ledger  # first: without one, there is nothing a key could be missing for
        if not self.compares_secrets:  # what is read of verifiers is then thrown away
            return lambda _verifier: ""
        if self._fingerprint_key is not None:
            tell = fingerprint.keyed_apart(self._fingerprint_key)
        else:
            tell = fingerprint.keyed(self.key)
        # Another's key: everything would drift.
        ledger.bind_key(tell("commsroom estate key"), keep=self.founding)
        return tell

    def _fingerprint(self, verifier: str) -> str:
        return self._tell(verifier)

    def require_key(self) -> None:
        """Raise CommsroomError unless there are a ledger and the key that it knows as its own."""
        _ = self._tell

    @property
    def fleet(self) -> Fleet:
        """All systems, ready to be asked side by side; ledger and key are there."""
        self.require_key()
        return self.early_fleet

    def require_baseline(self) -> None:
        """Judge the baseline, where there is one, before any server is asked; raises CommsroomError."""
        if self.baseline is not None:
            _ = self.accepted

    @once
    def early_fleet(self) -> Fleet:
        """The same before ledger and key are opened, to ask servers meanwhile.

        The first verifier to be compared opens them, and what is wrong with them then seems to be wrong with
        that system. So whoever asks this one calls `require_key` before it looks at the answers.
        """
        from commsroom.app.entering import keys
        from commsroom.estate.backend import Tools
        from commsroom.runs.nornir import Fleet

        lent = Tools(self._fingerprint, self.deadlines, keys=lambda door: keys(self, door))
        return self._closing.enter_context(Fleet(self.systems, lent, self.listing))

    def close(self) -> None:
        """Close whatever was opened."""
        self._closing.close()


@contextlib.contextmanager
def open_estate(
    path: Path,
    *,
    simulate: Path | None = None,
    ledger_url: str | None = None,
    baseline: Path | None = None,
    read_only: bool = False,
    record: bool = False,
    founding: bool = True,
    environ: Mapping[str, str] | None = None,
    on_boundary: Callable[[str], None] | None = None,
) -> Iterator[Estate]:
    """Open the estate at `path`.

    Args:
        path: Its root, the folder that holds `policies/`.
        simulate: Use fakes instead of the real systems; all that is remembered of them, ledger, secrets
            and numbers, is in this folder.
        ledger_url: SQLAlchemy URL; default is `COMMSROOM_LEDGER` (not for a simulation), else SQLite in
            `.commsroom/`.
        baseline: Instead of any ledger, its signed export; such an estate can only be read.
        read_only: Change nothing: make neither key nor ledger, and never write to it (a check from CI).
        record: Though read-only, remember runs in the ledger where one is there that lets us.
        founding: Make ledger, key and store of secrets where there are none yet. A verb that only
            looks does not: it works with empty ones that are gone with the handle.
        environ: Environment, for tests.
        on_boundary: Told before and after each of the ledger's transactions, for tests that kill there.

    Raises:
        CommsroomError: there is no estate here, or its own folder is none.
    """
    variables = os.environ if environ is None else environ
    root = path.resolve()
    if not (root / "policies").is_dir():
        raise CommsroomError(
            f"{path}: no estate here", remedy="--estate DIR names one, commsroom init DIR makes one"
        )
    url = ledger_url or ("" if simulate else variables.get("COMMSROOM_LEDGER", ""))
    estate = Estate(
        root,
        simulate=simulate,
        ledger_url=url,
        baseline=baseline,
        read_only=read_only or baseline is not None,
        record=record,
        founding=founding and not read_only and baseline is None,
        on_boundary=on_boundary,
    )
    for home in (root, estate.home):
        files.require_folder(home / estate.state.name)
    try:
        yield estate
    finally:
        estate.close()


def _check_roster(path: Path, error: PolicyErrors) -> None:
    from commsroom.estate.guards import REMOVAL_LIMIT
    from commsroom.policy import shrinking

    lost, all_of_them = shrinking.lost(path)
    if lost > REMOVAL_LIMIT * all_of_them:
        raise GuardRefused(
            f"the roster has lost {lost} of {all_of_them} people ({lost / all_of_them:.0%}); the limit"
            f" is {REMOVAL_LIMIT:.0%}, and {len(error.problems)} places of policy still name them"
        ) from error


def actor() -> str:
    """Return who is doing this, for the ledger: `user@host`."""
    who: Callable[[], str] = getpass.getuser
    return f"{who()}@{socket.gethostname()}"
