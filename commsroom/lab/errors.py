"""What can go wrong with the lab."""

from __future__ import annotations

from commsroom.errors import CommsroomError


class LabUnavailable(CommsroomError):
    """This machine cannot hold the lab: no root, no containers, or something is in the way."""


class LabFailed(CommsroomError):
    """A step of making the lab failed; the message names the step, the lab's log has the rest."""
