"""Make profiles of two telephones on a fresh server, fetch as each would, change one, take both away."""

import argparse
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

from commsroom.backends.phone import BACKEND
from commsroom.estate.backend import Batch, ProofRequest, Provider, Status, Target, Tools
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef, Shape

SYSTEM = "prov-test"
#: Path of a secret → its value, made up once.
WORDS: dict[str, str] = {}
BODY = PhoneProfile(
    vendor="linphone", model="Desktop", mac="", template=1, ring="general", transport="tls",
    display_name='王 偉 "Li"; $HOME, \\ ]]> &amp;', number="2100", voicemail="*97", busy_lamps=(),
    time_zone="Asia/Taipei", language="zh-Hant", codecs=("g722",), lldp=True, resync="at once",
    as_rendered=True,
)  # fmt: skip


def word(ref: SecretRef) -> Secret:
    """Return a secret's value."""
    return Secret(WORDS.setdefault(ref.path, secrets.token_hex(12)))


def profile(key: str, number: str) -> Resource:
    """Describe a telephone."""
    refs = (
        SecretRef(f"{key}/{slot}", slot, Shape.SIP, generation=1) for slot in PhoneProfile.slots
    )
    return Resource(
        Address(SYSTEM, PhoneProfile.kind, key), replace(BODY, number=number), tuple(refs)
    )


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
    """Fetch as every telephone would; nobody has plugged in a real one."""
    proofs = provider.prove([ProofRequest(each, word) for each in desired])
    tried = [proof for proof in proofs if proof.use.startswith("fetch")]
    wrong = [proof for proof in tried if proof.ok is not True]
    if wrong or len(tried) != 3 * len(desired):
        sys.exit(f"not proven: {wrong or tried}")


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
        ca=Path(given.ca),
    )
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    before = [profile("LH-1", "2100"), profile("LH-2", "2101")]
    after = [profile("LH-1", "2107"), profile("LH-2", "2101")]
    owned = frozenset(each.address for each in before)
    for desired in (before, after):
        apply(provider, desired, owned if desired is after else frozenset())
        prove(provider, desired)
    apply(provider, [], owned)
    if provider.read().resources:
        sys.exit("something is left behind")


if __name__ == "__main__":
    main()
