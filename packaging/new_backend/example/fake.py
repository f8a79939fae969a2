"""The in-memory twin of the client: same methods, same refusals, for tests and simulated systems."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from commsroom.backends import on_target, simulated
from commsroom.backends.example.services import services
from commsroom.backends.example.settings import Settings
from commsroom.errors import FenceRefused, TargetMoved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from commsroom.estate.inspection import Facts, Seen


class FakeClient:
    """Keeps accounts in `state` (a file, so that they outlive the process) or in memory."""

    def __init__(self, state: Path | None = None) -> None:
        """Start from what the file holds, or empty."""
        self._state = state
        self._fence = 0
        self.ours: dict[str, dict[str, Any]] = {}
        self.local: dict[str, dict[str, Any]] = {}
        #: What the provider asked for, oldest first, without passwords: cases read it.
        self.told: list[str] = []
        if state is not None and state.exists():
            held = json.loads(state.read_text("utf-8"))
            self.ours, self.local, self._fence = held["ours"], held["local"], held["fence"]

    def read(self) -> dict[str, Any]:
        """Return copies, as a network would."""
        found: dict[str, Any] = json.loads(
            json.dumps({"ours": self.ours, "local": self.local, "token": self._token()})
        )
        return found

    def apply(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse what the server refuses, then make the edits all together."""
        if job["fence"] < self._fence:
            raise FenceRefused("a newer apply was here already", remedy="plan again")
        if job["token"] != self._token():
            raise TargetMoved("the accounts changed since the plan", remedy="plan again")
        self._fence = job["fence"]
        for login, edit in job["edits"].items():
            self.told.append(f"{'delete' if edit is None else 'set'} {login}")
            if edit is None:
                self.ours.pop(login, None)
                continue
            account = self.ours.setdefault(login, {})
            account.update(edit["values"])
            if edit["password"] is not None:
                account["password"] = _hashed(edit["password"])
        self._save()
        return {"ours": self.read()["ours"], "token": self._token(), "failed": ""}

    def inspect(self, wanted: Facts) -> Seen:
        """Find everything as it should be, save for what `simulated` is told otherwise."""
        return simulated.seen(services(Settings()), {}, wanted, self._state)

    def login(self, login: str, password: str) -> bool:
        """Accept the right password of an account that is not suspended."""
        account = {**self.local, **self.ours}.get(login, {})
        return account.get("password") == _hashed(password) and not account.get("suspended")

    def _token(self) -> str:
        content = json.dumps([self.ours, self.local], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def _save(self) -> None:
        if self._state is not None:
            self._state.parent.mkdir(parents=True, exist_ok=True)
            held = {"ours": self.ours, "local": self.local, "fence": self._fence}
            on_target.replace(self._state, json.dumps(held), mode=0o600)


def _hashed(password: str) -> str:
    # One way is enough here: the fake holds no real password, and tests want it quick.
    return hashlib.sha256(password.encode()).hexdigest()
