"""Runs on the mail server: reads everything at once, and writes a whole batch or none of it.

Standard library only, Python 3.9 or newer. `Server` is all contact with the machine, so that the
simulated system can stand in for it and the rest is the same code in both.

Sources: Dovecot 2.4 auth-master protocol, doveadm-kick(1); Postfix postmap(1), lmdb_table(5).
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.backends import on_target
from commsroom.backends.postfix_dovecot.on_target_objects import behind, objects
from commsroom.backends.postfix_dovecot.on_target_state import (
    FOLDER,
    LOCAL_ALIASES,
    LOCAL_USERS,
    MAPS,
    POSTERS,
    SHARES,
    TABLES,
    USERS,
    Json,
    State,
    edit,
)
from commsroom.backends.postfix_dovecot.on_target_table import (
    MAIL,
    Table,
    home_of,
    shares_of,
)
from commsroom.backends.postfix_dovecot.on_target_waiting import drop_waiting, marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MASTERS: Final = "/etc/dovecot/commsroom/masters"
TRASH: Final = MAIL + "/.trash"
USERDB: Final = "/run/dovecot/auth-userdb"
_PIPELINE: Final = 500
_ASK_SECONDS: Final = 30.0
_LINE_BYTES: Final = 1 << 16


class Server:
    """All contact with the machine. The simulated system overrides every method of this class."""

    @contextlib.contextmanager
    def locked(self, fence: int, estate: str) -> Iterator[None]:
        """Hold the lock of this back end."""
        with on_target.locked("postfix_dovecot", fence=fence, estate_id=estate):
            yield

    def version(self) -> str:
        """Return what is running, for reports."""
        dovecot = on_target.run(["dovecot", "--version"]).split()[0]
        return f"Dovecot {dovecot}, Postfix {on_target.run(['postconf', '-h', 'mail_version']).strip()}"

    def text(self, path: str) -> str:
        """Return a file's text, "" when there is none."""
        try:
            return Path(path).read_text("utf-8", errors="surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def dump(self, path: str) -> dict[str, str]:
        """Return what Postfix itself finds in a map (not its source text)."""
        if not Path(path + ".lmdb").exists():
            return {}
        lines = on_target.run(["postmap", "-s", "lmdb:" + path]).split("\n")
        pairs = (line.split("\t", 1) for line in lines if line)
        return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs}

    def accounts(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """Ask the running Dovecot what it knows of these accounts; one it does not know is left out.

        Names come from the files: listing all users makes Dovecot 2.4.1's auth service crash now
        and then at a thousand (userdb-blocking.c:125, measured), so it is never asked to.
        """
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(names) or 1, _PIPELINE):  # none: is Dovecot there at all?
            part = names[start : start + _PIPELINE]
            for number, fields in _ask(part):
                found[part[number - 1]] = dict(fields)
        return found

    def acls(self) -> dict[str, str]:
        """Return the text of every access list on an inbox, by account."""
        found = {}
        for path in Path(MAIL).glob("[!.]*/*/Maildir/dovecot-acl"):
            home = path.parent.parent
            found[f"{home.name}@{home.parent.name}"] = self.text(str(path))
        return found

    def write(self, files: dict[str, str]) -> None:
        """Put all files in force, or, when one cannot be written, none of them."""
        old = {path: self.text(path) for path in files}
        try:
            self._stage(files)
            _build_maps(files)
        except (OSError, on_target.TargetError):
            with contextlib.suppress(OSError, on_target.TargetError):
                self._stage(old)
                _build_maps(old)
            raise

    def _stage(self, files: dict[str, str]) -> None:
        """Write every file beside its place first, then move all of them into place."""
        ready: list[tuple[Path, Path]] = []
        try:
            for path, text in files.items():
                ready.append((_beside(Path(path), text), Path(path)))
            for beside, place in ready:
                beside.rename(place)
        except OSError:
            for beside, _ in ready:
                beside.unlink(missing_ok=True)
            raise
        for folder in {place.parent for _, place in ready}:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(handle)
            os.close(handle)
        for path in files:
            if path.endswith("/dovecot-acl"):
                Path(path + "-list").unlink(missing_ok=True)  # Dovecot's cache of it

    def settle(self) -> None:
        """Wait until Dovecot is bound to look at its files again: it does so once in a second.

        Measured with 2.4.1: after a lookup in this second, what is written now goes unseen until the
        clock shows the next.
        """
        time.sleep(1.02 - time.time() % 1)

    def kick(self, addresses: Sequence[str]) -> None:
        """End the IMAP and sieve sessions of these accounts."""
        if not addresses:
            return
        present = {
            line.split()[0] for line in on_target.run(["doveadm", "who"]).splitlines() if line
        }
        for address in present.intersection(addresses):
            with contextlib.suppress(on_target.TargetError):  # gone meanwhile
                on_target.run(["doveadm", "kick", address])

    def bury(self, address: str) -> None:
        """Move a deleted mailbox's mail to the trash folder; nothing is destroyed here."""
        home = Path(home_of(address))
        if home.is_dir():
            Path(TRASH).mkdir(mode=0o700, exist_ok=True)
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            home.rename(Path(TRASH) / f"{stamp}-{address}")


