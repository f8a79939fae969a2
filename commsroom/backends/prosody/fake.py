"""An in-memory twin of `client.RealClient`, as strict as the real one; its state may live in a file.

It refuses what Prosody and `mod_commsroom` refuse: unknown operations, rooms that are not there, logins
XMPP does not allow, stale tokens, old fences, wrong passwords, entry without membership.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends import simulated
from commsroom.backends.prosody import wire
from commsroom.backends.prosody.inspecting import SIMULATED
from commsroom.backends.prosody.proof.chat import Refused, Undecided
from commsroom.backends.prosody.services import services
from commsroom.errors import FenceRefused, TargetMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from commsroom.backends.prosody.settings import Settings
    from commsroom.estate.inspection import Facts, Seen

Json = dict[str, Any]

_EMPTY: Final[Json] = {"accounts": {}, "rooms": {}, "fences": {}}


_OPERATIONS: Final = frozenset(
    f"{kind}_{verb}" for kind in ("account", "room", "member") for verb in ("put", "delete")
)


class _No(Exception):
    """What the server answers to an operation it refuses."""


class FakeClient:
    """The server. `told` lists what it was asked to do, oldest first, without passwords or values."""

    def __init__(self, system: str, settings: Settings, path: Path | None) -> None:
        """Start empty, or with what an earlier process left in `path`."""
        self._system = system
        self._settings = settings
        self._domain = settings.im_domain
        self._path = path
        self._data: Json = json.loads(json.dumps(_EMPTY))
        self.told: list[str] = []

    def read(self) -> Json:
        """Return everything."""
        self._load()
        return self._answer()

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out all operations; the file changes once, at the end, or not at all."""
        self._load()
        seen = self._data["fences"].get(estate_id, 0)
        if fence < seen:
            raise FenceRefused(
                f"{self._system}: apply number {seen} was here already, ours is {fence}"
            )
        if token != self._answer()["token"]:
            raise TargetMoved(f"{self._system}: accounts or rooms changed since they were read")
        before = {login: item["verifier"] for login, item in self._data["accounts"].items()}
        self._data["fences"][estate_id] = fence
        results = [self._attempt(op) for op in ops]
        self._save()
        concerned = {op.get("login") for op in ops}
        verifiers = {login: value for login, value in before.items() if login in concerned}
        return {"results": results, "verifiers": verifiers, **self._answer()}

    def inspect(self, wanted: Facts) -> Seen:
        """Find everything as it should be, save for what `simulated` is told otherwise."""
        return simulated.seen(services(self._settings), SIMULATED, wanted, self._path)

    def chat(self, timeout: float) -> FakeChat:
        """Return the server as its users meet it."""
        self._load()
        return FakeChat(self._data, self._save)

    def _attempt(self, op: Json) -> Json:
        self.told.append(_line(op))
        action = getattr(self, f"_{op['do']}", None) if op["do"] in _OPERATIONS else None
        try:
            (action or _unknown)(op)
        except _No as reason:
            return {"ok": False, "error": str(reason)}
        return {"ok": True}

    def _account_put(self, op: Json) -> None:
        login = self._checked(op["login"])
        accounts = self._data["accounts"]
        if login not in accounts:
            if not op.get("suspended") and not op.get("password"):
                raise _No("a new account needs a password")
            accounts[login] = {"suspended": False, "file_sharing": False, "verifier": "none"}
        accounts[login].update(
            {name: op[name] for name in ("suspended", "file_sharing", "display_name") if name in op}
        )
        if "password" in op:
            accounts[login]["verifier"] = _verifier(op["password"], secrets.token_hex(8))

    def _account_delete(self, op: Json) -> None:
        self._data["accounts"].pop(op["login"], None)

    def _room_put(self, op: Json) -> None:
        name = self._checked(op["room"])
        fresh: Json = {"title": None, "members_only": True, "moderated": False, "members": {}}
        room = self._data["rooms"].setdefault(name, fresh)
        room.update({key: op[key] for key in ("title", "members_only", "moderated") if key in op})

    def _room_delete(self, op: Json) -> None:
        self._data["rooms"].pop(op["room"], None)

    def _member_put(self, op: Json) -> None:
        if op["room"] not in self._data["rooms"]:
            raise _No("there is no such room")
        if op["affiliation"] not in {*wire.AFFILIATIONS, "outcast"}:
            raise _No("not-acceptable")
        self._data["rooms"][op["room"]]["members"][self._jid(op)] = op["affiliation"]

    def _member_delete(self, op: Json) -> None:
        room = self._data["rooms"].get(op["room"], {"members": {}})
        room["members"].pop(self._jid(op), None)

    def _jid(self, op: Json) -> str:
        login: str = op["login"]
        return login if "@" in login else f"{self._checked(login)}@{self._domain}"

    def _checked(self, name: str) -> str:
        if not wire.is_local_part(name):
            raise _No("it is not a login as XMPP wants it (small letters, no spaces)")
        return name

    def _answer(self) -> Json:
        accounts = [{"login": key, **item} for key, item in sorted(self._data["accounts"].items())]
        rooms = []
        for key, item in sorted(self._data["rooms"].items()):
            pairs = sorted(item["members"].items())
            members = [{"jid": jid, "affiliation": affiliation} for jid, affiliation in pairs]
            rooms.append({**item, "room": key, "members": members})
        state = {"version": "simulated", "accounts": accounts, "rooms": rooms}
        text = json.dumps(state, sort_keys=True)
        return {"state": json.loads(text), "token": hashlib.sha256(text.encode()).hexdigest()}

    def _load(self) -> None:
        if self._path is not None and self._path.exists():
            self._data = json.loads(self._path.read_text("utf-8"))

    def _save(self) -> None:
        if self._path is None:
            return
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(json.dumps(self._data, ensure_ascii=False, indent=1), "utf-8")
        beside.replace(self._path)


