"""A wipe as a job of the station: it outlives the connection that began it, and says how far it is.

What a job is and what has become of it is in one file, replaced as a whole: whoever asks later, another
controller too, reads the same. A job whose process is gone before it ended is *interrupted*, and begins anew:
to erase twice does no harm, to believe in half of it would.
Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends import on_target
from commsroom.backends.on_target import TargetError
from commsroom.backends.wipe_station import on_target_commands as commands
from commsroom.backends.wipe_station import on_target_luks as luks
from commsroom.backends.wipe_station import on_target_media as media
from commsroom.backends.wipe_station import on_target_refusal as refusal
from commsroom.backends.wipe_station import on_target_verify as verify
from commsroom.backends.wipe_station.on_target_blocks import (
    CHUNK,
    Blocks,
    complement,
    keyed,
    uniform,
)
from commsroom.backends.wipe_station.on_target_verify import Stopped, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

JOBS: Final = on_target.STATE / "wipes"
_NAME: Final = re.compile(r"[A-Za-z0-9.-]{1,80}")
#: Seconds between two notes of how far it is.
_NOTED: Final = 1.0
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def look(data: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of the disks at `paths`, or of all; by path, what cannot be told as `error`."""
    if not data.get("paths"):
        return {"disks": media.disks()}
    found = []
    for path in data["paths"]:
        try:
            found.append(media.facts(path))
        except TargetError as error:
            found.append({"path": path, "error": error.message})
    return {"disks": found}


def refusals(data: dict[str, Any]) -> dict[str, Any]:
    """Return, for each of `jobs`, why it may not be done now."""
    return {"refused": [_refused(job) for job in data["jobs"]]}


def start(data: dict[str, Any]) -> dict[str, Any]:
    """Begin `jobs` that are not under way or over; return how each stands, as `status` does.

    Each is a dictionary: `job` (a name of its own), `path`, `device`, `serial`, `bytes` as approved,
    `method`, `members`, `header_backups`, `sampled`.
    """
    JOBS.mkdir(mode=0o700, parents=True, exist_ok=True)
    for job in data["jobs"]:
        standing = _standing(job["job"])
        if standing["state"] in ("running", "ended"):
            continue
        _note(job["job"], {"state": "running", "step": "starting", **_process(os.getpid())})
        _detached(job)
    return status({"jobs": [job["job"] for job in data["jobs"]]})


def status(data: dict[str, Any]) -> dict[str, Any]:
    """Return how each of the named `jobs` stands: `state` is `unknown`, `running`, `interrupted` or `ended`."""
    return {"jobs": {name: _standing(name) for name in data["jobs"]}}


