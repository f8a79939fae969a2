"""Resources to the server's words and back; the same over the real client and the fake."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Applied, Outcome, Proof, Snapshot, Status
from commsroom.estate.kinds.messaging import Account
from commsroom.estate.resource import Address, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.example.client import Client
    from commsroom.estate.backend import Batch, ProofRequest, Target, Tools
    from commsroom.estate.inspection import Facts, Seen
    from commsroom.estate.resource import Change

_PASSWORD = "secret:password"  # noqa: S105 - the name of a field of a plan


class ExampleProvider:
    """One connected `example` server."""

    def __init__(self, target: Target, tools: Tools, client: Client) -> None:
        """Work through `client` on the system `target`."""
        self._system = target.system
        self._tools = tools
        self._client = client

    def read(self) -> Snapshot:
        """Read all accounts; those in the administrators' own file are sealed."""
        state = self._client.read()
        local = {self._address(login): values for login, values in state["local"].items()}
        ours = {self._address(login): values for login, values in state["ours"].items()}
        both = {**local, **ours}
        return Snapshot(
            resources={address: _resource(address, values) for address, values in both.items()},
            verifiers={address: self._verifiers(values) for address, values in both.items()},
            token=state["token"],
            sealed=frozenset(local),
        )

    def apply(self, batch: Batch) -> Applied:
        """Send the whole batch at once and judge each change by what was read back."""
        edits = {change.address.key: _edit(change, batch) for change in batch.changes}
        done = self._client.apply(
            {
                "edits": edits,
                "token": batch.token,
                "fence": batch.fence,
                "estate_id": batch.estate_id,
            }
        )
        outcomes = [self._outcome(change, done) for change in batch.changes]
        return Applied(outcomes, done["token"])

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Log in as each owner, and with a wrong password; leavers must be refused.

        A refusal counts only when the same credential was accepted earlier and a control account
        is accepted after it: otherwise the server may refuse everybody.
        """
        control: tuple[str, str] | None = None
        for request in (request for request in requests if not request.refused):
            password = self._password(request)
            login = request.resource.address.key
            if password is None:
                yield Proof(
                    request.resource.address, "login", "accepted", "not tried", None,
                    note="we do not hold its password",
                )  # fmt: skip
                continue
            proof = self._login(request, password, expect=True)
            yield proof
            if proof.ok:
                control = control or (login, password)
                yield self._login(request, f"{password}x", expect=False, use="wrong password")
        for request in (request for request in requests if request.refused):
            yield self._refusal(request, control)

    def inspect(self, wanted: Facts) -> Seen:
        """Look at the machine; `BACKEND.judge` would say what facts of one's own mean."""
        return self._client.inspect(wanted)

    def close(self) -> None:
        """Hold nothing, so let go of nothing."""

    def _refusal(self, request: ProofRequest, control: tuple[str, str] | None) -> Proof:
        password = self._password(request)
        if password is None or not request.accepted_before or control is None:
            return Proof(
                request.resource.address, "login", "refused", "not tried", None,
                note="no earlier login, or no control account, to hold a refusal against",
            )  # fmt: skip
        proof = self._login(request, password, expect=False)
        if proof.ok and not self._client.login(*control):
            return Proof(
                proof.address, proof.use, proof.expected, proof.got, None, proof.ms,
                note="the control account was refused too",
            )  # fmt: skip
        return proof

    def _login(
        self, request: ProofRequest, password: str, *, expect: bool, use: str = "login"
    ) -> Proof:
        address, started = request.resource.address, time.perf_counter()
        expected = "accepted" if expect else "refused"
        try:
            accepted = self._client.login(address.key, password)
        except SystemUnknown as error:
            return Proof(address, use, expected, "no answer", None, note=error.message)
        got = "accepted" if accepted else "refused"
        return Proof(
            address, use, expected, got, accepted == expect,
            (time.perf_counter() - started) * 1000, login=expect and accepted,
        )  # fmt: skip

    def _password(self, request: ProofRequest) -> str | None:
        ref = request.resource.secret("password")
        held = request.secret(ref) if ref else None
        return held.reveal() if held else None

    def _outcome(self, change: Change, done: Mapping[str, Any]) -> Outcome:
        if done["failed"]:
            return Outcome(change.address, Status.FAILED, done["failed"])
        found = done["ours"].get(change.address.key)
        if change.after is None:
            gone = found is None
            return Outcome(
                change.address,
                Status.DONE if gone else Status.FAILED,
                "" if gone else "still there",
            )
        if found is None or any(found.get(k) != v for k, v in _values(change).items()):
            return Outcome(change.address, Status.FAILED, "read back, it is not as asked for")
        written = self._verifiers(found) if _PASSWORD in change.fields else {}
        return Outcome(change.address, Status.DONE, verifiers=written)

    def _verifiers(self, values: Mapping[str, Any]) -> dict[str, str]:
        held = values.get("password")
        return {"password": self._tools.fingerprint(held)} if held else {}

    def _address(self, login: str) -> Address:
        return Address(self._system, "account", login)


def _resource(address: Address, values: Mapping[str, Any]) -> Resource:
    body = Account(
        display_name=values.get("display_name"), suspended=bool(values.get("suspended", False))
    )
    return Resource(address, body)


def _edit(change: Change, batch: Batch) -> dict[str, Any] | None:
    """Give what to set, or None to delete."""
    if change.after is None:
        return None
    ref = change.after.secret("password")
    password = batch.secret(ref).reveal() if ref and _PASSWORD in change.fields else None
    return {"values": _values(change), "password": password}


def _values(change: Change) -> dict[str, Any]:
    """Give the attributes that this change is to make true."""
    asked = change.after.body.values() if change.after else {}
    return {name: value for name, value in asked.items() if name in change.fields}
