"""Soft phones that start with nothing but a URL, and what they need round them."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import socket
import subprocess
import threading
import time
import wave

from office import EXCHANGE, HOST, NAME, registered, until


class Linphone:
    """Linphone's console client in a home of its own; what it is told at first is a URL, and whom to trust."""

    def __init__(self, office, home, url):
        self.home, self.office = home, office
        (home / ".local/share/linphone").mkdir(parents=True)
        ca = office.root / ".commsroom" / "ca" / "ca.crt"
        (home / "rc").write_text(f"[misc]\nconfig-uri={url}\n[sip]\nroot_ca={ca}\n")
        (home / "hosts").write_text(f"127.0.0.1 localhost\n{HOST} {EXCHANGE} {NAME}\n")
        self.start()

    def start(self):
        script = f"mount --bind {self.home}/hosts /etc/hosts && exec linphonec -a -c {self.home}/rc"
        with (self.home / "said").open("a") as said:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script],
                env={**os.environ, "HOME": str(self.home)},
                stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        self.tell("soundcard use files")

    def tell(self, command):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def online(self, number):
        """Wait until it is registered.

        On a challenge its console asks, before it looks into its profile, for a password "for (null) on (null)",
        and does nothing until it has some answer; as a command the word means nothing to it.
        """

        def there():
            self.tell("none")
            return number in registered(self.office)

        until(there)

    def said(self):
        return (self.home / "said").read_text("utf-8", "replace")

    def stop(self):
        """Quit as its user would; twice is no harm."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(OSError):
            self.tell("quit")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()


class Names:
    """A name server (RFC 1035) that knows every name's address, the lab's exchange: baresip reads no hosts file."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                asked, who = self.socket.recvfrom(512)
                end = asked.index(b"\0", 12) + 5
                address = asked[end - 4 : end - 2] == b"\0\1"
                head = asked[:2] + b"\x81\x80\0\1" + bytes([0, address]) + b"\0\0\0\0"
                answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(HOST)
                self.socket.sendto(head + asked[12:end] + (answer if address else b""), who)

    def close(self):
        self.socket.close()


def silence():
    """Return a second of silence as a WAV file of 16 kHz."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))
    return made.getvalue()


class Caller:
    """Calls a telephone again and again, and keeps when a call of its came through."""

    def __init__(self, office, mine):
        self.office, self.mine = office, mine
        self.answered = [time.monotonic()]
        self.over = threading.Event()
        office.on("pbx1", "asterisk -rx 'module load res_clioriginate.so'")
        self.thread = threading.Thread(target=self.call, daemon=True)
        self.thread.start()

    def call(self):
        while not self.over.is_set():
            shown = self.office.on(
                "pbx1",
                f"asterisk -rx 'channel originate PJSIP/{self.mine} application Wait 3'; sleep 1;"
                " asterisk -rx 'core show channels concise'; asterisk -rx 'channel request hangup all'",
                check=False,
            )
            if any(f"PJSIP/{self.mine}-" in line and "!Up!" in line for line in shown.splitlines()):
                self.answered.append(time.monotonic())

    def longest(self):
        """End; return the longest time without a call that was answered, in seconds."""
        self.over.set()
        self.thread.join(30)
        times = [*self.answered, time.monotonic()]
        return max(after - before for before, after in itertools.pairwise(times))
