"""Commands by which a device erases itself: how they are given, and how it is seen that they ended.

A tool's exit code says that a command was handed over, no more (`hdparm --security-set-pass` was aborted
and exited 0): the device's own status is asked to the end, and the verifier reads after that.
Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING, Final

from commsroom.backends.on_target import TargetError
from commsroom.backends.wipe_station import on_target_media as media
from commsroom.backends.wipe_station.on_target_verify import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Told = Callable[[str, int], None]

#: Seconds: a disk erases itself for hours; the device's own estimate is not believed either.
_LONGEST: Final = 72 * 3600
_POLL_SECONDS: Final = 5.0
_ASK_SECONDS: Final = 30
#: Of no meaning: the disk is unlocked again by the erasure, or by who knows this.
_ATA_WORD: Final = "commsroom"
#: Progress of NVMe and SCSI sanitize is told in 65,536ths.
_PARTS: Final = 65536

_SURE: Final = "--yes-i-know-what-i-am-doing"
_ATA_SANITIZE: Final = {
    "ata-sanitize-crypto": ["--sanitize-crypto-scramble"],
    "ata-sanitize-block": ["--sanitize-block-erase"],
    "ata-sanitize-overwrite": ["--sanitize-overwrite", "hex:00000000"],
}
_NVME_SANITIZE: Final = {
    "nvme-sanitize-block": "2",
    "nvme-sanitize-overwrite": "3",
    "nvme-sanitize-crypto": "4",
}
_SCSI_SANITIZE: Final = {
    "scsi-sanitize-overwrite": ["--overwrite", "--zero"],
    "scsi-sanitize-block": ["--block"],
    "scsi-sanitize-crypto": ["--crypto"],
}
#: What carries a method out, by the first part of its name, and how it is asked which version it is.
_TOOLS: Final = {
    "ata": ["hdparm", "-V"],
    "nvme": ["nvme", "version"],
    "scsi": ["sg_sanitize", "--version"],
    "luks": ["cryptsetup", "--version"],
}
_VERSION_LETTERS: Final = 80
#: SSTAT of the Sanitize Status log page, its low three bits (NVM Express Base Specification).
_DONE, _UNDER_WAY, _FAILED = 1, 2, 3


def erase(method: str, device: str, tell: Told) -> str:
    """Have a device erase itself and wait until it says it has; return what it said, in words.

    Raises:
        Stopped: FAIL, it says that it did not; UNKNOWN, it does not say.
    """
    if method in _ATA_SANITIZE:
        return _ata_sanitize(method, device, tell)
    if method in _NVME_SANITIZE:
        return _nvme_sanitize(method, device, tell)
    if method in _SCSI_SANITIZE:
        give(["sg_sanitize", *_SCSI_SANITIZE[method], "--quick", device])
        return "SANITIZE ended without an error"
    if method == "nvme-format":
        give(["nvme", "format", device, "--ses=1", "--force"])
        return "Format NVM ended without an error"
    if method == "ata-secure-erase":
        return _ata_secure_erase(device)
    raise TargetError("failed", f"this station knows no method {method}")


def _ata_sanitize(method: str, device: str, tell: Told) -> str:
    give(["hdparm", _SURE, *_ATA_SANITIZE[method], device])
    for _ in _polls():
        said = _asked(["hdparm", "--sanitize-status", device])
        if "In Process" in said or "In process" in said:
            part = re.search(r"(\d+)%", said)
            tell("the device erases itself", int(part[1]) if part else 0)
            continue
        if re.search(r"Completed Without Error", said, re.IGNORECASE):
            return "SANITIZE STATUS EXT: the last operation completed without error"
        raise Stopped("FAIL", "the device says that its sanitize operation did not complete")
    raise Stopped("UNKNOWN", "the device did not say within three days that it was done")


def _nvme_sanitize(method: str, device: str, tell: Told) -> str:
    give(["nvme", "sanitize", device, f"--sanact={_NVME_SANITIZE[method]}"])
    for _ in _polls():
        log = _sanitize_log(device)
        state = int(log.get("sstat", 0)) & 7
        if state == _UNDER_WAY:
            tell("the device erases itself", 100 * int(log.get("sprog", 0)) // _PARTS)
            continue
        if state == _DONE:
            return "Sanitize Status: the most recent operation completed successfully"
        what = "failed" if state == _FAILED else "was never begun"
        raise Stopped("FAIL", f"the device says that its sanitize operation {what}")
    raise Stopped("UNKNOWN", "the device did not say within three days that it was done")


def _sanitize_log(device: str) -> dict[str, int]:
    try:
        found = json.loads(_asked(["nvme", "sanitize-log", device, "-o", "json"]))
    except ValueError:
        raise Stopped("UNKNOWN", "the device's sanitize status cannot be read") from None
    # nvme-cli puts the log under the controller's name.
    inner = next((one for one in found.values() if isinstance(one, dict)), found)
    return dict(inner)


def _ata_secure_erase(device: str) -> str:
    give(["hdparm", "--user-master", "u", "--security-set-pass", _ATA_WORD, device])
    if not _security(device, "enabled"):
        raise Stopped("FAIL", "the disk did not take the password that its erasure asks for")
    give(["hdparm", "--user-master", "u", "--security-erase", _ATA_WORD, device])
    if _security(device, "enabled"):
        raise Stopped("FAIL", "the disk still has the password that a finished erasure takes away")
    return "SECURITY ERASE UNIT ended, and took the password with it"


def _security(device: str, word: str) -> bool:
    said = _asked(["hdparm", "-I", device]).partition("Security:")[2]
    return re.search(rf"^\s*{word}\s*$", said, re.MULTILINE) is not None


def _polls() -> Iterator[int]:
    """Yield how often a device has been asked, waiting before each time but the first."""
    for number in range(int(_LONGEST / _POLL_SECONDS)):
        if number:
            time.sleep(_POLL_SECONDS)
        yield number


def _asked(argv: list[str]) -> str:
    try:
        return media.ask(argv)
    except TargetError as error:
        raise Stopped("UNKNOWN", f"the device cannot be asked: {error.message}") from None


def version(method: str) -> str:
    """Return what the tool of a method calls its version, "" where there is none or it does not say."""
    argv = _TOOLS.get(method.partition("-")[0])
    if argv is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=_ASK_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = done.stdout.decode("utf-8", "replace").strip().partition("\n")[0]
    return "" if done.returncode else said[:_VERSION_LETTERS]


def give(argv: list[str]) -> None:
    """Hand a command over; raises Stopped where that alone failed."""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST, check=False
        )
    except FileNotFoundError:
        raise Stopped("UNKNOWN", f"{argv[0]} is not installed: nothing was done") from None
    except subprocess.TimeoutExpired:
        raise Stopped("UNKNOWN", f"{argv[0]} did not end within three days") from None
    if done.returncode:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1][:120]
        raise Stopped("FAIL", f"{argv[0]} failed with {done.returncode}: {last}")
