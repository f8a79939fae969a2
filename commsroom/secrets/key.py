"""The estate's master key: from the environment, a file or a keyring, never from the repository.

Looked for in this order:

1. `COMMSROOM_KEY`: the key itself, base64 of 32 bytes (of 64, when it was renewed: `derive.py`).
2. `COMMSROOM_KEY_FILE`: a file holding the same.
3. `~/.config/commsroom/keys/<id>.key` (`XDG_CONFIG_HOME` is honoured). The id is random, made with
   the key and noted in the estate's `.commsroom/key-id`, so that an estate can be moved.
4. The system's keyring (service `commsroom`, user `<id>`), where Python's `keyring` is installed.

A check that only compares needs less: `COMMSROOM_FINGERPRINT_KEY` or `COMMSROOM_FINGERPRINT_KEY_FILE`
give the key for fingerprints alone, from which neither the master key nor any secret can be had.

Whoever has both key and store has every secret: back them up apart.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import importlib
import importlib.util
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.errors import CommsroomError, UsageError
from commsroom.secrets import memory
from commsroom.secrets.derive import KEY_BYTES, RENEWED_BYTES, Use, derived

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE: Final = "COMMSROOM_KEY"
FILE_VARIABLE: Final = "COMMSROOM_KEY_FILE"
FINGERPRINTS: Final = "COMMSROOM_FINGERPRINT_KEY"
FINGERPRINTS_FILE: Final = "COMMSROOM_FINGERPRINT_KEY_FILE"
_ID_FILE: Final = ".commsroom/key-id"
_OTHERS: Final = 0o077
#: More than any base64 of 32 bytes with a line end; a mistaken path may be a large file.
_MOST_BYTES: Final = 200


class KeyMissing(CommsroomError):
    """The estate's key is nowhere to be found."""


class NeverMade(KeyMissing):
    """The estate has no key yet: none was ever made for it."""


def find(estate: Path, *, environ: Mapping[str, str] = os.environ) -> bytes:
    """Return the estate's key.

    Raises:
        KeyMissing: there is none.
        CommsroomError: it is malformed, readable by others, or lies inside the estate.
        UsageError: two keys are given.
    """
    given = _given(estate, VARIABLE, FILE_VARIABLE, environ)
    if given is not None:
        return given
    name = _id(estate)
    if name:
        path = _default(name, environ)
        if path.exists():
            return _read(path, estate)
        kept = _from_keyring(name)
        if kept is not None:
            return kept
        raise KeyMissing(
            f"the key of this estate is missing: {path}",
            remedy=f"restore it from your backup, or set {FILE_VARIABLE}",
        )
    raise NeverMade(
        f"{estate}: this checkout has no key",
        remedy=f"give the estate's own with {VARIABLE} or {FILE_VARIABLE} (docs/howto/drift.md);"
        " commsroom init makes one for a new estate",
    )


def find_for_fingerprints(estate: Path, *, environ: Mapping[str, str] = os.environ) -> bytes:
    """Return the key that fingerprints are made with: given by itself, or derived from the estate's.

    Raises:
        NeverMade: this checkout has neither.
        KeyMissing, CommsroomError, UsageError: as `find`.
    """
    given = _given(estate, FINGERPRINTS, FINGERPRINTS_FILE, environ)
    if given is not None and len(given) != KEY_BYTES:
        raise UsageError(
            f"{FINGERPRINTS} holds a master key", remedy="commsroom ledger export --fingerprint-key"
        )
    return derived(find(estate, environ=environ), Use.FINGERPRINTS) if given is None else given


