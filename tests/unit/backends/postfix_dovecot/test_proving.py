"""Proof by use over the simulated server: what holds is told so, and every break is noticed."""

import dataclasses

import pytest

from commsroom.backends.postfix_dovecot import on_target_state as state
from commsroom.backends.postfix_dovecot.wire import Reply, Unanswered
from commsroom.estate.secret import Custody


def wrong(proofs):
    return [(one.address.kind, one.use) for one in proofs if one.ok is not True]


@pytest.fixture
def company(world):
    world.apply(world.company())
    return world.company()


def test_everything_holds_on_a_healthy_server(world, company):
    proofs = world.prove(company)
    assert wrong(proofs) == []
    uses = {(one.address.kind, one.use.split(" ")[0]) for one in proofs}
    assert {
        ("mailbox", "imap"), ("mailbox", "wrong"), ("mailbox", "submit"), ("mailbox", "mail"),
        ("mailbox", "archive"), ("shared_mailbox", "send"), ("shared_mailbox", "open"), ("grant", "open"),
        ("grant", "send"), ("grant", "mail"), ("list", "post"), ("list", "reaches"), ("mailbox", "relay"),
        ("mailbox", "too"), ("mailbox", "login"), ("mailbox", "write"),
    } <= uses  # fmt: skip


def test_test_messages_are_gone_afterwards_save_from_the_archive(world, company):
    world.prove(company)
    assert {who for who, mail in world.server.mail.items() if mail} == {"archive@a.test"}


@pytest.mark.parametrize(
    ("path", "old", "new", "broken"),
    [
        (state.SUSPENDED, "", "cy@a.test\n", ("mailbox", "imap login")),
        (state.SENDERS, "contact@a.test, ann@a.test", "contact@a.test", ("grant", "send as contact@a.test")),
        (state.SENDERS, "contact@a.test, ann@a.test", "contact@a.test, ann@a.test, bob@a.test",
         ("grant", "send as contact@a.test")),
        (state.RECEIVERS, "contact@a.test, ann@a.test", "contact@a.test", ("grant", "mail to contact@a.test arrives here")),
        (state.RECEIVERS, "contact@a.test, ann@a.test", "contact@a.test, ann@a.test, bob@a.test",
         ("grant", "mail to contact@a.test stays away")),
        (state.LISTS, "bob@a.test", "cy@a.test", ("list", "reaches bob@a.test")),
        (state.POSTERS, " members", " anyone", ("list", "post by a stranger")),
        ("/var/vmail/a.test/contact/Maildir/dovecot-acl", "user=bob@a.test lrs\n", "", ("grant", "open shared/contact@a.test")),
        ("/var/vmail/a.test/contact/Maildir/dovecot-acl", "user=bob@a.test lrs\n", "user=bob@a.test lrs\nuser=archive@a.test lrs\n",
         ("shared_mailbox", "open by archive@a.test")),
    ],
)  # fmt: skip
def test_a_break_is_noticed(world, company, path, old, new, broken):  # noqa: PLR0917
    text = world.server.files.get(path, "")
    assert old in text
    world.by_hand(path, text.replace(old, new, 1) if old else text + new)
    proofs = world.prove(company)
    assert broken in {(one.address.kind, one.use) for one in proofs if one.ok is False}


def test_a_person_who_changed_the_password_is_proven_by_delegation_and_it_says_so(world, company):
    proofs = world.prove(
        company, secrets=lambda ref: None if "bob" in ref.path else world.secret(ref)
    )
    assert wrong(proofs) == []
    login = next(
        one for one in proofs if one.address.key == "bob@a.test" and one.use == "imap login"
    )
    assert (login.note, login.login) == ("delegated", False)


def test_a_managed_password_that_fails_is_a_failure_not_delegated(world, company):
    ann = next(one for one in company if one.address.key == "ann@a.test")
    moved = dataclasses.replace(ann, secrets=(ann.secrets[0].pinned(9),))
    proofs = world.prove([moved if one is ann else one for one in company])
    login = next(
        one for one in proofs if one.address.key == "ann@a.test" and one.use == "imap login"
    )
    assert (login.ok, login.got) == (False, "refused")


def leaver(company):
    return [
        dataclasses.replace(one, body=dataclasses.replace(one.body, suspended=True))
        if one.address.key == "cy@a.test" else one
        for one in company
    ]  # fmt: skip


def test_a_leaver_is_refused_with_the_password_that_worked(world, company):
    gone = leaver(company)
    world.apply(gone)
    proofs = [one for one in world.prove(gone) if one.address.key == "cy@a.test"]
    assert [(one.use, one.expected, one.ok) for one in proofs] == [
        ("imap login", "refused", True),
        ("imap login", "refused", True),
        ("submit", "refused", True),
    ]


def test_a_leaver_alone_is_proven_against_somebody_else_of_the_server(world, company):
    gone = leaver(company)
    world.apply(gone)
    alone = [one for one in gone if one.address.key == "cy@a.test"]
    assert wrong(world.prove(alone)) == []


def test_a_refusal_counts_for_nothing_when_the_server_refuses_everybody(
    world, company, monkeypatch
):
    gone = leaver(company)
    world.apply(gone)
    monkeypatch.setattr(world.client, "login", lambda login: False)
    proofs = [one for one in world.prove(gone) if one.address.key == "cy@a.test"]
    assert {one.ok for one in proofs if one.use == "imap login"} == {None}


def test_a_leaver_who_still_gets_in_is_a_failure(world, company):
    proofs = [one for one in world.prove(leaver(company)) if one.address.key == "cy@a.test"]
    assert {one.ok for one in proofs} == {False}


def test_silence_and_a_temporary_no_prove_nothing(world, company, monkeypatch):
    def silent(*args, **kwargs):
        raise Unanswered("no answer within the time limit")

    monkeypatch.setattr(world.client, "stranger", lambda *_: Reply(451, "try later"))
    monkeypatch.setattr(world.client, "cleartext", silent)
    found = {one.use: one.ok for one in world.prove(company)}
    assert found["relay for a stranger"] is None
    assert found["post by a stranger"] is None
    assert found["login without TLS"] is None


def test_one_person_alone_can_be_proven(world, company):
    mine = [one for one in company if "bob" in one.address.key]
    assert all(one.secrets == () or one.secrets[0].custody is Custody.PERSONAL for one in mine)
    assert wrong(world.prove(mine)) == []


def test_no_secret_shows_in_a_proof(world, company):
    assert "word of" not in repr(world.prove(company))
