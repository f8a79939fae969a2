"""Rotations carried out: staged in the ledger, stored, sent, proven by login, withdrawn."""

from __future__ import annotations

from commsroom.secrets.rotation.driver import Means, drive
from commsroom.secrets.rotation.journal import Journal
from commsroom.secrets.rotation.provided import Provided
from commsroom.secrets.rotation.staging import Wanted, stage

__all__ = ["Journal", "Means", "Provided", "Wanted", "drive", "stage"]
