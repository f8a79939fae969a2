"""Stores to test with. A new kind of store joins `KITS` and inherits the whole contract."""

import pytest
from store_kits import KITS, Server

from commsroom.estate.secret import SecretRef, Shape


@pytest.fixture(scope="session")
def vault_server(tmp_path_factory):
    """One real OpenBao server for all tests; each has a prefix of its own there."""
    server = Server(tmp_path_factory.mktemp("vault"))
    yield server
    server.close()


@pytest.fixture(params=KITS)
def kit(request, tmp_path):
    server = request.getfixturevalue("vault_server") if request.param == "vault" else None
    return KITS[request.param](tmp_path, server)


@pytest.fixture
def open_store(kit):
    """Give a function that opens the same store again and again; all are closed at the end."""
    opened = []

    def again(**how):
        opened.append(kit.open(**how))
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