def _standing(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_file(name).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {"state": "unknown"}
    if found["state"] == "running" and not _alive(found):
        found["state"] = "interrupted"
    return found


def _file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise TargetError("failed", "the job's name is malformed")
    return JOBS / f"{name}.json"


def _note(name: str, content: dict[str, Any]) -> None:
    on_target.replace(_file(name), json.dumps(content), mode=0o600)


def _process(number: int) -> dict[str, Any]:
    """Return what tells a process from a later one of the same number."""
    with contextlib.suppress(OSError, IndexError):
        told = Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()
        if told[0] != "Z":  # dead already, and only nobody has asked for it
            return {"pid": number, "started": told[19], "boot": _BOOT.read_text("ascii").strip()}
    return {"pid": number, "started": "", "boot": ""}


def _alive(found: dict[str, Any]) -> bool:
    return _process(int(found.get("pid", 0))) == {
        name: found.get(name) for name in ("pid", "started", "boot")
    }


def _detached(job: dict[str, Any]) -> None:
    """Do a job in a process that nothing of this one holds; returns at once."""
    ready, begun = os.pipe()
    child = os.fork()
    if child:
        os.close(begun)
        os.read(ready, 1)  # it has noted itself: nobody takes it for interrupted
        os.close(ready)
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        _note(job["job"], {"state": "running", "step": "starting", **_process(os.getpid())})
        os.close(ready)
        os.write(begun, b"1")
        os.close(begun)
        work(job)
    finally:
        os._exit(0)


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job to its end, and keep what became of it; returns that."""
    noted = {"state": "running", "step": "starting", **_process(os.getpid())}
    last = 0.0

    def tell(step: str, done: int) -> None:
        nonlocal last
        if step != noted["step"] or time.monotonic() - last > _NOTED:
            last = time.monotonic()
            noted.update(step=step, done=done)
            _note(job["job"], noted)

    result: dict[str, Any] = {"refused": [], "notes": [], "serial": "", "said": ""}
    began = time.time()
    try:
        verdict = _wipe(job, tell, result)
    except Stopped as stopped:
        verdict = stopped.verdict
    except TargetError as error:
        verdict = Verdict("UNKNOWN", error.message)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing was seen to succeed
        verdict = Verdict("UNKNOWN", f"the station failed: {type(error).__name__}")
    ended = {
        "state": "ended",
        **result,
        **verdict.to_json(),
        "began": int(began),
        "ended": int(time.time()),
        "method": job["method"],
    }
    _note(job["job"], ended)
    return ended


def _refused(job: dict[str, Any]) -> list[str]:
    try:
        return refusal.reasons(job, media.facts(job["path"]))
    except TargetError as error:
        return [error.message]


def _wipe(job: dict[str, Any], tell: Callable[[str, int], None], result: dict[str, Any]) -> Verdict:
    found = media.facts(job["path"])
    result["refused"] = refusal.reasons(job, found)
    if result["refused"]:
        return Verdict("UNKNOWN", "; ".join(result["refused"]), "nothing was written")
    with _alone(found["name"]):
        blocks = Blocks(found["device"], size=found["bytes"])
        try:
            # Held now, so that nothing can be mounted from it; asked once more, of the device itself.
            if (again := media.serial(job["path"])) != job["serial"]:
                raise Stopped("UNKNOWN", f"its serial number is {again} at the moment of wiping")
            result["serial"] = again
            result["notes"] = verify.notes(found)
            result["tool"] = commands.version(job["method"])
            work = _Work(job, blocks, found, tell, result, os.urandom(32))
            return _METHODS.get(job["method"], _device)(work)
        finally:
            blocks.close()


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let one job at a time work on a disk."""
    with (JOBS / f".{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TargetError("busy", "another job is at work on this disk") from None
        yield


@dataclass
class _Work:
    """A job whose disk is held: what is to be done, the disk, and where it is told."""

    job: dict[str, Any]
    blocks: Blocks
    found: dict[str, Any]
    tell: Callable[[str, int], None]
    result: dict[str, Any]
    seed: bytes

    @property
    def sample(self) -> bytes | None:
        """Give the seed of a sample where not all is read."""
        return self.seed if self.job.get("sampled") else None

    def written(self, patterns: Sequence[Callable[[int, int], bytes]]) -> str:
        """Write patterns one after another, reading each back; returns what was read of the last."""
        evidence = ""
        for pattern in patterns:
            verify.fill(self.blocks, pattern, self.tell)
            evidence = verify.expect(self.blocks, pattern, self.tell, self.sample)
        return f"each of {len(patterns)} passes: {evidence}"

    def passed(self, evidence: str) -> Verdict:
        """Say that all that is addressable was overwritten, unless some of it was hidden."""
        if doubt := verify.doubts(self.found):
            return Verdict("UNKNOWN", doubt, evidence)
        return Verdict("PASS", "all that is addressable was overwritten and read back", evidence)

    @contextlib.contextmanager
    def handed_over(self) -> Iterator[None]:
        """Let go of the disk for a tool that must open it, and hold it again after."""
        self.blocks.close()
        self._still("before it was erased")
        yield
        # Held first, then asked: between the two it could be exchanged.
        self.blocks.open()
        self._still("after it was erased")
        verify.settle(self.blocks)  # what the cache had of before would be read instead of it

    def _still(self, when: str) -> None:
        """See that it is the disk it was and nobody's: for a moment it is not held."""
        if refused := refusal.reasons(self.job, media.facts(self.job["path"])):
            raise Stopped("UNKNOWN", f"{when}: {'; '.join(refused)}")


def _overwrite(work: _Work) -> Verdict:
    """Two passes: one that is different everywhere proves that all of it is written, one leaves zeros.

    SP 800-88r1 (table A-8) wants a pattern and its complement on USB sticks and memory cards.
    """
    verify.prepare(work.blocks, work.seed)
    pattern = keyed(work.seed)
    more = [complement(pattern)] if work.found["kind"] == "FLASH" else []
    return work.passed(work.written([pattern, *more, uniform(0)]))


def _bmb21(work: _Work) -> Verdict:
    verify.prepare(work.blocks, work.seed)
    random = [keyed(work.seed + bytes([number])) for number in range(3)]
    return work.passed(work.written([uniform(255), uniform(0), *random, uniform(255)]))


def _discard(work: _Work) -> Verdict:
    before = verify.prepare(work.blocks, work.seed)
    work.result["said"] = work.blocks.discard()
    evidence = verify.gone(work.blocks, before, work.tell, work.sample)
    verify.expect(work.blocks, uniform(0), work.tell, work.sample)
    evidence += f"; {verify.challenge(work.blocks, work.seed)}"
    if doubt := verify.doubts(work.found):
        return Verdict("UNKNOWN", doubt, evidence)
    # Nobody wrote over it: what the host of an image keeps of discarded blocks is the host's.
    return Verdict("PASS", "discarded, and read back as zeros", evidence)


def _device(work: _Work) -> Verdict:
    method = work.job["method"]
    # NVMe's Sanitize reaches what is in no namespace; nothing else does, and of nothing else it may be there.
    if (doubt := verify.unseen(work.found)) and not method.startswith("nvme-sanitize"):
        raise Stopped("UNKNOWN", doubt, "nothing was written")
    before = verify.prepare(work.blocks, work.seed)
    with work.handed_over():
        said = commands.erase(method, work.found["device"], work.tell)
    work.result["said"] = said
    evidence = verify.gone(
        work.blocks, before, work.tell, work.sample, overwritten=method.endswith("-overwrite")
    )
    evidence += f"; {verify.challenge(work.blocks, work.seed)}"
    return Verdict("PASS", "device-reported, and read back", f"{said}; {evidence}")


def _luks(work: _Work) -> Verdict:
    """Its data are looked at before its keys go: without a header a second run could not tell that it had one."""
    backups = list(work.job.get("header_backups", ()))
    if doubt := verify.doubts(work.found):
        raise Stopped("UNKNOWN", doubt, "nothing was written")
    until = luks.data_offset(work.blocks.read(0, CHUNK))
    seen = verify.ciphertext(work.blocks, work.tell, work.sample, begin=until)
    with work.handed_over():
        said = luks.erase(work.found["device"])
    work.result["said"] = said
    luks.overwrite_header(work.blocks, until)
    luks.destroy_backups(backups)
    evidence = luks.verify(work.blocks, until, backups)
    return Verdict("PASS", "keys erased; what is left is ciphertext", f"{said}; {evidence}; {seen}")


_METHODS: Final = {
    "overwrite": _overwrite,
    "overwrite-bmb21": _bmb21,
    "discard": _discard,
    "luks-erase": _luks,
    "luks-erase-clear": _luks,
}
