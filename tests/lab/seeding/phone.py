"""Telephones' profiles: the sample estate has no server for them, so a seeded run changes none."""

from __future__ import annotations

from typing import Any, Final

from seeding import ways

from commsroom.backends.phone import BACKEND

WAYS: Final[dict[tuple[str, str], Any]] = {}

_WHY: Final = "the sample estate has no provisioning server; tests/lab/phones/test_phones_live.py edits what one serves"
_FIELDS: Final = (
    *BACKEND.supports["phone_profile"],
    *(f"secret:{slot}" for slot in BACKEND.slots["phone_profile"]),
    ways.GONE,
    ways.STRANGE,
)
UNTESTABLE: Final = {("phone_profile", field): _WHY for field in _FIELDS}
