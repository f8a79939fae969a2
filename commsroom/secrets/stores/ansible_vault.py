"""A store in one file that `ansible-vault view` opens: YAML under Ansible Vault's format 1.2.

    commsroom_secrets:
      "wei.wang/sip":
        1: "…"

The whole file is one box, authenticated as one, so nothing in it can be moved or changed without the
password. It is read once and kept while the file is the same, and written once per call, however many
secrets that stores: the format knows no smaller unit.

Written here from the format's documentation (docs.ansible.com, "Ansible Vault payload format 1.1 - 1.2"),
without a line of Ansible's, which is GPL; the tests hold it to the real program, both ways.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret
from commsroom.secrets.store import StoreMissing, by_place, read_only, require_place, require_same
from commsroom.secrets.stores import ansible_box, ansible_document, keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from commsroom.estate.secret import SecretRef

#: Bytes; a hundred thousand secrets are a tenth of it.
_LARGEST: Final = 256 * 2**20


class AnsibleVaultStore:
    """A `Store` in one encrypted YAML file. Safe to use from several threads and processes.

    Not safe against `ansible-vault edit` at the same moment, which asks nobody: it would put the file
    back as it was when the editor opened.
    """

    def __init__(self, path: Path, password: bytes, vault_id: str, *, read_only: bool) -> None:
        """Use `AnsibleVaultStore.open` instead."""
        self.path = path
        self._password = password
        self._vault_id = vault_id
        self._read_only = read_only
        self._opening = threading.Lock()
        self._seen: tuple[tuple[int, ...], ansible_document.Content] | None = None

    @classmethod
    def open(
        cls, path: Path, password: bytes, *, vault_id: str = "commsroom", read_only: bool = False
    ) -> Self:
        """Open the file at `path`, making it unless `read_only`.

        Raises:
            CommsroomError: the password is another's, or the file is missing, damaged, not accessible, or
                holds what commsroom did not write.
        """
        store = cls(path, password, vault_id, read_only=read_only)
        files.require_regular(path)
        if read_only and not path.exists():
            raise StoreMissing(f"there is no store of secrets at {path}")
        try:
            if not path.exists():
                files.keep_private_folder(path.parent)
                with keeping.alone(path.parent):
                    if not path.exists():
                        store._write({})  # a wrong password is told from now on
            store._content()
        except OSError as error:
            raise keeping.translated(error, path) from error
        return store

    def close(self) -> None:
        """Forget what was read; safe to call twice."""
        self._seen = None

    def __repr__(self) -> str:
        """Name the file, nothing else."""
        return f"AnsibleVaultStore({str(self.path)!r})"

    def get(self, path: str, generation: int) -> Secret | None:
        """Return one secret, None where the store has none."""
        return self.get_many([(path, generation)]).get((path, generation))

    def get_many(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Secret]:
        """Return those of the (path, generation) pairs that the store has."""
        content = self._content()
        return {
            (path, generation): Secret(content[path][generation])
            for path, generation in pairs
            if generation in content.get(path, {})
        }

    def ensure(self, refs: Iterable[SecretRef], make: Callable[[SecretRef], Secret]) -> int:
        """Make and store what is missing, all or nothing: the file is replaced once, or not at all.

        Raises:
            ValueError: a reference states no generation.
        """
        wanted = by_place(refs)
        if not _lacking(self._content(), wanted):
            return 0
        self._require_writable()
        try:
            with keeping.alone(self.path.parent):
                content = self._content()  # another process may have been quicker
                missing = _lacking(content, wanted)
                changed = {path: dict(held) for path, held in content.items()}
                for (path, generation), ref in missing.items():
                    changed.setdefault(path, {})[generation] = make(ref).reveal()
                if missing:
                    self._write(changed)
        except OSError as error:
            raise keeping.translated(error, self.path) from error
        return len(missing)

    def put(self, path: str, generation: int, secret: Secret) -> None:
        """Store a given secret durably.

        Raises:
            CommsroomError: this generation holds another value; it may be in use, so none is replaced.
        """
        require_place(path, generation)
        self._require_writable()
        try:
            with keeping.alone(self.path.parent):
                content = self._content()
                there = content.get(path, {}).get(generation)
                if there is not None:
                    require_same(Secret(there), secret, path, generation)
                    return
                changed = {one: dict(held) for one, held in content.items()}
                changed.setdefault(path, {})[generation] = secret.reveal()
                self._write(changed)
        except OSError as error:
            raise keeping.translated(error, self.path) from error

    def latest(self, path: str) -> int:
        """Return the highest stored generation of a path, 0 if there is none."""
        return max(self._content().get(path, {}), default=0)

    def everything(self) -> dict[tuple[str, int], Secret]:
        """Return all there is."""
        return {
            (path, generation): Secret(value)
            for path, held in self._content().items()
            for generation, value in held.items()
        }

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _require_writable(self) -> None:
        if self._read_only:
            raise read_only(self.path)

    def _content(self) -> ansible_document.Content:
        """Return what the file holds; opening it again only when it is another one than before."""
        with self._opening:
            try:
                status = self.path.stat()
                mark = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
                if self._seen is not None and self._seen[0] == mark:
                    return self._seen[1]
                raw = files.read(self.path, most=_LARGEST, what="a store of secrets")
            except FileNotFoundError as error:
                raise CommsroomError(
                    f"{self.path} is gone", remedy="restore it from a backup"
                ) from error
            content = ansible_document.read(
                ansible_box.opened(raw, self._password, self.path), self.path
            )
            self._seen = (mark, content)
            return content

    def _write(self, content: ansible_document.Content) -> None:
        plain = ansible_document.written(content)
        keeping.replace(self.path, ansible_box.sealed(plain, self._password, self._vault_id))


def _lacking(
    content: ansible_document.Content, wanted: dict[tuple[str, int], SecretRef]
) -> dict[tuple[str, int], SecretRef]:
    return {
        (path, generation): ref
        for (path, generation), ref in wanted.items()
        if generation not in content.get(path, {})
    }
