"""A conversation with a program we started: all that is to be said, and its answer, within limits."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from dataclasses import dataclass
from typing import Final

from commsroom.backends.on_target import MOST_BYTES

_PIECE_BYTES: Final = 1 << 16


@dataclass(slots=True)
class Heard:
    """What a conversation brought; `late` when the time was over, `endless` when there was too much."""

    stdout: str = ""
    stderr: str = ""
    late: bool = False
    endless: bool = False


def converse(process: subprocess.Popen[bytes], job: bytes, seconds: float) -> Heard:
    """Say all of the job and listen to the end, for so long and up to MOST_BYTES.

    `communicate` keeps whatever comes: a server that talks without end would fill our memory.
    """
    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - pipes, see `_talk`
    heard: dict[int, bytearray] = {
        process.stdout.fileno(): bytearray(),
        process.stderr.fileno(): bytearray(),
    }
    out, err = heard
    found, deadline, left = Heard(), time.monotonic() + seconds, memoryview(job)
    with selectors.DefaultSelector() as waiting:
        os.set_blocking(process.stdin.fileno(), False)
        waiting.register(process.stdin, selectors.EVENT_WRITE)
        for number in heard:
            waiting.register(number, selectors.EVENT_READ)
        while waiting.get_map() and not (found.late or found.endless):
            for key, _ in waiting.select(max(0.0, deadline - time.monotonic())):
                if key.fd in heard:
                    piece = os.read(key.fd, _PIECE_BYTES)
                    heard[key.fd] += piece
                    if not piece:
                        waiting.unregister(key.fd)
                    continue
                try:
                    left = left[os.write(key.fd, left[:_PIECE_BYTES]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    left = left[:0]
                if not left:
                    waiting.unregister(process.stdin)
                    process.stdin.close()
            found.endless = sum(map(len, heard.values())) > MOST_BYTES
            found.late = time.monotonic() > deadline
    if not (found.late or found.endless):
        found.late = _lingers(process, deadline)
    found.stdout, found.stderr = (heard[one].decode("utf-8", "replace") for one in (out, err))
    return found


def _lingers(process: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return True
    return False
