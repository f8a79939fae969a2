"""How a command ends that was told to by a signal."""

from __future__ import annotations

from typing import Final

#: Exit codes of programs ended by SIGINT and SIGTERM, as shells count them: 128 and the number.
INTERRUPTED: Final = 130
TERMINATED: Final = 143


class Terminated(BaseException):
    """SIGTERM: whatever runs is ended just as by an interrupt, and told as what it is.

    No Exception, so that nothing takes it for a failure of its own.
    """
