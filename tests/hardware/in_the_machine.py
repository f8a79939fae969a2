"""The runner inside the machine: carries out scenarios with the station's own programs, and writes down what came of them.

`in_the_machine.py SHARED`: `SHARED/scenarios.json` is read, a line of JSON a scenario goes to `SHARED/results.jsonl`,
the programs are imported from `SHARED/programs` as they are. A disk is found by the text that the tests filled it with,
never by what it says of itself: that is what is tested.
Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import zlib
from pathlib import Path

SHARED = Path(sys.argv[1])
sys.path[:0] = [str(SHARED / "programs"), str(SHARED)]

import residue  # noqa: E402

from commsroom.backends.on_target import TargetError  # noqa: E402
from commsroom.backends.wipe_station import on_target_blocks as blocks  # noqa: E402
from commsroom.backends.wipe_station import on_target_commands as commands  # noqa: E402
from commsroom.backends.wipe_station import on_target_job as station  # noqa: E402
from commsroom.backends.wipe_station import on_target_luks as luks  # noqa: E402
from commsroom.backends.wipe_station import on_target_media as media  # noqa: E402
from commsroom.backends.wipe_station.on_target_verify import Stopped  # noqa: E402

LABEL = re.compile(rb"^PAYROLL \d{8} ([A-Z0-9]+):")
LIES = Path("/run/lies")
CHUNK = 1 << 20


def attached():
    """Find the disks by what the tests wrote on them."""
    found = {}
    for folder in Path("/sys/class/block").iterdir():
        try:
            with Path(f"/dev/{folder.name}").open("rb") as disk:
                head = LABEL.match(disk.read(64))
        except OSError:
            continue
        if head:
            found[head[1].decode()] = f"/dev/{folder.name}"
    return found


class Scenario:
    def __init__(self, wanted, disks):
        self.wanted, self.disks = wanted, disks
        self.told = {"name": wanted["name"], "steps": []}

    def named(self, text):
        """Put devices in place of the names of disks: {SC0001} is /dev/sdX, {SC0001.bytes512} its size in sectors."""
        for name, device in self.disks.items():
            sectors = Path(f"/sys/class/block/{device[5:]}/size").read_text().strip()
            text = text.replace(f"{{{name}}}", device).replace(f"{{{name}.sectors}}", sectors)
            text = text.replace(f"{{{name}.half}}", str(int(sectors) // 2))
        return text

    def run(self, lines):
        for line in lines:
            argv = [self.named(word) for word in line]
            if argv[0] == "@fill":
                fill(argv[1], argv[2])
                continue
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                check=False,
            )  # fmt: skip
            said = done.stdout.decode("utf-8", "replace")[-2000:]
            self.told["steps"].append({"argv": argv, "code": done.returncode, "said": said})

    def play(self):
        wanted = self.wanted
        try:
            self.run(wanted.get("first", ()))
            path = self.named(wanted["path"])
            self.told["facts"] = found = media.facts(path)
            job = {key: found[key] for key in ("path", "device", "serial", "bytes")}
            job.update(job=wanted["name"], method=wanted.get("method", "overwrite"))
            job.update(wanted.get("job", {}))
            self.run(wanted.get("then", ()))
            self.lie(wanted.get("lies", {}))
            content = wanted.get("untouched") and self.named(wanted["untouched"])
            before = checksum(content)
            if wanted.get("method"):
                self.told["refusals"] = station.refusals({"jobs": [job]})["refused"][0]
                self.told["ended"] = killed(job) if wanted.get("kill") else station.work(job)
            self.told["untouched"] = bool(content) and checksum(content) == before
            self.run(wanted.get("after", ()))
            if "header" in wanted:
                self.told["header"] = header(self.named(wanted["header"]))
        finally:
            for file in LIES.glob("*"):
                file.unlink()
            self.run(wanted.get("last", ()))

    def lie(self, tools):
        """Put tools in the path that say yes and do something else."""
        LIES.mkdir(exist_ok=True)
        for name, lines in tools.items():
            file = LIES / name
            file.write_text(
                "#!/bin/sh\nset -e\n" + "".join(f"{self.named(one)}\n" for one in lines)
            )
            file.chmod(0o755)


def fill(device, label):
    """Write the tests' text over a device, as they do on their side; `label` is the disk's name."""
    lines = (residue.LINE % (number, label) for number in range(CHUNK // residue.WIDTH))
    chunk = "".join(line.ljust(residue.WIDTH - 1) + "\n" for line in lines).encode()
    with Path(device).open("r+b") as disk:
        left = disk.seek(0, os.SEEK_END)
        disk.seek(0)
        while left:
            left -= disk.write(chunk[:left])
        disk.flush()
        os.fsync(disk.fileno())


def checksum(device):
    """Return one of all of a device, past what the kernel remembers of it."""
    if not device:
        return 0
    total = 0
    with Path(device).open("rb", buffering=0) as disk:
        os.posix_fadvise(disk.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while data := disk.read(CHUNK):
            total = zlib.crc32(data, total)
    return total


def killed(job):
    """Begin a job as the controller does, kill it while it overwrites, and return how it stands."""
    station.start({"jobs": [job]})
    for _ in range(600):
        standing = station.status({"jobs": [job["job"]]})["jobs"][job["job"]]
        if standing["state"] != "running" or standing["step"] == "overwriting":
            break
        time.sleep(0.05)
    seen = dict(standing)
    if seen["state"] == "running":
        os.kill(seen["pid"], signal.SIGKILL)
        while Path(f"/proc/{seen['pid']}/stat").exists() and not zombie(seen["pid"]):
            time.sleep(0.05)
    return {**station.status({"jobs": [job["job"]]})["jobs"][job["job"]], "before": seen["state"]}


def zombie(pid):
    """Reap a child of ours; one that is nobody's stays a zombie here, for the first process is a shell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def header(device):
    """Ask the verifier whether a header is on a disk."""
    held = blocks.Blocks(device, size=media.facts(device)["bytes"])
    try:
        return luks.verify(held, 1 << 20, [])
    except Stopped as stopped:
        return stopped.verdict.to_json()
    finally:
        held.close()


def main():
    station.JOBS.mkdir(parents=True, exist_ok=True)
    commands._POLL_SECONDS = 0.2  # a disk of 32 MiB is not asked every five seconds
    os.environ["PATH"] = f"{LIES}:{os.environ['PATH']}"
    disks = attached()
    with (SHARED / "results.jsonl").open("a") as results:
        results.write(json.dumps({"name": "attached", "disks": disks, "all": media.disks()}) + "\n")
        for wanted in json.loads((SHARED / "scenarios.json").read_text()):
            scenario, began = Scenario(wanted, disks), time.monotonic()
            try:
                scenario.play()
            except TargetError as error:
                scenario.told["failed"] = error.message
            except Exception:  # noqa: BLE001 - one scenario is not the end of all
                scenario.told["failed"] = traceback.format_exc()[-2000:]
            scenario.told["seconds"] = round(time.monotonic() - began, 1)
            results.write(json.dumps(scenario.told) + "\n")
            results.flush()


if __name__ == "__main__":
    main()
