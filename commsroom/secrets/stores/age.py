"""A store of age files, one a secret, as `pass` and `passage` lay them out: `wei.wang/sip.3.age`.

Every file is encrypted to all recipients and holds its own path and generation, so that one moved to
another place does not open there. Any of the recipients reads it with age or rage; the folder can be
kept in Git. What age does not promise is who *wrote* a file: whoever may write into the folder and knows
a recipient's public key can put a new secret there (docs/howto/stores.md).

Several secrets that are stored together first go, encrypted, into one file beside; when that is safe they
count as stored, and are then spread to their places by whoever comes next.
"""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Self

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret
from commsroom.secrets.store import StoreMissing, by_place, read_only, require_place, require_same
from commsroom.secrets.stores import keeping, naming
from commsroom.secrets.stores.payload import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from commsroom.estate.secret import SecretRef
    from commsroom.secrets.stores.age_keys import Identity, Recipient

#: Bytes of one box; no secret is near it.
_LARGEST: Final = 2**20
_LARGEST_BATCH: Final = 512 * 2**20
#: A disk makes the writes of several durable in the time of one.
_WRITERS: Final = 16
_BATCH: Final = ".batch.json"
#: Every store has it: a key that opens nothing is told at once.
MARK: Final = ".commsroom.age"
_MARK_PLACE: Final = ("", 0)
_ENDING: Final = ".age"


