"""An in-memory twin of a NanoMDM and the mobiles it manages.

Its `state` file says how they are: `{"mobiles": {ENROLMENT: {"state": …}}}`. `offline` ones answer nothing,
`unknown` ones were never enrolled, `broken` ones answer Error; any other answers Acknowledged as soon as it is
called. One that is `personal` answers Error to EraseDevice, as a User Enrollment does.
"""

from __future__ import annotations

import base64
import json
import plistlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]


class FakeClient:
    """A server that keeps its queue, and each mobile's answers, in a file. `told` lists what it was asked to do."""

    def __init__(self, path: Path | None) -> None:
        """Start with nothing queued, or with what `path` says."""
        self._path = path
        self._held: Json = {"mobiles": {}, "queue": {}, "events": []}
        self.told: list[str] = []

    def enqueue(self, enrolment: str, command: bytes) -> Json:
        """Keep a command, once under its name; the mobile answers at once if it can."""
        self._load()
        said = plistlib.loads(command)
        name, what = said["CommandUUID"], said["Command"]["RequestType"]
        answer: Json = {"command_uuid": name, "request_type": what, "status": {enrolment: {}}}
        if self._state(enrolment) == "unknown":
            answer["status"][enrolment]["command_error"] = "enrollment not found"
        elif name in self._held["queue"]:
            answer["status"][enrolment]["command_error"] = f"duplicate command {name}"
        else:
            self.told.append(f"{what} {enrolment}")
            self._held["queue"][name] = {"enrolment": enrolment, "what": what, "answered": False}
            self._answer(enrolment)
        self._keep()
        return answer

    def push(self, enrolment: str) -> Json:
        """Call a mobile."""
        self._load()
        self._answer(enrolment)
        self._keep()
        return {"status": {enrolment: {"push_result": "simulated"}}}

    def events(self) -> Iterator[Json]:
        """Yield what mobiles answered."""
        self._load()
        yield from self._held["events"]

    def _state(self, enrolment: str) -> str:
        return str(self._held["mobiles"].get(enrolment, {}).get("state", ""))

    def _answer(self, enrolment: str) -> None:
        if self._state(enrolment) == "offline":
            return
        mobile = self._held["mobiles"].get(enrolment, {})
        for name, one in self._held["queue"].items():
            if one["enrolment"] != enrolment or one["answered"]:
                continue
            one["answered"] = True
            barred = mobile.get("personal") and one["what"] == "EraseDevice"
            failed = barred or self._state(enrolment) == "broken"
            told = {
                "udid": enrolment,
                "command_uuid": name,
                "status": "Error" if failed else "Acknowledged",
            }
            if failed:
                chain = {"ErrorChain": [{"USEnglishDescription": "The command is not allowed."}]}
                told["raw_payload"] = base64.b64encode(plistlib.dumps(chain)).decode("ascii")
            self._held["events"].append({"topic": "mdm.Connect", "acknowledge_event": told})

    def _load(self) -> None:
        if self._path is not None and self._path.exists():
            self._held |= json.loads(self._path.read_text("utf-8"))

    def _keep(self) -> None:
        if self._path is not None:
            self._path.write_text(json.dumps(self._held), "utf-8")
