"""A simulated Asterisk with a small company on it."""

import hashlib

import pytest

from commsroom.backends.asterisk import BACKEND
from commsroom.estate.backend import Batch, ProofRequest, Target, Tools
from commsroom.estate.kinds import Conference, DiallingClass, Extension, HuntGroup, Voicemail
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Custody, Secret, SecretRef, Shape

NUMBERS = ("2100", "2101", "2102")


def word(ref):
    digits = str(int(hashlib.sha256(ref.path.encode()).hexdigest()[:9], 16)).rjust(6, "7")
    return Secret(digits[:6] if ref.shape is Shape.PIN else f"word of {ref.path}")


def item(key, body):
    custody = Custody.PERSONAL if body.kind == "voicemail" else Custody.MANAGED
    refs = tuple(
        SecretRef(f"{key}/{slot}", slot, Shape.SIP if slot == "sip" else Shape.PIN, custody, 1)
        for slot in body.slots
    )
    return Resource(Address("pbx1", body.kind, key), body, refs)


def company(closed=()):
    return [
        item("national", DiallingClass(title="N", allowed=("0",), barred=("00",), hours=("tue 09:00-12:00",),
                                       emergency=("110",))),
        *(item(one, Extension(display_name=f"P{one}", caller_id="", dialling_class="national", transport="tls",
                              ring_seconds=15, voicemail=True, suspended=one in closed)) for one in NUMBERS),
        *(item(one, Voicemail(display_name=f"P{one}", email="")) for one in NUMBERS),
        item("8001", Conference(title="C", max_members=5)),
        item("8100", HuntGroup(title="G", members=("2100", "2101"), strategy="ringall", ring_seconds=15,
                               fallback="2100")),
    ]  # fmt: skip


class World:
    company = staticmethod(company)
    item = staticmethod(item)

    def __init__(self):
        target = Target("pbx1", "127.0.0.1", "pbx1.test", None, variables={"pbx_outside": "echo"})
        self.provider = BACKEND.fake(target, Tools(fingerprint=lambda text: text[:12]), None)
        self.client = self.provider.client
        self.fence = 0

    def apply(self, desired):
        snapshot = self.provider.read()
        known = Known(frozenset(snapshot.resources) - snapshot.sealed)
        plan = build(desired, {"pbx1": snapshot}, known, {"pbx1": BACKEND})
        token, outcomes = snapshot.token, []
        for step in steps(plan.changes):
            self.fence += 1
            done = self.provider.apply(Batch(step.batches["pbx1"], token, word, "unit", self.fence))
            token = done.token
            outcomes += done.outcomes
        return outcomes

    def prove(self, desired, *, before=True, helping=()):
        requests = [
            ProofRequest(
                one,
                word,
                refused=getattr(one.body, "suspended", None) is True,
                accepted_before=before,
                helping=str(one.address.key) in helping,
            )
            for one in desired
        ]
        found = self.provider.prove(requests)
        return {(f"{proof.address.kind}/{proof.address.key}", proof.use): proof for proof in found}


@pytest.fixture
def world():
    found = World()
    found.apply(company())
    return found
