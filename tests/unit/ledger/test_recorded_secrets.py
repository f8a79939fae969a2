"""What the ledger remembers of secrets: generation and fingerprint, and doubt where there is any."""

import pytest

from commsroom.estate.backend import Outcome, Status
from commsroom.estate.kinds import Extension
from commsroom.estate.resource import Action, Address, Change, Recorded, Resource, stale_secrets
from commsroom.estate.secret import SecretRef


def recorded(estate, login="wei"):
    return estate.ledger.known().secrets.get(estate.address(login), {})


def test_a_written_secret_is_recorded_with_its_generation(estate):
    estate.do(estate.change(Action.CREATE, "wei"), fingerprint="1" * 32)
    estate.do(estate.change(Action.UPDATE, "wei", generation=2), fingerprint="2" * 32)
    assert recorded(estate) == {"password": Recorded(2, "2" * 32)}


def test_a_system_without_verifiers_leaves_the_fingerprint_empty(estate):
    estate.do(estate.change(Action.CREATE, "wei"), fingerprint="")
    assert recorded(estate) == {"password": Recorded(1, None)}


def test_a_change_that_writes_no_secret_leaves_the_record_alone(estate):
    estate.do(estate.change(Action.CREATE, "wei"))
    estate.do(estate.change(Action.UPDATE, "wei", generation=2, secret=False), fingerprint="")
    assert recorded(estate) == {"password": Recorded(1, "f" * 32)}


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_a_doubtful_write_keeps_the_previous_generation_without_fingerprint(estate, status):
    estate.do(estate.change(Action.CREATE, "wei"))
    estate.do(estate.change(Action.UPDATE, "wei", generation=3), status=status)
    assert recorded(estate) == {"password": Recorded(1, None)}


@pytest.mark.parametrize("custody", ["managed", "personal"])
@pytest.mark.parametrize("settled", [False, True], ids=["told", "killed"])
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.ADOPT])
def test_a_doubtful_write_is_written_again_by_the_next_plan(estate, action, settled, custody):
    """Even of the same generation, and even where the system shows no verifier."""
    estate.do(estate.change(Action.CREATE, "wei"))
    change = estate.change(action, "wei", custody=custody)
    if settled:
        estate.ledger.settle(estate.begin(change), {change.address: "present"})
    else:
        estate.do(change, status=Status.UNKNOWN)
    assert stale_secrets(change.after, recorded(estate), {}) == ("secret:password",)


def test_a_secret_without_a_stated_generation_is_refused_before_anything_is_written(estate):
    head = estate.ledger.head()
    with pytest.raises(ValueError, match="no stated generation"):
        estate.begin(estate.change(Action.CREATE, "wei", generation=0))
    assert estate.ledger.head() == head


def test_generations_begin_at_one_and_only_grow(ledger):
    assert ledger.generation_of(["wei/xmpp", "mei/xmpp"]) == {"wei/xmpp": 1, "mei/xmpp": 1}
    assert ledger.advance(["wei/xmpp"], actor="lin@ops1", reason="rotation") == {"wei/xmpp": 2}
    assert ledger.advance(["wei/xmpp"], actor="lin@ops1", reason="rotation") == {"wei/xmpp": 3}
    assert ledger.generation_of(["wei/xmpp", "mei/xmpp"]) == {"wei/xmpp": 3, "mei/xmpp": 1}
    assert ledger.verify() == ()


def test_ten_thousand_generations_are_asked_for_at_once(ledger):
    paths = [f"p{number}/sip" for number in range(10_000)]
    ledger.advance(paths[:5000], actor="lin@ops1", reason="compromise")
    found = ledger.generation_of(paths)
    assert set(found) == set(paths)
    assert (found[paths[4999]], found[paths[5000]]) == (2, 1)


def phone(*secrets):
    address = Address("pbx1", "extension", "2101")
    return Resource(address, Extension(suspended=False), tuple(secrets))


def move(estate, before, after, *fields, status=Status.DONE):
    """Go from one set of a telephone's secrets to another."""
    change = Change(Action.UPDATE, after.address, before, after, fields)
    batch = estate.begin(change, system="pbx1")
    held = {slot.removeprefix("secret:"): slot[-1] * 32 for slot in fields}
    verifiers = {ref.slot: held[ref.slot] for ref in after.secrets if ref.slot in held}
    estate.ledger.finish(batch, [Outcome(after.address, status, "", verifiers)], [change])
    return estate.ledger.known().secrets[after.address]


OLD, NEW = SecretRef("p/sip", "sip", generation=1), SecretRef("p/sip", "sip", generation=2)
BESIDE = SecretRef("p/sip", "previous", generation=1)


def test_a_second_password_is_written_and_taken_away_like_any_other(estate):
    both = move(estate, phone(OLD), phone(NEW, BESIDE), "secret:sip", "secret:previous")
    assert both == {"sip": Recorded(2, "p" * 32), "previous": Recorded(1, "s" * 32)}
    shown = {slot: str(kept.fingerprint) for slot, kept in both.items()}
    assert stale_secrets(phone(NEW, BESIDE), both, shown) == ()
    assert stale_secrets(phone(NEW), both, shown) == ("secret:previous",)

    one = move(estate, phone(NEW, BESIDE), phone(NEW), "secret:previous")
    assert one == {"sip": Recorded(2, "p" * 32), "previous": Recorded(0)}
    assert stale_secrets(phone(NEW), one, {"sip": "p" * 32}) == ()
    assert estate.ledger.verify() == ()


def test_a_second_password_that_nobody_asked_for_is_stale_until_it_is_gone(estate):
    assert stale_secrets(phone(OLD), {"sip": Recorded(1)}, {"sip": "x", "previous": "y"}) != ()
    doubt = move(estate, phone(OLD), phone(OLD), "secret:previous", status=Status.UNKNOWN)
    assert doubt["previous"] == Recorded(0)
    assert stale_secrets(phone(OLD), doubt, {"previous": "y"})[-1:] == ("secret:previous",)
