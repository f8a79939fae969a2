"""The sealed store: secrets in one SQLite file, each encrypted and bound to its place.

Every row is ChaCha20-Poly1305 (RFC 8439) under a key derived from the estate's, with a random nonce
and its path and generation as associated data: a row that was edited, or moved to another path, does
not open. Paths and generations are legible; values, and only they, are secret.
"""

from __future__ import annotations

import json
import secrets as random
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret
from commsroom.secrets.derive import Use, derived
from commsroom.secrets.store import StoreMissing, by_place, require_place, require_same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from commsroom.estate.secret import SecretRef

BUSY_SECONDS: Final = 20
_FORMAT: Final = 1
_NONCE_BYTES: Final = 12
#: Tries to meet a snapshot and its key, while the key is renewed.
_SNAPSHOTS: Final = 4
_CHECK: Final = ("", 0)  # no real secret has an empty path
_MARK: Final = b"commsroom"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sealed (
    path TEXT NOT NULL, generation INTEGER NOT NULL, box BLOB NOT NULL, PRIMARY KEY (path, generation)
) WITHOUT ROWID
"""


class SealedStore:
    """A `Store` in a file that only its key opens. Safe to use from several threads and processes."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        key: bytes,
        others: Callable[[], Iterable[bytes]],
    ) -> None:
        """Use `SealedStore.open` instead."""
        self.path = path
        self._connection = connection
        self._cipher = _cipher(key)
        self._others = others
        self._alone = threading.RLock()

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        *,
        read_only: bool = False,
        others: Callable[[], Iterable[bytes]] = tuple,
    ) -> Self:
        """Open the store at `path`, making it unless `read_only`.

        Args:
            path: The file.
            key: The estate's master key.
            read_only: Change nothing.
            others: Gives keys to try when this one does not open it: it may be renewed at any moment, also
                while this store is open.

        Raises:
            CommsroomError: the key is another store's, or the file is missing, damaged, not accessible
                or written by a newer commsroom.
        """
        with _translated(path):
            store = cls(path, _connect(path, read_only=read_only), key, others)
        try:
            store._check(read_only=read_only)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Name the file, nothing else."""
        return f"SealedStore({str(self.path)!r})"

    def get(self, path: str, generation: int) -> Secret | None:
        """Return one secret, None where the store has none."""
        with self._transaction("BEGIN"):
            return self._get(path, generation)

    def get_many(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Secret]:
        """Return those of the (path, generation) pairs that the store has."""
        found: dict[tuple[str, int], Secret] = {}
        with self._transaction("BEGIN"):
            for path, generation in pairs:
                secret = self._get(path, generation)
                if secret is not None:
                    found[path, generation] = secret
        return found

    def ensure(self, refs: Iterable[SecretRef], make: Callable[[SecretRef], Secret]) -> int:
        """Make and store what is missing, all or nothing and durably; return how many that were.

        Nothing is written, and no other process kept waiting, when nothing is missing. References to
        the same path and generation share one secret, made for the first of them.

        Raises:
            ValueError: a reference states no generation.
        """
        wanted = by_place(refs)
        with self._transaction("BEGIN"):
            missing = self._lacking(wanted)
        if not missing:
            return 0
        with self._transaction("BEGIN IMMEDIATE"):
            missing = self._lacking(missing)  # another process may have been quicker
            for (path, generation), ref in missing.items():
                self._insert(path, generation, make(ref))
        return len(missing)

    def put(self, path: str, generation: int, secret: Secret) -> None:
        """Store a given secret durably.

        Raises:
            CommsroomError: this generation holds another value; it may be in use, so none is replaced.
        """
        require_place(path, generation)
        with self._transaction("BEGIN IMMEDIATE"):
            there = self._get(path, generation)
            if there is None:
                self._insert(path, generation, secret)
            else:
                require_same(there, secret, path, generation)

    def latest(self, path: str) -> int:
        """Return the highest stored generation of a path, 0 if there is none."""
        with self._alone, _translated(self.path):
            query = "SELECT COALESCE(MAX(generation), 0) FROM sealed WHERE path = ?"
            return int(self._connection.execute(query, (path,)).fetchone()[0])

    def everything(self) -> dict[tuple[str, int], Secret]:
        """Return all there is."""
        with self._alone, _translated(self.path):
            rows = self._connection.execute("SELECT path, generation FROM sealed WHERE path != ''")
            places = [(str(path), int(generation)) for path, generation in rows]
        return self.get_many(places)

    def reseal(self, key: bytes) -> int:
        """Seal everything anew under another master key, in one transaction; return how many secrets.

        Killed before it is over, all opens with the old key; after, with the new one. Others that have the
        store open go on: they look for the new key when the old one no longer opens it.

        Raises:
            CommsroomError: a secret does not open; nothing was changed.
        """
        cipher = _cipher(key)
        with self._transaction("BEGIN IMMEDIATE"):
            rows = self._connection.execute("SELECT path, generation FROM sealed").fetchall()
            for path, generation in rows:
                value = self._opened(path, generation)
                self._connection.execute(
                    "UPDATE sealed SET box = ? WHERE path = ? AND generation = ?",
                    (_box(cipher, path, generation, value or b""), path, generation),
                )
        self._cipher = cipher
        with _translated(self.path):  # the log ahead still holds what the old key opens
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(rows) - 1  # the box that every store has

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _check(self, *, read_only: bool) -> None:
        """Tell a wrong key at once, by a box that every store has."""
        with _translated(self.path):
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > _FORMAT:
            raise CommsroomError(
                f"{self.path} was written by a newer commsroom", remedy="use that version"
            )
        if version == 0:
            if read_only:
                raise CommsroomError(f"{self.path} is no store of secrets")
            with self._transaction("BEGIN IMMEDIATE", made=False):
                self._connection.execute(_TABLES)
                if self._box(*_CHECK) is None:
                    self._seal(*_CHECK, _MARK)
                self._connection.execute(f"PRAGMA user_version = {_FORMAT:d}")
        with self._transaction("BEGIN"):
            pass  # finds out whether the key opens it

    def _begin(self, begin: str) -> None:
        """Begin a transaction whose snapshot our key opens; take another key that does when it was renewed.

        Between the snapshot and the look at the key's file it may be renewed once more: then a newer
        snapshot is taken.
        """
        for _ in range(_SNAPSHOTS):
            self._connection.execute(begin)
            box = self._box(*_CHECK)
            if box is None:
                raise CommsroomError(f"{self.path} is damaged", remedy="restore it from a backup")
            if _opens(self._cipher, box):
                return
            for cipher in map(_cipher, self._others()):
                if _opens(cipher, box):
                    self._cipher = cipher
                    return
            self._connection.execute("ROLLBACK")
        raise CommsroomError(
            f"the key does not open {self.path}: it is another estate's, or the store is damaged",
            remedy="give the key this store was made with: COMMSROOM_KEY_FILE; for a backup from before"
            " commsroom key rotate that is ….key.old-…",
        )

    def _lacking(
        self, wanted: dict[tuple[str, int], SecretRef]
    ) -> dict[tuple[str, int], SecretRef]:
        return {place: ref for place, ref in wanted.items() if self._box(*place) is None}

    def _get(self, path: str, generation: int) -> Secret | None:
        value = self._opened(path, generation)
        return None if value is None else Secret(value.decode())

    def _opened(self, path: str, generation: int) -> bytes | None:
        box = self._box(path, generation)
        if box is None:
            return None
        try:
            return _open_box(self._cipher, path, generation, box)
        except InvalidTag:
            raise CommsroomError(
                f"generation {generation} of {path} in {self.path} was damaged or moved there",
                remedy="restore the store from a backup, or rotate this secret",
            ) from None

    def _insert(self, path: str, generation: int, secret: Secret) -> None:
        self._seal(path, generation, secret.reveal().encode())

    def _box(self, path: str, generation: int) -> bytes | None:
        query = "SELECT box FROM sealed WHERE path = ? AND generation = ?"
        row = self._connection.execute(query, (path, generation)).fetchone()
        return None if row is None else bytes(row[0])

    def _seal(self, path: str, generation: int, value: bytes) -> None:
        box = _box(self._cipher, path, generation, value)
        self._connection.execute("INSERT INTO sealed VALUES (?, ?, ?)", (path, generation, box))

    @contextmanager
    def _transaction(self, begin: str, *, made: bool = True) -> Iterator[None]:
        with self._alone, _translated(self.path):
            try:
                if made:
                    self._begin(begin)
                else:
                    self._connection.execute(begin)
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk ends it by itself
                    self._connection.execute("ROLLBACK")
                raise


def _cipher(key: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(derived(key, Use.SEALING))


def _box(cipher: ChaCha20Poly1305, path: str, generation: int, value: bytes) -> bytes:
    nonce = random.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, value, _place(path, generation))


def _open_box(cipher: ChaCha20Poly1305, path: str, generation: int, box: bytes) -> bytes:
    if len(box) <= _NONCE_BYTES:
        raise InvalidTag
    return cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _place(path, generation))


def _opens(cipher: ChaCha20Poly1305, box: bytes) -> bool:
    """Tell whether a cipher opens the box that every store has."""
    try:
        return _open_box(cipher, *_CHECK, box) == _MARK
    except InvalidTag:
        return False


def _place(path: str, generation: int) -> bytes:
    return json.dumps([_FORMAT, path, generation], ensure_ascii=True).encode()


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    files.require_regular(path)
    if read_only and not path.exists():
        raise StoreMissing(f"there is no store of secrets at {path}")
    if not read_only:
        files.keep_private(path)
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    if not read_only:
        files.log_ahead(connection.execute, BUSY_SECONDS)
    return connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Say what is wrong with the file; neither SQL nor a value is ever in these messages."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error).lower()
        if "full" in text:
            raise CommsroomError(
                f"{path} cannot be written: the disk is full; nothing was stored",
                remedy="free some space",
            ) from error
        if "not a database" in text or "malformed" in text:
            raise CommsroomError(f"{path} is damaged", remedy="restore it from a backup") from error
        if "locked" in text:
            raise CommsroomError(
                f"{path} stayed busy with another command's write", remedy="try again"
            ) from error
        raise CommsroomError(f"{path} cannot be used: {error}") from error
    except OSError as error:
        raise CommsroomError(f"{path} cannot be opened: {error.strerror}") from error
