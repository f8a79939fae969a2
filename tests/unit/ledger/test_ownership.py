"""What we own, and what becomes of it when a run ends well, badly or not at all."""

import pytest

from commsroom.errors import CommsroomError, FenceRefused
from commsroom.estate.backend import Outcome, Status
from commsroom.estate.resource import Action, Recorded
from commsroom.ledger import Ledger


def test_a_new_ledger_knows_nothing(ledger):
    known = ledger.known()
    assert (known.owned, known.protected, known.secrets) == (frozenset(), frozenset(), {})
    assert ledger.open_batches() == ()


def test_what_was_created_is_ours_with_its_person_and_its_secret(estate):
    estate.do(estate.change(Action.CREATE, "wei"))
    known = estate.ledger.known()
    wei = estate.address("wei")
    assert known.owned == {wei}
    assert known.persons == {wei: "wei"}
    assert known.secrets == {wei: {"password": Recorded(1, "f" * 32)}}


def test_what_was_deleted_is_forgotten_with_protection_and_secrets(estate):
    estate.do(estate.change(Action.CREATE, "wei", protected=True))
    estate.do(estate.change(Action.DELETE, "wei"))
    known = estate.ledger.known()
    assert (known.owned, known.protected, known.secrets) == (frozenset(), frozenset(), {})


def test_a_killed_runs_creations_and_adoptions_count_as_ours_at_once(estate):
    estate.begin(
        estate.change(Action.CREATE, "new"),
        estate.change(Action.ADOPT, "found"),
        estate.change(Action.UPDATE, "changed"),
        estate.change(Action.DELETE, "gone"),
    )
    known = estate.ledger.known()
    assert known.owned == {estate.address("new"), estate.address("found")}
    assert known.persons[estate.address("new")] == "new"


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_what_we_may_have_created_is_pending_and_counts_as_ours(estate, status):
    estate.do(estate.change(Action.CREATE, "wei"), status=status)
    assert estate.ledger.known().owned == {estate.address("wei")}
    assert estate.ledger.pending() == {estate.address("wei")}
    assert estate.ledger.open_batches() == ()


def test_a_pending_object_becomes_owned_when_a_later_run_succeeds(estate):
    estate.do(estate.change(Action.CREATE, "wei"), status=Status.UNKNOWN)
    estate.do(estate.change(Action.UPDATE, "wei"))
    assert estate.ledger.pending() == frozenset()
    assert estate.ledger.known().owned == {estate.address("wei")}


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_a_deletion_that_did_not_end_well_leaves_the_object_ours(estate, status):
    estate.do(estate.change(Action.CREATE, "wei"))
    estate.do(estate.change(Action.DELETE, "wei"), status=status)
    assert estate.ledger.known().owned == {estate.address("wei")}


def test_a_change_the_back_end_says_nothing_about_counts_as_unknown(estate):
    told, untold = estate.change(Action.CREATE, "told"), estate.change(Action.CREATE, "untold")
    batch = estate.begin(told, untold)
    estate.ledger.finish(batch, [Outcome(told.address, Status.DONE)], [told, untold])
    assert estate.ledger.pending() == {untold.address}


def test_an_abandoned_batch_claims_nothing(estate):
    """The target had moved: the object there may be a stranger's, made in the same minute."""
    batch = estate.begin(estate.change(Action.CREATE, "wei"))
    estate.ledger.abandon(batch, "im1 moved")
    assert estate.ledger.known().owned == frozenset()
    assert estate.ledger.open_batches() == ()
    assert [event.kind for event in estate.ledger.events(limit=1)] == ["abandoned"]


@pytest.mark.parametrize(
    ("action", "found", "owned"),
    [
        (Action.CREATE, "present", True),
        (Action.CREATE, "absent", False),
        (Action.CREATE, None, True),
        (Action.ADOPT, "present", True),
        (Action.ADOPT, "absent", False),
        (Action.ADOPT, None, True),
        (Action.UPDATE, "present", True),
        (Action.UPDATE, "absent", True),
        (Action.UPDATE, None, True),
        (Action.DELETE, "present", True),
        (Action.DELETE, "absent", False),
        (Action.DELETE, None, True),
    ],
)
def test_settling_owns_what_is_there_and_forgets_what_is_not(estate, action, found, owned):
    if action in (Action.UPDATE, Action.DELETE):
        estate.do(estate.change(Action.CREATE, "wei"))
    batch = estate.begin(estate.change(action, "wei"))
    wei = estate.address("wei")
    estate.ledger.settle(batch, {wei: found} if found else {}, actor="mei@ops2")
    assert (wei in estate.ledger.known().owned) is owned
    assert estate.ledger.open_batches() == ()
    assert estate.ledger.verify() == ()


