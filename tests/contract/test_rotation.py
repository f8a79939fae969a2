"""A rotation through every back end whose accounts can be logged in to: its own writes, its own logins."""

import hashlib
from dataclasses import replace

import pytest

from commsroom import backends
from commsroom.estate.backend import Batch, Credential, Status, Target, Tools
from commsroom.estate.kinds import (
    Account,
    DiallingClass,
    Extension,
    Mailbox,
    PhoneProfile,
    SwitchLogin,
)
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.estate.rotation import Phase, Place, Terms
from commsroom.estate.secret import Secret, SecretRef, Shape
from commsroom.ledger import Ledger
from commsroom.secrets.rotation import Means, Wanted, drive, driver, stage
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
    "phone": ("phone_profile", "PH-{}", "admin", PhoneProfile(
        vendor="yealink", model="T54W", mac="00:15:65:00:00:00", template=1, ring="general",
        transport="tls", display_name="Ann", number="2101", voicemail="*97", busy_lamps=(),
        time_zone="Asia/Taipei", language="en", codecs=("g722",), lldp=True, resync="at once",
        as_rendered=True)),
}  # fmt: skip
BODIES |= {
    name: ("switch_login", "admin{}", "password", SwitchLogin(level=15))
    for name in ("arista_eos", "cisco_ios", "huawei_vrp")
}
#: What an object cannot be without beside the secret that is rotated.
OTHERS = {"phone": ("fetch", "sip")}


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
        self.slot, self.others = slot, OTHERS.get(name, ())
        self.desired = {}
        for n in range(3):
            at = Address("box1", kind, key.format(n))
            mine = replace(body, mac=f"00:15:65:00:00:{n:02x}") if name == "phone" else body
            refs = (self.ref(n, 1), *self.beside(n))
            self.desired[at] = Resource(at, mine, refs)
            self.store.ensure(refs, lambda ref: Secret(f"Old{ref.path}".replace("/", "")))
        self.found(name)

    def ref(self, number, generation):
        return SecretRef(f"ann{number}/login", self.slot, Shape.SIP, generation=generation)

    def beside(self, number):
        return [
            SecretRef(f"ann{number}/{slot}", slot, Shape.SIP, generation=1) for slot in self.others
        ]

    def found(self, name):
        made = list(self.desired.values())
        if name == "asterisk":
            made.insert(0, Resource(Address("box1", "dialling_class", "internal"), CLASS))
        slots = [f"secret:{slot}" for slot in (self.slot, *self.others)]
        fields = {one.address: (*one.body.values(), *slots) for one in made}
        changes = [
            Change(Action.CREATE, one.address, None, one, fields[one.address]) for one in made
        ]
        token = self.provider.read().token
        secret = lambda ref: self.store.get(ref.path, ref.generation)  # noqa: E731
        done = self.provider.apply(Batch(changes, token, secret, "estate", 1))
        assert [one for one in done.outcomes if one.status is not Status.DONE] == []

    def rotate(self, until, *, begin=True, only=None):
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
                    for n, at in enumerate(self.desired) if only in {None, n}
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


class Dead(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("last", range(1, 6))
def test_killed_before_or_after_any_act_the_next_run_goes_on_and_ends(office, monkeypatch, last):
    """Odd ones die with the act recorded and not begun, even ones with it done and not written down."""
    acted, count = driver.acted, 0

    def killed(means, turns, intents):
        nonlocal count
        count += 1
        if count == (last + 1) // 2 and last % 2:
            raise Dead
        seen = acted(means, turns, intents)
        if count == (last + 1) // 2:
            raise Dead
        return seen

    with monkeypatch.context() as patch:
        patch.setattr(driver, "acted", killed)
        with pytest.raises(Dead):
            office.rotate(10 * HOUR)
    turns = office.rotate(10 * HOUR, begin=False)
    assert {turn.phase for turn in turns.values()} == {Phase.REVOKED}
    assert office.let_in(2) == [True] * 3
    assert office.let_in(1) == [False] * 3


@pytest.fixture
def desks(tmp_path):
    made = Office("phone", tmp_path)
    yield made
    made.ledger.close()
    made.store.close()


def test_a_telephone_that_is_away_leaves_its_password_undecided_and_never_lost(desks):
    """Nobody logs in to a telephone: that it fetched what has the new one is all there is to see."""
    desks.provider.client.unplug("PH-1")
    turns = desks.rotate(10 * HOUR)
    assert {path: turn.phase for path, turn in turns.items()} == {
        "ann0/login": Phase.REVOKED, "ann1/login": Phase.PUSHED, "ann2/login": Phase.REVOKED,
    }  # fmt: skip
    assert desks.ledger.generation_of(["ann1/login"]) == {"ann1/login": 1}
    assert len(desks.store.get_many([("ann1/login", 1), ("ann1/login", 2)])) == 2
    assert desks.let_in(2) == [True, None, True]


def test_a_telephone_that_comes_back_and_fetches_rolls_it_forward(desks):
    desks.provider.client.unplug("PH-1")
    desks.rotate(HOUR, only=1)
    desks.provider.client.plug_in("PH-1")
    turns = desks.rotate(HOUR, begin=False)
    assert turns["ann1/login"].phase is Phase.REVOKED
    assert desks.ledger.generation_of(["ann1/login"]) == {"ann1/login": 2}


def test_a_telephone_that_fetched_an_older_profile_has_confirmed_nothing(desks):
    """It took what was served before; whatever it is told, the new password is not on it."""
    client = desks.provider.client
    client.unplug("PH-1")
    turn = desks.rotate(60, only=1)["ann1/login"]
    assert desks.provider.read().remarks
    assert turn.holders[0].lets_in(2) is False
    assert turn.phase is Phase.PUSHED
