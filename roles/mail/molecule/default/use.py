"""Make a small company on a fresh mail server, use all of it, close one account, and use it again."""

import argparse
import secrets
import sys
import time
from pathlib import Path

from commsroom.backends.postfix_dovecot import BACKEND
from commsroom.estate.backend import Batch, ProofRequest, Provider, Status, Target, Tools
from commsroom.estate.kinds import Grant, Mailbox, MailList, SharedMailbox
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Kind, Resource
from commsroom.estate.secret import Custody, Secret, SecretRef

SYSTEM = "mail-test"
#: Eve's password is personal and not the one we know: she is proven by delegation.
WORDS = {
    login: secrets.token_urlsafe(12) for login in ("ann", "bob", "cy", "eve", "archive", "contact")
}


def account(login: str, domain: str, body: Kind) -> Resource:
    """Describe a mailbox of either kind."""
    custody = Custody.PERSONAL if login == "eve" else Custody.MANAGED
    ref = SecretRef(login, "password", custody=custody, generation=1)
    return Resource(Address(SYSTEM, body.kind, f"{login}@{domain}"), body, (ref,))


def mailbox(login: str, domain: str, *, suspended: bool = False) -> Resource:
    """Describe a person's mailbox."""
    body = Mailbox(
        display_name=f'{login} 王 ] ; " , $ \\ : %',
        quota_bytes=1024**3,
        aliases=(f"{login}.alias@{domain}",),
        suspended=suspended,
        receives=not suspended,
    )
    return account(login, domain, body)


def company(domain: str, *, bob_left: bool) -> list[Resource]:
    """Describe everything, before or after Bob has left."""
    box = f"contact@{domain}"
    shared = SharedMailbox(title="Contact", custodian="ann", quota_bytes=0, suspended=False)
    members = ("ann", "cy") if bob_left else ("ann", "bob", "cy")
    rights: dict[str, tuple[str, ...]] = {"ann": ("read", "receive", "send"), "cy": ("read",)}
    if not bob_left:
        rights["bob"] = ("receive", "send")
    names = tuple(f"{one}@{domain}" for one in members)
    return [
        *(mailbox(login, domain) for login in ("ann", "cy", "eve", "archive")),
        mailbox("bob", domain, suspended=bob_left),
        account("contact", domain, shared),
        *(_grant(box, login, held) for login, held in rights.items()),
        _list(f"staff@{domain}", names, "internal"),
        _list(f"board@{domain}", names, "members"),
        _list(f"open@{domain}", (), "anyone"),
    ]


def _grant(box: str, login: str, rights: tuple[str, ...]) -> Resource:
    needs = frozenset({Address(SYSTEM, "shared_mailbox", box)})
    return Resource(Address(SYSTEM, "grant", f"{box}/{login}"), Grant(rights=rights), needs=needs)


def _list(key: str, members: tuple[str, ...], posters: str) -> Resource:
    body = MailList(title="名單", members=members, posters=posters)
    return Resource(Address(SYSTEM, "list", key), body)


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
            lambda ref: None if ref.path == "eve" else Secret(WORDS[ref.path]),
            refused=getattr(item.body, "suspended", None) is True,
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
        variables={"mail_archive_address": f"archive@{given.domain}"},
        ca=Path(given.ca),
    )
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    before, after = company(given.domain, bob_left=False), company(given.domain, bob_left=True)
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
