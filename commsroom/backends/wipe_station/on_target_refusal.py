"""Why a disk may not be wiped: it is another one, or somebody uses it.

Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError
from commsroom.backends.wipe_station import on_target_media as media

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What blkid(8) calls a disk that holds a part of something larger.
_MEMBERS: Final = (
    "linux_raid_member", "LVM2_member", "LVM1_member", "zfs_member", "bcache", "drbd", "ceph_bluestore",
    "isw_raid_member", "ddf_raid_member", "DM_snapshot_cow", "VDO", "stratis",
)  # fmt: skip
_MOUNTS: Final = Path("/proc/self/mountinfo")
_SWAPS: Final = Path("/proc/swaps")


def reasons(job: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return every reason against wiping what is at the job's path now, none when it may be.

    Args:
        job: `serial`, `bytes` and `device` as they were approved; `members` are types of volume whose part
            it may be, because somebody has said that the rest of it is gone too.
        found: The facts of now.
    """
    name = found["name"]
    refused = [*_another(job, found), *_in_use(name), *_part_of(job, name), *_besides(job, name)]
    if found["read_only"]:
        refused.append("it is read-only")
    return refused


def _another(job: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    if not found["serial"]:
        yield "it shows no serial number, so nobody can tell which disk it is"
    elif found["serial"] != job["serial"]:
        yield f"its serial number is {found['serial']}, and {job['serial']} is to be wiped"
    if found["device"] != job["device"]:
        yield f"{job['path']} leads to {found['device']}, and led to {job['device']} when it was approved"
    if found["bytes"] != job["bytes"]:
        yield f"it has {found['bytes']} bytes, and had {job['bytes']} when it was approved"


def _in_use(name: str) -> Iterator[str]:
    family = list(_family(name))
    numbers = {media.text(media.SYS / one / "dev"): one for one in family}
    for line in _MOUNTS.read_text("utf-8", "replace").splitlines():
        fields = line.split()
        if fields[2] in numbers:
            where = fields[4].encode("ascii", "replace").decode("unicode_escape", "replace")
            if where == "/":
                yield "it is the disk this system runs from"
            else:
                yield f"{numbers[fields[2]]} is mounted at {where}"
    for line in _SWAPS.read_text("utf-8", "replace").splitlines()[1:]:
        device = os.path.basename(os.path.realpath(line.split()[0]))  # noqa: PTH119
        if device in family:
            yield f"{device} is swap space"
    for one in family[1:]:
        if not (media.SYS / one / "partition").exists():
            yield f"it is part of {one} ({_called(one)})"


def _family(name: str) -> Iterator[str]:
    """Yield a disk, its partitions, and all that is built on any of them."""
    yield name
    folder = media.SYS / name
    with contextlib.suppress(OSError):
        for part in sorted(folder.iterdir()):
            if (part / "partition").exists():
                yield from _family(part.name)
    with contextlib.suppress(OSError):
        for holder in sorted((folder / "holders").iterdir()):
            yield from _family(holder.name)
    # The kernel does not count a loop device among the holders.
    for loop in sorted(media.SYS.glob("loop*")):
        backing = media.text(loop / "loop/backing_file")
        if backing and os.path.realpath(backing) == f"/dev/{name}":
            yield from _family(loop.name)


def _called(name: str) -> str:
    folder = media.SYS / name
    if found := media.text(folder / "dm/name"):
        return found
    if (folder / "loop").exists():
        return "a loop device"
    level = media.text(folder / "md/level")
    return level or "a volume"


def _besides(job: dict[str, Any], name: str) -> Iterator[str]:
    """Tell what else a command would erase: an NVMe controller may do it to all of its namespaces at once."""
    if not str(job.get("method", "")).startswith("nvme-"):
        return
    controller = (media.SYS / name / "device").resolve()
    for one in sorted(media.SYS.glob("nvme*")):
        # A path to a namespace of several paths is hidden, and no disk of its own.
        is_disk = not (one / "partition").exists() and media.text(one / "hidden") != "1"
        if is_disk and one.name != name and (one / "device").resolve() == controller:
            yield f"{one.name} is on the same controller, and may be erased with it"


def _part_of(job: dict[str, Any], name: str) -> Iterator[str]:
    allowed = set(job.get("members", ()))
    parts = [
        one for one in _family(name) if one == name or (media.SYS / one / "partition").exists()
    ]
    for one in parts:
        try:
            said = media.ask(["blkid", "-p", "-o", "export", f"/dev/{one}"])
        except TargetError:
            continue  # nothing that blkid knows
        kind = re.search(r"^TYPE=(\S+)", said, re.MULTILINE)
        if kind and kind[1] in _MEMBERS and kind[1] not in allowed:
            yield f"{one} holds a part of something larger ({kind[1]})"
