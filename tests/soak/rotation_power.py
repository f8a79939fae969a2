"""A power cut under the real store and the real ledger: what was not synced may be gone.

A rotation runs under strace(1), which writes down every write, sync and name that the process gives its
files, in order, with the bytes. At any point of that record the power is cut: what fsync(2) returned for
is there; of each later write all, nothing or a part is (in sectors of 512 bytes, each write for itself);
of names made or removed since the last sync of their folder, some first part is. From what is left the
real code opens store and ledger, and finishes the rotation against the systems, which had power all along.

What this cannot show: a disk that says "synced" and lies, and the order in which one file system really
loses things. It is harsher than ext4, which keeps the name of a file that was synced.
"""

from __future__ import annotations

import os
import pickle
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rotation_processes import KEY, Estate, astray, lost, rotate
from rotation_runs import DAY, Verdict, world_of
from rotation_world import World

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret
from commsroom.secrets import sealed
from commsroom.secrets.sealed import SealedStore

_CALLS = "openat,mkdir,write,pwrite64,ftruncate,fsync,fdatasync,unlink,rename"
_SECTOR = 512
_LINE = re.compile(r"(\w+)\((.*)\) = (\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FILE = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})*)>")
_MARKS = "/dev/null"
_BEGUN = b"begun"


# ── the record ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Call:
    """One call: its name, the file it is about, and what it wrote there."""

    name: str
    path: str
    data: bytes = b""
    offset: int = 0


def record(folder: Path, *, careless: str = "") -> list[Call]:
    """Run a rotation in `folder` under strace; return what it did to its files, and its marks.

    `careless` breaks what makes it durable, to see whether that is noticed: SQLite's `synchronous` set
    to NORMAL or OFF, or `names` of new files that nobody syncs.
    """
    traced = folder / "trace"
    program = [sys.executable, __file__, str(folder), careless]
    command = ["strace", "-y", "-xx", "-s", "1000000", "-e", f"trace={_CALLS}", "-o", str(traced)]
    subprocess.run([*command, *program], check=True)
    state = str(folder / "state")
    with traced.open() as lines:
        return [call for line in lines for call in _read(line, state)]


def _read(line: str, state: str) -> Iterator[Call]:
    match = _LINE.match(line)
    if match is None:
        return
    name, arguments, result = match.groups()
    texts = [_plain(text) for text in _TEXT.findall(arguments)]
    file = _FILE.search(arguments.split(", ")[0])
    path = texts[0].decode() if name in {"mkdir", "unlink", "rename", "openat"} else _name(file)
    if path == _MARKS and name == "write":
        yield Call("mark", path, texts[0])
    ours = path.startswith(state) or path == str(Path(state).parent)
    if not ours or path.endswith("-shm"):  # SQLite makes that anew
        return
    match name:
        case "openat" if "O_CREAT" in arguments:
            yield Call("create", path)
        case "openat":
            pass
        case "pwrite64":
            yield Call("write", path, texts[0][: int(result)], int(arguments.rsplit(", ", 1)[1]))
        case "ftruncate":
            yield Call("truncate", path, offset=int(arguments.rsplit(", ", 1)[1]))
        case "fsync" | "fdatasync":
            yield Call("sync", path)
        case "mkdir" | "unlink":
            yield Call(name, path)
        case _:
            raise AssertionError(f"the record holds a call that is not understood: {name}")


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _name(file: re.Match[str] | None) -> str:
    return _plain(file[2]).decode() if file else ""


