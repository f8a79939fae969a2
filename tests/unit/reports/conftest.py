"""One plan with everything in it, and the report made from it."""

from dataclasses import replace

import pytest

from commsroom.estate.backend import Proof
from commsroom.estate.kinds import Account, Extension, HuntGroup
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Action, Address, Change, Provenance, Resource
from commsroom.estate.secret import SecretRef
from commsroom.reports import model

CLAUSE = Provenance("policies/telephony.yml", 12, "2.2.1")
PHONE = Resource(
    Address.parse("pbx1:extension/2107"),
    Extension(display_name="王伟", dialling_class="national", suspended=False),
    (SecretRef("wang.wei/sip", "sip"),),
    provenance=CLAUSE,
    person="wang.wei",
)
LEAVER = Resource(Address.parse("im1:account/bob"), Account(display_name="Bob"))


def changed(resource, **fields):
    """Return the resource with other attributes."""
    return replace(resource, body=replace(resource.body, **fields))


@pytest.fixture
def plan():
    group = replace(
        PHONE,
        address=Address.parse("pbx1:hunt_group/2900"),
        body=HuntGroup(title="sales", members=("2101", "2102")),
        secrets=(),
        person="",
    )
    other = replace(PHONE, address=Address.parse("pbx1:extension/2108"))
    return Plan(
        changes=(
            Change(Action.DELETE, LEAVER.address, LEAVER, None),
            Change(
                Action.CREATE,
                PHONE.address,
                None,
                PHONE,
                ("display_name", "dialling_class", "secret:sip"),
                ("suspended",),
            ),
            Change(
                Action.UPDATE,
                other.address,
                changed(other, dialling_class="international"),
                other,
                ("dialling_class", "secret:sip"),
            ),
            Change(
                Action.UPDATE,
                group.address,
                group,
                changed(group, members=("2102", "2107")),
                ("members",),
            ),
        ),
        foreign=(Address.parse("im1:account/visitor"),),
        sealed=(Address.parse("pbx1:extension/2200"),),
        unsupported={Address.parse("pbx1:voicemail/2107"): "email"},
        unknown={"mail1": "mail1: connect: no answer within 10 s"},
        owned={("pbx1", "extension"): 10},
    )


@pytest.fixture
def proofs():
    phone, account = PHONE.address, LEAVER.address
    return (
        Proof(phone, "register", "accepted", "accepted", ok=True, ms=12.0, login=True),
        Proof(phone, "call 2101", "answered", "answered", ok=True, ms=80.0),
        Proof(phone, "call 2102", "answered", "busy here", ok=False, ms=90.0),
        Proof(
            account, "login", "refused", "refused", ok=None, ms=5.0, note="never accepted before"
        ),
    )


@pytest.fixture
def report(plan, proofs):
    found = model.from_plan(plan, estate="lianhe", when="2026-11-24T02:00:00+00:00")
    return found.plus(
        proofs=proofs, timings=[model.Timing("plan", 0.42), model.Timing("apply", 67.0)]
    )