def test_settling_twice_changes_nothing(estate):
    batch = estate.begin(estate.change(Action.CREATE, "wei"))
    estate.ledger.settle(batch, {estate.address("wei"): "present"})
    head = estate.ledger.head()
    estate.ledger.settle(batch, {estate.address("wei"): "absent"})
    assert estate.ledger.head() == head
    assert estate.ledger.known().owned == {estate.address("wei")}


def test_an_outcome_after_somebody_settled_is_noted_and_refused(estate):
    change = estate.change(Action.CREATE, "wei")
    batch = estate.begin(change)
    estate.ledger.settle(batch, {change.address: "absent"})
    with pytest.raises(FenceRefused, match="settled by another run"):
        estate.ledger.finish(batch, [Outcome(change.address, Status.DONE)], [change])
    assert estate.ledger.known().owned == frozenset()
    assert [event.kind for event in estate.ledger.events(limit=1)] == ["late"]
    assert estate.ledger.verify() == ()


def test_an_open_batch_tells_what_it_was_about_to_do(estate):
    batch = estate.begin(estate.change(Action.CREATE, "wei", generation=3))
    (opened,) = estate.ledger.open_batches()
    assert (opened.id, opened.run, opened.system, opened.stage) == (batch, "run-1", "im1", "grant")
    (intent,) = opened.intents
    assert intent.address == estate.address("wei")
    assert intent.fields == ("display_name", "secret:password")
    assert (intent.before, intent.after) == (None, {"display_name": "Wei"})
    assert intent.secrets == {"password": ("wei/xmpp", 3)}


def test_an_adopted_object_is_ours_and_its_secret_unknown(estate):
    estate.ledger.adopt([estate.resource("wei", protected=True)], actor="lin@ops1")
    known = estate.ledger.known()
    assert known.owned == known.protected == {estate.address("wei")}
    assert known.secrets == {}


def test_a_forgotten_address_is_foreign_again(estate):
    estate.do(estate.change(Action.CREATE, "wei"), estate.change(Action.CREATE, "mei"))
    stranger = estate.address("stranger")
    assert estate.ledger.forget([estate.address("wei"), stranger], actor="lin@ops1") == 1
    assert estate.ledger.known().owned == {estate.address("mei")}


def test_protection_outlives_the_policy_line_that_set_it(estate):
    estate.do(estate.change(Action.CREATE, "wei", protected=True))
    estate.do(estate.change(Action.UPDATE, "wei", protected=False))
    assert estate.ledger.known().protected == {estate.address("wei")}


def test_protection_reaches_objects_that_need_no_other_change(estate):
    estate.do(estate.change(Action.CREATE, "wei"))
    wanted = [estate.resource("wei", protected=True), estate.resource("foreign", protected=True)]
    assert estate.ledger.protect(wanted, actor="lin@ops1") == 1
    head = estate.ledger.head()
    assert estate.ledger.protect(wanted, actor="lin@ops1") == 0
    assert estate.ledger.head() == head
    assert estate.ledger.known().protected == {estate.address("wei")}


def test_only_what_is_protected_can_be_unprotected(estate):
    estate.do(estate.change(Action.CREATE, "wei", protected=True))
    estate.ledger.unprotect(estate.address("wei"), actor="lin@ops1")
    assert estate.ledger.known().protected == frozenset()
    with pytest.raises(CommsroomError, match="im1:account/wei is not protected"):
        estate.ledger.unprotect(estate.address("wei"), actor="lin@ops1")


def test_everything_is_still_known_after_opening_again(estate, url):
    estate.do(estate.change(Action.CREATE, "wei", protected=True))
    estate.begin(estate.change(Action.CREATE, "mei"))
    before, name = estate.ledger.known(), estate.ledger.estate_id
    estate.ledger.close()
    with Ledger.open(url) as again:
        assert again.known() == before
        assert again.estate_id == name


def test_keys_of_any_writing_come_back_as_they_were(estate):
    logins = ["王偉", "a'b\"c\\d", "x;--", "%_*", "e\u0301", "😀", "a/b:c"]
    estate.do(*(estate.change(Action.CREATE, login) for login in logins))
    assert estate.ledger.known().owned == {estate.address(login) for login in logins}
    assert estate.ledger.verify() == ()
