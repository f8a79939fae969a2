"""The machine: QEMU without KVM, disks on every bus it emulates, one boot for all scenarios.

Its disks are raw files full of a known text. It has no network; a folder is shared with it over 9P, for what it
is to do and what came of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import hardware_disks
import hardware_scenarios
import residue

ROOT = Path(__file__).parents[2]
#: What the machine is handed: its runner, and the text it fills disks with.
RUNNER = ("in_the_machine.py", "residue.py")
PROGRAMS = ("commsroom/backends/on_target.py", "commsroom/backends/wipe_station/on_target_*.py")
#: Seconds for all of it, far more than it takes: a machine that hangs ends here.
DEADLINE = float(os.environ.get("COMMSROOM_HARDWARE_SECONDS", "2400"))
BASE = (
    "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg,thread=multi",
    "-cpu", "max", "-smp", "2", "-m", "1024", "-nic", "none", "-display", "none", "-serial", "stdio", "-no-reboot",
)  # fmt: skip


@dataclass(frozen=True)
class Boot:
    """What one boot told: every scenario's story, and the residue of every disk before and after."""

    told: dict
    before: dict
    after: dict
    folder: Path
    seconds: float
    attached: dict = field(default_factory=dict)

    def story(self, name):
        """Return what happened in a scenario; an assertion fails where it did not come to its end."""
        story = self.told[name]
        assert "failed" not in story, story
        odd = [step for step in story["steps"] if step["code"] and step["argv"][0] != "umount"]
        assert not odd, odd
        return story


def boot(image, folder):
    """Start the machine, let it carry out all scenarios, and return what it told; raises AssertionError."""
    shared, files = folder / "shared", {}
    _share(shared)
    for disk in hardware_disks.DISKS:
        files[disk.name] = folder / f"{disk.name}.raw"
        residue.filled(files[disk.name], disk.name, disk.size)
    before = {name: residue.search(file) for name, file in files.items()}
    began = time.monotonic()
    _run(_command(image, folder, shared, files), folder / "console.log")
    lines = (shared / "results.jsonl").read_text().splitlines()
    told = {one["name"]: one for one in map(json.loads, lines)}
    after = {name: residue.search(file) for name, file in files.items()}
    seconds = time.monotonic() - began
    return Boot(told, before, after, folder, seconds, told.pop("attached"))


def _share(shared):
    for pattern in PROGRAMS:
        for file in ROOT.glob(pattern):
            kept = shared / "programs" / file.relative_to(ROOT)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, kept)
    for name in RUNNER:
        shutil.copy(Path(__file__).with_name(name), shared)
    (shared / "scenarios.json").write_text(json.dumps(hardware_scenarios.SCENARIOS))
    (shared / "results.jsonl").touch()


def _command(image, folder, shared, files):
    """Return the command line: the root disk's file is only read, what is written to it is forgotten.

    Without NCQ: QEMU's AHCI sometimes fails a queued read, and then the log of why. Without a check of the
    timer: on a busy machine the kernel finds that it does not tick, and stops. It does not outlive its tests.
    """
    argv = [
        "setpriv", "--pdeathsig", "KILL", "nice", "-n", "19", *BASE, "-kernel", image.kernel, "-initrd", image.ramdisk,
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check libata.force=noncq",
        "-drive", f"file={image.root},format=raw,if=none,id=root,snapshot=on",
        "-device", "virtio-blk-pci,drive=root,serial=ROOT0001,addr=02.0",
        "-fsdev", f"local,id=shared,path={shared},security_model=none",
        "-device", "virtio-9p-pci,fsdev=shared,mount_tag=shared",
        *hardware_disks.CONTROLLERS,
    ]  # fmt: skip
    for disk in hardware_disks.DISKS:
        drive = (
            f"file={files[disk.name]},format=raw,if=none,id={disk.name},cache=unsafe,discard=unmap"
        )
        argv += ["-drive", drive, *disk.arguments()]
    return [str(word) for word in argv]


def _run(argv, log):
    """Run QEMU to its end, or end it by its own number when it takes too long."""
    environment = {**os.environ, "TMPDIR": str(log.parent)}
    with log.open("wb") as console:
        machine = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        try:
            code = machine.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if machine.poll() is None:
                machine.kill()
                machine.wait()
    assert code == 0, f"the machine ended with {code}; its console is in {log}"
