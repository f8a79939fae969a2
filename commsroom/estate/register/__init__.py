"""The register of equipment: rows of policy, and the life of each device that the ledger tells.

Pure functions from devices, what happened to them, and policy. Which of the two has the last word is
said once, here: the row is a device's first entry, and its holder, state, site and port hold until
something is recorded of it; from then on the ledger's last entry does. Where a row says otherwise, that
is told as a finding, and nobody's decision to overwrite the ledger by an editor.
"""

from __future__ import annotations

from commsroom.estate.register.life import Entry, Life, Standing, Step, at_present, disagreements

__all__ = ["Entry", "Life", "Standing", "Step", "at_present", "disagreements"]
