"""The real servers of a test estate, on this machine."""

from __future__ import annotations

from commsroom.lab.errors import LabFailed, LabUnavailable
from commsroom.lab.extras import remove, run
from commsroom.lab.servers import Status, down, status, up

__all__ = ["LabFailed", "LabUnavailable", "Status", "down", "remove", "run", "status", "up"]
