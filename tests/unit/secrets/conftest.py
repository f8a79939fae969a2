"""What tests about secrets share."""

import pytest

from commsroom.estate.secret import SecretRef, Shape


@pytest.fixture
def ref():
    def make(path="wei/xmpp", generation=1, shape=Shape.PASSWORD):
        return SecretRef(path, "password", shape, generation=generation)

    return make
