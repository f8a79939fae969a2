"""What every store of secrets promises. Vault's is held to it on a real OpenBao server."""

import itertools
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_kits import Sealed, described, killed_at

from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret

#: Another process that opens the same store.
PROCESS = Path(__file__).parents[1] / "stores/store_process.py"
ODD = [
    "a", "a/b", "a/b/c", "a.b/c", "a/1", "a/1.age", "a/1/1.age", "..", "../up", "../../etc/passwd", "a/../b", ".",
    ".hidden/x", "/", "//", "a//b", "/a", "a/", "WEI/sip", "Wei/sip", "wei/sip", "wei/SIP", "王偉/分機", "王伟/分機",
    "a b/c", "a%2fb", "a=2fb", "a\\b", "x" * 255, "x" * 256, "分" * 85 + "/sip", "=", "=mark", "~", "#1", "?", "'\";$(x)",
    "e\u0301/x", "\u00e9/x", "\U0001f600", "-rf", "*", "con", "a\tb",
]  # fmt: skip


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


def test_very_many_are_asked_for_together(kit, store, ref, make):
    count = 1000 if kit.at_once else 100  # Vault takes and gives one at a time
    refs = [ref(f"p{number}/sip") for number in range(count)]
    assert store.ensure(refs, make) == count
    found = store.get_many([(item.path, 1) for item in refs])
    assert len({secret.reveal() for secret in found.values()}) == count
    assert store.ensure(refs, make) == 0
    assert {place: one.reveal() for place, one in store.everything().items()} == {
        place: one.reveal() for place, one in found.items()
    }


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
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


# ── whose it is, and what became of it ──────────────────────────────────────────────────────


def test_a_key_that_is_another_stores_opens_nothing_and_harms_nothing(kit, store):
    store.put("wei/xmpp", 1, Secret("canary-5d1f"))
    before = kit.at_rest()
    with pytest.raises(CommsroomError) as error:
        kit.open_as_another()
    assert "canary" not in str(error.value)
    assert kit.at_rest() == before
    assert value(store, "wei/xmpp") == "canary-5d1f"


def test_a_damaged_secret_is_an_error_and_never_a_value(kit, store, open_store):
    store.put("wei/xmpp", 1, Secret("canary-5d1f"))
    kit.damage("wei/xmpp")
    with pytest.raises(CommsroomError) as error:
        open_store(read_only=True).get("wei/xmpp", 1)
    assert error.value.remedy
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "generation"), [("mei/xmpp", 1), ("wei/xmpp", 2)], ids=["path", "generation"]
)
def test_a_secret_that_was_moved_does_not_open_there(kit, store, path, generation):
    store.put("wei/xmpp", 1, Secret("canary-one"))
    store.put(path, generation, Secret("canary-two"))
    if not kit.movable:
        assert not hasattr(kit, "move")
        return
    kit.move("wei/xmpp", 1, path, generation)
    with pytest.raises(CommsroomError, match="moved") as error:
        store.get(path, generation)
    assert "canary" not in str(error.value)


def test_reading_only_neither_makes_nor_changes(kit, open_store, ref, make):
    with pytest.raises(CommsroomError, match="no store of secrets"):
        kit.open(read_only=True)
    open_store().put("wei/xmpp", 1, Secret("x"))
    before = kit.at_rest()
    reader = open_store(read_only=True)
    assert value(reader, "wei/xmpp") == "x"
    assert reader.ensure([ref("wei/xmpp")], make) == 0
    with pytest.raises(CommsroomError):
        reader.put("wei/xmpp", 2, Secret("y"))
    with pytest.raises(CommsroomError):
        reader.ensure([ref("mei/xmpp")], make)
    assert reader.latest("wei/xmpp") == 1
    if not isinstance(kit, Sealed):  # SQLite's log beside comes and goes
        assert kit.at_rest() == before


# ── where it lies ───────────────────────────────────────────────────────────────────────────


def test_paths_of_every_sort_are_kept_apart_and_inside(kit, store, ref):
    outside = {one.name for one in kit.folder.parent.iterdir()}
    refs = [ref(path, generation) for path in ODD for generation in (1, 10)]
    assert store.ensure(refs, lambda one: Secret(f"{one.path}#{one.generation}")) == len(refs)
    for one in refs:
        assert value(store, one.path, one.generation) == f"{one.path}#{one.generation}"
    assert [store.latest(path) for path in ODD] == [10] * len(ODD)
    assert store.everything().keys() == {(one.path, one.generation) for one in refs}
    assert {one.name for one in kit.folder.parent.iterdir()} == outside


def test_no_value_is_in_any_file_or_name(kit, store, ref):
    store.put("wei/xmpp", 1, Secret("canary-5d1f"))
    store.ensure([ref("a/x"), ref("b/x")], lambda _: Secret("canary-7a2e"))
    assert b"canary" not in kit.at_rest()
    assert all(one.stat().st_mode & 0o077 == 0 for one in kit.folder.rglob("*"))


def test_everything_comes_back_for_another_store(store, ref, make):
    store.ensure([ref(), ref(generation=2), ref("mei/sip")], make)
    assert {place: one.reveal() for place, one in store.everything().items()} == {
        ("wei/xmpp", 1): "wei/xmpp#1", ("wei/xmpp", 2): "wei/xmpp#2", ("mei/sip", 1): "mei/sip#3",
    }  # fmt: skip


# ── several at once, and killed ─────────────────────────────────────────────────────────────


def test_processes_that_race_end_with_the_same_secrets(kit):
    racers = [
        subprocess.Popen(
            [sys.executable, PROCESS], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for racer in racers:
        racer.stdin.write(described(kit))
        racer.stdin.close()
    told = {racer.stdout.read() for racer in racers}
    assert [racer.wait() for racer in racers] == [0, 0, 0]
    for racer in racers:
        racer.stdout.close()
    assert len(told) == 1
    assert len(told.pop().split()) == 40


def stored(kit, refs, reached):
    """Store, and tell each boundary that is reached."""
    store = kit.open()
    kit.tell_boundaries(store, reached)
    store.ensure(refs, lambda ref: Secret(f"{ref.path} in time"))


def test_killed_anywhere_it_holds_all_or_none_and_the_next_run_makes_the_rest(kit, ref):
    kit.open().close()
    boundary, killed = 0, True
    while killed:
        refs = [ref(f"p{boundary}.{number}/sip") for number in range(3)]
        places = [(one.path, 1) for one in refs]
        killed = killed_at(boundary, partial(stored, kit, refs))
        store = kit.open()
        kept = {place: one.reveal() for place, one in store.get_many(places).items()}
        assert not kit.at_once or len(kept) in (0, 3)
        assert killed or len(kept) == 3
        assert store.ensure(refs, lambda _: Secret("by the next")) == 3 - len(kept)
        found = {place: one.reveal() for place, one in store.get_many(places).items()}
        store.close()
        assert found == dict.fromkeys(places, "by the next") | kept
        boundary += 1
    assert boundary > 3  # it was killed at several places
