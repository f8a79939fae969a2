"""The machine, word by word: what it asks for after what it hears."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commsroom.estate.resource import Address
from commsroom.estate.rotation import (
    Answer,
    Evidence,
    Held,
    Login,
    Phase,
    Place,
    Rotation,
    Terms,
    Traits,
    step,
)
from commsroom.estate.rotation.state import from_json, to_json
from commsroom.estate.rotation.words import (
    Elapsed,
    Hastened,
    LoggedIn,
    Probe,
    Push,
    Resumed,
    Revoke,
    Store,
    Stored,
    Wait,
    Wrote,
)
from commsroom.estate.secret import Shape

NOW = 1_000_000.0
ONE, TWO, BY_LOGIN = Traits(), Traits(two=True), Traits(by_login=True)
PBX, PHONE = (
    Place(Address(system, "account", "2107"), "password") for system in ("pbx1", "phones1")
)


class Talk:
    """A conversation with the machine; the last thing it asked for is `wish`."""

    def __init__(self, *holders, old=2, new=3, spare=(), **terms):
        parts = tuple(Held(place, traits) for place, traits in holders)
        self.turn = Rotation(
            "wei/sip", Shape.SIP, old, new, parts, spare, Terms(**terms), since=NOW
        )
        self.now, self.wish = NOW, None

    def hear(self, observation, *values, after=1.0):
        self.now += after
        self.turn, self.wish = step(self.turn, observation(self.now, *values))
        while self.wish is None and not self.turn.ended:
            self.turn, self.wish = step(self.turn, Elapsed(self.now))
        return self.wish

    def stored(self):
        self.hear(Resumed)
        return self.hear(Stored)

    def wrote(self, answer=Answer.DONE, message=""):
        return self.hear(Wrote, self.wish.place, answer, message)

    def login(self, login=Login.ACCEPTED):
        return self.hear(LoggedIn, self.wish.place, self.wish.generation, login)

    def wait(self):
        return self.hear(Elapsed, after=self.wish.until - self.now)

    def refuse_all_writes(self):
        """Refuse every push of this phase, and every login with what was pushed."""
        phase = self.turn.phase
        while self.turn.phase is phase:
            match self.wish:
                case Push():
                    self.wrote(Answer.REFUSED, "not that one")
                case Probe(_, generation):
                    wanted = generation == self.turn.wanted
                    self.login(Login.REFUSED if wanted else Login.ACCEPTED)
                case Wait():
                    self.wait()

    def verify(self):
        """Let all holders take the new one."""
        self.stored()
        while self.turn.phase is Phase.PUSHED:
            self.wrote() if isinstance(self.wish, Push) else self.login()
        return self.wish


# ── forward ──────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_sent_before_the_new_one_is_stored():
    talk = Talk((PBX, ONE))
    for observation in (Resumed, Elapsed, Elapsed, Resumed):
        assert talk.hear(observation) == Store()
    assert talk.hear(Stored) == Push(PBX, 3)


def test_a_holder_of_two_is_told_to_keep_the_old_one():
    assert Talk((PBX, TWO)).stored() == Push(PBX, 3, keep=2)


@pytest.mark.parametrize("answer", Answer)
def test_whatever_a_write_is_answered_a_login_decides(answer):
    talk = Talk((PBX, ONE))
    talk.stored()
    talk.wrote(answer)
    if isinstance(talk.wish, Wait):
        talk.wait()
    assert talk.wish == Probe(PBX, 3)
    talk.login()
    assert talk.turn.phase is Phase.REVOKING


def test_a_login_that_is_not_answered_decides_nothing():
    talk = Talk((PBX, ONE))
    talk.stored()
    talk.wrote()
    for _ in range(3):
        assert isinstance(talk.login(Login.UNKNOWN), Wait)
        assert talk.wait() == Probe(PBX, 3)
    assert talk.turn.phase is Phase.PUSHED


def test_the_next_holder_waits_until_the_one_before_lets_the_new_one_in():
    talk = Talk((PBX, TWO), (PHONE, ONE))
    assert talk.stored() == Push(PBX, 3, keep=2)
    assert talk.wrote() == Probe(PBX, 3)
    assert talk.login() == Push(PHONE, 3)
    assert talk.wrote() == Probe(PHONE, 3)
    assert talk.turn.phase is Phase.PUSHED
    assert isinstance(talk.login(), Wait)
    assert talk.turn.phase is Phase.GRACE


def test_the_old_one_is_withdrawn_after_the_grace_time_and_a_new_look_at_every_holder():
    talk = Talk((PBX, TWO), (PHONE, ONE), grace=3600)
    assert talk.verify() == Wait(talk.now + 3600)
    assert talk.wait() == Probe(PBX, 3)
    assert talk.login() == Probe(PHONE, 3)
    assert talk.login() == Revoke(PBX, 2, keep=3)
    assert talk.wrote() == Probe(PBX, 3)
    assert talk.login() == Probe(PBX, 2)
    assert talk.login(Login.REFUSED) == Probe(PHONE, 2)
    assert talk.login(Login.REFUSED) is None
    assert talk.turn.phase is Phase.REVOKED


def test_where_only_one_is_held_there_is_no_grace_but_proof():
    talk = Talk((PBX, ONE), grace=3600)
    assert talk.verify() == Probe(PBX, 2)
    talk.login(Login.REFUSED)
    assert talk.turn.phase is Phase.REVOKED


def test_a_telephone_that_fell_back_during_the_grace_time_is_changed_again_first():
    talk = Talk((PBX, TWO), (PHONE, ONE), grace=3600)
    talk.verify()
    talk.wait()
    talk.login()
    assert talk.login(Login.REFUSED) == Push(PHONE, 3)


def test_an_old_one_that_is_still_let_in_is_withdrawn_again_and_then_told():
    talk = Talk((PBX, TWO), grace=0)
    talk.verify()
    for _ in range(40):
        match talk.wish:
            case Revoke():
                talk.wrote()
            case Probe():
                talk.login()
            case Wait():
                talk.wait()
    assert talk.turn.phase is Phase.QUARANTINED
    assert "generation 2 cannot be withdrawn" in talk.turn.why


# ── back ─────────────────────────────────────────────────────────────────────────────────────


def test_refused_by_one_holder_all_go_back_the_last_first_with_both_working():
    talk = Talk((PBX, TWO), (PHONE, ONE))
    talk.stored()
    talk.wrote()
    talk.login()
    talk.refuse_all_writes()
    assert talk.turn.phase is Phase.ROLLING_BACK
    assert "not that one" in talk.turn.why
    if isinstance(talk.wish, Wait):
        talk.wait()
    assert talk.wish == Probe(PHONE, 2)
    assert talk.login() == Push(PHONE, 2)
    assert talk.wrote() == Probe(PHONE, 2)
    assert talk.login() == Probe(PBX, 2)
    assert talk.login() == Revoke(PBX, 3, keep=2)


def test_going_back_ends_only_when_what_was_sent_can_arrive_no_more():
    talk = Talk((PBX, ONE))
    talk.stored()
    talk.refuse_all_writes()
    sent = talk.turn.at(PBX).moving
    while not talk.turn.ended:
        match talk.wish:
            case Probe():
                talk.login()
            case Push():
                talk.wrote()
            case Wait():
                talk.wait()
    assert talk.turn.phase is Phase.ROLLED_BACK
    assert talk.now >= sent


def test_going_back_leaves_our_fence_even_where_the_new_one_never_arrived():
    """Else a controller that slept with its push in hand would be the only one this target ever heard."""
    talk = Talk((PBX, ONE), (PHONE, ONE), patience=60)
    talk.stored()
    talk.wrote()
    assert talk.login() == Push(PHONE, 3)
    talk.hear(Resumed)
    while talk.turn.phase is Phase.PUSHED:
        talk.login(Login.UNKNOWN) if isinstance(talk.wish, Probe) else talk.wait()
    written = set()
    for _ in range(20):
        match talk.wish:
            case Probe():
                talk.login()
            case Push(place, 2):
                written.add(place)
                talk.wrote()
            case Wait():
                talk.wait()
    assert talk.turn.phase is Phase.ROLLED_BACK
    assert written == {PBX, PHONE}


def test_one_silent_holder_of_several_takes_the_others_back_when_patience_ends():
    talk = Talk((PBX, TWO), (PHONE, ONE), patience=600)
    talk.stored()
    talk.wrote()
    talk.login()
    began = talk.now
    while talk.turn.phase is Phase.PUSHED:
        match talk.wish:
            case Push():
                talk.wrote(Answer.UNKNOWN)
            case Probe():
                talk.login(Login.UNKNOWN)
            case Wait():
                talk.wait()
    assert talk.turn.phase is Phase.ROLLING_BACK
    assert talk.now - began >= 600
    assert "has not answered" in talk.turn.why


def test_one_silent_holder_alone_is_waited_for():
    talk = Talk((PBX, ONE), patience=600)
    talk.stored()
    for _ in range(200):
        match talk.wish:
            case Push():
                talk.wrote(Answer.UNKNOWN)
            case Probe():
                talk.login(Login.UNKNOWN)
            case Wait():
                talk.wait()
    assert talk.turn.phase is Phase.PUSHED


# ── compromised ──────────────────────────────────────────────────────────────────────────────


def test_a_compromised_one_is_kept_nowhere_and_withdrawn_without_grace():
    talk = Talk((PBX, TWO), compromised=True)
    assert talk.stored() == Push(PBX, 3, keep=0)
    talk.wrote()
    assert talk.login() == Revoke(PBX, 2, keep=3)


def test_nothing_leads_back_to_a_compromised_one():
    talk = Talk((PBX, ONE), compromised=True)
    talk.stored()
    talk.refuse_all_writes()
    assert talk.turn.phase is Phase.QUARANTINED


def test_found_compromised_during_the_grace_time_it_is_withdrawn_at_once():
    talk = Talk((PBX, TWO), grace=86_400)
    talk.verify()
    assert talk.hear(Hastened) == Probe(PBX, 3)
    assert talk.login() == Revoke(PBX, 2, keep=3)


# ── after a crash ────────────────────────────────────────────────────────────────────────────


def test_killed_while_pushing_the_next_run_logs_in_before_anything_else():
    talk = Talk((PBX, ONE))
    assert isinstance(talk.stored(), Push)
    assert talk.hear(Resumed) == Probe(PBX, 3)
    assert talk.login(Login.REFUSED) == Push(PBX, 3)


def test_killed_while_withdrawing_the_next_run_proves_both_anew():
    talk = Talk((PBX, TWO), grace=0)
    talk.verify()
    while not isinstance(talk.wish, Revoke):
        talk.login()
    assert talk.hear(Resumed) == Probe(PBX, 3)


def test_pending_current_and_previous_are_tried_in_turn_where_only_a_login_can_change_it():
    talk = Talk((PBX, BY_LOGIN), spare=(1,))
    talk.stored()
    assert talk.wish == Probe(PBX, 2)
    assert talk.login(Login.REFUSED) == Probe(PBX, 1)
    assert talk.login() == Push(PBX, 3, using=1)


def test_where_nothing_works_it_is_quarantined_and_says_what_was_tried():
    talk = Talk((PBX, BY_LOGIN), spare=(1,))
    talk.stored()
    while not talk.turn.ended:
        talk.login(Login.REFUSED) if isinstance(talk.wish, Probe) else talk.wait()
    assert talk.turn.phase is Phase.QUARANTINED
    assert "generation 3 refused, generation 2 refused, generation 1 refused" in talk.turn.why
    assert "pbx1:account/2107 password" in talk.turn.why
    assert "kept" in talk.turn.why


# ── lockout ──────────────────────────────────────────────────────────────────────────────────


def test_the_failed_login_that_would_lock_the_account_is_put_off():
    talk = Talk((PBX, Traits(tries=2, window=900)))
    talk.stored()
    talk.wrote(Answer.UNKNOWN)
    talk.wait()
    first = talk.now
    talk.login(Login.REFUSED)
    talk.wrote(Answer.UNKNOWN)
    talk.wait()
    talk.login(Login.REFUSED)
    assert talk.wish.until >= first + 900


def test_nothing_is_changed_that_could_not_be_tried_for_a_quarter_of_an_hour():
    failed = (NOW - 100, NOW - 90, NOW - 80)
    for traits, terms, wish in (
        (ONE, {}, Wait(NOW - 100 + 900)),
        (TWO, {}, Push(PBX, 3, keep=2)),  # who is let in with either loses nothing
        (ONE, {"compromised": True}, Push(PBX, 3)),  # the thief does not wait
    ):
        talk = Talk((PBX, traits), **terms)
        talk.turn = talk.turn.with_(Held(PBX, traits, failed=failed))
        assert talk.stored() == wish
    assert talk.turn.counting(talk.now)
    assert talk.turn.rests_until(talk.now) == NOW - 100 + 900


def test_a_login_says_what_its_system_shows_where_the_write_could_not():
    talk = Talk((PBX, ONE))
    talk.stored()
    talk.hear(Resumed)
    assert talk.wish == Probe(PBX, 3)
    talk.hear(LoggedIn, PBX, 3, Login.ACCEPTED, "f1")
    assert talk.turn.at(PBX).fingerprint == "f1"


def test_a_login_counts_as_failed_from_before_it_is_tried():
    talk = Talk((PBX, Traits(tries=1, window=900)))
    talk.stored()
    talk.wrote()
    assert isinstance(talk.wish, Probe)
    assert isinstance(talk.hear(Resumed), Wait)


# ── other evidence than a login ──────────────────────────────────────────────────────────────

FETCHED = Traits(fenced=True, tries=1, evidence=Evidence.FETCH)


def test_what_is_only_looked_for_is_looked_for_as_often_as_it_takes():
    talk = Talk((PBX, FETCHED))
    talk.stored()
    talk.wrote()
    for _ in range(50):
        assert talk.wish == Probe(PBX, 3)
        talk.login(Login.UNKNOWN)
        assert talk.wish.until <= talk.now + talk.turn.terms.retry
        talk.wait()
    assert talk.turn.phase is Phase.PUSHED


def test_what_was_not_yet_fetched_is_neither_current_nor_taken_back():
    talk = Talk((PBX, FETCHED))
    talk.stored()
    talk.wrote()
    talk.login(Login.UNKNOWN)
    talk.hear(Resumed)
    talk.wait()
    assert talk.turn.phase is Phase.PUSHED
    talk.login()
    assert talk.turn.phase in {Phase.PROMOTED, Phase.GRACE, Phase.REVOKING}


# ── anything at all ──────────────────────────────────────────────────────────────────────────

HOLDERS = st.lists(st.sampled_from([ONE, TWO, BY_LOGIN]), min_size=1, max_size=3)


class Witness:
    """Watches a conversation, and knows what the machine may know."""

    def __init__(self, talk):
        self.talk, self.stored = talk, False
        self.places = [held.place for held in talk.turn.holders]
        self.let_in, self.failed = {}, {place: [] for place in self.places}

    def writes(self, push):
        turn = self.talk.turn
        assert self.stored
        assert push.generation in (turn.new, turn.old)
        assert not (
            turn.terms.compromised and turn.old and turn.old in (push.generation, push.keep)
        )
        self.let_in.pop(push.place, None)

    def revokes(self, revoke):
        assert all(self.let_in.get(place) == revoke.keep for place in self.places)
        del self.let_in[revoke.place]

    def logs_in(self, probe, login):
        place, now = probe.place, self.talk.now
        assert len([at for at in self.failed[place] if at > now - 900]) < 3
        if login is not Login.ACCEPTED:
            self.failed[place].append(now + 1)
        if login is Login.ACCEPTED and probe.generation == self.talk.turn.wanted:
            self.let_in[place] = probe.generation
        elif login is Login.REFUSED and self.let_in.get(place) == probe.generation:
            del self.let_in[place]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), traits=HOLDERS, compromised=st.booleans(), old=st.sampled_from([0, 2]))
def test_whatever_is_answered_it_keeps_what_it_promises(data, traits, compromised, old):
    places = [Place(Address(f"s{n}", "account", "x"), "password") for n in range(len(traits))]
    talk = Talk(*zip(places, traits, strict=True), old=old, compromised=compromised, grace=1800)
    witness = Witness(talk)
    talk.hear(Resumed)
    for _ in range(60):
        assert from_json(json.loads(json.dumps(to_json(talk.turn)))) == talk.turn
        killed = data.draw(st.integers(0, 5)) == 0
        match talk.wish:
            case Store():
                witness.stored = not killed
                talk.hear(Resumed if killed else Stored)
            case Push() | Revoke() as write:
                (witness.writes if isinstance(write, Push) else witness.revokes)(write)
                answer = data.draw(st.sampled_from(Answer))
                talk.hear(Resumed) if killed else talk.wrote(answer)
            case Probe() as probe:
                login = Login.UNKNOWN if killed else data.draw(st.sampled_from(Login))
                witness.logs_in(probe, login)
                talk.hear(Resumed) if killed else talk.login(login)
            case Wait(until):
                assert until > talk.now
                talk.wait()
            case _:
                assert talk.turn.ended
