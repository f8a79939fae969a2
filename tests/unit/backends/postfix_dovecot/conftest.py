"""A simulated mail server, and what a ledger would remember of it."""

import hashlib

import pytest

from commsroom.backends.postfix_dovecot import BACKEND
from commsroom.estate.backend import Batch, ProofRequest, Target, Tools
from commsroom.estate.kinds import kind_named
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Recorded, Resource
from commsroom.estate.secret import Custody, Secret, SecretRef


def _fingerprint(text):
    return hashlib.sha256(f"key {text}".encode()).hexdigest()[:16]


def secret(ref):
    return Secret(f"word of {ref.path} {ref.generation}")


def resource(key, *, custody=Custody.MANAGED, generation=1, **values):
    """Build a resource from `mailbox/ann@a.test` and its fields, with the needs compile would give it."""
    kind, _, name = key.partition("/")
    held = kind in ("mailbox", "shared_mailbox")
    ref = SecretRef(f"{name}/mail", "password", custody=custody, generation=generation)
    box, _, login = name.partition("/")
    needs = {
        Address("mail1", "shared_mailbox", box),
        Address("mail1", "mailbox", f"{login}@a.test"),
    }
    needed = frozenset(needs) if kind == "grant" else frozenset()
    body = kind_named(kind)(**values)
    return Resource(Address("mail1", kind, name), body, (ref,) if held else (), needs=needed)


class World:
    """One simulated system; applies as the core does, in steps."""

    resource = staticmethod(resource)
    secret = staticmethod(secret)

    def __init__(self, state):
        variables = {"mail_archive_address": "archive@a.test"}
        target = Target("mail1", "127.0.0.1", "mail1.test", state.parent, variables=variables)
        self.provider = BACKEND.fake(target, Tools(fingerprint=_fingerprint), state)
        self.client = self.provider.client
        self.server = self.client.server
        self.owned = set()
        self.recorded = {}
        self.fence = 0

    def mailbox(self, login, **values):
        body = {
            "display_name": login.title(), "quota_bytes": 1024**3, "aliases": (), "suspended": False,
            "receives": True,
        }  # fmt: skip
        custody = values.pop("custody", Custody.MANAGED)
        generation = values.pop("generation", 1)
        return resource(
            f"mailbox/{login}@a.test", custody=custody, generation=generation, **{**body, **values}
        )

    def company(self):
        """Return two people, an archive, a contact mailbox with grants and a list."""
        return [
            self.mailbox("ann", aliases=("a.lee@a.test",)),
            self.mailbox("bob", custody=Custody.PERSONAL),
            self.mailbox("cy"),
            self.mailbox("archive", quota_bytes=0),
            resource(
                "shared_mailbox/contact@a.test",
                title="Contact", custodian="ann", quota_bytes=0, suspended=False,
            ),
            resource("grant/contact@a.test/ann", rights=("read", "receive", "send")),
            resource("grant/contact@a.test/bob", rights=("read",)),
            resource("list/sales@a.test", title="Sales", members=("ann@a.test", "bob@a.test"), posters="members"),
        ]  # fmt: skip

    def by_hand(self, path, text):
        """Write a file as an administrator would."""
        self.server.files[path] = text
        self.server.save()

    def plan(self, desired):
        known = Known(frozenset(self.owned), secrets=self.recorded)
        return build(desired, {"mail1": self.provider.read()}, known, {"mail1": BACKEND})

    def lines(self, desired):
        """Return the plan as lines: action, address without the system, fields."""
        return [
            " ".join([str(one.action), f"{one.address.kind}/{one.address.key}", *one.fields])
            for one in self.plan(desired).changes
        ]

    def apply(self, desired):
        plan = self.plan(desired)
        token, outcomes = plan.tokens["mail1"], []
        for step in steps(plan.changes):
            changes = step.batches["mail1"]
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
        if change.after is not None and outcome.verifiers:
            ref = change.after.secrets[0]
            known = Recorded(ref.generation, outcome.verifiers["password"])
            self.recorded[change.address] = {"password": known}

    def prove(self, desired, *, accepted_before=True, secrets=secret):
        requests = [
            ProofRequest(
                one, secrets, refused=getattr(one.body, "suspended", False) is True,
                accepted_before=accepted_before,
            )
            for one in desired
        ]  # fmt: skip
        return list(self.provider.prove(requests))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "mail1.json")
