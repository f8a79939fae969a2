"""Reading the systems, all side by side, while the caller does its own work.

A server takes half a second to answer; to load policy and the ledger takes as long. So this module loads
neither: what is read is on its way before anything else is even imported.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError, SystemUnknown
from commsroom.estate.backend import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.estate.backend import Provider
    from commsroom.runs.nornir import Fleet


@dataclass(frozen=True, slots=True)
class Reading:
    """What the systems held at one moment; `unknown` maps those that could not be read to the reason.

    Of these, `answering` are those whose server was reached and answered, though its service did not.
    """

    snapshots: Mapping[str, Snapshot]
    unknown: Mapping[str, str]
    answering: frozenset[str] = frozenset()


class Pending:
    """A reading under way. What went wrong with it, and how far it is, is told where it is waited for.

    So an error of policy stands alone, though the servers were asked meanwhile.
    """

    def __init__(self, estate: Estate, progress: Progress, on: Callable[[str], bool]) -> None:
        """Begin; the estate's inventory is read here and now, its ledger and key are not."""
        self._estate = estate
        self._progress = progress
        self._found: Reading | None = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._telling = threading.Lock()
        self._awaited = False
        self._read_already: list[str] = []
        names: list[str] = []
        try:
            estate.require_baseline()
            # In this thread: two that import together both take twice as long.
            fleet = estate.early_fleet
            names = [name for name in fleet.systems if on(name)]
        except CommsroomError as error:
            self._error = error
        else:
            self._thread = threading.Thread(target=self._work, args=(fleet, names), daemon=True)
            self._thread.start()
        self._total = len(names)

    def result(self) -> Reading:
        """Wait for it; a system that failed is *unknown* in it.

        Raises:
            CommsroomError: inventory, ledger or key cannot be used.
        """
        self._estate.require_key()
        with self._telling:
            self._awaited = True
            self._progress.begin("Reading", self._total)
            for name in self._read_already:
                self._progress.advance(name)
        if self._thread is not None:
            self._thread.join()
        self._progress.end()
        if self._error is not None:
            raise self._error
        assert self._found is not None  # noqa: S101 - the thread ended without an error
        return self._found

    def _work(self, fleet: Fleet, names: list[str]) -> None:
        try:
            self._found = self._read(fleet, names)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error

    def _advance(self, name: str) -> None:
        with self._telling:
            if self._awaited:
                self._progress.advance(name)
            else:
                self._read_already.append(name)

    def _read(self, fleet: Fleet, names: list[str]) -> Reading:
        limits = self._estate.deadlines

        def work(_name: str, provider: Provider) -> Snapshot:
            return comparable(self._estate, provider.read())

        results = fleet.each(
            work,
            on=names,
            deadline=limits.connect + limits.read + 5,
            done=lambda name, _: self._advance(name),
        )
        return Reading(
            {name: item for name, item in results.items() if isinstance(item, Snapshot)},
            {name: str(item) for name, item in results.items() if isinstance(item, CommsroomError)},
            frozenset(
                name
                for name, item in results.items()
                if isinstance(item, SystemUnknown) and item.answered
            ),
        )


def begin(estate: Estate, progress: Progress, on: Callable[[str], bool]) -> Pending:
    """Begin to read the systems whose names `on` tells, side by side, and return at once."""
    return Pending(estate, progress, on)


def read(estate: Estate, progress: Progress, *, only: Container[str] | None = None) -> Reading:
    """Read all systems (or those named) side by side; a system that fails is *unknown*.

    Raises:
        CommsroomError: inventory, ledger or key cannot be used.
    """
    return begin(estate, progress, lambda name: only is None or name in only).result()


def comparable(estate: Estate, found: Snapshot) -> Snapshot:
    """Leave out fingerprints where nothing can be compared with them."""
    return found if estate.compares_secrets else replace(found, verifiers={})
