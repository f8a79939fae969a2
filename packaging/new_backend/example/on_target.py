"""Runs on the server: the accounts file of ours, and the administrators' own beside it.

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commsroom.backends import on_target

if TYPE_CHECKING:
    from collections.abc import Mapping

Accounts = dict[str, dict[str, Any]]

_ITERATIONS = 210_000  # PBKDF2-HMAC-SHA-512, OWASP Password Storage Cheat Sheet


def read(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return both files and the token of this very state."""
    folder = Path(data["folder"])
    return {
        "ours": _load(folder / "accounts.json"),
        "local": _load(folder / "local.json"),
        "token": _token(folder),
    }


def apply(data: Mapping[str, Any]) -> dict[str, Any]:
    """Write our file anew under the lock, reload the service, and read back.

    When the disk is full or the service will not load the new file, the old one is in force
    again and `failed` says why.
    """
    folder = Path(data["folder"])
    path = folder / "accounts.json"
    with on_target.locked("example", fence=data["fence"], estate_id=data["estate_id"]):
        if _token(folder) != data["token"]:
            raise on_target.TargetError("moved", "the accounts changed since the plan")
        before = _load(path)
        after = _edited(before, data["edits"])
        failed = ""
        try:
            _write(path, after)
            if data["reload"]:
                on_target.run(data["reload"])
        except OSError as error:
            failed = f"{path}: {error.strerror}"
        except on_target.TargetError as error:
            failed = error.message
        if failed:
            _write(path, before)
        return {"ours": _load(path), "token": _token(folder), "failed": failed}


def _edited(accounts: Accounts, edits: Mapping[str, Any]) -> Accounts:
    found = {login: dict(values) for login, values in accounts.items()}
    for login, edit in edits.items():
        if edit is None:
            found.pop(login, None)
            continue
        account = found.setdefault(login, {})
        account.update(edit["values"])
        if edit["password"] is not None:
            account["password"] = _hashed(edit["password"])
    return found


def _hashed(password: str) -> str:
    salt = os.urandom(16)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"pbkdf2-sha512${_ITERATIONS}${salt.hex()}${digest.hex()}"


def _load(path: Path) -> Accounts:
    if not path.exists():
        return {}
    found: Accounts = json.loads(path.read_text("utf-8"))
    return found


def _write(path: Path, accounts: Accounts) -> None:
    text = json.dumps(accounts, ensure_ascii=False, indent=1, sort_keys=True)
    on_target.replace(path, f"{text}\n", mode=0o640)


def _token(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in ("accounts.json", "local.json"):
        path = folder / name
        content = path.read_bytes() if path.exists() else b""
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
