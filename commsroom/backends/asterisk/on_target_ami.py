"""Asterisk's manager interface, spoken on the server itself: many questions in one write.

The secret is made anew at every start of Asterisk (role `pbx`) and never leaves the server. Sent over SSH
as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.backends.on_target import MOST_BYTES, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Message = dict[str, str]

_READ_BYTES: Final = 1 << 18
#: So many questions at a time: answers are read before Asterisk would wait for us to read them.
_CHUNK: Final = 200
_END: Final = b"\r\n\r\n"
#: What is looked at. An endpoint has a hundred more fields, and picking is ten times as fast as sorting them.
_FIELDS: Final = re.compile(
    r"^(ActionID|Event|EventList|Response|Message|Output"
    r"|ObjectName|Transport|Aors|Acl|Context|Callerid|SetVar|MediaEncryption|Password"
    r"|VMContext|VoiceMailbox|Fullname|Email"
    r"|Contacts|ServerUri|ClientUri|FromUser|OutboundAuth|AllowTransfer|IdentifyBy|Username|Status"
    r"|Extension|Application|AppData|IncludeContext|Registrar|Channel): ?([^\r]*)",
    re.MULTILINE,
)


class Manager:
    """One session; `timeout` is seconds to its end, and to each chunk of an answer."""

    def __init__(self, port: int, secret_file: str, timeout: float) -> None:
        """Log in; raises TargetError `missing` where no Asterisk answers."""
        secret = _secret(Path(secret_file))
        self._heard = b""
        self._place = 0
        self._next = 0
        self._deadline = time.monotonic() + timeout
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        except OSError as error:
            raise TargetError(
                "missing", f"Asterisk does not answer on 127.0.0.1:{port}: {error.strerror}"
            ) from None
        try:
            self._log_in(secret)
        except TargetError:
            self._socket.close()
            raise

    def _log_in(self, secret: str) -> None:
        self._until(b"\r\n")
        login = {"Action": "Login", "Username": "commsroom", "Secret": secret, "Events": "off"}
        if self.ask([login])[0][0].get("Response") != "Success":
            raise TargetError(
                "missing", "Asterisk refused commsroom's manager login: run the role pbx"
            )

    def __enter__(self) -> Manager:  # noqa: PYI034 - typing.Self needs Python 3.11, targets may have 3.9
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._socket.close()

    def ask(self, actions: Iterable[Mapping[str, str]]) -> list[list[Message]]:
        """Ask many things and return for each all messages of its answer, in the order asked.

        Raises:
            TargetError: `failed` when the conversation breaks off.
        """
        waiting = list(actions)
        answers: list[list[Message]] = []
        for start in range(0, len(waiting), _CHUNK):
            answers += self._ask(waiting[start : start + _CHUNK])
        return answers

    def command(self, text: str) -> str:
        """Give a command of the console and return what it prints."""
        return self.ask([{"Action": "Command", "Command": text}])[0][0].get("Output", "")

    def _ask(self, actions: Sequence[Mapping[str, str]]) -> list[list[Message]]:
        first = self._next
        self._next += len(actions)
        packets = [_packet(action, first + index) for index, action in enumerate(actions)]
        found: dict[int, list[Message]] = {first + index: [] for index in range(len(actions))}
        open_ = set(found)
        try:
            self._socket.sendall(b"".join(packets))
        except OSError as error:
            raise TargetError("failed", _lost(error)) from None
        while open_:
            message = _message(self._until(_END))
            number = _number(message)
            if number not in open_:
                continue
            found[number].append(message)
            if _ends(message, first=len(found[number]) == 1):
                open_.discard(number)
        return list(found.values())

    def _until(self, end: bytes) -> bytes:
        """Return what comes before the next `end`."""
        while (place := self._heard.find(end, self._place)) < 0:
            # What was handed out already is dropped once in a while, not at every message.
            self._heard = self._heard[self._place :]
            self._place = 0
            try:
                piece = self._socket.recv(_READ_BYTES)
            except OSError as error:
                raise TargetError("failed", _lost(error)) from None
            if not piece:
                raise TargetError(
                    "failed", "Asterisk closed the conversation before it had answered"
                )
            self._heard += piece
            if len(self._heard) > MOST_BYTES or time.monotonic() > self._deadline:
                raise TargetError("failed", "Asterisk talks on and on and gives no answer")
        found = self._heard[self._place : place]
        self._place = place + len(end)
        return found


def _number(message: Message) -> int:
    try:
        return int(message.get("ActionID", "-1"))
    except ValueError:
        raise TargetError("failed", "Asterisk's answer makes no sense") from None


def _secret(path: Path) -> str:
    try:
        text = path.read_text("ascii")
    except OSError as error:
        raise TargetError(
            "missing", f"{path}: {error.strerror}: is Asterisk running, and made by the role pbx?"
        ) from None
    found = re.search(r"^secret=([0-9a-f]+)$", text, re.MULTILINE)
    if not found:
        raise TargetError("missing", f"{path}: no secret in it: run the role pbx")
    return found[1]


def _packet(action: Mapping[str, str], number: int) -> bytes:
    for value in action.values():
        if "\r" in value or "\n" in value:
            raise TargetError("failed", "a value for Asterisk holds a line break")
    lines = [f"{name}: {value}" for name, value in [*action.items(), ("ActionID", str(number))]]
    return "\r\n".join([*lines, "", ""]).encode()


def _message(raw: bytes) -> Message:
    found: Message = {}
    for name, value in _FIELDS.findall(raw.decode("utf-8", "replace")):
        # A name may come more than once: the lines of a command's output.
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _ends(message: Message, *, first: bool) -> bool:
    mark = message.get("EventList", "").lower()
    if "Event" in message:
        return mark == "complete"
    # A list begins with a response that says so. An error in its middle (an endpoint's transport is not
    # there) has no mark, and the list goes on; an error at the beginning is the whole answer.
    return first and mark != "start"


def _lost(error: OSError) -> str:
    return f"the conversation with Asterisk broke off: {error.strerror or error}"
