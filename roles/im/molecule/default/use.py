"""Make three people and a room on a fresh server, use them all, close one, and use them again."""

import argparse
import secrets
import sys
import time
from pathlib import Path

from commsroom.backends.prosody import BACKEND
from commsroom.estate.backend import Batch, ProofRequest, Provider, Status, Target, Tools
from commsroom.estate.kinds import Account, Member, Room
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef

SYSTEM = "im-test"
WORDS = {login: secrets.token_urlsafe(12) for login in ("ann", "bob", "eve")}


def account(login: str, *, share: bool = False, suspended: bool = False) -> Resource:
    """Describe an account."""
    ref = SecretRef(login, "password", generation=1)
    body = Account(display_name=f"{login} 王", file_sharing=share, suspended=suspended)
    return Resource(Address(SYSTEM, "account", login), body, (ref,))


def member(login: str, affiliation: str) -> Resource:
    """Describe somebody's place in the room."""
    room, person = Address(SYSTEM, "room", "sales"), Address(SYSTEM, "account", login)
    body = Member(affiliation=affiliation)
    key = Address(SYSTEM, "member", f"sales/{login}")
    return Resource(key, body, needs=frozenset({room, person}))


def company(*, bob_left: bool) -> list[Resource]:
    """Describe everything, before or after Bob has left."""
    room = Room(title="Sales", members_only=True, moderated=True)
    found = [
        Resource(Address(SYSTEM, "room", "sales"), room),
        account("ann", share=True),
        account("bob", suspended=bob_left),
        account("eve"),
        member("ann", "owner"),
    ]
    return found if bob_left else [*found, member("bob", "member")]


def apply(provider: Provider, desired: list[Resource], owned: frozenset[Address]) -> None:
    """Bring the server to the desired state."""
    snapshot = provider.read()
    plan = build(desired, {SYSTEM: snapshot}, Known(owned), {SYSTEM: BACKEND})
    token = snapshot.token
    for step in steps(plan.changes):
        batch = Batch(
            step.batches[SYSTEM], token, lambda ref: Secret(WORDS[ref.path]), "use", time.time_ns()
        )
        done = provider.apply(batch)
        token = done.token
        wrong = [item for item in done.outcomes if item.status is not Status.DONE]
        if wrong:
            sys.exit(f"not applied: {wrong}")


def prove(provider: Provider, desired: list[Resource]) -> None:
    """Use everything; end with what did not go as it should."""
    requests = [
        ProofRequest(
            item,
            lambda ref: Secret(WORDS[ref.path]),
            refused=isinstance(item.body, Account) and item.body.suspended is True,
            accepted_before=True,
        )
        for item in desired
    ]
    wrong = [proof for proof in provider.prove(requests) if proof.ok is not True]
    if wrong:
        sys.exit(f"not proven: {wrong}")


def main() -> None:
    """Do it all, and leave nothing behind."""
    parser = argparse.ArgumentParser()
    for name in ("address", "ssh-config", "ca", "domain"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    target = Target(
        SYSTEM,
        given.address,
        f"{SYSTEM}.{given.domain}",
        Path.cwd(),
        ssh_arguments=("-F", given.ssh_config, "-l", "root"),
        variables={"im_domain": given.domain},
        ca=Path(given.ca),
    )
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    before, after = company(bob_left=False), company(bob_left=True)
    owned = frozenset(item.address for item in before)
    apply(provider, before, frozenset())
    prove(provider, before)
    apply(provider, after, owned)
    prove(provider, after)
    apply(provider, [], owned)
    if provider.read().resources:
        sys.exit("something is left behind")


if __name__ == "__main__":
    main()
