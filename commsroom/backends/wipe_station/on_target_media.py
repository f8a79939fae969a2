"""What a disk says of itself: identity, size, abilities, and what it hides from the host.

Asked of the kernel and of the device, never of udev's memory: a disk that was swapped must show.
Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any, Final

from commsroom.backends.on_target import TargetError

SYS: Final = Path("/sys/class/block")
_SECTOR: Final = 512
_LUKS: Final = b"LUKS\xba\xbe"
_ASK_SECONDS: Final = 30

#: A line of `hdparm -I`, and the ability it announces.
_ATA: Final = (
    ("CRYPTO_SCRAMBLE_EXT command", "ata-sanitize-crypto"),
    ("BLOCK_ERASE_EXT command", "ata-sanitize-block"),
    ("OVERWRITE_EXT command", "ata-sanitize-overwrite"),
)
#: Bits of SANICAP (NVM Express Base Specification, Identify Controller).
_SANICAP: Final = (
    (1, "nvme-sanitize-crypto"),
    (2, "nvme-sanitize-block"),
    (4, "nvme-sanitize-overwrite"),
)
#: Bit of OACS: Format NVM is supported.
_FORMAT: Final = 2
#: Service actions of SANITIZE (SBC-4), and their abilities.
_SANITIZE: Final = (
    ("0x48,1", "scsi-sanitize-overwrite"),
    ("0x48,2", "scsi-sanitize-block"),
    ("0x48,3", "scsi-sanitize-crypto"),
)


def facts(path: str) -> dict[str, Any]:
    """Return what is at a path: `path`, `device`, `kind`, `serial`, `model`, `bytes`, `can`, ….

    Raises:
        TargetError: `missing` when nothing is there, `failed` when it is no whole block device.
    """
    real = os.path.realpath(path)
    try:
        mode = os.stat(real).st_mode  # noqa: PTH116 - a path as text all along
    except OSError:
        raise TargetError("missing", f"{path}: there is no such device") from None
    if not stat.S_ISBLK(mode):
        raise TargetError("failed", f"{path} is no block device")
    name = os.path.basename(real)  # noqa: PTH119
    folder = SYS / name
    if (folder / "partition").exists():
        raise TargetError("failed", f"{path} is a partition: name the whole disk")
    found: dict[str, Any] = {
        "path": path,
        "device": real,
        "name": name,
        "bytes": int(text(folder / "size") or 0) * _SECTOR,
        "read_only": text(folder / "ro") == "1",
        "rotational": text(folder / "queue/rotational") == "1",
        "hidden_bytes": 0,
        "remapped": None,
        "can": [],
    }
    bus = _bus(folder)
    found["bus"] = bus
    _IDENTITY[bus](folder, found)
    if int(text(folder / "queue/discard_max_bytes") or 0):
        found["can"].append("discard")
    found["encrypted"] = _begins(real).startswith(_LUKS)
    if found["encrypted"]:
        found["can"].append("luks")
    found["can"].sort()
    return found


def disks() -> list[dict[str, Any]]:
    """Return all whole disks that have a size, those that cannot be asked left out."""
    found = []
    for folder in sorted(SYS.iterdir()):
        if (folder / "partition").exists() or int(text(folder / "size") or 0) == 0:
            continue
        if folder.name.startswith(("ram", "zram", "dm-", "md", "sr", "fd")):
            continue
        with contextlib.suppress(TargetError):
            found.append(facts(f"/dev/{folder.name}"))
    return found


def serial(path: str) -> str:
    """Return the serial number the device gives right now, "" for none."""
    return str(facts(path)["serial"])


def _bus(folder: Path) -> str:
    where = str(folder.resolve())
    if folder.name.startswith("loop"):
        return "loop"
    if "/nvme" in where:
        return "nvme"
    if "/virtio" in where and "/host" not in where:
        return "virtio"
    if "/usb" in where or folder.name.startswith("mmcblk"):
        return "flash"
    return "ata" if re.search(r"/ata\d+/", where) else "scsi"


def _loop(folder: Path, found: dict[str, Any]) -> None:
    backing = text(folder / "loop/backing_file")
    found.update(kind="VIRTUAL", serial=os.path.basename(backing), model="disk image")  # noqa: PTH119


def _virtio(folder: Path, found: dict[str, Any]) -> None:
    found.update(kind="VIRTUAL", serial=text(folder / "serial"), model="virtio disk")


def _flash(folder: Path, found: dict[str, Any]) -> None:
    number = text(folder / "device/serial") or _page80(folder) or _usb_serial(folder)
    found.update(kind="FLASH", serial=number, model=text(folder / "device/model"))


def _nvme(folder: Path, found: dict[str, Any]) -> None:
    found.update(
        kind="NVME", serial=text(folder / "device/serial"), model=text(folder / "device/model")
    )
    with contextlib.suppress(ValueError, TargetError):
        said = json.loads(ask(["nvme", "id-ctrl", found["device"], "-o", "json"]))
        if int(said.get("oacs", 0)) & _FORMAT:
            found["can"].append("nvme-format")
        found["can"] += [word for bit, word in _SANICAP if int(said.get("sanicap", 0)) & bit]
        # Capacity of no namespace (UNVMCAP): what deleted ones held is there, and no host reads it.
        found["hidden_bytes"] = int(said.get("unvmcap") or 0)


def _scsi(folder: Path, found: dict[str, Any]) -> None:
    kind = "SCSI_HDD" if found["rotational"] else "SCSI_SSD"
    found.update(kind=kind, serial=_page80(folder), model=text(folder / "device/model"))
    for operation, word in _SANITIZE:
        with contextlib.suppress(TargetError):
            said = ask(["sg_opcodes", f"--opcode={operation}", found["device"]])
            # "supported [conforming to SCSI standard]", or "NOT supported"
            if re.search(r"(?<!not )supported \[", said, re.IGNORECASE):
                found["can"].append(word)


def _ata(folder: Path, found: dict[str, Any]) -> None:
    kind = "ATA_HDD" if found["rotational"] else "ATA_SSD"
    found.update(kind=kind, serial=_page80(folder), model=text(folder / "device/model"))
    try:
        said = ask(["hdparm", "-I", found["device"]])
    except TargetError:
        found["hidden_bytes"] = None
        return
    if number := re.search(r"Serial Number:\s*(\S+)", said):
        found["serial"] = number[1]
    found["can"] += [word for line, word in _ATA if re.search(rf"\*\s+{line}", said)]
    security = said.partition("Security:")[2]
    if "supported" in security and re.search(r"not\s+frozen", security):
        found["can"].append("ata-secure-erase")
    found["hidden_bytes"] = _hidden(found["device"])


def _hidden(device: str) -> int | None:
    """Return how many bytes an HPA or DCO hides; None where the disk does not say."""
    try:
        area = re.search(r"max sectors\s*=\s*(\d+)/(\d+)", ask(["hdparm", "-N", device]))
    except TargetError:
        return None
    if area is None:
        return None
    visible, native = int(area[1]), int(area[2])
    with contextlib.suppress(TargetError):
        overlay = re.search(r"Real max sectors:\s*(\d+)", ask(["hdparm", "--dco-identify", device]))
        native = max(native, int(overlay[1]) if overlay else 0)
    return (native - visible) * _SECTOR


_IDENTITY: Final = {
    "loop": _loop,
    "virtio": _virtio,
    "flash": _flash,
    "nvme": _nvme,
    "scsi": _scsi,
    "ata": _ata,
}


def ask(argv: list[str]) -> str:
    """Run a program that only asks and return what it says; raises TargetError for any failure."""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ASK_SECONDS, check=False
        )
    except FileNotFoundError:
        raise TargetError("missing", f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise TargetError("failed", f"{argv[0]} did not answer") from None
    if done.returncode:
        raise TargetError("failed", f"{argv[0]} failed with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _page80(folder: Path) -> str:
    """Return the unit's serial number, page 80h of its vital product data (SPC-4, 7.8.15)."""
    with contextlib.suppress(OSError):
        page = (folder / "device/vpd_pg80").read_bytes()
        length = int.from_bytes(page[2:4], "big")
        return page[4 : 4 + length].decode("ascii", "replace").strip()
    return ""


def _usb_serial(folder: Path) -> str:
    """Return the serial number of the USB device that a disk is part of: few sticks have a page 80h."""
    for above in folder.resolve().parents:
        if (above / "idVendor").exists():
            return text(above / "serial")
    return ""


def _begins(device: str) -> bytes:
    with contextlib.suppress(OSError), open(device, "rb") as file:  # noqa: PTH123
        return file.read(len(_LUKS))
    return b""


def text(path: Path) -> str:
    """Return what a file of sysfs says, "" where there is none."""
    with contextlib.suppress(OSError):
        return path.read_text("ascii", "replace").strip()
    return ""
