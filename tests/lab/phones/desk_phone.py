"""A desk telephone of our own, for what soft phones do not do: it takes a NOTIFY and has lamps."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import socket
import threading

from office import EXCHANGE, HOST, context


class NotLetInError(Exception):
    """The exchange answers its login with something else than 200."""


class Desk:
    """A desk telephone of our own: registers over TLS (RFC 3261, RFC 8760) and does what a NOTIFY says."""

    def __init__(self, office, mac, mine, password, on_notify):
        self.office, self.mine, self.password, self.on_notify = office, mine, password, on_notify
        self.agent = f"Yealink SIP-T54W 96.86.0.70 {mac}"
        plain = socket.create_connection((HOST, 5061), 5)
        self.line = context(office).wrap_socket(plain, server_hostname=EXCHANGE)
        self.tag, self.call, self.count = secrets.token_hex(4), secrets.token_hex(8), 0
        self.events, self.lamps, self.heard, self.body = [], [], b"", ""
        try:
            self.register()
        except BaseException:
            self.line.close()
            raise
        self.line.settimeout(None)  # from now on it waits to be told something, however long
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def register(self):
        host, port = self.line.getsockname()[:2]
        contact = f"Contact: <sip:{self.mine}@{host}:{port};transport=tls>\r\n"
        uri, more = f"sip:{EXCHANGE}", f"{contact}Expires: 300\r\n"
        self.send("REGISTER", uri, f"sip:{self.mine}@{EXCHANGE}", more)
        self.send(
            "REGISTER", uri, f"sip:{self.mine}@{EXCHANGE}", more + self.login("REGISTER", uri, self.read())
        )  # fmt: skip
        answer = self.read().partition("\r\n")[0]
        if not answer.startswith("SIP/2.0 200"):
            raise NotLetInError(answer)

    def watch(self, number):
        """Have a lamp for a colleague's number (RFC 4235); what it shows comes into `lamps`."""
        host, port = self.line.getsockname()[:2]
        self.call, self.watching = secrets.token_hex(8), f"sip:{number}@{EXCHANGE}"
        self.more = (
            f"Contact: <sip:{self.mine}@{host}:{port};transport=tls>\r\nEvent: dialog\r\n"
            "Accept: application/dialog-info+xml\r\nExpires: 300\r\n"
        )
        self.send("SUBSCRIBE", self.watching, self.watching, self.more)

    def login(self, method, uri, challenge):
        """Answer a challenge with SHA-256 (RFC 8760)."""

        def h(text):
            return hashlib.sha256(text.encode()).hexdigest()

        asked = re.search(r"Digest [^\r]*algorithm=SHA-256[^\r]*", challenge)[0]
        realm, nonce = (re.search(f'{word}="([^"]*)"', asked)[1] for word in ("realm", "nonce"))
        response = h(
            f"{h(f'{self.mine}:{realm}:{self.password}')}:{nonce}:00000001:abc:auth:{h(f'{method}:{uri}')}"
        )
        return (
            f'Authorization: Digest username="{self.mine}",realm="{realm}",nonce="{nonce}",uri="{uri}",'
            f'response="{response}",algorithm=SHA-256,qop=auth,nc=00000001,cnonce="abc"\r\n'
        )

    def send(self, method, uri, to, more):
        self.count += 1
        host, port = self.line.getsockname()[:2]
        self.line.sendall(
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TLS {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.mine}@{EXCHANGE}>;tag={self.tag}\r\nTo: <{to}>\r\n"
            f"Call-ID: {self.call}\r\nCSeq: {self.count} {method}\r\n"
            f"User-Agent: {self.agent}\r\n{more}Content-Length: 0\r\n\r\n".encode()
        )

    def read(self):
        while b"\r\n\r\n" not in self.heard.lstrip(b"\r\n"):  # before it: keep-alives (RFC 5626)
            piece = self.line.recv(65536)
            if not piece:
                return ""
            self.heard += piece
        head, _, self.heard = self.heard.lstrip(b"\r\n").partition(b"\r\n\r\n")
        assert b"Content-Length" in head, head
        length = int(re.search(rb"Content-Length:\s*(\d+)", head, re.IGNORECASE)[1])
        while len(self.heard) < length:
            self.heard += self.line.recv(65536)
        self.body, self.heard = self.heard[:length].decode(), self.heard[length:]
        return head.decode()

    def listen(self):
        with contextlib.suppress(OSError):
            while head := self.read():
                if head.startswith("SIP/2.0 401"):
                    login = self.login("SUBSCRIBE", self.watching, head)
                    self.send("SUBSCRIBE", self.watching, self.watching, self.more + login)
                if head.startswith("SIP/2.0"):
                    continue
                kept = re.findall(
                    r"^(?:Via|From|To|Call-ID|CSeq):[^\r]*", head, re.MULTILINE | re.IGNORECASE
                )
                self.line.sendall(
                    "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode()
                )
                event = re.search(r"^Event:\s*([^\r]*)", head, re.MULTILINE | re.IGNORECASE)
                if head.startswith("NOTIFY") and event:
                    self.events.append(event[1])
                    self.lamps += re.findall("<state>([^<]*)</state>", self.body)
                    if event[1].startswith("check-sync"):
                        self.on_notify()

    def close(self):
        self.line.close()
