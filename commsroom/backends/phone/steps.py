"""Proofs by use: what a telephone is given, what it is not, and what it made of it.

A telephone's fetch is tried from here with its own credential; that it fetched by itself is in the
server's log, and that it rings is for its exchange to say.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from commsroom.backends.phone import vendors
from commsroom.backends.phone.client import Credential
from commsroom.backends.phone.render import identity, names
from commsroom.backends.phone.vendor import URL
from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Proof
from commsroom.estate.kinds import PhoneProfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.phone.client import Client, Json
    from commsroom.estate.backend import ProofRequest

_GIVEN: Final = 200
_REFUSED: Final = frozenset({401, 403, 404})


def prove(client: Client, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
    """Prove every profile: its own credential is given its file, another is not, and the telephone has it."""
    profiles = client.read()["profiles"]
    files = {
        request.resource.address.key: names(
            vendors.vendor(body.vendor or ""), request.resource.address.key, body
        )[0]
        for request in requests
        if isinstance(body := request.resource.body, PhoneProfile)
    }
    for request in requests:
        if request.helping:
            continue
        yield from _fetches(client, request, files)
        yield from _telephone(request, profiles.get(request.resource.address.key))


def _fetches(client: Client, request: ProofRequest, files: dict[str, str]) -> Iterator[Proof]:
    address, body = request.resource.address, request.resource.body
    assert isinstance(body, PhoneProfile)  # noqa: S101 - the only kind there is
    ref = request.resource.secret("fetch")
    held = request.secret(ref) if ref else None
    if held is None:
        yield Proof(
            address, "fetch", "given", "not tried", None, note="we do not hold its password"
        )
        return
    by_url = vendors.vendor(body.vendor or "").credential == URL
    who = Credential(identity(address.key, body.mac or ""), held.reveal(), by_url)
    own = files[address.key]
    yield _asked(client, request, who, own, "fetch", given=True)
    stranger = Credential(who.name, f"{who.secret}x", by_url)
    yield _asked(client, request, stranger, own, "fetch, wrong password", given=False)
    another = next((file for key, file in files.items() if key != address.key), "")
    if another and another != own:
        yield _asked(client, request, who, another, "fetch another's profile", given=False)


def _asked(
    client: Client, request: ProofRequest, who: Credential, file: str, use: str, *, given: bool
) -> Proof:
    address, started = request.resource.address, time.perf_counter()
    expected = "given" if given else "refused"
    try:
        status, _ = client.fetch(who, file)
    except SystemUnknown as error:
        return Proof(address, use, expected, "no answer", None, note=error.message)
    spent = (time.perf_counter() - started) * 1000
    got = {True: "given", False: "refused"}.get(status == _GIVEN, "")
    right = status == _GIVEN if given else status in _REFUSED
    if not right and status != _GIVEN and status not in _REFUSED:
        return Proof(address, use, expected, f"HTTP {status}", None, spent)
    return Proof(address, use, expected, got, right, spent, login=given and right)


def _telephone(request: ProofRequest, held: Json | None) -> Iterator[Proof]:
    address = request.resource.address
    seen = held["fetched"] if held else None
    if held is None or seen is None:
        yield Proof(
            address, "last fetched", "this profile", "nothing yet", None,
            note="no telephone has fetched it; is it plugged in?",
        )  # fmt: skip
        return
    when = f"{seen['at']} from {seen['from']}".strip()
    current = seen["current"]
    got = "this profile" if current else "an older profile"
    yield Proof(
        address, "last fetched", "this profile", got, current, note=when.removesuffix("from")
    )
    if held["registered"] is None:
        yield Proof(
            address, "registered", "yes", "unknown", None, note="its exchange is another machine"
        )
    else:
        yield Proof(
            address, "registered", "yes", "yes" if held["registered"] else "no", held["registered"]
        )
