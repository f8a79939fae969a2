"""crypt(3)'s SHA-512, by the vectors of its specification (Ulrich Drepper, version 0.6) that have 5,000 rounds."""

import pytest

from commsroom.backends.arista_eos import sha512_crypt
from commsroom.estate.secret import Secret

VECTORS = [
    ("saltstring", "Hello world!",
     "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
    ("toolongsaltstrin", "This is just a test",
     "lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"),
]  # fmt: skip


@pytest.mark.parametrize(("salt", "word", "digest"), VECTORS)
def test_a_digest_is_the_one_of_the_specification(salt, word, digest):
    assert sha512_crypt.digest(word.encode(), salt.encode()) == digest


def test_a_hash_fits_its_password_and_no_other_and_is_another_each_time():
    first, second = (sha512_crypt.hashed(Secret("h7Kq-abcd")) for _ in range(2))
    assert first != second
    assert sha512_crypt.fits(first, Secret("h7Kq-abcd"))
    assert not sha512_crypt.fits(first, Secret("h7Kq-abce"))
    assert not sha512_crypt.fits("nopassword", Secret("h7Kq-abcd"))
