"""The very first step: a signal is one line from here on, while everything else is still loading.

That takes a fifth of a second, in which Ctrl-C would end in a traceback out of some import. So this
module imports next to nothing, and handles signals as soon as it is imported.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

#: Objects made, less those gone, before Python looks for garbage; 700 unless said.
_GARBAGE = 50_000


def _handle(handler: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # what was to be ignored still is
            signal.signal(number, handler)  # type: ignore[arg-type] # each below takes both arguments


def _leave(number: int, _frame: object) -> None:
    """End at once: nothing was begun yet, so nothing has to be put in order."""
    _told(number, " before anything was begun")


def _raise(number: int, _frame: object) -> None:
    from commsroom.cli.ending import Terminated

    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _told(number: int, when: str = "") -> None:
    word = "terminated" if number == signal.SIGTERM else "interrupted"
    try:
        os.write(2, f"commsroom: {word}{when}\n".encode())
    finally:
        os._exit(128 + number)


_handle(_leave)


def main() -> int:
    """Run the command line of this process and return its exit code."""
    # What a command loads stays to its end: to look for garbage in it at every step was a
    # twentieth of a plan.
    gc.set_threshold(_GARBAGE, 20, 20)
    from commsroom.cli.ending import Terminated
    from commsroom.cli.main import main as run

    try:
        _handle(_raise)
        code = run()
        gc.freeze()  # to look through all of it for garbage before it goes was a tenth of a plan
        # All is said and done: what Python still tidies up is not worth a traceback.
        _handle(lambda _number, _frame: os._exit(code))
    except KeyboardInterrupt:  # in the moments round `run`, or for the second time
        _told(signal.SIGINT)
        raise
    except Terminated:
        _told(signal.SIGTERM)
        raise
    return code


if __name__ == "__main__":
    sys.exit(main())