def _line(op: Json) -> str:
    """Render an operation as cases have it: `put account/ann [display_name password]`."""
    kind, _, verb = op["do"].rpartition("_")
    key = "/".join(op[name] for name in ("room", "login") if name in op)
    named = [name for name in op if name not in {"do", "room", "login"}]
    return f"{verb} {kind}/{key}" + (f" [{' '.join(named)}]" if named else "")


def _unknown(op: Json) -> None:
    raise _No(f"no operation is called {op['do']}")


def _verifier(password: str, salt: str) -> str:
    return f"{salt}${hashlib.sha256(f'{salt}${password}'.encode()).hexdigest()}"


class FakeChat:
    """The users' side of the fake server."""

    def __init__(self, data: Json, save: Callable[[], None] = lambda: None) -> None:
        """Look at the server's tables; `save` keeps them."""
        self.data = data
        self.save = save
        self.heard: set[tuple[str, str]] = set()

    async def login(self, login: str, password: str) -> FakePerson:
        """Check the password as the server would."""
        account = self.data["accounts"].get(login)
        if account is None:
            raise Refused("not-authorized")
        if account["suspended"]:
            raise Refused("account-disabled")
        salt = account["verifier"].partition("$")[0]
        if account["verifier"] != _verifier(password, salt):
            raise Refused("not-authorized")
        return FakePerson(self, login)


class FakePerson:
    """Somebody logged in to the fake server."""

    def __init__(self, chat: FakeChat, login: str) -> None:
        """Remember who it is."""
        self._chat = chat
        self._login = login
        self._inside: set[str] = set()

    async def share(self, *, fetch: bool) -> None:
        """Grant by role."""
        if not self._chat.data["accounts"][self._login]["file_sharing"]:
            raise Refused("forbidden")

    async def enter(self, room: str) -> None:
        """Let members in, and others where the room is open."""
        found = self._chat.data["rooms"].get(room)
        if found is None:
            raise Refused("not-allowed")
        logins = {jid.partition("@")[0] for jid in found["members"]}
        if found["members_only"] and self._login not in logins:
            raise Refused("registration-required")
        self._inside.add(room)

    async def say(self, room: str, text: str) -> None:
        """Be heard by everybody inside."""
        if room not in self._inside:
            raise Refused("not-acceptable")
        found = self._chat.data["rooms"][room]
        mine = [
            found["members"][jid] for jid in found["members"] if jid.split("@")[0] == self._login
        ]
        if found["moderated"] and not {"owner", "admin"} & set(mine):
            raise Refused("forbidden")
        self._chat.heard.add((room, text))

    async def hear(self, room: str, text: str) -> None:
        """Tell at once whether it was said; nothing travels here."""
        if room not in self._inside or (room, text) not in self._chat.heard:
            raise Undecided("nothing was heard")

    async def write(self, to: str, text: str, *, room: bool) -> None:
        """Keep what was said, if it may be said there."""
        if room:
            await self.enter(to)
            await self.say(to, text)
        elif to not in self._chat.data["accounts"]:
            raise Refused("service-unavailable")
        self._chat.data.setdefault("said", []).append([to, text])
        self._chat.save()

    async def leave(self) -> None:
        """Leave all rooms."""
        self._inside.clear()
