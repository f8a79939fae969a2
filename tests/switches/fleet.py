"""What tests and benchmarks share: a process of simulated switches, and providers that talk to them."""

import contextlib
import hashlib
import json
import subprocess
import sys
from pathlib import Path

from users import PASSWORD, USER

from commsroom import backends
from commsroom.estate.backend import Batch, Deadlines, Target, Tools
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.secret import Secret

HERE = Path(__file__).parent


class Fleet:
    """Simulated switches of one vendor, by number."""

    def __init__(self, folder, kind, count):
        self.folder = folder
        self.known = folder / "known_hosts"
        self.password = folder / "password"
        self.password.write_text(f"{PASSWORD}\n")
        self.password.chmod(0o600)
        program = [sys.executable, str(HERE / "simulated_switches.py"), kind, str(count)]
        self.process = subprocess.Popen(
            [*program, "--known-hosts", str(self.known)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.ports = [int(port) for port in self.process.stdout.readline().split()[1:]]
        self.fence = 0

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        return self.process.stdout.readline().strip()

    def log(self, number):
        return json.loads(self.tell(f"log {number}"))

    def users(self, number):
        """Return the local users of a switch, and how often each was refused."""
        return json.loads(self.tell(f"users {number}"))

    def kept(self, number):
        """Return what a switch keeps: its files, its keys, whether there is a configuration to start with, whether it restarted."""
        return json.loads(self.tell(f"kept {number}"))

    def running(self, number):
        return json.loads(self.tell(f"running {number}"))

    def variables(self, number):
        return {
            "ansible_user": USER,
            "ansible_port": self.ports[number],
            "switch_password_file": str(self.password),
            "switch_known_hosts": str(self.known),
        }

    def provider(self, backend, number=0, deadlines=None, keys=None, **more):
        target = Target(
            f"sw{number}", "127.0.0.1", "sw", self.folder, variables=self.variables(number) | more
        )
        limits = deadlines or Deadlines(connect=5, read=10, apply=20)
        lent = {"keys": keys} if keys else {}
        tools = Tools(lambda text: hashlib.sha256(text.encode()).hexdigest(), limits, **lent)
        return backends.backend(backend).connect(target, tools)

    def plan(self, backend, provider, desired, owned=frozenset()):
        system = provider.system
        found = {system: provider.read()}
        return build(desired, found, Known(frozenset(owned)), {system: backends.backend(backend)})

    def apply(self, provider, plan, word="word-of-the-test"):
        token, outcomes = plan.tokens[provider.system], []
        for step in steps(plan.changes):
            self.fence += 1
            applied = provider.apply(
                Batch(
                    step.batches[provider.system],
                    token,
                    lambda ref: Secret(word),
                    "estate-1",
                    self.fence,
                )
            )
            token = applied.token
            outcomes += applied.outcomes
        return outcomes


@contextlib.contextmanager
def fleet(folder, kind, count):
    """Start simulated switches and stop them at the end."""
    found = Fleet(folder, kind, count)
    try:
        yield found
    finally:
        found.close()
