"""A switch's local users over real SSH: one password each, our own set so that we are never locked out."""

import re

import pytest
from fleet import fleet
from users import PASSWORD, USER
from vendors import VENDORS

from commsroom import backends
from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Credential, Deadlines, Keys, ProofRequest, Status
from commsroom.estate.kinds.network import SwitchLogin
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Recorded, Resource
from commsroom.estate.secret import Secret, SecretRef

NEW = "h7Kq-new4-Word-9xyz"
SHORT = Deadlines(connect=1.0, read=10, apply=20)


def login(system, name, level=15):
    ref = SecretRef(f"{system}/login/{name}", "password", generation=1)
    return Resource(Address(system, "switch_login", name), SwitchLogin(level=level), (ref,))


@pytest.fixture(scope="module", params=VENDORS)
def switches(request, tmp_path_factory):
    vendor = VENDORS[request.param]
    with fleet(tmp_path_factory.mktemp(vendor.__name__), vendor.__name__, 16) as found:
        found.backend, found.next = request.param, 0
        yield found


class At:
    """One switch of the fleet, for one test."""

    def __init__(self, switches, number):
        self.switches, self.number, self.backend = switches, number, switches.backend

    def provider(self, **more):
        return self.switches.provider(self.backend, self.number, **more)

    def plan(self, provider, *wanted, owned=frozenset()):
        return self.switches.plan(self.backend, provider, wanted, owned)

    def apply(self, provider, plan, word=NEW):
        (outcome,) = self.switches.apply(provider, plan, word)
        return outcome

    def fault(self, words):
        self.switches.tell(f"{self.number} {words}")

    @property
    def users(self):
        return self.switches.users(self.number)


@pytest.fixture
def switch(switches):
    switches.next += 1
    return At(switches, switches.next)


def kept(switch, provider):
    """Return all that is on disk of the way back."""
    folder = switch.switches.folder / ".commsroom" / "rollback" / provider.system
    return "\n".join(item.read_text() for item in folder.iterdir())


def lets_in(provider, name, *words):
    tried = [Credential(login(provider.system, name), "password", Secret(word)) for word in words]
    return list(provider.log_in(tried))


def set_own(switch, word=NEW, **more):
    provider = switch.provider(**more)
    plan = switch.plan(provider, login(provider.system, USER))
    assert [change.fields for change in plan.changes] == [("secret:password",)]
    return provider, switch.apply(provider, plan, word)


def test_a_login_is_made_and_its_owner_gets_in_with_its_password_alone(switch):
    provider = switch.provider()
    want = login(provider.system, "operator")
    outcome = switch.apply(provider, switch.plan(provider, want))
    assert (outcome.status, outcome.message) == (Status.DONE, "")
    assert lets_in(provider, "operator", NEW, PASSWORD) == [True, False]
    shown = provider.read().verifiers[want.address]
    assert outcome.verifiers == shown
    proofs = list(provider.prove([ProofRequest(want, lambda ref: Secret(NEW))]))
    assert [(one.use, one.got, one.ok) for one in proofs] == [
        ("ssh login", "accepted", True), ("survive a restart", "saved", True),
    ]  # fmt: skip


def test_our_own_password_is_set_and_the_next_session_takes_it_from_the_store(switch):
    provider, outcome = set_own(switch)
    assert (outcome.status, outcome.message) == (Status.DONE, "")
    mine = lambda door: Keys((Secret(NEW),), told=True)  # noqa: E731
    assert switch.provider(keys=mine).read().resources
    with pytest.raises(SystemUnknown, match="refused our login"):
        provider.read()  # what the inventory says is out of date
    _, failed = switch.users
    assert failed == {USER: 1}


@pytest.mark.slow
def test_while_it_is_being_changed_the_session_tries_what_was_and_what_is_to_be(switch):
    set_own(switch)
    both = lambda door: Keys((Secret("what-it-was-before"), Secret(NEW)), told=True)  # noqa: E731
    assert switch.provider(keys=both).read().resources
    assert switch.users[1] == {USER: 1}


def test_before_the_first_one_was_set_the_inventory_says_how_to_get_in(switch):
    made = lambda door: Keys((Secret(NEW),), told=False)  # noqa: E731
    _, outcome = set_own(switch, keys=made)
    assert outcome.status is Status.DONE
    assert switch.users[1] == {}


def test_a_session_never_tries_more_passwords_than_a_switch_forgives(switch):
    many = lambda door: Keys(tuple(Secret(f"wrong-word-{n}") for n in range(9)))  # noqa: E731
    with pytest.raises(SystemUnknown, match="refused our login"):
        switch.provider(keys=many, switch_password_file="").read()
    assert switch.users[1][USER] <= 2


def test_a_switch_that_keeps_another_password_gets_the_old_one_back_from_the_open_session(switch):
    switch.switches.tell(f"mangle {switch.number}")
    provider, outcome = set_own(switch)
    assert outcome.status is Status.FAILED
    assert outcome.message.endswith("the old password is in force again")
    assert lets_in(provider, USER, PASSWORD) == [True]
    assert provider.read().resources
    address = Address(provider.system, "switch_login", USER)
    saved = list(provider.prove([ProofRequest(login(provider.system, USER), lambda ref: None)]))
    assert [(one.address, one.got) for one in saved if one.use == "survive a restart"] == [
        (address, "saved")
    ]