def _build_maps(files: Iterable[str]) -> None:
    """Rebuild the Postfix maps among these files, each in one transaction that readers see at once.

    A server process that has an older file open (a map restored from a backup, or copied up into
    a container's own layer) would go on with that one for ever: reloading retires it.
    """
    maps = [path for path in files if path.startswith(FOLDER) and path != POSTERS]
    for path in maps:
        on_target.run(["postmap", "lmdb:" + path])
    if maps:
        on_target.run(["postfix", "reload"])


def _beside(path: Path, text: str) -> Path:
    """Write a file beside its place and return where.

    Dovecot tells a changed passwd-file by whole seconds and size, so a second change within one
    second would go unseen (measured, 2.4.1): the time stamp always moves on.
    """
    inside = path.is_relative_to(MAIL)
    if inside:
        _make_folders(path.parent)
    if path.name == "dovecot-acl":  # there is no inbox to open before its first message
        for part in ("cur", "new", "tmp"):
            _make_folders(path.parent / part)
    group = "vmail" if inside else "dovecot" if path.is_relative_to("/etc/dovecot") else "root"
    mode = 0o600 if inside else 0o640 if group == "dovecot" else 0o644
    beside = path.with_name(f".{path.name}.commsroom")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(mode)
        owner = pwd.getpwnam("vmail" if inside else "root").pw_uid
        os.chown(beside, owner, grp.getgrnam(group).gr_gid)
        with contextlib.suppress(FileNotFoundError):
            stamp = max(int(time.time()), int(path.stat().st_mtime) + 1)
            os.utime(beside, (stamp, stamp))
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _make_folders(folder: Path) -> None:
    """Make the folders down to `folder`, each the mail user's own."""
    entry = pwd.getpwnam("vmail")
    for part in [*reversed(folder.parents), folder]:
        if str(part).startswith(MAIL) and not part.exists():
            part.mkdir(mode=0o700)
            os.chown(part, entry.pw_uid, entry.pw_gid)


def _ask(names: Sequence[str]) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Look up accounts in Dovecot's auth service, all in one go; yields the known ones by number."""
    asked = [f"USER\t{n}\t{name}\tprotocol=doveadm\n" for n, name in enumerate(names, 1)]
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(_ASK_SECONDS)
            link.connect(USERDB)
            link.sendall(("VERSION\t1\t0\n" + "".join(asked)).encode())
            with link.makefile("r", encoding="utf-8", errors="replace") as stream:
                left, deadline = len(names), time.monotonic() + _ASK_SECONDS
                while left:
                    parts = stream.readline(_LINE_BYTES).rstrip("\n").split("\t")
                    if parts == [""]:
                        raise on_target.TargetError("failed", "Dovecot closed the connection")
                    if time.monotonic() > deadline:
                        raise on_target.TargetError("failed", "Dovecot talks on and on")
                    left -= parts[0] in ("USER", "NOTFOUND", "FAIL")
                    if parts[0] == "USER":
                        pairs = (item.partition("=") for item in parts[3:])
                        yield int(parts[1]), [(key, value) for key, _, value in pairs]
    except OSError as error:
        raise on_target.TargetError("failed", f"Dovecot does not answer: {error}") from None
    except (ValueError, IndexError):
        raise on_target.TargetError("failed", "Dovecot's answer makes no sense") from None


# ── the three things a controller asks for ─────────────────────────────────────────────────────


def look(server: Server, *, ask: bool = True) -> State:
    """Read the whole state: files, Postfix's maps and, with `ask`, Dovecot's accounts."""
    tables = {path: Table(server.text(path)) for path in TABLES}
    local = Table(server.text(LOCAL_USERS))
    names = list(dict.fromkeys([*tables[USERS].keys(), *local.keys()]))
    return State(
        tables=tables,
        dumps={path: server.dump(path) for path in (*MAPS, LOCAL_ALIASES)},
        accounts=server.accounts(names) if ask else {},
        acls={address: Table(text) for address, text in server.acls().items()},
        local_users=local,
        shares=shares_of(server.text(SHARES)),
    )