class AgeStore:
    """A `Store` in a folder of age files. Safe to use from several threads and processes."""

    def __init__(
        self,
        folder: Path,
        recipients: Sequence[Recipient],
        identities: Sequence[Identity],
        *,
        read_only: bool,
    ) -> None:
        """Use `AgeStore.open` instead."""
        self.folder = folder
        self._recipients = recipients
        self._identities = identities
        self._read_only = read_only

    @classmethod
    def open(
        cls,
        folder: Path,
        recipients: Sequence[Recipient],
        identities: Sequence[Identity],
        *,
        read_only: bool = False,
    ) -> Self:
        """Open the store in `folder`, making it unless `read_only`.

        Raises:
            CommsroomError: no identity of ours opens it, or would open what is written now; or the folder
                is missing, damaged or not accessible.
        """
        store = cls(folder, recipients, identities, read_only=read_only)
        files.require_folder(folder)
        mark = folder / MARK
        try:
            if not mark.exists():
                if read_only:
                    raise StoreMissing(f"there is no store of secrets in {folder}")
                store._found()
            if store._opened(files.read(mark, most=_LARGEST), mark)[:2] != _MARK_PLACE:
                raise _damaged(mark)
            if not read_only:
                store._require_ours()
                if (folder / _BATCH).exists():
                    with keeping.alone(folder):
                        store._spread()
        except OSError as error:
            raise keeping.translated(error, folder) from error
        return store

    def close(self) -> None:
        """Forget who we are; safe to call twice."""
        self._identities = ()

    def __repr__(self) -> str:
        """Name the folder, nothing else."""
        return f"AgeStore({str(self.folder)!r})"

    def get(self, path: str, generation: int) -> Secret | None:
        """Return one secret, None where the store has none."""
        return self.get_many([(path, generation)]).get((path, generation))

    def get_many(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Secret]:
        """Return those of the (path, generation) pairs that the store has."""
        found: dict[tuple[str, int], Secret] = {}
        try:
            waiting = self._batch()
            for place in pairs:
                name = _name(*place)
                box = waiting.get(name) or self._box(name)
                if box is not None:
                    found[place] = self._at(place, box, self.folder / name)
        except OSError as error:
            raise keeping.translated(error, self.folder) from error
        return found

    def ensure(self, refs: Iterable[SecretRef], make: Callable[[SecretRef], Secret]) -> int:
        """Make and store what is missing, all or nothing and durably; return how many that were.

        Raises:
            ValueError: a reference states no generation.
        """
        wanted = by_place(refs)
        try:
            if not self._lacking(wanted):
                return 0
            self._require_writable()
            with keeping.alone(self.folder):
                self._spread()
                missing = self._lacking(wanted)  # another process may have been quicker
                self._store({place: make(ref) for place, ref in missing.items()})
        except OSError as error:
            raise keeping.translated(error, self.folder) from error
        return len(missing)

    def put(self, path: str, generation: int, secret: Secret) -> None:
        """Store a given secret durably.

        Raises:
            CommsroomError: this generation holds another value; it may be in use, so none is replaced.
        """
        require_place(path, generation)
        self._require_writable()
        try:
            with keeping.alone(self.folder):
                self._spread()
                there = self.get(path, generation)
                if there is None:
                    self._store({(path, generation): secret})
                else:
                    require_same(there, secret, path, generation)
        except OSError as error:
            raise keeping.translated(error, self.folder) from error

    def latest(self, path: str) -> int:
        """Return the highest stored generation of a path, 0 if there is none."""
        *folders, last = naming.parts(path)
        above = self.folder.joinpath(*folders)
        try:
            there = [one.name for one in above.iterdir()] if above.is_dir() else []
            prefix = "/".join([*folders, ""])
            there += [
                name.removeprefix(prefix) for name in self._batch() if name.startswith(prefix)
            ]
        except OSError as error:
            raise keeping.translated(error, self.folder) from error
        numbers = [
            name.removeprefix(f"{last}.").removesuffix(_ENDING)
            for name in there
            if name.startswith(f"{last}.") and name.endswith(_ENDING)
        ]
        return max((int(one) for one in numbers if one.isdecimal()), default=0)

    def everything(self) -> dict[tuple[str, int], Secret]:
        """Return all there is."""
        found: dict[tuple[str, int], Secret] = {}
        try:
            names = {
                file.relative_to(self.folder).as_posix()
                for file in self.folder.rglob(f"*{_ENDING}")
                if not file.name.startswith(".")
            }
            waiting = self._batch()
            for name in sorted(names | waiting.keys()):
                box = waiting.get(name) or self._box(name)
                if box is None:
                    continue
                path, generation, secret = self._opened(box, self.folder / name)
                if _name(path, generation) != name:
                    raise _moved(self.folder / name)
                found[path, generation] = secret
        except OSError as error:
            raise keeping.translated(error, self.folder) from error
        return found

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _found(self) -> None:
        files.keep_private_folder(self.folder)
        with keeping.alone(self.folder):
            if not (self.folder / MARK).exists():
                self._require_ours()
                keeping.replace(
                    self.folder / MARK, self._sealed(packed(*_MARK_PLACE, Secret("commsroom")))
                )

    def _require_ours(self) -> None:
        """See that what we write now is what we can read: a list of recipients without us loses secrets."""
        import pyrage

        try:
            pyrage.decrypt(self._sealed(b"commsroom"), list(self._identities))
        except pyrage.DecryptError:
            raise CommsroomError(
                f"{self.folder}: what is stored now could not be read back: our identity is none of the"
                " recipients",
                remedy="add our own public key to the list of recipients",
            ) from None

    def _require_writable(self) -> None:
        if self._read_only:
            raise read_only(self.folder)

    def _lacking(
        self, wanted: dict[tuple[str, int], SecretRef]
    ) -> dict[tuple[str, int], SecretRef]:
        waiting = self._batch()
        return {
            place: ref
            for place, ref in wanted.items()
            if (name := _name(*place)) not in waiting and not (self.folder / name).exists()
        }

    def _store(self, secrets: dict[tuple[str, int], Secret]) -> None:
        """Store durably, all or nothing; only alone, and with nothing waiting."""
        boxes = {
            _name(*place): self._sealed(packed(*place, secret)) for place, secret in secrets.items()
        }
        if len(boxes) == 1:
            self._place(boxes)  # one file is there or not; it needs no other
        elif boxes:
            batch = {name: base64.b64encode(box).decode() for name, box in boxes.items()}
            keeping.replace(self.folder / _BATCH, json.dumps(batch).encode())  # from here on: all
            self._spread()

    def _spread(self) -> None:
        """Put what is stored together into its places; only alone. Killed anywhere, the next one goes on."""
        waiting = self._batch()
        if waiting:
            self._place(waiting)
            keeping.remove(self.folder / _BATCH)

    def _place(self, boxes: dict[str, bytes]) -> None:
        """Write files and the folders above them, durably; many wait for the disk together."""
        folders = {above for name in boxes for above in (self.folder / name).parents}
        mine = sorted(one for one in folders if one.is_relative_to(self.folder))
        for folder in mine:
            folder.mkdir(mode=0o700, exist_ok=True)
        with ThreadPoolExecutor(_WRITERS) as pool:
            files_of = ((self.folder / name, box) for name, box in boxes.items())
            list(pool.map(lambda one: keeping.replace(*one, sync_name=False), files_of))
            list(pool.map(files.keep_names, mine))

    def _batch(self) -> dict[str, bytes]:
        """Return what is stored and not yet in its place."""
        file = self.folder / _BATCH
        try:
            content = json.loads(files.read(file, most=_LARGEST_BATCH))
            return {
                str(name): base64.b64decode(box, validate=True) for name, box in content.items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError):
            raise _damaged(file) from None

    def _box(self, name: str) -> bytes | None:
        try:
            return files.read(self.folder / name, most=_LARGEST)
        except FileNotFoundError:
            return None

    def _sealed(self, plain: bytes) -> bytes:
        import pyrage

        box: bytes = pyrage.encrypt(plain, list(self._recipients))
        return box

    def _opened(self, box: bytes, file: Path) -> tuple[str, int, Secret]:
        import pyrage

        try:
            return unpacked(pyrage.decrypt(box, list(self._identities)))
        except pyrage.DecryptError as error:
            if "matching" in str(error).lower():
                raise CommsroomError(
                    f"the identity does not open {file}: it is another's",
                    remedy="give one of a recipient, or have a recipient encrypt it to you",
                ) from None
            raise _damaged(file) from None
        except ValueError:
            raise _damaged(file) from None

    def _at(self, place: tuple[str, int], box: bytes, file: Path) -> Secret:
        path, generation, secret = self._opened(box, file)
        if (path, generation) != place:
            raise _moved(file)
        return secret


def _name(path: str, generation: int) -> str:
    return f"{'/'.join(naming.parts(path))}.{generation}{_ENDING}"


def _damaged(file: Path) -> CommsroomError:
    return CommsroomError(
        f"{file} is damaged", remedy="restore it from a backup, or rotate this secret"
    )


def _moved(file: Path) -> CommsroomError:
    return CommsroomError(
        f"{file} was moved there from another place",
        remedy="restore it from a backup, or rotate this secret",
    )