@pytest.mark.slow
def test_where_no_new_login_can_be_made_nothing_is_left_to_chance(switch, monkeypatch):
    """The switch takes no second session: whether the new one works cannot be known, so the old one stays."""
    provider = switch.provider(deadlines=SHORT)
    plan = switch.plan(provider, login(provider.system, USER))
    client, real = type(provider.client), type(provider.client).log_in

    def unanswered(self, name, word):
        switch.fault("deaf")
        return real(self, name, word)

    with monkeypatch.context() as patch:
        patch.setattr(client, "log_in", unanswered)
        outcome = switch.apply(provider, plan)
    switch.fault("none")
    assert "no new login could be made" in outcome.message
    assert lets_in(provider, USER, PASSWORD, NEW) == [True, False]


def test_a_new_login_that_nobody_answers_is_unknown_and_neither_yes_nor_no(switch):
    provider = switch.provider(deadlines=SHORT)
    switch.fault("deaf")
    assert lets_in(provider, USER, PASSWORD) == [None]
    switch.fault("none")
    assert lets_in(provider, USER, PASSWORD) == [True]


def test_the_login_we_are_here_with_is_never_taken_away(switch):
    provider = switch.provider()
    owned = {Address(provider.system, "switch_login", USER)}
    plan = switch.plan(provider, owned=owned)
    outcome = switch.apply(provider, plan)
    assert outcome.status is Status.FAILED
    assert "the login that we are here with" in outcome.message
    assert lets_in(provider, USER, PASSWORD) == [True]


def test_a_login_that_policy_gives_up_is_gone_whatever_the_switch_asks_first(switch):
    provider = switch.provider()
    want = login(provider.system, "operator")
    switch.apply(provider, switch.plan(provider, want))
    plan = switch.plan(provider, owned={want.address})
    outcome = switch.apply(provider, plan)
    assert (outcome.status, outcome.message) == (Status.DONE, "")
    assert lets_in(provider, "operator", NEW) == [False]


@pytest.mark.slow
def test_another_level_leaves_the_password_alone(switch):
    provider = switch.provider()
    want = login(provider.system, "operator", 5)
    switch.apply(provider, switch.plan(provider, want))
    more = login(provider.system, "operator", 15)
    recorded = {
        want.address: {"password": Recorded(1, provider.read().verifiers[want.address]["password"])}
    }
    known = Known(frozenset({want.address}), secrets=recorded)
    found = {provider.system: provider.read()}
    plan = build([more], found, known, {provider.system: backends.backend(switch.backend)})
    assert [change.fields for change in plan.changes] == [("level",)]
    outcome = switch.apply(provider, plan)
    assert outcome.status is Status.DONE
    assert lets_in(provider, "operator", NEW) == [True]


def test_a_password_changed_behind_our_back_is_seen_by_its_hash(switch):
    provider = switch.provider()
    want = login(provider.system, "operator")
    switch.apply(provider, switch.plan(provider, want))
    seen = provider.read().verifiers[want.address]["password"]
    switch.apply(provider, switch.plan(provider, want), "somebody-Else-9")
    now = provider.read().verifiers[want.address]["password"]
    assert seen != now


def test_neither_password_nor_hash_is_on_disk_in_an_outcome_or_shown(switch):
    provider, outcome = set_own(switch)
    told = repr([outcome, provider, provider.dialect, kept(switch, provider)])
    shown = switch.users[0][USER]["shown"]
    hashes = re.findall(r"\$\w+\$\S+", f"{switch.switches.running(switch.number)} {shown}")
    assert hashes
    assert not [one for one in (NEW, PASSWORD, *hashes) if one in told]


def test_where_a_key_lets_us_in_the_password_is_an_ordinary_change(switch):
    provider = switch.provider(ansible_ssh_private_key_file="/nowhere/key")
    assert provider.client.user == ""
    assert backends.backend(switch.backend).entrance(provider.client.target) is None


def test_eos_is_told_the_hash_alone(tmp_path):
    with fleet(tmp_path, "eos", 1) as found:
        found.backend = "arista_eos"
        set_own(At(found, 0))
        assert NEW not in "\n".join(found.log(0))


@pytest.mark.parametrize("number", [0, 1])
def test_ios_goes_back_by_its_timer_and_without_one_by_the_hash_that_was_read(tmp_path, number):
    """Of the simulated fleet switch 1 has an archive with a path, 0 has none."""
    with fleet(tmp_path, "ios", 2) as found:
        found.backend = "cisco_ios"
        before = found.users(number)[0]
        found.tell(f"mangle {number}")
        _, outcome = set_own(At(found, number))
        assert outcome.status is Status.FAILED
        assert found.users(number)[0] == before
        assert ("configure revert now" in found.log(number)) is (number == 1)
        assert ("configure terminal revert timer 5" in found.log(number)) is (number == 1)


def test_a_user_with_a_password_of_the_old_kind_is_refused_in_the_switchs_own_words(tmp_path):
    with fleet(tmp_path, "ios", 1) as found:
        session = found.provider("cisco_ios")
        with session.client.session() as line:
            line._ask("configure terminal", "apply", 1e12)
            line._ask("username old privilege 15 password 0 simple", "apply", 1e12)
            line._ask("end", "apply", 1e12)
        plan = found.plan("cisco_ios", session, [login("sw0", "old")])
        (outcome,) = found.apply(session, plan, NEW)
        assert outcome.status is Status.FAILED
        assert "both a user password and a user secret" in outcome.message
        assert NEW not in outcome.message
