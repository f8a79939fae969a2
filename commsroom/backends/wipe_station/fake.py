"""An in-memory twin of a station: disks by their serial numbers, good and bad ones, and jobs that take time.

Its `state` file says what is attached: `{"disks": [{"path": …, "serial": …, "fault": …}]}`. A path
`/dev/sim/SERIAL` that the file does not name is a disk of that serial number. Faults: `gone`, `busy`, `fails`
(FAIL), `hangs` (never ends), `swapped` (another serial number once the job begins).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

_SIMULATED: Final = "/dev/sim/"
_BYTES: Final = 2**30


class FakeClient:
    """A station whose jobs end the second time somebody asks. `told` lists what it was asked to do."""

    def __init__(self, path: Path | None) -> None:
        """Start with nothing attached, or with what `path` says."""
        self._path = path
        self._jobs: dict[str, Json] = {}
        self._disks: dict[str, Json] = {}
        self.told: list[str] = []

    def call(self, function: str, data: Json) -> Json:
        """Answer as the station's program would."""
        self._load()
        answer: Json = getattr(self, f"_{function}")(data)
        self._keep()
        return answer

    def _look(self, data: Json) -> Json:
        return {"disks": [self._facts(path) for path in data["paths"] or self._disks]}

    def _facts(self, path: str) -> Json:
        disk = self._disks.get(path, {})
        serial = disk.get("serial", path.removeprefix(_SIMULATED))
        if disk.get("fault") == "gone" or serial == path:
            return {"path": path, "error": f"{path}: there is no such device"}
        facts = {
            "path": path, "device": path, "kind": "ATA_HDD", "serial": serial, "model": "SIM 1T",
            "bytes": _BYTES, "can": ["ata-sanitize-overwrite"], "hidden_bytes": 0, "remapped": 0,
            "encrypted": False,
        }  # fmt: skip
        return {**facts, **{name: disk[name] for name in facts.keys() & disk.keys()}}

    def _refusals(self, data: Json) -> Json:
        return {"refused": [self._refused(job) for job in data["jobs"]]}

    def _refused(self, job: Json) -> list[str]:
        facts, fault = self._facts(job["path"]), self._disks.get(job["path"], {}).get("fault")
        if "error" in facts:
            return [facts["error"]]
        if facts["serial"] != job["serial"]:
            return [f"its serial number is {facts['serial']}, and {job['serial']} is to be wiped"]
        return ["it is mounted at /mnt"] if fault == "busy" else []

    def _start(self, data: Json) -> Json:
        for job in data["jobs"]:
            if self._jobs.get(job["job"], {}).get("state") in {"running", "ended"}:
                continue
            self.told.append(f"{job['method']} {job['serial']}")
            self._jobs[job["job"]] = {"state": "running", "step": "overwriting", "done": 0, **job}
        return self._status({"jobs": [job["job"] for job in data["jobs"]]})

    def _status(self, data: Json) -> Json:
        told = {}
        for name in data["jobs"]:
            job = self._jobs.get(name, {"state": "unknown"})
            told[name] = dict(job)
            if job["state"] == "running":
                self._jobs[name] = self._after(job)
        return {"jobs": told}

    def _after(self, job: Json) -> Json:
        fault = self._disks.get(job["path"], {}).get("fault")
        if fault == "hangs":
            return job
        refused = self._refused(job)
        if fault == "swapped":
            refused = ["its serial number is ANOTHER at the moment of wiping"]
        result = "UNKNOWN" if refused else "FAIL" if fault == "fails" else "PASS"
        now = int(time.time())
        reason = "; ".join(refused) or ("byte 4096 cannot be written" if fault else "all read back")
        return {
            "state": "ended", "result": result, "reason": reason, "refused": refused,
            "evidence": "" if refused else "simulated", "serial": "" if refused else job["serial"],
            "said": "", "notes": [], "began": now, "ended": now, "method": job["method"],
            "tool": "simulated 1.0",
        }  # fmt: skip

    def _load(self) -> None:
        if self._path is not None and self._path.exists():
            held = json.loads(self._path.read_text("utf-8"))
            self._disks = {disk["path"]: disk for disk in held.get("disks", ())}
            self._jobs = held.get("jobs", {})

    def _keep(self) -> None:
        if self._path is not None:
            content = {"disks": list(self._disks.values()), "jobs": self._jobs}
            beside = self._path.with_name(f".{self._path.name}.new")
            beside.write_text(json.dumps(content), "utf-8")
            beside.replace(self._path)
