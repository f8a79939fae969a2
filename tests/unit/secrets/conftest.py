"""Stores to test with. A new kind of store joins `STORES` and inherits the whole contract."""

import pytest

from commsroom.estate.secret import SecretRef, Shape
from commsroom.secrets.sealed import SealedStore

KEY = bytes(range(32))


def sealed(folder):
    return SealedStore.open(folder / "state" / "secrets.db", KEY)


STORES = {"sealed": sealed}


@pytest.fixture(params=STORES)
def open_store(request, tmp_path):
    """Give a function that opens the same store again and again; all are closed at the end."""
    opened = []

    def again():
        opened.append(STORES[request.param](tmp_path))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture
def ref():
    def make(path="wei/xmpp", generation=1, shape=Shape.PASSWORD):
        return SecretRef(path, "password", shape, generation=generation)

    return make
