"""What this back end cannot hold is said by name, and passwords are only ever hashes."""

import base64
import hashlib

import pytest

from commsroom.backends.postfix_dovecot import BACKEND
from commsroom.backends.postfix_dovecot.wire import hashed, matches, refusals
from commsroom.errors import UsageError
from commsroom.estate.backend import Target, Tools
from commsroom.estate.secret import Secret


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("mailbox/Ann@a.test", {}),
        ("mailbox/a+b@a.test", {}),
        ("mailbox/ann:x@a.test", {}),
        ("mailbox/ann@a.test", {"display_name": "two\nlines"}),
        ("mailbox/ann@a.test", {"aliases": ("no address",)}),
        ("shared_mailbox/c@a.test", {"custodian": "a b"}),
        ("list/x@a.test", {"members": ("a@a.test, b@a.test",)}),
        ("list/#x@a.test", {"members": ()}),
        ("list/x@a.test", {"posters": "nobody"}),
        ("grant/c@a.test/ann", {"rights": ("own",)}),
        ("grant/c@a.test", {"rights": ("read",)}),
    ],
)
def test_what_cannot_be_held_is_named(world, key, values):
    item = world.resource(key, **values)
    assert list(refusals([item])) == [item.address]


def test_what_can_be_held_is_not_refused(world):
    assert refusals(world.company()) == {}


def test_a_hash_is_salted_sha512_as_dovecot_writes_it():
    stored = hashed(Secret("correct horse"))
    raw = base64.b64decode(stored.removeprefix("{SSHA512}"))
    assert raw[:64] == hashlib.sha512(b"correct horse" + raw[64:]).digest()
    assert stored != hashed(Secret("correct horse"))
    assert matches(Secret("correct horse"), stored)
    assert not matches(Secret("correct hors"), stored)
    assert not matches(Secret("x"), "{SSHA512}not base64!")


def test_a_malformed_variable_of_the_inventory_is_one_line_that_names_it(tmp_path):
    target = Target("mail1", "h", "h", tmp_path, variables={"mail_smtp_port": "twenty-five"})
    with pytest.raises(UsageError, match=r"mail1: mail_smtp_port: .*correct the inventory"):
        BACKEND.fake(target, Tools(fingerprint=str), None)
