"""Run programs of this machine, with everything they say kept in the lab's log."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from commsroom import children
from commsroom.lab.errors import LabFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TEXT_LIMIT: Final = 300


@dataclass(frozen=True, slots=True)
class Commands:
    """A way to run programs: with `environment` on top of ours, through `prefix` where there is one.

    `log` gets each command line with its seconds and what it printed; no secret is ever on one.
    """

    log: Path
    prefix: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *argv: str | Path,
        step: str,
        timeout: float = 120.0,
        text: str = "",
        check: bool = True,
    ) -> str:
        """Run a command with `text` on standard input and return what it printed.

        Args:
            argv: Program and arguments.
            step: What this is for, in the operator's words, for the error.
            timeout: Seconds until it is killed.
            text: Standard input.
            check: Raise when it fails; otherwise its output is returned all the same.

        Raises:
            LabFailed: it failed or did not end in time.
        """
        line = [*self.prefix, *(str(part) for part in argv)]
        begun = time.monotonic()
        try:
            done = subprocess.run(  # noqa: S603 - a list, no shell
                line, input=text, capture_output=True, text=True, errors="replace",
                timeout=timeout, check=False, env={**children.environ(), **self.environment},
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise self._failed(step, f"no end after {timeout:.0f} s") from error
        except OSError as error:
            raise self._failed(step, f"{line[0]}: {error.strerror}") from error
        self._keep(line, time.monotonic() - begun, done)
        if check and done.returncode:
            raise self._failed(step, _last_words(done.stderr or done.stdout))
        return done.stdout

    def inside(self, *prefix: str, **environment: str) -> Commands:
        """Return the same for programs started through `prefix`, with more of an environment."""
        return Commands(self.log, (*self.prefix, *prefix), {**self.environment, **environment})

    def _keep(
        self, line: Sequence[str], seconds: float, done: subprocess.CompletedProcess[str]
    ) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"[{seconds:6.2f} s, exit {done.returncode}] {' '.join(line)}\n")
            log.write("".join(f"    {said}\n" for said in (done.stdout + done.stderr).splitlines()))

    def _failed(self, step: str, why: str) -> LabFailed:
        return LabFailed(f"lab: {step}: {why}", remedy=f"the whole story is in {self.log}")


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "it said nothing")[-_TEXT_LIMIT:]
