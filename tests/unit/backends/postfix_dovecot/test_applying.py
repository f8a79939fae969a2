"""Batches on a mail server: what they change, what they leave alone, and what is said about it."""

import dataclasses

import pytest

from commsroom.backends.on_target import TargetError
from commsroom.backends.postfix_dovecot import on_target_state as state
from commsroom.backends.postfix_dovecot.on_target_table import Table
from commsroom.errors import FenceRefused, TargetMoved
from commsroom.estate.backend import Batch, Status
from commsroom.estate.secret import Custody, Secret


def failures(outcomes):
    return [(str(one.address), one.message) for one in outcomes if one.status is not Status.DONE]


def test_a_second_plan_is_empty(world):
    assert failures(world.apply(world.company())) == []
    assert world.lines(world.company()) == []


def test_a_name_with_every_awkward_character_comes_back_exactly(world):
    name = "王 ] ; \" , $HOME \\ ' : % 偉 <b>&amp; #"
    ann = world.mailbox("ann", display_name=name)
    world.apply([ann])
    assert world.provider.read().resources[ann.address].body.display_name == name


def test_what_an_administrator_made_by_hand_survives_and_is_named(world):
    by_hand = "# mine\nhand@a.test:{SSHA512}abc:::Made by hand:::\n"
    world.by_hand(state.LOCAL_USERS, by_hand)
    world.by_hand(state.LOCAL_ALIASES, "team@a.test x@elsewhere.test, y@elsewhere.test\n")
    world.by_hand(state.USERS, "odd@a.test:{SSHA512}abc:::In our file:::\n")
    world.apply(world.company())
    plan = world.plan([])
    assert [str(one) for one in plan.foreign] == [
        "mail1:list/team@a.test",
        "mail1:mailbox/hand@a.test",
        "mail1:mailbox/odd@a.test",
    ]
    assert world.server.files[state.LOCAL_USERS] == by_hand
    assert "odd@a.test:{SSHA512}abc:::In our file:::\n" in world.server.files[state.USERS]


def test_an_account_in_another_file_is_sealed(world):
    world.by_hand(state.LOCAL_USERS, "ann@a.test:{SSHA512}abc:::::\n")
    plan = world.plan([world.mailbox("ann")])
    assert [str(one) for one in plan.sealed] == ["mail1:mailbox/ann@a.test"]
    assert plan.changes == ()


@pytest.mark.parametrize(
    ("path", "old", "new", "drift"),
    [
        (state.USERS, "=1073741824B", "=1G", []),
        (state.USERS, "=1073741824B", "=2G", ["update mailbox/{} quota_bytes"]),
        (state.LISTS, "bob@a.test", "cy@a.test", ["update list/sales@a.test members"]),
        (state.POSTERS, " members", " anyone", ["update list/sales@a.test posters"]),
        (state.SENDERS, "contact@a.test, ann@a.test", "contact@a.test", ["update grant/contact@a.test/ann rights"]),
        ("/var/vmail/a.test/contact/Maildir/dovecot-acl", "bob@a.test lrs", "bob@a.test lrswit", ["update grant/contact@a.test/bob rights"]),
        (state.ALIASES, "a.lee@a.test ", "z.lee@a.test ", ["update mailbox/ann@a.test aliases"]),
        (state.MAILBOXES, "cy@a.test OK\n", "", ["update mailbox/cy@a.test receives"]),
    ],
)  # fmt: skip
def test_a_change_by_hand_is_drift_of_exactly_that_field(world, path, old, new, drift):
    world.apply(world.company())
    text = world.server.files[path]
    assert old in text
    world.by_hand(path, text.replace(old, new, 1))
    first = Table(world.server.files[state.USERS]).keys()[0]
    assert world.lines(world.company()) == [line.format(first) for line in drift]
    assert failures(world.apply(world.company())) == []
    assert world.lines(world.company()) == []


