"""A store on HashiCorp Vault or OpenBao: KV version 2, a key for each generation, written once.

`secret/commsroom/wei.wang/sip/3` holds value, path and generation. Every write is a check-and-set against
"never used", so no generation is ever overwritten, not even one that was deleted there.

What all-or-nothing can mean: Vault has no transaction over several keys. All values are made before the first
is sent, and one that is stored stays what it is; so a run that is cut off in the middle leaves some of its
secrets, nobody uses them before all are there, and the next run takes them over and makes the rest.

A reply that never came says nothing: the key is read back, and only what is not there is sent again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret
from commsroom.secrets.store import StoreMissing, by_place, read_only, require_place, require_same
from commsroom.secrets.stores import naming
from commsroom.secrets.stores.vault_client import VaultUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from commsroom.estate.secret import SecretRef
    from commsroom.secrets.stores.vault_client import Kv

#: Requests under way at once: Vault reads one key at a time, and is often shared with others.
CONCURRENT: Final = 8
#: Times a write is tried whose reply is lost.
_TRIES: Final = 3
_MARK: Final = "=mark"  # no path has this name: after `=` come two digits
_MARK_PLACE: Final = ("", 0)

T = TypeVar("T")
R = TypeVar("R")


class VaultStore:
    """A `Store` on a server. Safe to use from several threads, processes and controllers."""

    def __init__(self, kv: Kv, *, read_only: bool) -> None:
        """Use `VaultStore.open` instead."""
        self._kv = kv
        self._read_only = read_only
        self._pool = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="vault")

    @classmethod
    def open(cls, kv: Kv, *, read_only: bool = False, create: bool = True) -> Self:
        """Open the store at the place of `kv`, making it unless `read_only` or not to `create`.

        Raises:
            CommsroomError: there is none, the token may not use it, or the mount is another kind of store.
            VaultUnknown: no answer.
        """
        store = cls(kv, read_only=read_only)
        try:
            store._begin(create=create and not read_only)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Let go of the server; safe to call twice."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._kv.close()

    def __repr__(self) -> str:
        """Name the server, nothing else."""
        return f"VaultStore({str(self._kv.place)!r})"

    def get(self, path: str, generation: int) -> Secret | None:
        """Return one secret, None where the store has none."""
        return self._read((path, generation))

    def get_many(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Secret]:
        """Return those of the (path, generation) pairs that the store has: a request each."""
        places = list(dict.fromkeys(pairs))
        read = zip(places, self._each(self._read, places), strict=True)
        return {place: secret for place, secret in read if secret is not None}

    def ensure(self, refs: Iterable[SecretRef], make: Callable[[SecretRef], Secret]) -> int:
        """Make and store what is missing; return how many that were.

        Either all are stored on return, or it raises: then some may be (see above), and the same call
        made again stores the rest.

        Raises:
            ValueError: a reference states no generation.
            VaultUnknown: no answer.
        """
        wanted = by_place(refs)
        there = self.get_many(wanted)
        missing = {place: ref for place, ref in wanted.items() if place not in there}
        if not missing:
            return 0
        self._require_writable()
        made = [(place, make(ref)) for place, ref in missing.items()]
        return sum(self._each(lambda one: self._create(*one), made))

    def put(self, path: str, generation: int, secret: Secret) -> None:
        """Store a given secret durably.

        Raises:
            CommsroomError: this generation holds another value; it may be in use, so none is replaced.
        """
        require_place(path, generation)
        self._require_writable()
        if not self._create((path, generation), secret):
            there = self._read((path, generation))
            if there is None:  # destroyed between two requests
                raise CommsroomError(f"generation {generation} of {path} was removed meanwhile")
            require_same(there, secret, path, generation)

    def latest(self, path: str) -> int:
        """Return the highest stored generation of a path, 0 if there is none."""
        names = self._kv.names("/".join(naming.parts(path)))
        return max((int(name) for name in names if name.isdecimal()), default=0)

    def everything(self) -> dict[tuple[str, int], Secret]:
        """Return all there is: a request for each folder, and one for each secret."""
        folders, keys = [""], list[str]()
        while folders:
            below: list[str] = []
            for folder, names in zip(folders, self._each(self._kv.names, folders), strict=True):
                below += [f"{folder}{name}" for name in names if name.endswith("/")]
                keys += [f"{folder}{name}" for name in names if name.isdecimal() and folder]
            folders = below
        found: dict[tuple[str, int], Secret] = {}
        for key, data in zip(keys, self._each(self._kv.read, keys), strict=True):
            if data is not None:
                path, generation, secret = self._unpacked(data, key)
                if _key((path, generation)) != key:
                    raise self._moved(key)
                found[path, generation] = secret
        return found

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _begin(self, *, create: bool) -> None:
        self._kv.require_version_2()
        if self._read(_MARK_PLACE) is None:
            if not create:
                raise StoreMissing(f"there is no store of secrets at {self._kv.place}")
            self._create(_MARK_PLACE, Secret("commsroom"))

    def _require_writable(self) -> None:
        if self._read_only:
            raise read_only(self._kv.place)

    def _each(self, do: Callable[[T], R], items: list[T]) -> list[R]:
        """Do it with each, a few at a time, and wait for all: what was begun is never left running."""
        if len(items) <= 1:
            return [do(item) for item in items]
        running = [self._pool.submit(do, item) for item in items]
        try:
            return [future.result() for future in running]
        finally:
            for future in running:
                future.cancel()
            for future in running:
                if not future.cancelled():
                    future.exception()

    def _create(self, place: tuple[str, int], secret: Secret) -> bool:
        """Store a secret and return True, or False where another is there already."""
        path, generation = place
        data = {"value": secret.reveal(), "path": path, "generation": generation}
        for left in reversed(range(_TRIES)):
            try:
                if self._kv.create(_key(place), data):
                    return True
            except VaultUnknown:
                if not left:
                    raise
            # Lost reply, or taken: by an earlier try of ours, or by somebody else.
            there = self._read(place)
            if there is not None:
                return there.reveal() == secret.reveal()
        return False

    def _read(self, place: tuple[str, int]) -> Secret | None:
        key = _key(place)
        data = self._kv.read(key)
        if data is None:
            return None
        path, generation, secret = self._unpacked(data, key)
        if (path, generation) != place:
            raise self._moved(key)
        return secret

    def _unpacked(self, data: dict[str, Any], key: str) -> tuple[str, int, Secret]:
        value, path, generation = (data.get(name) for name in ("value", "path", "generation"))
        if isinstance(value, str) and isinstance(path, str) and isinstance(generation, int):
            return path, generation, Secret(value)
        raise CommsroomError(
            f"{self._kv.place}: {key} was not written by commsroom",
            remedy="vault kv undelete or rollback, or rotate this secret",
        )

    def _moved(self, key: str) -> CommsroomError:
        return CommsroomError(
            f"{self._kv.place}: {key} was moved there from another place",
            remedy="restore it from a backup, or rotate this secret",
        )


def _key(place: tuple[str, int]) -> str:
    path, generation = place
    return _MARK if place == _MARK_PLACE else f"{'/'.join(naming.parts(path))}/{generation}"