def file_of(estate: Path, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the file that holds the estate's key: to be renewed there.

    Raises:
        UsageError: it is in the environment or the keyring, where nothing can be replaced in one step.
        KeyMissing: there is none.
    """
    find(estate, environ=environ)  # says what is wrong with it
    if environ.get(FILE_VARIABLE):
        return Path(environ[FILE_VARIABLE]).expanduser().resolve()
    path = _default(_id(estate), environ) if _id(estate) and not environ.get(VARIABLE) else None
    if path is None or not path.exists():
        raise UsageError(
            "the key is not in a file, and only there it can be renewed without a moment between",
            remedy=f"write it to a file, name that in {FILE_VARIABLE}, renew it, and put the new one back",
        )
    return path.resolve()


def following(file: Path) -> Path:
    """Return the file beside a key's that holds the next one, while it is renewed."""
    return file.with_name(f"{file.name}.next")


def encoded(key: bytes) -> bytes:
    """Return what a key's file holds."""
    return base64.b64encode(key) + b"\n"


def read(file: Path, estate: Path) -> bytes:
    """Return the key in a file; raises as `find`."""
    return _read(file, estate)


def candidates(estate: Path, *, environ: Mapping[str, str] = os.environ) -> list[bytes]:
    """Return the keys that may open what the one we hold does not: it may be renewed at this moment."""
    try:
        file = file_of(estate, environ=environ)
    except CommsroomError:  # from the environment: there is one key, and it is known
        return []
    found = []
    for one in (following(file), file):  # in this order: the first becomes the second
        with contextlib.suppress(KeyMissing):
            found.append(_read(one, estate))
    return found


def _given(
    estate: Path, variable: str, file_variable: str, environ: Mapping[str, str]
) -> bytes | None:
    """Return the key that one of two variables of the environment gives, None where neither is set."""
    if environ.get(variable) and environ.get(file_variable):
        raise UsageError(f"{variable} and {file_variable} are both set", remedy="unset one of them")
    if environ.get(variable):
        return _decoded(environ[variable], f"the environment variable {variable}")
    if environ.get(file_variable):
        return _read(Path(environ[file_variable]).expanduser(), estate)
    return None


def find_or_create(
    estate: Path, *, environ: Mapping[str, str] = os.environ
) -> tuple[bytes, Path | None]:
    """Return the key and, if it had to be made, the file that now holds it (tell the operator)."""
    if environ.get(VARIABLE) or environ.get(FILE_VARIABLE) or _id(estate):
        return find(estate, environ=environ), None
    path = create(estate, environ=environ)
    return _read(path, estate), path


def passing() -> bytes:
    """Return a key that is kept nowhere: for looking at an estate that has none yet."""
    return secrets.token_bytes(KEY_BYTES)


def create(estate: Path, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Make the estate's key, unless it has one, and return its file.

    Raises:
        UsageError: the environment already gives a key; making another would only confuse.
        KeyMissing: the estate had a key once; a new one could not open its secrets.
        CommsroomError: the file cannot be written.
    """
    for variable in (VARIABLE, FILE_VARIABLE):
        if environ.get(variable):
            raise UsageError(
                f"{variable} gives a key already", remedy=f"unset {variable} to have one made"
            )
    name = _id(estate)
    if name:
        find(estate, environ=environ)
        return _default(name, environ)
    name = secrets.token_hex(12)
    path = _default(name, environ)
    _refuse_inside(path, estate)
    try:
        files.keep_private_folder(path.parent)
        _write_new(path, encoded(secrets.token_bytes(KEY_BYTES)))
        note = estate / _ID_FILE
        files.keep_private_folder(note.parent)
        # Last, and only once: the id must never name a key that is not there.
        _write_new(note, name.encode() + b"\n")
    except FileExistsError:  # another process was quicker: its key counts
        path.unlink(missing_ok=True)
        return create(estate, environ=environ)
    except OSError as error:
        raise CommsroomError(
            f"the key cannot be written: {error.filename}: {error.strerror}"
        ) from error
    return path


def write_apart(path: Path, secret: bytes, estate: Path) -> None:
    """Write a key to a new file outside of the estate, for its owner alone.

    Raises:
        CommsroomError: it lies inside the estate, is there already, or cannot be written.
    """
    _refuse_inside(path, estate)
    try:
        _write_new(path, encoded(secret))
    except FileExistsError as error:
        raise CommsroomError(
            f"{path}: is there already", remedy="move it away, or name another"
        ) from error
    except OSError as error:
        raise CommsroomError(f"{path}: cannot be written: {error.strerror}") from error


def _id(estate: Path) -> str:
    try:
        raw = files.read(estate / _ID_FILE, most=_MOST_BYTES, what="the name of a key")
    except FileNotFoundError:
        return ""
    name = raw.decode("ascii", "replace").strip()
    if not (name.isascii() and name.isalnum()):
        raise CommsroomError(
            f"{estate / _ID_FILE} is damaged", remedy=f"restore it, or set {FILE_VARIABLE}"
        )
    return name


def _default(name: str, environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME", "")
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    folder = Path(base) if Path(base).is_absolute() else home / ".config"
    return folder / "commsroom" / "keys" / f"{name}.key"


def _read(path: Path, estate: Path) -> bytes:
    content = private(path, estate, most=_MOST_BYTES, what="key")
    return _decoded(content.decode("ascii", "replace"), f"the key file {path}")


def private(path: Path, estate: Path, *, most: int, what: str) -> bytes:
    """Return at most `most` bytes of a file that opens something: outside of the estate, its owner's alone.

    Raises:
        KeyMissing: there is none.
        CommsroomError: it lies inside the estate, others can read it, or it is no regular file.
    """
    _refuse_inside(path, estate, what)
    try:
        with files.opened(path) as file:
            status = os.fstat(file.fileno())
            if status.st_mode & (_OTHERS & ~_credential(path)):
                raise CommsroomError(
                    f"the {what} file {path} can be read by others (mode {stat.S_IMODE(status.st_mode):04o})",
                    remedy=f"chmod 600 {path}; if others have used this machine, consider the {what} known",
                )
            memory.keep_private()
            return file.read(most)
    except FileNotFoundError as error:
        raise KeyMissing(f"there is no {what} file {path}") from error
    except files.FileUnusable as error:
        raise CommsroomError(f"the {what} file {path} {error.reason}") from error


def _credential(path: Path) -> int:
    """Return the bits that say nothing of a service's credential (systemd.exec(5), LoadCredential=).

    Its folder lets in nobody but the service's own user, by an access list whose mask shows as the group's.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return stat.S_IRGRP if folder and path.parent == Path(folder) else 0


def _refuse_inside(path: Path, estate: Path, what: str = "key") -> None:
    if path.resolve().is_relative_to(estate.resolve()):
        raise CommsroomError(
            f"the {what} file {path} lies inside the estate, next to what it protects",
            remedy="keep it outside the repository, for example under ~/.config/commsroom/keys",
        )


def _decoded(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in (KEY_BYTES, RENEWED_BYTES):
        raise CommsroomError(
            f"{place} holds no key: base64 of {KEY_BYTES} bytes is needed",
            remedy="openssl rand -base64 32 makes one",
        )
    memory.keep_private()
    return key


def _write_new(path: Path, content: bytes) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
    ) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    files.keep_names(path.parent)


def _from_keyring(name: str) -> bytes | None:
    if importlib.util.find_spec("keyring") is None:
        return None
    keyring = importlib.import_module("keyring")
    try:
        kept = keyring.get_password("commsroom", name)
    except keyring.errors.KeyringError as error:
        raise CommsroomError(
            "the system's keyring does not answer", remedy=f"set {FILE_VARIABLE}"
        ) from error
    return None if kept is None else _decoded(str(kept), "the system's keyring")