def read(data: Json, server: Server | None = None) -> Json:
    """Return every object, the token of this state and the versions of what runs."""
    server = server or Server()
    state = look(server)
    if behind(state):
        server.settle()
        state = look(server)
    return {
        "objects": marked(state, objects(state)),
        "token": state.token(),
        "version": server.version(),
    }


def apply(data: Json, server: Server | None = None) -> Json:
    """Make a batch of changes: all files move into place together, or none does.

    `data` has `fence`, `estate`, `token` and `changes` (`action`, `kind`, `key`, `fields`, `hash`,
    `previous`, `personal`). Each change ends with what is read back from the running servers, not with what was
    written.
    """
    server = server or Server()
    with server.locked(data["fence"], data["estate"]):
        state = look(server, ask=False)
        if state.token() != data["token"]:
            raise on_target.TargetError("moved", "it changed since it was read")
        changes = data["changes"]
        quiet = any(_unseen(state, one) for one in changes)
        failed = _edit_all(state, changes)
        try:
            server.write(state.files())
        except (OSError, on_target.TargetError) as error:
            reason = getattr(error, "message", "") or getattr(error, "strerror", "") or "an error"
            unchanged = {_name(one): f"nothing was changed: {reason}" for one in changes}
            failed = {**unchanged, **failed}
        else:
            if quiet:
                server.settle()
            _finish(server, state, changes)
        after = look(server)
        outcomes = _outcomes(after, changes, failed)
        if not quiet and not all(one["ok"] or _name(one) in failed for one in outcomes):
            server.settle()
            after = look(server)
            outcomes = _outcomes(after, changes, failed)
    return {"outcomes": outcomes, "token": after.token()}


def _outcomes(
    after: State, changes: Iterable[Json], failed: dict[tuple[str, str], str]
) -> list[Json]:
    found = {(item["kind"], item["key"]): item for item in objects(after)}
    return [_outcome(one, found, failed.get(_name(one), "")) for one in changes]


def _unseen(state: State, change: Json) -> bool:
    """Tell whether a change closes an account or alters a password: no answer of Dovecot shows it."""
    known = change["key"] in state.tables[USERS].rows
    password = "previous" in change or bool(known and change.get("hash"))
    return password or change["fields"].get("suspended") is True


def _name(change: Json) -> tuple[str, str]:
    """Name what a change or an outcome is about."""
    return change["kind"], change["key"]


def _edit_all(state: State, changes: Iterable[Json]) -> dict[tuple[str, str], str]:
    changes = list(changes)
    failed: dict[tuple[str, str], str] = {}

    def edit_each() -> None:
        for change in changes:
            try:
                edit(state, change)
            except on_target.TargetError as error:
                failed[_name(change)] = error.message

    drop_waiting(state, {one["key"] for one in changes}, edit_each)
    return failed


def _finish(server: Server, state: State, changes: Iterable[Json]) -> None:
    """End the sessions of what was closed and put away the mail of what was deleted."""
    shut = [one["key"] for one in changes if one["fields"].get("suspended") is True]
    server.kick([*shut, *state.removed])
    for address in state.removed:
        server.bury(address)


def _outcome(change: Json, found: dict[tuple[str, str], Json], failure: str) -> Json:
    """Compare what a change asked for with what is there now."""
    now = found.get(_name(change))
    answer: Json = {"kind": change["kind"], "key": change["key"], "ok": False, "message": failure}
    if failure:
        return answer
    if change["action"] == "delete":
        answer["ok"] = now is None
        answer["message"] = "" if now is None else "it is still there"
        return answer
    if now is None:
        answer["message"] = "the server does not know it after the write"
        return answer
    differ = [name for name, value in change["fields"].items() if now["fields"].get(name) != value]
    answer["ok"] = not differ
    answer["message"] = f"read back otherwise: {', '.join(differ)}" if differ else ""
    answer["hash"], answer["previous"] = now.get("hash", ""), now.get("previous", "")
    return answer


def lend(data: Json, server: Server | None = None) -> Json:
    """Let a random master name log in as anybody for `seconds`: for delegated proofs only.

    A child of ours takes it back even when the controller dies; `take_back` does so at once.
    """
    server = server or Server()
    line = f"{data['name']}:{data['hash']}\n"
    server.write({MASTERS: server.text(MASTERS) + line})
    if os.fork() == 0:
        os.setsid()
        for handle in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), handle)
        time.sleep(data["seconds"])
        take_back(data, server)
        os._exit(0)
    return {}


def take_back(data: Json, server: Server | None = None) -> Json:
    """End one loan; those of other proofs go on."""
    server = server or Server()
    text = server.text(MASTERS)
    left = [line for line in text.splitlines() if not line.startswith(f"{data['name']}:")]
    if len(left) != len(text.splitlines()):
        server.write({MASTERS: "".join(f"{line}\n" for line in left)})
    return {}
