"""What every back end promises: each of its cases comes true on its fake, and nothing else happens.

A case (`commsroom/backends/NAME/cases/*.yaml`) reads as a promise:

    existing   what is on the server before (an administrator made it)
    owned      which of that is ours
    desired    what policy asks for
    plan       the changes that must be planned, no more, no fewer
    told       what the server is asked to do, in order
    variables  of the system, where the back end needs some
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
import yaml

from commsroom import backends
from commsroom.errors import FenceRefused, TargetMoved
from commsroom.estate.backend import Batch, Credential, Outcome, ProofRequest, Status, Target, Tools
from commsroom.estate.kinds import kind_named
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, Plan, build
from commsroom.estate.resource import Address, Change, Recorded, Resource
from commsroom.estate.secret import Secret, SecretRef, Shape

SYSTEM = "box1"
ESTATE = "contract"
#: A wipe station holds nothing that is planned.
HOLDING = [name for name in backends.names() if backends.backend(name).supports]
SHAPES = {"pin": Shape.PIN, "sip": Shape.SIP}


def _files(name):
    folder = files(f"commsroom.backends.{name}").joinpath("cases")
    return sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))


def _cases():
    for name in HOLDING:
        for case in _files(name):
            yield pytest.param((name, case), id=f"{name}-{case.removesuffix('.yaml')}")


@dataclass
class World:
    """A simulated system, one of its cases, and what a ledger would remember."""

    name: str
    case: dict[str, Any]
    state: Any
    owned: set[Address] = field(default_factory=set)
    recorded: dict[Address, dict[str, Recorded]] = field(default_factory=dict)
    fence: int = 0
    lent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.backend = backends.backend(self.name)
        self.provider = self.connect()

    def connect(self):
        variables = {"commsroom_domain": "lianhe.example", **self.case.get("variables", {})}
        target = Target(SYSTEM, "127.0.0.1", "box1.test", self.state.parent, variables=variables)
        return self.backend.fake(target, Tools(fingerprint=_fingerprint), self.state)

    def secret(self, ref: SecretRef) -> Secret:
        """Lend a value nobody could mistake for anything else."""
        digits = str(int(hashlib.sha256(ref.path.encode()).hexdigest()[:12], 16))
        value = digits[:6] if ref.shape is Shape.PIN else f"Canary{digits}"
        self.lent.add(value)
        return Secret(value)

    def plan(self, desired: list[Resource]) -> Plan:
        known = Known(frozenset(self.owned), secrets=self.recorded)
        return build(desired, {SYSTEM: self.provider.read()}, known, {SYSTEM: self.backend})

    def batch(self, changes: list[Change], token: str) -> Batch:
        self.fence += 1
        return Batch(tuple(changes), token, self.secret, ESTATE, self.fence)

    def apply(self, plan: Plan) -> list[Outcome]:
        """Apply as the core does: step by step, each with the token the last one left."""
        token, outcomes = plan.tokens[SYSTEM], []
        for step in steps(plan.changes):
            changes = list(step.batches[SYSTEM])
            applied = self.provider.apply(self.batch(changes, token))
            token = applied.token
            outcomes += applied.outcomes
            assert [item.address for item in applied.outcomes] == [item.address for item in changes]
            for change, outcome in zip(changes, applied.outcomes, strict=True):
                self._remember(change, outcome)
        return outcomes

    def _remember(self, change: Change, outcome: Outcome) -> None:
        if outcome.status is not Status.DONE:
            return
        (self.owned.discard if change.after is None else self.owned.add)(change.address)
        if change.after is None:
            self.recorded.pop(change.address, None)
            return
        for name in change.fields:
            if name.startswith("secret:") and name not in change.unsupported:
                slot = name.removeprefix("secret:")
                seen = Recorded(1, outcome.verifiers.get(slot))
                self.recorded.setdefault(change.address, {})[slot] = seen

    def resources(self, table: dict[str, dict[str, Any]]) -> list[Resource]:
        return [self._resource(key, values or {}, table) for key, values in table.items()]

    def _resource(self, text: str, values: dict[str, Any], table: dict[str, Any]) -> Resource:
        address = at(text)
        body = {name: _value(value) for name, value in values.items() if name != "secrets"}
        held = self.backend.slots.get(address.kind, frozenset())
        slots = values.get("secrets", sorted(held.difference(kind_named(address.kind).spare)))
        refs = tuple(
            SecretRef(f"{address.key}/{slot}", slot, SHAPES.get(slot, Shape.PASSWORD), generation=1)
            for slot in slots
        )
        return Resource(
            address, kind_named(address.kind)(**body), refs, needs=_needs(address, body, table)
        )


def _value(value):
    return tuple(value) if isinstance(value, list) else value


def _needs(address: Address, body: dict[str, Any], table: dict[str, Any]) -> frozenset[Address]:
    """Guess as compile would know: an object needs those its key or its values name."""
    parts = address.key.split("/")
    words = set(parts) if len(parts) > 1 else set()
    for value in body.values():
        words.update(value if isinstance(value, tuple) else [value])
    others = {at(text) for text in table} - {address}
    return frozenset(other for other in others if other.key in words and other.kind != address.kind)


def at(text: str) -> Address:
    return Address.parse(f"{SYSTEM}:{text}")


def line(change: Change) -> str:
    fields = f" [{' '.join(change.fields)}]" if change.fields else ""
    return f"{change.action} {change.address.kind}/{change.address.key}{fields}"


def _fingerprint(text: str) -> str:
    return hashlib.sha256(f"key {text}".encode()).hexdigest()[:32]


@pytest.fixture(params=_cases())
def world(request, tmp_path):
    """Fill a simulated server with what the case says exists."""
    name, case = request.param
    text = files(f"commsroom.backends.{name}").joinpath("cases", case).read_text("utf-8")
    found = World(name, yaml.safe_load(text), tmp_path / "state.json")
    outcomes = found.apply(found.plan(found.resources(found.case.get("existing", {}))))
    assert {item.status for item in outcomes} <= {Status.DONE}, outcomes
    found.owned = {at(text) for text in found.case.get("owned", [])}
    found.recorded = {key: slots for key, slots in found.recorded.items() if key in found.owned}
    found.provider.client.told.clear()
    return found


@pytest.fixture
def desired(world):
    return world.resources(world.case["desired"])


@pytest.mark.parametrize("name", HOLDING)
def test_every_back_end_has_cases(name):
    assert _files(name)


def test_the_plan_is_what_the_case_says(world, desired):
    assert sorted(map(line, world.plan(desired).changes)) == sorted(world.case["plan"])


def test_the_server_is_told_what_the_case_says(world, desired):
    world.apply(world.plan(desired))
    assert world.provider.client.told == world.case["told"]


def test_apply_converges_and_a_second_one_has_nothing_to_do(world, desired):
    outcomes = world.apply(world.plan(desired))
    assert {item.status for item in outcomes} == {Status.DONE}
    assert world.plan(desired).changes == ()


def test_all_is_still_there_for_the_next_process(world, desired):
    world.apply(world.plan(desired))
    before = world.provider.read()
    world.provider.close()
    world.provider = world.connect()
    assert world.provider.read() == before


def test_what_is_foreign_survives_untouched(world, desired):
    before = world.provider.read().resources
    foreign = set(before) - world.owned - {item.address for item in desired}
    world.apply(world.plan(desired))
    after = world.provider.read().resources
    assert {key: after.get(key) for key in foreign} == {key: before[key] for key in foreign}


def test_reading_changes_nothing(world):
    first = world.provider.read()
    assert world.provider.read() == first


def test_a_state_that_moved_is_not_overwritten(world, desired):
    plan = world.plan(desired)
    world.apply(plan)
    with pytest.raises(TargetMoved):
        world.provider.apply(world.batch(list(plan.changes), plan.tokens[SYSTEM]))


def test_a_stale_apply_is_fenced_off(world, desired):
    plan = world.plan(desired)
    late = world.batch(list(plan.changes), plan.tokens[SYSTEM])
    world.provider.apply(world.batch([], plan.tokens[SYSTEM]))
    before = world.provider.read().resources
    with pytest.raises(FenceRefused):
        world.provider.apply(late)
    assert world.provider.read().resources == before


def test_no_secret_is_kept_or_shown(world, desired, tmp_path):
    outcomes = world.apply(world.plan(desired))
    snapshot = world.provider.read()
    shown = repr([outcomes, snapshot, world.provider, world.provider.client.told])
    kept = (tmp_path / "state.json").read_text("utf-8")
    canaries = {value for value in world.lent if value.startswith("Canary")}
    assert not [value for value in canaries if value in shown or value in kept]


def test_a_secret_set_behind_our_back_is_drift_where_the_system_shows_a_verifier(world, desired):
    world.apply(world.plan(desired))
    verifiers = world.provider.read().verifiers
    for item in desired:
        for ref in item.secrets:
            if ref.slot in verifiers.get(item.address, {}):
                kept = dict(world.recorded[item.address])
                world.recorded[item.address] = {**kept, ref.slot: Recorded(1, "another")}
                assert [line(each) for each in world.plan(desired).changes] == [
                    f"update {item.address.kind}/{item.address.key} [secret:{ref.slot}]"
                ]
                world.recorded[item.address] = kept


def test_everything_can_be_taken_away_again(world, desired):
    world.apply(world.plan(desired))
    outcomes = world.apply(world.plan([]))
    assert {item.status for item in outcomes} <= {Status.DONE}
    assert not world.owned & set(world.provider.read().resources)


def test_proofs_speak_of_every_request_and_hold_no_secret(world, desired):
    world.apply(world.plan(desired))
    closed = [getattr(item.body, "suspended", None) is True for item in desired]
    requests = [
        ProofRequest(item, world.secret, refused=shut, accepted_before=True)
        for item, shut in zip(desired, closed, strict=True)
    ]
    proofs = list(world.provider.prove(requests))
    assert {proof.address for proof in proofs} == {item.address for item in desired}
    assert [proof for proof in proofs if proof.ok is False] == []
    assert not [
        value for value in world.lent if value.startswith("Canary") and value in repr(proofs)
    ]


def _open(item):
    return getattr(item.body, "suspended", None) is not True


#: The slots with which somebody logs in, by kind.
LOGINS = {
    "extension": {"sip", "previous"}, "account": {"password"},
    "mailbox": {"password"}, "shared_mailbox": {"password"}, "phone_profile": {"sip", "admin"},
    "switch_login": {"password"},
}  # fmt: skip


def test_credentials_tried_by_themselves_are_let_in_or_refused_as_they_should(world, desired):
    world.apply(world.plan(desired))
    log_in = getattr(world.provider, "log_in", None)
    every = [(item, ref) for item in desired for ref in item.secrets]
    assert (log_in is not None) == (
        world.name in {name for name in backends.names() if backends.backend(name).logins}
    )
    if log_in is None:
        return
    tried = [(item, ref) for item, ref in every if ref.slot in LOGINS.get(item.address.kind, ())]
    before = world.provider.read()
    found = log_in([Credential(item, ref.slot, world.secret(ref)) for item, ref in tried])
    for (item, _), let_in in zip(tried, found, strict=True):
        # A telephone logs in by itself; one that did not fetch what it is given says nothing.
        allowed = {True, None} if world.name == "phone" else {_open(item)}
        assert let_in in allowed, item.address

    wrong = log_in([Credential(item, ref.slot, Secret("wrong")) for item, ref in tried])
    assert list(wrong) == [False] * len(tried)
    others = [(item, ref) for item, ref in every if (item, ref) not in tried]
    nothing = log_in([Credential(item, ref.slot, world.secret(ref)) for item, ref in others])
    assert True not in nothing
    assert world.provider.read() == before
