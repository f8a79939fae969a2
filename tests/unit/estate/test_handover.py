"""Whose it is to know a secret: a person's own, a custodian's, and never what a device fetches by itself."""

from dataclasses import replace
from datetime import date

import pytest

from commsroom import policy
from commsroom.estate import handover
from commsroom.estate.handover import Given
from commsroom.estate.inspection import Standard
from commsroom.estate.kinds import Extension, Mailbox, PhoneProfile, SharedMailbox, Trunk
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Custody, SecretRef, Shape

LOGINS = {"ann": "P1", "bo": "P2"}


def secret(path, slot="password", **more):
    return SecretRef(path, slot, generation=1, **more)


def thing(system, body, key, *secrets, person=""):
    return Resource(Address(system, body.kind, key), body, secrets, person=person)


MAIL = thing("mail1", Mailbox(), "ann@x.example", secret("ann/mail"), person="P1")
BOX = thing("mail1", SharedMailbox(custodian="bo"), "contact@x.example", secret("contact/mail"))
SIP = thing("pbx1", Extension(), "100", secret("ann/sip", "sip"), person="P1")
PHONE = thing(
    "prov1",
    PhoneProfile(),
    "T1",
    secret("T1/admin", "admin"),
    secret("T1/fetch", "fetch"),
    secret("ann/sip", "sip"),
    person="P1",
)


def knows(*desired, owned=None):
    """Return the paths each person is to know."""
    made = {item.address for item in desired} if owned is None else owned
    found = handover.theirs(desired, LOGINS, made)
    return {person: [one.ref.path for one in items] for person, items in found.items()}


def test_their_own_and_what_they_keep_are_theirs_and_nothing_of_a_task():
    archive = thing("mail1", Mailbox(), "archive@x.example", secret("archive/mail"))
    assert knows(MAIL, BOX, SIP, archive) == {"P1": ["ann/mail", "ann/sip"], "P2": ["contact/mail"]}


def test_a_mailbox_whose_custodian_is_gone_is_nobodys():
    assert knows(replace(BOX, body=SharedMailbox(custodian=""))) == {}


def test_what_a_telephone_fetches_is_not_theirs_unless_policy_says_so():
    assert knows(SIP, PHONE) == {}
    personal = replace(SIP, secrets=(secret("ann/sip", "sip", custody=Custody.PERSONAL),))
    assert knows(personal, PHONE) == {"P1": ["ann/sip"]}
    # a profile that is not made yet fetches nothing
    assert knows(SIP, PHONE, owned={SIP.address}) == {"P1": ["ann/sip"]}


def test_what_is_not_made_yet_or_was_made_by_others_is_not_given():
    line = thing("pbx1", Trunk(), "main", secret("trunk/p", shape=Shape.GIVEN), person="P1")
    assert knows(line) == {}
    assert knows(MAIL, owned=set()) == {}


def test_one_secret_on_two_systems_is_one_with_both_places():
    twin = replace(SIP, address=Address("pbx2", "extension", "100"))
    [one] = handover.theirs((twin, SIP), LOGINS, {SIP.address, twin.address})["P1"]
    assert one.places == ("pbx1:extension/100 sip", "pbx2:extension/100 sip")


@pytest.mark.parametrize(
    ("given", "due"),
    [([], True), ([1], False), ([1, 2], False), ([2], False), ([0], True)],
)
def test_it_is_due_until_the_current_generation_was_given_to_them(given, due):
    [one] = handover.theirs((MAIL,), LOGINS, {MAIL.address})["P1"]
    last = handover.latest(Given("P1", "ann/mail", number, "", "") for number in given)
    assert handover.is_due("P1", one, last) is due
    assert handover.is_due("P2", one, last) is True


@pytest.mark.parametrize(
    ("given", "keys", "told"),
    [
        ([], [], None),
        ([], ["P2"], (False, "P2 has not been given the current one", "handover P2 --due")),
        ([("P2", 1)], [], (True, "given to P2 on 2026-03-01", "")),
        ([("P2", 0)], [], (False, "P2 has not been given the current one", "handover P2 --due")),
        (
            [("P2", 1), ("P1", 1)],
            [],
            (False, "P1 has it, and is not its custodian", "rotate 'mail1:"),
        ),
        ([("P2", 1), ("P1", 0)], [], (True, "given to P2 on 2026-03-01", "")),
    ],
)
def test_an_inspection_says_who_has_a_shared_mailboxs_password(pytestconfig, given, keys, told):
    standard = Standard(policy.load(pytestconfig.rootpath), "mail1", date(2026, 3, 2))
    had = [Given(who, "contact/mail", number, "2026-03-01T00:00:00Z", "") for who, number in given]
    found = list(handover.checks({"mail1": standard}, [BOX], had, LOGINS, keys))
    if told is None:
        assert found == []
        return
    [check] = found
    assert (check.ok, check.got) == told[:2]
    assert told[2] in check.remedy
    assert check.address == "mail1:handover/contact@x.example"
    assert check.provenance.clause == "4.6.2"
    assert list(handover.checks({}, [BOX], had, LOGINS, keys)) == []
