"""The hash chain: each event's hash covers its content, its rows and the hash before it.

It shows accidents and clumsy edits. Whoever may write the database and knows this file can
compute a whole new chain; `Ledger.head` is there to be noted elsewhere against that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What the first event is chained to.
GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event as stored: `data` is canonical JSON text, `rows` the digest of its rows."""

    seq: int
    at: str
    kind: str
    actor: str
    requester: str
    batch: int | None
    fence: int | None
    data: str
    rows: str

    def hash(self, previous: str) -> str:
        """Return the event's hash (SHA-256, hex) as the one after `previous`."""
        content = [
            self.seq, self.at, self.kind, self.actor, self.requester,
            self.batch, self.fence, self.data, self.rows,
        ]  # fmt: skip
        return hashlib.sha256((previous + canonical(content)).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Write JSON in the one form that is hashed: sorted keys, no spaces, ASCII only."""
    return json.dumps(
        value, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False
    )


def rows_digest(rows: Iterable[tuple[str, str, str, str, str]]) -> str:
    """Return the digest (SHA-256, hex) of rows (system, kind, key, action, data) in their order.

    Each line is JSON, so no content of one field can pass for another field or row.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(canonical(row).encode())
        digest.update(b"\n")
    return digest.hexdigest()
