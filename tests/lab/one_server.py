"""One real server under its back end: plan, apply and prove against it, and what a ledger would remember.

Tests of a back end make only what has a name of its own, and delete it again; what else is on the server, such as
the sample company, is foreign to them and must survive them.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from types import MappingProxyType

from commsroom.estate.backend import Batch, ProofRequest, Status, Target, Tools
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Recorded


def fingerprint(text):
    return hashlib.sha256(f"key {text}".encode()).hexdigest()


class OneServer:
    """The real server and what a ledger would remember of our part of it.

    A back end's own says which: `backend`, `system`, `host`, `tls_name`, `variables` of the inventory, and
    `secret`, which gives each reference its value.
    """

    variables = MappingProxyType({})

    def __init__(self, estate):
        self.estate = estate
        self.ca = estate / ".commsroom/ca/ca.crt"
        self.ssh = ("-F", str(estate / ".commsroom/lab/ssh_config"), "-l", "root")
        self.provider = self.connect()
        self.owned = set()
        self.recorded = {}

    def connect(self, **change):
        """Return a provider, for another target where something is changed."""
        given = {
            "system": self.system, "host": self.host, "tls_name": self.tls_name, "estate": self.estate,
            "ssh_arguments": self.ssh, "variables": self.variables, "ca": self.ca, **change,
        }  # fmt: skip
        return self.backend.connect(Target(**given), Tools(fingerprint=fingerprint))

    def on_server(self, script):
        """Run a shell script as the server's administrator would by hand."""
        done = subprocess.run(
            ["ssh", *self.ssh, self.host, "sh", "-s"], input=script, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plan(self, desired):
        known = Known(frozenset(self.owned), secrets=self.recorded)
        read = {self.system: self.provider.read()}
        return build(desired, read, known, {self.system: self.backend})

    def apply(self, plan):
        token, outcomes = plan.tokens[self.system], []
        for step in steps(plan.changes):
            changes = step.batches[self.system]
            batch = Batch(changes, token, self.secret, "live-tests", time.time_ns())
            applied = self.provider.apply(batch)
            token = applied.token
            outcomes += applied.outcomes
            self.applied(applied)
            for change, outcome in zip(changes, applied.outcomes, strict=True):
                if outcome.status is Status.DONE:
                    (self.owned.discard if change.after is None else self.owned.add)(change.address)
                    for slot, value in outcome.verifiers.items():
                        self.recorded.setdefault(change.address, {})[slot] = Recorded(1, value)
        return outcomes

    def applied(self, applied):
        """Look at what one batch answered; a back end's own may ask more of it."""

    def converge(self, desired):
        outcomes = self.apply(self.plan(desired))
        assert [item for item in outcomes if item.status is not Status.DONE] == []
        assert self.plan(desired).empty

    def prove(self, desired, *, before=True):
        requests = [
            ProofRequest(
                item, self.secret, refused=getattr(item.body, "suspended", None) is True,
                accepted_before=before,
            )
            for item in desired
        ]  # fmt: skip
        return list(self.provider.prove(requests))
