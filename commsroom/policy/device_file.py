"""Change single rows of devices.csv, and leave every other byte of it as it is."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.policy.devices import Device
from commsroom.policy.sources import DEVICES

#: As a roster: more is no register.
_LARGEST: Final = 128 * 2**20
_BESIDE: Final = ".devices-"
#: What a row repeats of a device's life.
_COLUMNS: Final = ("site", "holder", "state", "port")


@contextmanager
def prepared(estate: Path, devices: Iterable[Device]) -> Iterator[None]:
    """Have the rows of `devices` ready to say what they say, and put them in place after the block.

    The new file is on disk, beside the old one, before the block runs; all that is left then is to
    rename it. A block that raises leaves the old file as it is; what a killed command left beside it is
    removed, so the caller lets no other do this at the same time.

    Raises:
        CommsroomError: the file cannot be written, or is not the one the devices were read from.
    """
    file = estate / DEVICES
    raw = files.read(file, most=_LARGEST, what="the register")
    content = rewritten(raw, {item.line: item for item in devices})
    if content == raw:
        yield
        return
    for left in file.parent.glob(f"{_BESIDE}*"):
        _remove(str(left))
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(prefix=_BESIDE, dir=file.parent)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), file.stat().st_mode & 0o777)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        _remove(beside)
        raise CommsroomError(
            f"{DEVICES}: cannot be written: {error.strerror}", remedy="nothing was recorded"
        ) from error
    try:
        yield
        Path(beside).replace(file)
    except BaseException:
        _remove(beside)
        raise


def rewritten(raw: bytes, devices: Mapping[int, Device]) -> bytes:
    """Return the file with site, holder, state and port of some rows, by line, as the devices have them.

    Raises:
        CommsroomError: a line holds another device, or the file lacks a column that is needed.
    """
    lines = raw.split(b"\n")
    header = next(csv.reader([lines[0].decode("utf-8-sig")]), [])
    for number, device in devices.items():
        line = lines[number - 1] if number <= len(lines) else b""
        ending = b"\r" if line.endswith(b"\r") else b""
        row = next(csv.reader([line.decode().rstrip("\r")]), [])
        told = dict(zip(header, row, strict=False))
        if told.get("asset_tag") != device.asset_tag:
            raise CommsroomError(
                f"{DEVICES}:{number}: changed while the command ran; nothing was recorded",
                remedy="run it again",
            )
        wanted = {name: str(getattr(device, name)) for name in _COLUMNS}
        if all(told.get(name, "") == value for name, value in wanted.items()):
            continue
        lines[number - 1] = _line(_row(header, row, wanted)) + ending
    return b"\n".join(lines)


def _row(header: list[str], row: list[str], wanted: Mapping[str, str]) -> list[str]:
    changed = list(row)
    for name, value in wanted.items():
        if name in header:
            changed[header.index(name)] = value
        elif value:
            raise CommsroomError(
                f"{DEVICES}:1: there is no column {name}, and {value!r} belongs in it",
                remedy="add it to the first line, and a comma to each row; nothing was recorded",
            )
    return changed


def _line(row: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue().encode()


def _remove(beside: str) -> None:
    if beside:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
