"""What programs that we start see of our environment: all but what opens secrets.

Ansible alone gets it whole, because `commsroom.core.*` in a playbook is commsroom again.
"""

from __future__ import annotations

import os
from typing import Final

#: The estate's keys, by value or by file; a ledger's address may hold a password; tokens of stores.
_OURS: Final = frozenset(
    {
        "COMMSROOM_KEY", "COMMSROOM_KEY_FILE", "COMMSROOM_FINGERPRINT_KEY", "COMMSROOM_FINGERPRINT_KEY_FILE",
        "COMMSROOM_CHECKPOINT_KEY_FILE", "COMMSROOM_LEDGER", "COMMSROOM_STORE_KEY_FILE", "VAULT_TOKEN", "BAO_TOKEN",
    }
)  # fmt: skip


def environ() -> dict[str, str]:
    """Return the environment for `ssh`, `ssh-keygen` and the like."""
    return {name: value for name, value in os.environ.items() if name not in _OURS}
