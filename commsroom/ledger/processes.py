"""Who a process is, so that a lock left by a dead one need not wait for a human."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Final

from commsroom.ledger.model import Holder

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PIDS: Final = Path("/proc/self/ns/pid")


def this_process(holder: str, *, fence: int, since: str, command: str | None = None) -> Holder:
    """Describe the running process as the holder of a lock."""
    return Holder(
        holder=holder,
        fence=fence,
        since=since,
        command=_printable(
            command if command is not None else " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        ),
        host=socket.gethostname(),
        pid=os.getpid(),
        started=_status(os.getpid())[1],
        boot=_boot(),
        pids=_pids(),
    )


def is_dead(holder: Holder, *, local: bool) -> bool:
    """Tell whether the holder's process is gone for certain; when in doubt it is not.

    The same boot means the same kernel; then the process number counts if it is of our own
    namespace (another container's is not), and its start time tells it from a later process that
    got the same number. `local` says that the ledger is a file of this machine: then a holder from
    before the last boot cannot be alive either. Over a network an equal host name proves nothing.
    """
    boot = _boot()
    if boot and holder.boot == boot:
        return holder.pids == _pids() and not _runs(holder)
    if boot and holder.boot:
        return local and holder.host == socket.gethostname()
    return local and holder.host == socket.gethostname() and not _runs(holder)


def _runs(holder: Holder) -> bool:
    state, started = _status(holder.pid)
    if state:
        return state not in "ZX" and started == holder.started
    # No entry in /proc may also mean that we must not see it (proc(5), hidepid): the kernel still tells.
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _status(pid: int) -> tuple[str, str]:
    """Return state and start time (fields 3 and 22 of proc_pid_stat(5)), empty when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "", ""
    after_name = text.rpartition(")")[2].split()  # the name may hold spaces and parentheses
    return after_name[0], after_name[19]


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pids() -> str:
    try:
        return str(_PIDS.readlink())
    except OSError:
        return ""


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:200]
