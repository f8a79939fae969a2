"""A server that stops in the middle of its answer, closes, talks nonsense or talks without end is told so.

The parts that run on the target meet a stand-in for the real server's socket. Whatever it says, what
comes of it is a TargetError in words, within the time limit and within bounded memory.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from commsroom.backends import on_target
from commsroom.backends.asterisk.on_target_ami import Manager
from commsroom.backends.postfix_dovecot import on_target as mail
from commsroom.backends.prosody import on_target as prosody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 0.4


def falls_silent(link: socket.socket, half: bytes) -> None:
    link.sendall(half)
    while link.recv(1 << 16):
        pass


def hangs_up(link: socket.socket, half: bytes) -> None:
    link.sendall(half)


def noise(link: socket.socket, half: bytes) -> None:
    link.sendall(half + os.urandom(1 << 16))


def never_ends(link: socket.socket, half: bytes) -> None:
    link.sendall(half)
    piece = b"never " * 10_000
    with contextlib.suppress(OSError):
        while True:
            link.sendall(piece)


TROUBLES = (falls_silent, hangs_up, noise, never_ends)


@pytest.fixture
def serve():
    """Serve one conversation at a socket: `trouble` after the peer said its first word."""
    threads = []

    def start(listening: socket.socket, trouble: Callable, half: bytes, greeting: bytes = b""):
        def work() -> None:
            link, _ = listening.accept()
            with link, contextlib.suppress(OSError):
                link.sendall(greeting)
                link.recv(1 << 16)
                trouble(link, half)

        threads.append((threading.Thread(target=work), listening))
        threads[-1][0].start()

    yield start
    for thread, listening in threads:
        thread.join(10)
        listening.close()


def at(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    return listening


def asked_asterisk(tmp_path: Path, serve: Callable, trouble: Callable, half: bytes) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"secret={'0' * 32}\n")
    listening = socket.create_server(("127.0.0.1", 0))
    serve(listening, trouble, half, b"Asterisk Call Manager/9.0\r\n")
    with Manager(listening.getsockname()[1], str(secret), SECONDS) as manager:
        manager.command("core show version")


def asked_dovecot(tmp_path: Path, serve: Callable, trouble: Callable, half: bytes) -> None:
    mail.USERDB = str(tmp_path / "auth")
    serve(at(tmp_path / "auth"), trouble, half, b"VERSION\t1\t0\n")
    list(mail._ask(["ann@x.example", "bob@x.example"]))


def asked_prosody(tmp_path: Path, serve: Callable, trouble: Callable, half: bytes) -> None:
    serve(at(tmp_path / "admin"), trouble, half)
    place = {"socket": str(tmp_path / "admin"), "timeout": SECONDS, "host": "x", "rooms": "r.x"}
    prosody.read(place)


#: Who is asked, half of a right answer, and what is only shaped like one.
SERVERS = {
    "Asterisk": (
        asked_asterisk,
        b"Response: Success\r\nActionID: 0\r\nMess",
        b"Response: Success\r\nActionID: zero\r\n\r\n",
    ),
    "Dovecot": (asked_dovecot, b"USER\t1\tann@x.example\tuid=50", b"USER\n"),
    "Prosody": (
        asked_prosody,
        b"<response xmlns='urn:commsroom:1'>{&quot;ok&quot;:{",
        b"<response xmlns='urn:commsroom:1'>[1]</response>",
    ),
}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_ASK_SECONDS", SECONDS)
    monkeypatch.setattr(mail, "USERDB", mail.USERDB)
    for module in (on_target, prosody, __import__(Manager.__module__, fromlist=["x"])):
        monkeypatch.setattr(module, "MOST_BYTES", 8_000_000)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("server", SERVERS)
def test_half_an_answer_is_an_error_in_words_and_in_time(tmp_path, serve, server, trouble) -> None:
    ask, half, _ = SERVERS[server]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with pytest.raises(on_target.TargetError) as told:
        ask(tmp_path, serve, trouble, half)
    assert time.monotonic() - began < 10 * SECONDS
    assert server in told.value.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


@pytest.mark.parametrize("server", SERVERS)
def test_an_answer_that_makes_no_sense_is_said_to_make_none(tmp_path, serve, server) -> None:
    ask, _, nonsense = SERVERS[server]
    with pytest.raises(on_target.TargetError, match="makes no sense"):
        ask(tmp_path, serve, falls_silent, nonsense)
