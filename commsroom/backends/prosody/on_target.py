"""Runs on the XMPP server's own machine: talks to Prosody's admin socket, where `mod_commsroom` listens.

The socket speaks XML stanzas (Prosody's util.adminstream). One request and its answer are

    <request xmlns='urn:commsroom:1'>JSON</request>  →  <response xmlns='urn:commsroom:1'>JSON</response>

Prosody closes the connection on a stanza over 10,000 bytes, so operations go in small parcels; that
also lets it serve everybody else in between. All parcels of an apply but the last say that more comes, so
that a room is saved once. The module is installed by the role `im`.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import MOST_BYTES, TargetError, locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NAMESPACE: Final = "urn:commsroom:1"
_PARCEL_BYTES: Final = 8_000
_READ_BYTES: Final = 1 << 16
_NONSENSE: Final = "Prosody's answer makes no sense"
_ANSWER: Final = re.compile(rb"<(?P<name>response|repl-result)\b[^>]*>(?P<text>[^<]*)</(?P=name)>")
_EMPTY: Final = re.compile(rb"<(?:response|repl-result)\b[^>]*/>")
#: `&` first when quoting, last when reading back.
_ENTITIES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&apos;"), ('"', "&quot;"))

Json = dict[str, Any]


def read(data: Mapping[str, Any]) -> Json:
    """Return `{"state": …, "token": …}`: all accounts, rooms and affiliations, and a name for that state.

    `data` holds `socket` (its path), `host`, `rooms` and `timeout` in seconds. Raises TargetError.
    """
    with Shell(data["socket"], data["timeout"]) as shell:
        state = _state(shell, data)
    return {"state": state, "token": _token(state)}


def apply(data: Mapping[str, Any]) -> Json:
    """Carry out `ops` in order and return `results`, one each, with state and token read afterwards.

    `verifiers` are those of the accounts concerned as they were before. Takes what `read` takes and `ops`, `token`, `estate_id`, `fence`. Raises TargetError: `moved` or
    `fenced` before anything was written, `failed` when the server was lost on the way.
    """
    fence, estate_id = data["fence"], data["estate_id"]
    with (
        locked("prosody", fence=fence, estate_id=estate_id),
        Shell(data["socket"], data["timeout"]) as shell,
    ):
        before = _state(shell, data)
        if _token(before) != data["token"]:
            raise TargetError("moved", "accounts or rooms changed since they were read")
        results = _carried_out(shell, data)
        state = _state(shell, data)
    concerned = {op.get("login") for op in data["ops"]}
    verifiers = {
        item["login"]: item["verifier"] for item in before["accounts"] if item["login"] in concerned
    }
    return {"results": results, "verifiers": verifiers, "state": state, "token": _token(state)}


def _carried_out(shell: Shell, data: Mapping[str, Any]) -> list[Json]:
    """Send the operations parcel by parcel; a room is saved once, with the last parcel.

    A membership whose room could not be saved has failed, whatever was said of it before. A module that does
    not know `more` saves after each parcel and says nothing of rooms.
    """
    results: list[Json] = []
    answer: Json = {}
    coming = list(parcels(data["ops"]))
    for number, parcel in enumerate(coming, 1):
        answer = _ask(shell, data, "apply", {"ops": parcel, "more": number < len(coming)})
        results += answer["results"]
    unsaved: Mapping[str, str] = answer.get("unsaved", {})
    for op, result in zip(data["ops"], results):  # noqa: B905 - strict= needs Python 3.10
        if op["do"].startswith("member_") and op["room"] in unsaved:
            result.update(ok=False, error=unsaved[op["room"]])
    return results


def parcels(ops: Sequence[Json]) -> Iterator[list[Json]]:
    """Split operations, keeping their order, so that each parcel fits into one stanza."""
    parcel: list[Json] = []
    size = 0
    for op in ops:
        length = len(quoted(_json(op)).encode())
        if parcel and size + length > _PARCEL_BYTES:
            yield parcel
            parcel, size = [], 0
        parcel.append(op)
        size += length
    if parcel:
        yield parcel


def quoted(text: str) -> str:
    """Quote text for XML, in an element or an attribute."""
    for plain, entity in _ENTITIES:
        text = text.replace(plain, entity)
    return text


def unquoted(text: str) -> str:
    """Undo `quoted`."""
    for plain, entity in reversed(_ENTITIES):
        text = text.replace(entity, plain)
    return text


class Shell:
    """A conversation over Prosody's admin socket; `timeout` is seconds to each answer."""

    def __init__(self, path: str, timeout: float) -> None:
        """Connect; raises TargetError `missing` where no Prosody listens."""
        self._timeout = timeout
        self._heard = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            text = f"Prosody does not answer on {path}: {error.strerror}"
            raise TargetError("missing", text) from None
        try:
            self._send("<?xml version='1.0'?><stream:stream xmlns='xmpp:prosody.im/admin'")
            self._send(" xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>")
        except TargetError:
            self._socket.close()
            raise

    def __enter__(self) -> Shell:  # noqa: PYI034 - typing.Self needs Python 3.11, targets may have 3.9
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the stream."""
        self._socket.close()

    def ask(self, request: Json) -> Any:
        """Send one request and return the answer's `ok`; raises TargetError with the server's reason."""
        self._send(f"<request xmlns='{_NAMESPACE}'>{quoted(_json(request))}</request>")
        try:
            answer = json.loads(self._answer())
            error = answer.get("error")
        except (ValueError, AttributeError):
            raise TargetError("failed", _NONSENSE) from None
        if error is not None or "ok" not in answer:
            raise TargetError("failed", str(error or _NONSENSE))
        return answer["ok"]

    def _send(self, text: str) -> None:
        try:
            self._socket.sendall(text.encode())
        except OSError as error:
            raise TargetError("failed", _lost(error)) from None

    def _answer(self) -> str:
        deadline = time.monotonic() + self._timeout
        pieces = [self._heard]
        heard = len(self._heard)
        while True:
            # An answer ends where a chunk ends; a long one is not searched again at each chunk.
            if pieces[-1].rstrip().endswith(b">"):
                pieces = [b"".join(pieces)]
                match = _ANSWER.search(pieces[0])
                if match:
                    self._heard = pieces[0][match.end() :]
                    return _understood(match)
                if _EMPTY.search(pieces[0]):
                    raise TargetError("failed", "Prosody gave an empty answer")
            if time.monotonic() > deadline:
                raise TargetError("failed", f"Prosody gave no answer within {self._timeout:g} s")
            try:
                pieces.append(self._socket.recv(_READ_BYTES))
            except OSError as error:
                raise TargetError("failed", _lost(error)) from None
            heard += len(pieces[-1])
            if heard > MOST_BYTES:
                raise TargetError("failed", "Prosody talks on and on and gives no answer")
            if not pieces[-1]:
                raise TargetError(
                    "failed", "Prosody closed its admin socket before it had answered"
                )


def _lost(error: OSError) -> str:
    return f"the conversation with Prosody broke off: {error.strerror or error}"


def _understood(match: re.Match[bytes]) -> str:
    text = unquoted(match["text"].decode(errors="replace"))
    if match["name"] == b"repl-result":
        raise TargetError(
            "missing", "Prosody runs without mod_commsroom: run the role im on this server"
        )
    return text


def _state(shell: Shell, data: Mapping[str, Any]) -> Json:
    state: Json = _ask(shell, data, "state", {})
    state["accounts"].sort(key=lambda item: item["login"])
    state["rooms"].sort(key=lambda item: item["room"])
    for room in state["rooms"]:
        room["members"].sort(key=lambda item: item["jid"])
    return state


def _ask(shell: Shell, data: Mapping[str, Any], verb: str, more: Json) -> Any:
    return shell.ask({"do": verb, "host": data["host"], "rooms": data["rooms"], **more})


def _token(state: Json) -> str:
    return hashlib.sha256(_json(state).encode()).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
