"""What every store of secrets promises."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret


@pytest.fixture
def make():
    """Make secrets that tell in which order they were made."""
    numbers = itertools.count(1)
    return lambda ref: Secret(f"{ref.path}#{next(numbers)}")


def value(store, path, generation=1):
    found = store.get(path, generation)
    return None if found is None else found.reveal()


def test_what_was_never_stored_is_none(store):
    assert store.get("wei/xmpp", 1) is None
    assert store.get_many([("wei/xmpp", 1)]) == {}
    assert store.latest("wei/xmpp") == 0


def test_what_is_missing_is_made_once(store, ref, make):
    refs = [ref("wei/xmpp"), ref("mei/xmpp")]
    assert store.ensure(refs, make) == 2
    before = value(store, "wei/xmpp")
    assert store.ensure(refs, make) == 0
    assert store.ensure([*refs, ref("lin/xmpp")], make) == 1
    assert value(store, "wei/xmpp") == before


def test_references_to_one_place_share_one_secret(store, ref, make):
    assert store.ensure([ref(), ref(), ref()], make) == 1


def test_generations_are_separate_secrets_and_old_ones_stay(store, ref, make):
    store.ensure([ref(generation=1)], make)
    old = value(store, "wei/xmpp", 1)
    store.ensure([ref(generation=2)], make)
    assert value(store, "wei/xmpp", 1) == old
    assert value(store, "wei/xmpp", 2) not in (None, old)
    assert store.latest("wei/xmpp") == 2


def test_if_one_cannot_be_made_none_is_stored(store, ref):
    def make(wanted):
        if wanted.path == "bad/xmpp":
            raise RuntimeError("no luck")
        return Secret("good")

    with pytest.raises(RuntimeError):
        store.ensure([ref("good/xmpp"), ref("bad/xmpp")], make)
    assert store.get("good/xmpp", 1) is None
    assert store.ensure([ref("good/xmpp")], make) == 1


def test_a_stored_secret_is_never_replaced(store):
    store.put("wei/xmpp", 1, Secret("first"))
    store.put("wei/xmpp", 1, Secret("first"))
    with pytest.raises(
        CommsroomError, match=r"generation 1 of wei/xmpp .* next generation"
    ) as error:
        store.put("wei/xmpp", 1, Secret("second"))
    assert "first" not in str(error.value)
    assert "second" not in str(error.value)
    assert value(store, "wei/xmpp") == "first"


def test_a_reference_without_a_generation_is_refused(store, ref, make):
    with pytest.raises(ValueError, match="no generation"):
        store.ensure([ref("good/xmpp"), ref(generation=0)], make)
    with pytest.raises(ValueError, match="no generation"):
        store.put("", 1, Secret("x"))
    assert store.get("good/xmpp", 1) is None


def test_everything_is_there_after_opening_again(open_store, ref, make):
    first = open_store()
    first.ensure([ref()], make)
    kept = value(first, "wei/xmpp")
    first.close()
    first.close()
    assert value(open_store(), "wei/xmpp") == kept


def test_two_that_are_open_at_once_agree(open_store, ref, make):
    one, other = open_store(), open_store()
    one.ensure([ref()], make)
    assert other.ensure([ref()], make) == 0
    assert value(one, "wei/xmpp") == value(other, "wei/xmpp")


def test_thousands_are_asked_for_together(store, ref, make):
    refs = [ref(f"p{number}/sip") for number in range(4000)]
    assert store.ensure(refs, make) == 4000
    found = store.get_many([(item.path, 1) for item in refs])
    assert len({secret.reveal() for secret in found.values()}) == 4000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    path=st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
    secret=st.text(max_size=60).filter(
        lambda text: text.encode("utf-8", "ignore").decode() == text
    ),
)
def test_every_value_comes_back_exactly(store, path, secret):
    generation = store.latest(path) + 1
    store.put(path, generation, Secret(secret))
    assert store.get(path, generation).reveal() == secret


def test_nothing_about_a_store_shows_a_value(store, ref):
    canary = "canary-5d1f"
    store.ensure([ref()], lambda _: Secret(canary))
    assert canary not in repr(store)
    assert canary not in repr(store.get("wei/xmpp", 1))
    assert canary not in repr(store.get_many([("wei/xmpp", 1)]))
