"""Change single rows of devices.csv, and leave every other byte of it as it is."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.policy.devices import COLUMNS, Device
from commsroom.policy.sources import DEVICES

#: As a roster: more is no register.
_LARGEST: Final = 128 * 2**20
_BESIDE: Final = ".devices-"
#: What a row repeats of a device's life.
_COLUMNS: Final = ("site", "holder", "state", "port")
#: What may become known of a device later, and is written where its row says nothing.
_FACTS: Final = ("serial", "mac", "purchased", "warranty_end", "price")
_REWRITE: Final = "look at it, then commsroom device rewrite"
_ONCE: Final = "commsroom device rewrite once the file can be replaced"
_RECORDED: Final = f"the ledger has it; {_REWRITE}"


@contextmanager
def prepared(estate: Path, devices: Iterable[Device]) -> Iterator[None]:
    """Have the rows of `devices` ready to say what they say, and put them in place after the block.

    The new file is on disk, beside the old one, before the block runs; all that is left then is to
    rename it. A block that raises leaves the old file as it is; what a killed command left beside it is
    removed, so the caller lets no other do this at the same time.

    An editor or a `git pull` asks no lock, and the block may wait for the ledger: what they wrote meanwhile
    is kept, and the rows are changed in that. Of a link, the file it leads to is replaced.

    Raises:
        CommsroomError: the file cannot be written, or is not the one the devices were read from; after the
            block, one of the rows is no longer what it was, which is told and left alone.
    """
    file = (estate / DEVICES).resolve()
    raw = _read(file)
    content = rewritten(raw, {item.line: item for item in devices})
    if content == raw:
        yield
        return
    _tidy(file)
    beside = _written(file, content)
    try:
        yield
        while (now := _read(file)) != raw:
            content = _carried(raw, content, now)
            _remove(beside)
            beside = _written(file, content, so_far=_RECORDED)
            raw = now
        _replace(beside, file, f"the ledger has what was recorded, and the row is behind; {_ONCE}")
    except BaseException:
        _remove(beside)
        raise


@contextmanager
def received(estate: Path, changed: Iterable[Device], new: Sequence[Device]) -> Iterator[None]:
    """Have rows of `new` devices, and facts of `changed` ones, in the file while the block runs and after.

    Rows first, and what is recorded of them in the block: a command killed between leaves devices in
    stock of which nothing is recorded, and run again it does the rest. A block that raises gets the old
    file back, unless somebody else wrote in it meanwhile.

    Raises:
        CommsroomError: the file cannot be written, or is not the one the devices were read from.
    """
    file = (estate / DEVICES).resolve()
    raw = _read(file)
    content = _added(rewritten(raw, {item.line: item for item in changed}), new)
    _tidy(file)
    before = beside = ""
    try:
        before = _written(file, raw)
        beside = _written(file, content)
        _replace(beside, file, "nothing was recorded")
        try:
            yield
        except BaseException as error:
            if _read(file) != content:
                raise CommsroomError(
                    f"nothing was recorded ({str(error) or type(error).__name__}), and {DEVICES} was changed by"
                    " somebody else meanwhile: it keeps the new rows",
                    remedy="run it again, or take them out by hand",
                ) from error
            _replace(before, file, "nothing was recorded, and it keeps the new rows")
            raise
    finally:
        _remove(before)
        _remove(beside)


def _tidy(file: Path) -> None:
    """Remove what a killed command left beside the file."""
    for left in file.parent.glob(f"{_BESIDE}*"):
        _remove(str(left))


def _replace(beside: str, file: Path, so_far: str) -> None:
    """Put a file in another's place; one that is mounted, or immutable (chattr(1)), cannot be replaced."""
    try:
        Path(beside).replace(file)
    except OSError as error:
        raise CommsroomError(
            f"{DEVICES}: cannot be replaced: {error.strerror}", remedy=so_far
        ) from error


def _read(file: Path) -> bytes:
    try:
        return files.read(file, most=_LARGEST, what="the register")
    except FileNotFoundError as error:
        raise CommsroomError(
            f"there is no {DEVICES}", remedy=f"write its first line: {','.join(COLUMNS)}"
        ) from error


def _carried(raw: bytes, content: bytes, now: bytes) -> bytes:
    """Return the file as it is now, with the rows changed that `content` changes of `raw`.

    Raises:
        CommsroomError: the first line or one of those rows is not what it was.
    """
    before, after, lines = raw.split(b"\n"), content.split(b"\n"), now.split(b"\n")
    at = {line: number for number, line in enumerate(lines)}
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        if old == new:
            continue
        if lines[0] != before[0] or old not in at:
            raise CommsroomError(
                f"{DEVICES}:{number}: was changed by somebody else meanwhile and is left as it is;"
                " the ledger has what was recorded",
                remedy=_REWRITE,
            )
        lines[at[old]] = new
    return b"\n".join(lines)


def _written(file: Path, content: bytes, *, so_far: str = "nothing was recorded") -> str:
    """Write what may replace a file, beside it and durably; return its path."""
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
            f"{DEVICES}: cannot be written: {error.strerror}", remedy=so_far
        ) from error
    return beside


def _added(raw: bytes, devices: Sequence[Device]) -> bytes:
    """Return the file with a row more for each device, in the form of its first line."""
    if not devices:
        return raw
    first, _, rest = raw.partition(b"\n")
    header = next(csv.reader([first.decode("utf-8-sig").rstrip("\r")]), [])
    there = {
        row[header.index("asset_tag")] for row in csv.reader(rest.decode().splitlines()) if row
    }
    ending = b"\r\n" if first.endswith(b"\r") else b"\n"
    rows = []
    for device in devices:
        if device.asset_tag in there:
            raise _changed(f"{device.asset_tag} is in {DEVICES} by now")
        told = {name: _cell(device, name) for name in COLUMNS}
        rows.append(_line(_row(header, [""] * len(header), told)))
    return raw + (b"" if raw.endswith(b"\n") else ending) + ending.join(rows) + ending


def _changed(what: str) -> CommsroomError:
    return CommsroomError(
        f"{what}: changed while the command ran; nothing was recorded", remedy="run it again"
    )


def _cell(device: Device, name: str) -> str:
    value = getattr(device, name)
    return "" if value is None else str(value)


def rewritten(raw: bytes, devices: Mapping[int, Device]) -> bytes:
    """Return the file with some rows, by line, as the devices have them: site, holder, state and port.

    What is known of a device and its row leaves empty, as its serial, is written too.

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
            raise _changed(f"{DEVICES}:{number}")
        wanted = {name: str(getattr(device, name)) for name in _COLUMNS}
        wanted |= {name: _cell(device, name) for name in _FACTS if not told.get(name)}
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
