"""The provider: the same over a real provisioning server and over the fake one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commsroom.backends.phone import wire
from commsroom.backends.phone.render import CannotRender
from commsroom.estate.backend import Applied, Outcome, Snapshot, Status
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.resource import Address, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.phone.client import Client
    from commsroom.backends.phone.render import Place
    from commsroom.estate.backend import Batch, Credential, Proof, ProofRequest, Tools
    from commsroom.estate.inspection import Facts, Seen
    from commsroom.estate.resource import Change


@dataclass(frozen=True, slots=True)
class PhoneProvider:
    """One connected system (nothing stays open between calls)."""

    system: str
    place: Place
    tools: Tools
    client: Client

    def read(self) -> Snapshot:
        """Read everything in one round trip: what is served, to whom, and what was fetched last."""
        answer = self.client.read()
        profiles = answer["profiles"]
        found = wire.resources(self.system, profiles, self.place)
        sealed = {self._address(name) for name in answer["sealed"]}
        foreign = {address: Resource(address, PhoneProfile()) for address in sealed}
        return Snapshot(
            resources={**found, **foreign},
            verifiers=wire.verifiers(self.system, profiles, self.tools.fingerprint),
            token=answer["token"],
            sealed=frozenset(sealed),
            version=answer["version"],
            remarks={self._address(key): text for key, text in _remarks(profiles)},
            away={self._address(key): text for key, text in _away(profiles)},
        )

    def apply(self, batch: Batch) -> Applied:
        """Render, send everything in one round trip, and let telephones fetch what is new to them."""
        ops: dict[Address, dict[str, Any]] = {}
        faults: dict[Address, str] = {}
        for change in batch.changes:
            try:
                op = wire.operation(change, self.place, batch.secret)
            except CannotRender as error:
                faults[change.address] = str(error)
            else:
                if op is not None:
                    ops[change.address] = op
        moving = [address.key for address, op in ops.items() if "mac" in op.get("fields", ())]
        for op in ops.values():
            op["moving"] = moving
        answer = self.client.apply(
            list(ops.values()), token=batch.token, estate_id=batch.estate_id, fence=batch.fence
        )
        faults |= {
            address: text for address, text in zip(ops, answer["results"], strict=True) if text
        }
        shown = wire.verifiers(self.system, answer["profiles"], self.tools.fingerprint)
        outcomes = [
            _outcome(change, faults.get(change.address, ""), answer["notes"], shown)
            for change in batch.changes
        ]
        return Applied(tuple(outcomes), answer["token"])

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Fetch as each telephone would, and look whether it did; see steps.py."""
        from commsroom.backends.phone.steps import prove

        yield from prove(self.client, requests)

    def log_in(self, credentials: Sequence[Credential]) -> Sequence[bool | None]:
        """Look whether each telephone was given this secret, fetched it, and is registered since.

        Its log-in is for it to do. One that was given another is refused this one; one that has not fetched
        or not registered says nothing yet. Of its administrator's password the fetch is all there is to see.
        """
        profiles = self.client.read()["profiles"]
        shown = wire.verifiers(self.system, profiles, self.tools.fingerprint)

        def has(one: Credential) -> bool | None:
            at = one.resource.address
            held = profiles.get(at.key)
            if held is None or one.slot not in {"sip", "admin"}:
                return None
            if shown[at].get(one.slot) != self.tools.fingerprint(wire.hashed(one.secret)):
                return False
            seen = held["fetched"]
            has_it = bool(seen and seen["current"])
            return True if has_it and (one.slot == "admin" or held["registered"]) else None

        return [has(one) for one in credentials]

    def inspect(self, wanted: Facts) -> Seen:
        """Look at what serves the profiles, and at what was fetched; raises SystemUnknown."""
        return self.client.inspect(wanted)

    def close(self) -> None:
        """Nothing to let go of."""

    def _address(self, key: str) -> Address:
        return Address(self.system, PhoneProfile.kind, key)


def _remarks(profiles: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is served as it should be, and is not what the telephone has."""
    for key, held in profiles.items():
        seen = held["fetched"]
        if seen is not None and not seen["current"]:
            yield (
                key,
                f"its telephone last fetched an older profile ({seen['digest']}, {seen['at']})",
            )


def _away(profiles: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what no telephone uses just now."""
    for key, held in profiles.items():
        if held["fetched"] is None:
            yield key, "no telephone has ever fetched it"
        elif held["registered"] is None:
            yield (
                key,
                "whether its telephone is registered cannot be told: its exchange is another machine",
            )
        elif not held["registered"]:
            yield key, "its telephone is not registered"


def _outcome(
    change: Change,
    fault: str,
    notes: Mapping[str, str],
    shown: Mapping[Address, Mapping[str, str]],
) -> Outcome:
    if fault:
        return Outcome(change.address, Status.FAILED, fault)
    slots = [name.removeprefix("secret:") for name in change.fields if name.startswith("secret:")]
    held = shown.get(change.address, {})
    return Outcome(
        change.address,
        Status.DONE,
        notes.get(change.address.key, ""),
        verifiers={slot: held[slot] for slot in slots if slot in held and change.after},
    )
