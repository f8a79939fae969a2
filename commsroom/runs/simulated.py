"""What stands round every simulated system: its file may be damaged, and then that is what is said.

A fake keeps what it holds in a JSON file of its own shape, which only it can judge. So nothing is
checked here beforehand: what a fake cannot read, whatever it stumbles over, is a damaged file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom import files
from commsroom.errors import CommsroomError, SystemUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from commsroom.estate.backend import (
        Applied,
        Batch,
        Proof,
        ProofRequest,
        Provider,
        Snapshot,
        Tools,
    )
    from commsroom.runs.inventory import System


def connect(system: System, tools: Tools, state: Path) -> Provider:
    """Return the fake of a system that keeps its state in a file.

    Raises:
        SystemUnknown: something else than a file has that name, or its content is damaged.
    """
    try:
        files.require_regular(state)
    except files.FileUnusable as error:
        raise SystemUnknown(system.name, "connect", str(error)) from error
    try:
        return Simulated(system.name, system.backend.fake(system.target, tools, state), state)
    except CommsroomError:
        raise
    except Exception as error:
        raise _told(system.name, "connect", state, error) from error


class Simulated:
    """A fake's provider; any error that is not its own becomes one about its file."""

    def __init__(self, system: str, provider: Provider, state: Path) -> None:
        """Stand round `provider`."""
        self._system = system
        self._provider = provider
        self._state = state

    def read(self) -> Snapshot:
        """Read everything; raises SystemUnknown when the file is damaged."""
        try:
            return self._provider.read()
        except CommsroomError:
            raise
        except Exception as error:
            raise _told(self._system, "read", self._state, error) from error

    def apply(self, batch: Batch) -> Applied:
        """Make the changes."""
        try:
            self._state.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._provider.apply(batch)
        except CommsroomError:
            raise
        except Exception as error:
            self._diagnose(error, "apply")
            raise

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Use the objects."""
        try:
            self._state.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield from self._provider.prove(requests)
        except CommsroomError:
            raise
        except Exception as error:
            self._diagnose(error, "prove")
            raise

    def __getattr__(self, name: str) -> Any:
        """Give what else the fake can do (`inspect`); AttributeError for what it cannot."""
        ability = getattr(self._provider, name)

        def guarded(*arguments: Any) -> Any:
            try:
                return ability(*arguments)
            except CommsroomError:
                raise
            except Exception as error:
                self._diagnose(error, name)
                raise

        return guarded

    def close(self) -> None:
        """Let it go."""
        self._provider.close()

    def _diagnose(self, error: Exception, phase: str) -> None:
        """Tell a damaged file from a fault of ours, which is not the file's: by reading it."""
        if isinstance(error, OSError):
            raise _told(self._system, phase, self._state, error) from error
        self.read()


def _told(system: str, phase: str, state: Path, error: Exception) -> SystemUnknown:
    if isinstance(error, OSError):
        return SystemUnknown(system, phase, f"{state}: {error.strerror or type(error).__name__}")
    return SystemUnknown(system, phase, f"{state} is damaged", remedy="restore or remove it")
