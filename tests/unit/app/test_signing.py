"""Signatures under requests: whose hold, and when they have to."""

import subprocess
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from commsroom.app import signing
from commsroom.policy.approvers import NAMESPACE
from commsroom.secrets import ssh_signature

ITEM = SimpleNamespace(document=b"a list", requester="P9", expires=date.max)


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A signature of each of two people, and the list by which their keys are over since 2021."""
    folder = tmp_path_factory.mktemp("keys")
    signatures, lines = {}, ""
    for name in ("P1", "P2"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(words, check=True)
        signatures[name] = ssh_signature.sign(ITEM.document, folder / name, namespace=NAMESPACE)
        public = (folder / f"{name}.pub").read_text()
        lines += f'{name} namespaces="{NAMESPACE}",valid-before="20210101" {public}'
    return signatures, lines.encode()


def counted(signed, year, **more):
    signatures, signers = signed
    at = datetime(year, 6, 1, tzinfo=UTC)
    given = [
        signing.Given(seq, name, signature, at, at.date(), (name,))
        for seq, (name, signature) in enumerate(signatures.items(), start=1)
    ]
    return signing.counting(ITEM, given, signers, **more).approvers


def test_what_was_decided_by_keys_that_were_good_stays_decided(signed) -> None:
    assert counted(signed, 2020, then=True) == ("P1", "P2")


def test_a_signature_given_after_the_end_of_its_key_decides_nothing(signed) -> None:
    assert counted(signed, 2022, then=True) == ()


def test_what_is_still_to_be_done_needs_keys_that_are_good_now(signed) -> None:
    assert counted(signed, 2020) == ()
