"""Make four telephones, a room and a group on a fresh server, use them all, close one, use them again."""

import argparse
import secrets
import sys
import time
from pathlib import Path

from commsroom.backends.asterisk import BACKEND
from commsroom.estate.backend import Batch, ProofRequest, Provider, Status, Target, Tools
from commsroom.estate.kinds import Conference, DiallingClass, Extension, HuntGroup, Voicemail
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Kind, Resource
from commsroom.estate.secret import Secret, SecretRef, Shape

SYSTEM = "pbx-test"
NUMBERS = ("2100", "2101", "2102", "2103")
VARIABLES = {"pbx_outside": "echo", "pbx_udp": True}
#: Path of a secret → its value, made up once.
WORDS: dict[str, str] = {}


def word(ref: SecretRef) -> Secret:
    """Return a secret's value."""
    made = secrets.token_hex(8) if ref.shape is Shape.SIP else f"{secrets.randbelow(10**6):06}"
    return Secret(WORDS.setdefault(ref.path, made))


def item(key: str, body: Kind, *slots: str) -> Resource:
    """Describe an object."""
    refs = (
        SecretRef(f"{key}/{slot}", slot, Shape.SIP if slot == "sip" else Shape.PIN, generation=1)
        for slot in slots
    )
    return Resource(Address(SYSTEM, body.kind, key), body, tuple(refs))


def extension(number: str, *, suspended: bool) -> Resource:
    """Describe a telephone; the last one is of the kind that knows no TLS."""
    body = Extension(
        display_name=f'王 {number} "Li"; $HOME, \\ ]',
        caller_id=f"+88625555{number}",
        dialling_class="national",
        transport="udp" if number == NUMBERS[-1] else "tls",
        ring_seconds=3,
        voicemail=True,
        suspended=suspended,
    )
    return item(number, body, "sip")


def company(*, last_left: bool) -> list[Resource]:
    """Describe everything, before or after the last one has left."""
    gone = NUMBERS[-1] if last_left else ""
    staff = [number for number in NUMBERS if number != gone]
    national = DiallingClass(
        title="國內", allowed=("0",), barred=("00",), hours=(), emergency=("110",)
    )
    group = HuntGroup(
        title="Sales", members=tuple(staff[1:]), strategy="ringall", ring_seconds=3, fallback="2100"
    )
    return [
        item("national", national),
        *(extension(number, suspended=number == gone) for number in NUMBERS),
        *(item(number, Voicemail(display_name="王, Li", email=""), "pin") for number in NUMBERS),
        item("8001", Conference(title="會議室", max_members=5), "pin"),
        item("8100", group),
    ]


def apply(provider: Provider, desired: list[Resource], owned: frozenset[Address]) -> None:
    """Bring the server to the desired state."""
    snapshot = provider.read()
    plan = build(desired, {SYSTEM: snapshot}, Known(owned), {SYSTEM: BACKEND})
    token = snapshot.token
    for step in steps(plan.changes):
        done = provider.apply(Batch(step.batches[SYSTEM], token, word, "use", time.time_ns()))
        token = done.token
        wrong = [each for each in done.outcomes if each.status is not Status.DONE]
        if wrong:
            sys.exit(f"not applied: {wrong}")


def prove(provider: Provider, desired: list[Resource]) -> None:
    """Use everything; end with what did not go as it should."""
    requests = [
        ProofRequest(
            each,
            word,
            refused=isinstance(each.body, Extension) and each.body.suspended is True,
            accepted_before=True,
        )
        for each in desired
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
        variables=VARIABLES,
        ca=Path(given.ca),
    )
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    before, after = company(last_left=False), company(last_left=True)
    owned = frozenset(each.address for each in before)
    apply(provider, before, frozenset())
    prove(provider, before)
    apply(provider, after, owned)
    prove(provider, after)
    apply(provider, [], owned)
    if provider.read().resources:
        sys.exit("something is left behind")


if __name__ == "__main__":
    main()
