"""The sound of a call: a tone sent, tones recognised, in SRTP or (where policy allows UDP) plain RTP.

Payload type 0 is G.711 mu-law (RFC 3551). A tone is enough to know whom one hears, and that keys agree.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import math
import secrets
import struct
import time
from bisect import bisect_left
from functools import cache
from typing import Final, cast

from commsroom.backends.asterisk.proof import srtp

_RATE: Final = 8000
_FRAME: Final = 160  # samples in 20 ms
_WINDOW: Final = 1200  # samples looked at for a tone: 150 ms
_LOUD: Final = 1000.0  # mean square below which nothing is heard
_SHARE: Final = 0.5  # of the sound must be the tone
_HEADER: Final = 12


def _expanded(byte: int) -> int:
    """Decode mu-law (ITU-T G.711)."""
    byte = ~byte & 0xFF
    magnitude = ((((byte & 0x0F) << 3) + 0x84) << ((byte & 0x70) >> 4)) - 0x84
    return -magnitude if byte & 0x80 else magnitude


_LINEAR: Final = [_expanded(byte) for byte in range(256)]


#: What can be said, softest first; zero has two codes.
_LEVELS: Final = sorted(range(256), key=lambda byte: _LINEAR[byte])


def _compressed(sample: int) -> int:
    """Encode mu-law: the code whose level is nearest."""
    place = bisect_left(_LEVELS, sample, key=lambda byte: _LINEAR[byte])
    return min(_LEVELS[max(place - 1, 0) : place + 1], key=lambda byte: abs(_LINEAR[byte] - sample))


@cache
def _wave(tone: int) -> bytes:
    """Return a tenth of a second, which holds whole waves (tones are multiples of 10 Hz)."""
    return bytes(
        _compressed(round(8000 * math.sin(2 * math.pi * tone * n / _RATE)))
        for n in range(_RATE // 10)
    )


class Media(asyncio.DatagramProtocol):
    """One side of a call's sound. Made by `opened`, ended by `close`."""

    def __init__(self, tone: int, *, secure: bool) -> None:
        """Prepare to send `tone` hertz; with `secure` under a key of its own."""
        self.key = secrets.token_bytes(srtp.KEY_BYTES) if secure else b""
        self.received = 0
        self._sending = srtp.Stream(self.key) if secure else None
        self._opening: srtp.Stream | None = None
        self._opening_key = b""
        self._peer = ("", 0)
        self._secure = secure
        self._samples: list[int] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._pump: asyncio.Task[None] | None = None
        self._wave = _wave(tone)

    @classmethod
    async def opened(cls, address: str, tone: int, *, secure: bool) -> Media:
        """Open a socket on a local address."""
        loop = asyncio.get_running_loop()
        _, media = await loop.create_datagram_endpoint(
            lambda: cls(tone, secure=secure), local_addr=(address, 0)
        )
        return media

    @property
    def port(self) -> int:
        """Return the local port."""
        assert self._transport is not None  # noqa: S101 - `opened` made it
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def start(self, host: str, port: int, key: bytes) -> None:
        """Send to the other side and understand what comes from it. Again: as renegotiated."""
        if self._secure and key != self._opening_key:
            self._opening, self._opening_key = srtp.Stream(key), key
        self._peer = (host, port)
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._send())

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take in a packet; what does not authenticate is not heard."""
        if len(data) <= _HEADER or data[0] >> 6 != 2 or data[1] & 0x7F != 0:  # noqa: PLR2004 - RTP version
            return
        if self._opening is not None:
            with contextlib.suppress(srtp.Forged):
                self._hear(self._opening.open(data))
        elif not self._secure:
            self._hear(data[_HEADER + 4 * (data[0] & 0x0F) :])

    def hears(self, tone: int) -> bool:
        """Tell whether the newest sound is mostly the tone (Goertzel's filter)."""
        samples = self._samples[-_WINDOW:]
        if len(samples) < _WINDOW:
            return False
        total = sum(sample * sample for sample in samples)
        factor = 2 * math.cos(2 * math.pi * tone / _RATE)
        one = two = 0.0
        for sample in samples:
            one, two = sample + factor * one - two, one
        power = (one * one + two * two - factor * one * two) * 2 / _WINDOW
        return total / _WINDOW > _LOUD and power / total > _SHARE

    def close(self) -> None:
        """Stop sending and close the socket."""
        if self._pump is not None:
            self._pump.cancel()
        if self._transport is not None:
            self._transport.close()

    def _hear(self, payload: bytes) -> None:
        self.received += 1
        self._samples += [_LINEAR[byte] for byte in payload]
        del self._samples[: -2 * _WINDOW]

    async def _send(self) -> None:
        sequence, stamp = secrets.randbelow(1 << 15), secrets.randbits(31)
        ssrc, place = secrets.randbits(32), 0
        double = self._wave * 2
        due = time.monotonic()
        while self._transport is not None and not self._transport.is_closing():
            head = struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
            packet = head + double[place : place + _FRAME]
            self._transport.sendto(
                self._sending.protect(packet) if self._sending else packet, self._peer
            )
            sequence, stamp, place = (
                sequence + 1,
                stamp + _FRAME,
                (place + _FRAME) % len(self._wave),
            )
            due += _FRAME / _RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def offer(address: str, media: Media) -> bytes:
    """Describe our side (RFC 4566; the key as in RFC 4568)."""
    profile = "RTP/SAVP" if media.key else "RTP/AVP"
    lines = [
        "v=0", f"o=- {secrets.randbits(31)} 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0",
        f"m=audio {media.port} {profile} 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=sendrecv",
    ]  # fmt: skip
    if media.key:
        lines.append(f"a=crypto:1 {srtp.SUITE} inline:{base64.b64encode(media.key).decode()}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def understood(body: bytes) -> tuple[str, int, bytes]:
    """Return the other side's address, port and key; the key is empty where the sound is plain."""
    host, port, key = "", 0, b""
    for line in body.decode("utf-8", "replace").split("\r\n"):
        kind, _, text = line.partition("=")
        if kind == "c":
            host = text.split()[-1]
        elif kind == "m" and text.startswith("audio "):
            port = int(text.split()[1])
        elif kind == "a" and text.startswith("crypto:") and f" {srtp.SUITE} " in text and not key:
            inline = text.partition("inline:")[2].partition("|")[0].split(" ")[0]
            key = base64.b64decode(inline)
    return host, port, key