def test_what_dovecot_has_not_looked_at_yet_is_drift_all_the_same(world, monkeypatch):
    world.apply(world.company())
    seen, fresh = world.server.accounts(), world.server.accounts
    text = world.server.files[state.USERS]
    world.by_hand(state.USERS, text.replace("=1073741824B", "=2G", 1))
    answers = [seen]
    monkeypatch.setattr(
        world.server, "accounts", lambda names=(): answers[0] if answers else fresh(names)
    )
    monkeypatch.setattr(world.server, "settle", answers.clear)
    first = Table(text).keys()[0]
    assert world.lines(world.company()) == [f"update mailbox/{first} quota_bytes"]


def _set_password(world, address, stored):
    users = Table(world.server.files[state.USERS])
    fields = users.fields(address)
    users.put(address, ":".join([address, stored, *fields[1:]]))
    world.by_hand(state.USERS, users.text())


def test_a_managed_password_changed_behind_our_back_is_drift_and_a_personal_one_is_not(world):
    world.apply(world.company())
    for login in ("ann", "bob"):
        _set_password(world, f"{login}@a.test", "{SSHA512}another")
    assert world.lines(world.company()) == ["update mailbox/ann@a.test secret:password"]


def test_a_personal_password_is_kept_until_its_generation_moves_on(world):
    world.apply(world.company())
    _set_password(world, "bob@a.test", "{SSHA512}another")
    bob = world.mailbox("bob", custody=Custody.PERSONAL, quota_bytes=5)
    world.apply([*(one for one in world.company() if one.address != bob.address), bob])
    assert "bob@a.test:{SSHA512}another:" in world.server.files[state.USERS]
    again = world.mailbox("bob", custody=Custody.PERSONAL, quota_bytes=5, generation=2)
    world.apply([*(one for one in world.company() if one.address != bob.address), again])
    assert "bob@a.test:{SSHA512}another:" not in world.server.files[state.USERS]


def test_adopting_a_person_keeps_the_password_they_chose(world):
    world.by_hand(state.USERS, "bob@a.test:{SSHA512}chosen:::Bob::mailbox:\n")
    assert failures(world.apply([world.mailbox("bob", custody=Custody.PERSONAL)])) == []
    assert "bob@a.test:{SSHA512}chosen:" in world.server.files[state.USERS]


def test_a_closed_account_takes_no_login_and_its_sessions_end(world):
    world.apply(world.company())
    ann = next(one for one in world.company() if one.address.key == "ann@a.test")
    closed = dataclasses.replace(ann, body=dataclasses.replace(ann.body, suspended=True))
    world.apply(
        [closed if one is ann or one.address == ann.address else one for one in world.company()]
    )
    assert world.client.told[-2:] == ["kick ann@a.test", "update mailbox/ann@a.test [suspended]"]
    assert world.server.files[state.SUSPENDED] == "ann@a.test\n"
    assert "ann@a.test 554 5.7.1" in world.server.files[state.REFUSED]
    assert "closed" not in world.server.files.get(state.CLOSED, "")


def test_a_mailbox_that_receives_no_more_is_closed_under_every_address(world):
    world.apply([world.mailbox("ann", aliases=("a.lee@a.test",), receives=False)])
    closed = world.server.files[state.CLOSED]
    assert [line.split()[0:2] for line in closed.splitlines()] == [
        ["ann@a.test", "550"],
        ["a.lee@a.test", "550"],
    ]
    world.apply([world.mailbox("ann", aliases=("a.lee@a.test",))])
    assert world.server.files[state.CLOSED] == ""


def test_deleting_everything_leaves_no_trace_but_the_trash(world):
    world.apply(world.company())
    assert failures(world.apply([])) == []
    texts = {path: text for path, text in world.server.files.items() if text}
    assert texts == {}


