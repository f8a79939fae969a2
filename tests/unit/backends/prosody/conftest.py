"""A simulated Prosody and the words the tests share."""

import hashlib

import pytest

from commsroom.backends.prosody import BACKEND
from commsroom.estate.backend import Batch, Target, Tools
from commsroom.estate.kinds import kind_named
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Recorded, Resource
from commsroom.estate.secret import Secret, SecretRef


def _fingerprint(text):
    return hashlib.sha256(f"key {text}".encode()).hexdigest()[:16]


def secret(ref):
    return Secret(f"word of {ref.path}")


def resource(key, values, *, generation=1):
    """Build a resource from `account/ann` and its fields, with the needs compile would give it."""
    kind, _, name = key.partition("/")
    body = kind_named(kind)(**values)
    refs = (
        (SecretRef(f"{name}/im", "password", generation=generation),) if kind == "account" else ()
    )
    room, _, login = name.partition("/")
    needs = {Address("im1", "room", room), Address("im1", "account", login)}
    needed = frozenset(needs) if kind == "member" else frozenset()
    return Resource(Address("im1", kind, name), body, refs, needs=needed)


def resources(table):
    return [resource(key, values) for key, values in table.items()]


class World:
    """One simulated system, and what a ledger would remember of it."""

    def __init__(self, state):
        target = Target(
            "im1", "127.0.0.1", "im1.test", state.parent, variables={"im_domain": "a.test"}
        )
        self.provider = BACKEND.fake(target, Tools(fingerprint=_fingerprint), state)
        self.owned = set()
        self.recorded = {}
        self.fence = 0

    #: Test modules cannot import a conftest, so its words travel with the world.
    resource = staticmethod(resource)
    resources = staticmethod(resources)
    secret = staticmethod(secret)

    def plan(self, desired, *, owned=None):
        mine = frozenset(self.owned if owned is None else owned)
        known = Known(mine, secrets=self.recorded)
        return build(desired, {"im1": self.provider.read()}, known, {"im1": BACKEND})

    def apply(self, plan):
        """Apply as the core does: in steps, each with the token the last one left."""
        token, outcomes = plan.tokens["im1"], []
        for step in steps(plan.changes):
            changes = step.batches["im1"]
            self.fence += 1
            applied = self.provider.apply(Batch(changes, token, secret, "estate-1", self.fence))
            token = applied.token
            outcomes += applied.outcomes
            for change, outcome in zip(changes, applied.outcomes, strict=True):
                self._remember(change, outcome)
        return outcomes

    def _remember(self, change, outcome):
        if outcome.status != "done":
            return
        (self.owned.discard if change.after is None else self.owned.add)(change.address)
        for slot, value in outcome.verifiers.items():
            self.recorded[change.address] = {slot: Recorded(1, value)}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "im1.json")
