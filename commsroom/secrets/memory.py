"""Memory that holds secrets stays in memory: no core dump, and no debugger of the same user.

Sources: core(5), prctl(2) PR_SET_DUMPABLE. A core that is piped to a program (systemd-coredump) is written
whatever RLIMIT_CORE says; a process that is not dumpable has none at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def keep_private() -> None:
    """Have this process leave no core behind. Programs that it starts are dumpable again: they get no secrets.

    A system that knows neither is left as it is; nothing else depends on this.
    """
    with contextlib.suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
