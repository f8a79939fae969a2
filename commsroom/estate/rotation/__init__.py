"""Rotation that never loses a credential: one pure machine, and what a system must offer it.

`machine.step` decides, `state` is what the ledger keeps, `words` are what it hears and asks for,
`holder` is what a back end implements. The driver that acts is in `commsroom.secrets.rotation`.
"""

from __future__ import annotations

from commsroom.estate.rotation.holder import Holder, Valid, Written
from commsroom.estate.rotation.machine import step
from commsroom.estate.rotation.state import (
    Answer,
    Evidence,
    Held,
    Login,
    Phase,
    Place,
    Rotation,
    Terms,
    Traits,
)

__all__ = [
    "Answer",
    "Evidence",
    "Held",
    "Holder",
    "Login",
    "Phase",
    "Place",
    "Rotation",
    "Terms",
    "Traits",
    "Valid",
    "Written",
    "step",
]
