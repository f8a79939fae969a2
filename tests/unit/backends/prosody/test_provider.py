"""What the provider promises, over the simulated server."""

from dataclasses import replace

import pytest

from commsroom.errors import FenceRefused, TargetMoved
from commsroom.estate.backend import Batch, Status
from commsroom.estate.resource import Action, Address

STAFF = {
    "account/ann": {"display_name": "Ann", "file_sharing": True, "suspended": False},
    "account/bob": {"display_name": "Bob", "file_sharing": False, "suspended": False},
    "room/sales": {"title": "Sales", "members_only": True, "moderated": False},
    "member/sales/ann": {"affiliation": "member"},
}


def at(key):
    return Address.parse(f"im1:{key}")


def line(change):
    fields = f" [{' '.join(change.fields)}]" if change.fields else ""
    return f"{change.action} {str(change.address).removeprefix('im1:')}{fields}"


def done(outcomes):
    return all(item.status is Status.DONE for item in outcomes)


def test_second_apply_has_nothing_to_do(world):
    desired = world.resources(STAFF)
    world.apply(world.plan(desired))
    assert world.plan(desired).empty


def test_what_an_apply_leaves_is_what_a_read_finds(world):
    plan = world.plan(world.resources(STAFF))
    batch = Batch(plan.changes, plan.tokens["im1"], world.secret, "estate-1", 1)
    assert world.provider.apply(batch).left == world.provider.read()


def test_password_changed_behind_our_back_is_drift_of_exactly_that(world):
    desired = world.resources(STAFF)
    world.apply(world.plan(desired))
    change = {"do": "account_put", "login": "ann", "password": "chosen by hand"}
    world.provider.client.apply(
        [change], token=world.provider.read().token, estate_id="by-hand", fence=1
    )

    plan = world.plan(desired)
    assert [line(item) for item in plan.changes] == ["update account/ann [secret:password]"]
    assert done(world.apply(plan))
    assert world.plan(desired).empty


def test_reality_that_moved_is_not_overwritten(world):
    plan = world.plan(world.resources(STAFF))
    world.apply(plan)
    with pytest.raises(TargetMoved):
        world.apply(plan)


def test_an_apply_whose_lock_was_broken_cannot_write(world):
    plan = world.plan(world.resources(STAFF))
    world.provider.apply(Batch([], plan.tokens["im1"], world.secret, "estate-1", 9))
    with pytest.raises(FenceRefused):
        world.provider.apply(Batch(plan.changes, plan.tokens["im1"], world.secret, "estate-1", 8))
    assert world.provider.read().resources == {}


def test_one_refusal_does_not_hide_the_others(world):
    member = world.resource("member/nowhere/ann", {"affiliation": "member"})
    plan = world.plan([*world.resources(STAFF), member])
    outcomes = {item.address: item for item in world.apply(plan)}
    failed = outcomes.pop(member.address)
    assert (failed.status, failed.message) == (Status.FAILED, "there is no such room")
    assert done(outcomes.values())


def test_a_server_that_says_yes_and_does_nothing_is_not_believed(world, monkeypatch):
    plan = world.plan(world.resources(STAFF))
    monkeypatch.setattr(type(world.provider.client), "_attempt", lambda _self, _op: {"ok": True})
    outcomes = world.apply(plan)
    assert {item.message for item in outcomes} == {"it is not there"}


def test_a_password_that_stayed_the_same_is_a_failure(world, monkeypatch):
    world.apply(world.plan(world.resources(STAFF)))
    world.recorded.clear()
    plan = world.plan(world.resources(STAFF))
    monkeypatch.setattr(type(world.provider.client), "_attempt", lambda _self, _op: {"ok": True})
    assert {item.message for item in world.apply(plan)} == {"the password is still the old one"}


def test_fields_a_system_cannot_hold_are_not_sent(world):
    plan = world.plan(world.resources(STAFF))
    change = next(item for item in plan.changes if item.address == at("account/ann"))
    narrow = replace(change, unsupported=("file_sharing",))
    batch = Batch([narrow], plan.tokens["im1"], world.secret, "estate-1", 1)
    assert done(world.provider.apply(batch).outcomes)
    assert world.provider.client.told == ["put account/ann [display_name suspended password]"]


def test_no_password_is_in_what_is_kept_or_shown(world, tmp_path):
    outcomes = world.apply(world.plan(world.resources(STAFF)))
    shown = repr(outcomes) + repr(world.provider) + repr(world.provider.client.told)
    assert "word of" not in shown + (tmp_path / "im1.json").read_text("utf-8")


def test_an_adoption_without_difference_writes_nothing(world):
    world.apply(world.plan(world.resources(STAFF)))
    plan = world.plan(world.resources(STAFF), owned=())
    assert {change.action for change in plan.changes} == {Action.ADOPT}
    world.provider.client.told.clear()
    assert done(world.apply(plan))
    assert world.provider.client.told == []
