"""Cryptographic erase of a disk that is wholly a LUKS volume: key slots, headers, and their backups.

`luksHeaderRestore` revives a volume after `cryptsetup erase`: so the whole area before the data is overwritten
as well, and each backup of a header that is known is destroyed and looked for.
Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.wipe_station.on_target_blocks import BLOCK, CHUNK
from commsroom.backends.wipe_station.on_target_commands import give
from commsroom.backends.wipe_station.on_target_verify import Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.wipe_station.on_target_blocks import Blocks

#: On-disk format of LUKS1 and LUKS2: the magic, and where a second LUKS2 header may be.
_MAGIC: Final = (b"LUKS\xba\xbe", b"SKUL\xba\xbe")
_SECOND: Final = tuple(0x4000 << step for step in range(9))
_JSON_AT: Final = 4096


def data_offset(head: bytes) -> int:
    """Return where the encrypted data begin, in bytes.

    Raises:
        Stopped: UNKNOWN, it is no header, or one of a volume that is not encrypted from there to the end of the disk.
    """
    if not head.startswith(_MAGIC[0]):
        raise Stopped("UNKNOWN", "it has no LUKS header: nothing says that it was encrypted")
    version = int.from_bytes(head[6:8], "big")
    if version == 1:
        _require_cipher(head[8:40].rstrip(b"\0").decode("ascii", "replace"))
        return int.from_bytes(head[104:108], "big") * 512
    size = int.from_bytes(head[8:16], "big")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        text = head[_JSON_AT:size].rstrip(b"\0").decode()
        segments: dict[str, Any] = json.loads(text)["segments"]
        # There are several while it is being encrypted, decrypted or given another key.
        (segment,) = segments.values()
        if segment["type"] != "crypt" or segment["size"] != "dynamic":
            raise Stopped(
                "UNKNOWN", "it is not a LUKS volume to its end: some of it is not encrypted"
            )
        _require_cipher(str(segment["encryption"]))
        return int(segment["offset"])
    raise Stopped("UNKNOWN", "its LUKS header cannot be read, or is not that of one whole volume")


def _require_cipher(name: str) -> None:
    """Refuse a volume whose data are as they would be without it; raises Stopped."""
    if name.partition("-")[0] in {"", "cipher_null", "null"}:
        raise Stopped("UNKNOWN", "its LUKS header says that its data are not encrypted")


def erase(device: str) -> str:
    """Destroy all key slots; raises Stopped when cryptsetup does not."""
    give(["cryptsetup", "erase", "--batch-mode", device])
    return "cryptsetup erased all key slots"


def overwrite_header(blocks: Blocks, until: int) -> None:
    """Write zeros over all that is before the data; raises Stopped."""
    zeros = bytes(CHUNK)
    try:
        for offset in range(0, until, CHUNK):
            blocks.write(offset, zeros[: min(CHUNK, until - offset)])
        blocks.settle()
    except OSError as error:
        raise Stopped("FAIL", f"its header cannot be overwritten: {error.strerror}") from None


def verify(blocks: Blocks, until: int, backups: Sequence[str]) -> str:
    """See that neither header nor backup is there; return what was looked at, in words.

    Raises:
        Stopped: FAIL, one is; UNKNOWN, it cannot be read.
    """
    try:
        found = [blocks.read(offset, BLOCK)[:6] for offset in (0, *_SECOND) if offset < blocks.size]
        whole = b"".join(
            blocks.read(offset, min(CHUNK, until - offset)) for offset in range(0, until, CHUNK)
        )
    except OSError as error:
        raise Stopped("UNKNOWN", f"its header cannot be read: {error.strerror}") from None
    if any(start in _MAGIC for start in found):
        raise Stopped(
            "FAIL", "there is a LUKS header on it: with its passphrase the data can be read"
        )
    if whole.count(b"\0") < len(whole):
        raise Stopped("FAIL", "the area of its header is not empty")
    for name in backups:
        if Path(name).exists():
            raise Stopped("FAIL", f"the backup of its header at {name} is still there")
    many = (
        f"{len(backups)} backups of it are not there"
        if backups
        else "no backup of it is known here"
    )
    return f"the {until} bytes before the data read as zeros; {many}"


def destroy_backups(backups: Sequence[str]) -> None:
    """Overwrite each backup of a header and remove it; raises Stopped, FAIL, where one cannot be."""
    for name in backups:
        file = Path(name)
        if not file.is_file() or file.is_symlink():
            continue
        try:
            with file.open("r+b") as stream:
                stream.write(bytes(file.stat().st_size))
                stream.flush()
                os.fsync(stream.fileno())
            file.unlink()
        except OSError as error:
            raise Stopped(
                "FAIL", f"the backup {name} cannot be destroyed: {error.strerror}"
            ) from None