def test_an_address_that_is_something_else_already_is_refused_by_name(world):
    world.apply(world.company())
    extra = [
        world.resource("list/ann@a.test", title="", members=(), posters="anyone"),
        world.mailbox("dan", aliases=("cy@a.test",)),
        world.mailbox("eve", aliases=("a.lee@a.test",)),
        world.resource("grant/nobody@a.test/ann", rights=("read",)),
    ]
    before = dict(world.server.files)
    assert sorted(failures(world.apply([*world.company(), *extra]))) == [
        ("mail1:grant/nobody@a.test/ann", "there is no mailbox nobody@a.test of ours"),
        ("mail1:list/ann@a.test", "ann@a.test is a mailbox there"),
        ("mail1:mailbox/dan@a.test", "cy@a.test is a mailbox there"),
        ("mail1:mailbox/eve@a.test", "a.lee@a.test is an alias of ann@a.test there"),
    ]
    assert world.server.files == before


def test_a_full_disk_leaves_everything_as_it_was_and_says_so(world, monkeypatch):
    world.apply(world.company())
    before = dict(world.server.files)

    def full(files):
        raise OSError(28, "No space left on device", "/etc/dovecot/commsroom/users")

    monkeypatch.setattr(world.server, "write", full)
    assert failures(world.apply([*world.company(), world.mailbox("dan")])) == [
        ("mail1:mailbox/dan@a.test", "nothing was changed: No space left on device")
    ]
    assert world.server.files == before


def test_a_map_that_cannot_be_built_is_said_for_every_change(world, monkeypatch):
    def broken(files):
        raise TargetError("failed", "postmap: fatal")

    monkeypatch.setattr(world.server, "write", broken)
    found = failures(world.apply([world.mailbox("ann"), world.mailbox("bob")]))
    assert {message for _, message in found} == {"nothing was changed: postmap: fatal"}


def test_a_batch_planned_on_an_older_state_is_refused_whole(world):
    plan = world.plan([world.mailbox("ann")])
    world.by_hand(state.POSTERS, "x@a.test anyone\n")
    batch = Batch(plan.changes, plan.tokens["mail1"], world.secret, "estate-1", 1)
    with pytest.raises(TargetMoved):
        world.provider.apply(batch)
    assert state.USERS not in world.server.files


def test_a_broken_lock_does_not_write(world):
    world.apply([world.mailbox("ann")])
    plan = world.plan([])
    batch = Batch(plan.changes, plan.tokens["mail1"], world.secret, "estate-1", 0)
    with pytest.raises(FenceRefused):
        world.provider.apply(batch)


def test_no_password_travels_or_is_kept(world):
    for_ann = "canary 7f3a"
    plan = world.plan([world.mailbox("ann")])
    told = {}
    original = world.client.apply
    world.client.apply = lambda data: original(told.setdefault("data", data))
    world.provider.apply(
        Batch(plan.changes, plan.tokens["mail1"], lambda _: Secret(for_ann), "e", 1)
    )
    assert for_ann not in str(told)
    assert for_ann not in str(world.server.files)


def test_the_state_outlives_the_process(world, tmp_path):
    world.apply(world.company())
    again = type(world)(tmp_path / "mail1.json")
    assert again.provider.read() == world.provider.read()


@pytest.mark.parametrize("also", ["ann", "bob"])
def test_an_edit_of_a_map_that_nobody_built_never_comes_in_force(world, monkeypatch, also):
    """Neither with its own account's change, nor with another's that has the same map built before."""
    world.apply(world.company())
    edited = [f"{one}@a.test 550 5.2.1 made by hand\n" for one in dict.fromkeys(("ann", also))]
    world.by_hand(state.CLOSED, "".join(edited))
    built = {state.CLOSED: {"bob@a.test": "550 5.2.1 made by hand"} if also == "bob" else {}}
    dump, write = world.server.dump, world.server.write

    def written(files):
        for path in files:
            built.pop(path, None)
        write(files)

    monkeypatch.setattr(world.server, "dump", lambda path: built.get(path, dump(path)))
    monkeypatch.setattr(world.server, "write", written)
    assert "update mailbox/ann@a.test display_name" in world.lines(world.company())
    assert failures(world.apply(world.company())) == []
    assert world.lines(world.company()) == []
    assert world.server.text(state.CLOSED) == ""
