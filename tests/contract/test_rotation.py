"""A rotation through every back end whose accounts can be logged in to: its own writes, its own logins."""

import hashlib

import pytest

from commsroom import backends
from commsroom.estate.backend import Batch, Credential, Target, Tools
from commsroom.estate.kinds import Account, DiallingClass, Extension, Mailbox
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.estate.rotation import Phase, Place, Terms
from commsroom.estate.secret import Secret, SecretRef, Shape
from commsroom.ledger import Ledger
from commsroom.secrets.rotation import Means, Wanted, drive, stage
from commsroom.secrets.rotation.provided import Provided
from commsroom.secrets.sealed import SealedStore

HOUR = 3600
CLASS = DiallingClass(title="Internal", allowed=(), barred=("0",), hours=(), emergency=("110",))
BODIES = {
    "asterisk": ("extension", "210{}", "sip", Extension(
        display_name="Ann", caller_id="", dialling_class="internal", transport="tls",
        ring_seconds=15, voicemail=False, suspended=False)),
    "prosody": ("account", "ann{}", "password", Account(display_name="Ann", suspended=False)),
    "postfix_dovecot": ("mailbox", "ann{}@lianhe.example", "password", Mailbox(
        display_name="Ann", suspended=False)),
}  # fmt: skip


def fingerprint(verifier):
    return hashlib.sha256(verifier.encode()).hexdigest()[:32]


class Office:
    """One simulated server with three accounts, a real store, a real ledger and a clock of ours."""

    def __init__(self, name, folder, store=None):
        backend = backends.backend(name)
        variables = {"commsroom_domain": "lianhe.example"}
        target = Target("box1", "127.0.0.1", "box1.test", folder, variables=variables)
        self.provider = backend.fake(target, Tools(fingerprint), folder / "fake")
        self.ledger = Ledger.open(str(folder / "ledger.db"))
        self.store = store or SealedStore.open(folder / "secrets.db", bytes(32))
        self.now = 1_000_000.0
        kind, key, slot, body = BODIES[name]
        self.slot = slot
        self.desired = {
            (at := Address("box1", kind, key.format(n))): Resource(at, body, (self.ref(n, 1),))
            for n in range(3)
        }
        self.store.ensure([self.ref(n, 1) for n in range(3)], lambda ref: Secret(f"Old{ref.path}"))
        self.found(name)

    def ref(self, number, generation):
        return SecretRef(f"ann{number}/login", self.slot, Shape.SIP, generation=generation)

    def found(self, name):
        made = list(self.desired.values())
        if name == "asterisk":
            made.insert(0, Resource(Address("box1", "dialling_class", "internal"), CLASS))
        fields = {one.address: (*one.body.values(), f"secret:{self.slot}") for one in made}
        changes = [
            Change(Action.CREATE, one.address, None, one, fields[one.address]) for one in made
        ]
        token = self.provider.read().token
        secret = lambda ref: self.store.get(ref.path, ref.generation)  # noqa: E731
        done = self.provider.apply(Batch(changes, token, secret, "estate", 1))
        assert [one.message for one in done.outcomes if one.message] == []

    def rotate(self, until, *, begin=True):
        with self.ledger.lock("lin@ops1") as lease:
            means = Means(
                journal=self.ledger,
                store=self.store,
                holders={"box1": Provided(self.provider, self.provider, self.desired, "estate")},
                make=lambda ref: Secret(f"New{ref.path}".replace("/", "")),
                actor="lin@ops1",
                fence=lease.fence,
                check=lease.check,
                clock=lambda: self.now,
                sleep=self.pass_time,
            )
            if begin:
                stage(means, {
                    f"ann{n}/login": Wanted(Shape.SIP, [Place(at, self.slot)], Terms(grace=HOUR))
                    for n, at in enumerate(self.desired)
                })  # fmt: skip
            return drive(means, until=self.now + until)

    def pass_time(self, seconds):
        self.now += seconds

    def let_in(self, generation):
        tried = [
            Credential(one, self.slot, self.store.get(f"ann{n}/login", generation))
            for n, one in enumerate(self.desired.values())
        ]
        return list(self.provider.log_in(tried))


@pytest.fixture(params=BODIES)
def office(request, tmp_path):
    made = Office(request.param, tmp_path)
    yield made
    made.ledger.close()
    made.store.close()


def test_after_a_rotation_the_new_one_is_let_in_and_the_old_one_refused(office):
    assert office.let_in(1) == [True] * 3
    turns = office.rotate(10 * HOUR)
    assert {turn.phase for turn in turns.values()} == {Phase.REVOKED}
    assert office.let_in(2) == [True] * 3
    assert office.let_in(1) == [False] * 3
    assert office.ledger.verify() == ()


def test_a_rotation_goes_through_every_store(kit, tmp_path):
    office = Office("prosody", tmp_path, kit.open())
    turns = office.rotate(10 * HOUR)
    assert {turn.phase for turn in turns.values()} == {Phase.REVOKED}
    assert office.let_in(2) == [True] * 3
    assert office.let_in(1) == [False] * 3
    assert len(office.store.everything()) == 6
    office.ledger.close()
    office.store.close()


def test_the_ledger_knows_what_the_server_shows_so_that_no_drift_is_seen(office):
    office.rotate(10 * HOUR)
    shown, known = office.provider.read().verifiers, office.ledger.known().secrets
    for address in office.desired:
        recorded = known[address][office.slot]
        assert recorded.generation == 2
        if address in shown:
            assert recorded.fingerprint == shown[address].get(office.slot)


def test_in_the_grace_time_both_are_let_in_where_two_can_be(office):
    turns = office.rotate(60)
    both = all(one.body.spare for one in office.desired.values())
    assert {turn.phase for turn in turns.values()} == {Phase.GRACE if both else Phase.REVOKED}
    assert office.let_in(2) == [True] * 3
    assert office.let_in(1) == [both] * 3