# ── the disk ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Disk:
    """What is durable, and what is only on its way."""

    content: dict[str, bytes] = field(default_factory=dict)
    waiting: dict[str, list[Call]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    naming: dict[str, list[Call]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def take(self, call: Call) -> None:
        folder = str(Path(call.path).parent)
        if call.name == "mkdir":
            self.folders.add(call.path)
        match call.name:
            case "create" | "mkdir" | "unlink":
                self.naming.setdefault(folder, []).append(call)
            case "write" | "truncate":
                self.waiting.setdefault(call.path, []).append(call)
            case "sync":
                self.content[call.path] = self._with(call.path, self.waiting.pop(call.path, []))
                for one in self.naming.pop(call.path, []):
                    self._named(self.names, one)

    def after_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Return the files that are found when the power is back."""
        names = set(self.names)
        for calls in self.naming.values():
            for one in calls[: chance.randint(0, len(calls))]:
                self._named(names, one)
        luck = chance.choice((0.0, 0.5, 1.0))
        found = {}
        for path in names:
            kept = [one for call in self.waiting.get(path, []) for one in _torn(call, luck, chance)]
            if (
                path not in self.folders
                and self.folders & set(map(str, Path(path).parents)) <= names
            ):
                found[path] = self._with(path, kept)
        return found

    @staticmethod
    def _named(names: set[str], call: Call) -> None:
        (names.discard if call.name == "unlink" else names.add)(call.path)

    def _with(self, path: str, calls: Iterable[Call]) -> bytes:
        data = bytearray(self.content.get(path, b""))
        for call in calls:
            if call.name == "truncate":
                data = data[: call.offset].ljust(call.offset, b"\0")
            else:
                data = data.ljust(call.offset, b"\0")
                data[call.offset : call.offset + len(call.data)] = call.data
        return bytes(data)


def _torn(call: Call, luck: float, chance: random.Random) -> Iterator[Call]:
    """Give what of one write reached the disk."""
    if chance.random() < luck:
        yield call
    elif luck and call.name == "write" and len(call.data) > _SECTOR:
        sectors = chance.randint(0, len(call.data) // _SECTOR)
        yield Call("write", call.path, call.data[: sectors * _SECTOR], call.offset)


# ── cuts ─────────────────────────────────────────────────────────────────────────────────────


def cuts(calls: list[Call], folder: Path, chance: random.Random, share: float) -> Iterator[Verdict]:
    """Cut the power after each call, or after a share of them; judge each time."""
    disk, world, begun = Disk(), b"", False
    for call in calls:
        if call.name == "mark":
            begun |= call.data == _BEGUN
            world = world if call.data == _BEGUN else call.data
        disk.take(call)
        if begun and chance.random() < share:
            yield _cut(disk, world, folder, chance)


def _cut(disk: Disk, systems: bytes, folder: Path, chance: random.Random) -> Verdict:
    shutil.rmtree(folder / "state", ignore_errors=True)
    (folder / "state").mkdir()
    for path, data in disk.after_cut(chance).items():
        (folder / "state" / Path(path).name).write_bytes(data)
    estate = _estate(folder)
    estate.systems.write_bytes(systems)
    verdict = Verdict(kills=1)
    try:
        verdict.lost = bool(lost(estate))
        rotate(estate, estate.world().now + 9 * DAY, lambda _name: None)
        verdict.lost |= bool(lost(estate))
        verdict.astray = astray(estate)
        verdict.broken = estate.world().broken
    except CommsroomError as error:
        verdict.lost, verdict.astray = True, [str(error)]
    return verdict


class _Marked(Estate):
    """An estate that says aloud how the systems are, whenever they change."""

    def save(self, world: World) -> None:
        super().save(world)
        with open(_MARKS, "wb", buffering=0) as marks:  # noqa: PTH123 - never a name of ours
            marks.write(pickle.dumps(world))


def _estate(folder: Path, kind: type[Estate] = Estate) -> Estate:
    estate = kind(folder / "state")
    estate.systems, estate.lock = folder / "systems", folder / "lock"
    return estate


def _work(folder: Path, careless: str) -> None:
    """Found an estate and rotate all its credentials, twice; what happens is watched."""
    if careless == "names":
        files._keep_name = lambda _path: None
    elif careless:
        careful = sealed._connect

        def connect(path: Path, *, read_only: bool) -> object:
            connection = careful(path, read_only=read_only)
            connection.execute(f"PRAGMA synchronous = {careless}")
            return connection

        sealed._connect = connect
    world = world_of(random.Random(1), ["an extension and its telephone", "a chat account"])
    estate = _estate(folder, _Marked)
    with SealedStore.open(estate.store, KEY) as store:
        for (path, generation), value in world.stored.items():
            store.put(path, generation, Secret(value))
    estate.save(world)
    with open(_MARKS, "wb", buffering=0) as marks:  # noqa: PTH123
        marks.write(_BEGUN)
    for _ in range(2):
        rotate(estate, estate.world().now + 9 * DAY, lambda _name: None, again=True)


if __name__ == "__main__":
    os.umask(0o077)
    _work(Path(sys.argv[1]), sys.argv[2])
