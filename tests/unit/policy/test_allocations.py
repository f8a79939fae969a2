"""Allocations: what somebody has, they keep; what was theirs goes to nobody else in between."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.errors import CommsroomError, PolicyErrors
from commsroom.policy import PersonKind, allocations
from commsroom.policy.allocations import Allocation, Allocations, propose
from commsroom.policy.people import Person

DAY = date(2026, 11, 24)
NONE = Allocations()


def person(key, name="王偉", **fields):
    values = {
        "login": "", "department": "engineering", "position": "engineer", "site": "taipei",
        "kind": PersonKind.STAFF, "start": date(2026, 1, 5), "end": None, "manager": "",
        "language": "", "email": "", "line": 2,
    }  # fmt: skip
    return Person(id=key, name=name, **{**values, **fields})


def narrow(policy, numbers):
    """Return the policy with one small range in Taipei."""
    from commsroom.policy.scalars import number_range

    plan = policy.telephony.sites["taipei"].model_copy(
        update={"extensions": (number_range(numbers),)}
    )
    sites = {**policy.telephony.sites, "taipei": plan}
    return replace(policy, telephony=policy.telephony.model_copy(update={"sites": sites}))


def test_new_people_get_the_lowest_free_numbers_in_order_of_joining(lianhe):
    early, late = person("Z", start=date(2026, 1, 5)), person("A", start=date(2026, 2, 2))
    found = propose([late, early], NONE, lianhe, DAY)
    assert (found.number("Z"), found.number("A")) == ("2100", "2101")


def test_namesakes_get_suffixes_that_never_change_hands(lianhe):
    first, second, third = person("B"), person("C"), person("A")
    found = propose([first, second], NONE, lianhe, DAY)
    assert (found.login("B"), found.login("C")) == ("wei.wang", "wei.wang2")
    later = propose([second, third], found, lianhe, DAY)
    assert (later.login("C"), later.login("A")) == ("wei.wang2", "wei.wang3")


def test_a_login_of_somebody_gone_is_never_given_again(lianhe):
    gone = propose([], propose([person("B")], NONE, lianhe, DAY), lianhe, DAY)
    much_later = DAY + timedelta(days=9999)
    assert propose([person("C")], gone, lianhe, much_later).login("C") == "wei.wang2"


@pytest.mark.parametrize("name", ["Sales", "Contact", "Archive", "Postmaster"])
def test_a_login_is_never_the_address_of_a_task(lianhe, name):
    assert propose([person("B", name)], NONE, lianhe, DAY).login("B") == name.lower() + "2"


def test_a_login_given_in_the_roster_is_kept_from_namesakes(lianhe):
    found = propose([person("A"), person("B", "李美", login="wei.wang")], NONE, lianhe, DAY)
    assert (found.login("A"), found.login("B")) == ("wei.wang2", "wei.wang")


def test_a_login_that_is_another_persons_is_refused(lianhe):
    held = propose([person("A")], NONE, lianhe, DAY)
    with pytest.raises(PolicyErrors, match=r"the login 'wei.wang' is A's already"):
        propose([person("A"), person("B", "李美", login="wei.wang")], held, lianhe, DAY)


@pytest.mark.parametrize(
    ("email", "whose"),
    [
        ("sales@lianhe.example", "a list's or a task's"),
        ("contact@lianhe.example", "a list's or a task's"),
        ("archive@lianhe.example", "a list's or a task's"),
        ("wei.wang@lianhe.example", "A's"),
    ],
)
def test_nobody_takes_an_address_that_is_anothers(lianhe, email, whose):
    held = propose([person("A")], NONE, lianhe, DAY)
    with pytest.raises(PolicyErrors, match=f"the address '{email}' is {whose} already"):
        propose([person("A"), person("B", "李美", email=email)], held, lianhe, DAY)


@pytest.mark.parametrize(
    ("number", "why"),
    [("112", "collide with the emergency number 112"), ("02001", "begin like outside numbers")],
)
def test_a_number_that_could_not_be_told_from_outside_ones_is_refused(lianhe, number, why):
    held = propose([person("A")], NONE, lianhe, DAY)
    held = Allocations({"A": replace(held.of("A"), number=number)})
    with pytest.raises(PolicyErrors, match=f"A has the number {number}: such numbers {why}"):
        propose([person("A")], held, lianhe, DAY)


def test_a_number_that_is_a_groups_too_is_refused(lianhe):
    held = propose([person("A")], NONE, lianhe, DAY)
    held = Allocations({"A": replace(held.of("A"), number="8200")})
    with pytest.raises(PolicyErrors, match="A has the number 8200, and so has a room or a group"):
        propose([person("A")], held, lianhe, DAY)


def test_an_address_of_ones_own_is_ones_own(lianhe):
    own = person("A", email="wei.wang@lianhe.example")
    held = propose([own], NONE, lianhe, DAY)
    assert held.login("A") == "wei.wang"
    assert propose([own], held, lianhe, DAY) == held


def test_a_name_in_a_script_without_rules_asks_for_a_login(lianhe):
    with pytest.raises(PolicyErrors, match="no login can be made from the name '김민수'"):
        propose([person("A", "김민수")], NONE, lianhe, DAY)


def test_a_number_given_back_rests_for_the_quarantine(lianhe):
    held = propose([person("A")], NONE, lianhe, DAY)
    gone = propose([], held, lianhe, DAY)
    back = DAY + lianhe.security.retention
    assert gone.history["A", "2100"].released == back
    soon = propose([person("B")], gone, lianhe, back + timedelta(days=179))
    later = propose([person("B")], gone, lianhe, back + timedelta(days=180))
    assert (soon.number("B"), later.number("B")) == ("2101", "2100")


def test_a_leaver_keeps_the_number_until_the_accounts_are_purged(lianhe):
    leaver = person("A", end=DAY)
    held = propose([leaver], NONE, lianhe, DAY)
    closed = propose([leaver], held, lianhe, DAY + timedelta(days=90))
    purged = propose([leaver], held, lianhe, DAY + timedelta(days=91))
    assert closed.number("A") == "2100"
    assert purged.get("A") is None
    assert purged.history["A", "2100"].released == DAY + timedelta(days=90)


def test_who_is_gone_without_a_last_day_has_departed_until_the_retention_passed(lianhe):
    gone = propose([], propose([person("A")], NONE, lianhe, DAY), lianhe, DAY)
    last = DAY + lianhe.security.retention - timedelta(days=1)
    assert gone.departed(last, set()) == {"A"}
    assert gone.departed(last, {"A"}) == frozenset()
    assert gone.departed(last + timedelta(days=1), set()) == frozenset()


def test_who_comes_back_has_their_login_and_number_again(lianhe):
    gone = propose([], propose([person("A")], NONE, lianhe, DAY), lianhe, DAY)
    back = propose([person("B", "Aaa Bbb"), person("A")], gone, lianhe, DAY + timedelta(days=1))
    assert (back.login("A"), back.number("A")) == ("wei.wang", "2100")


def test_who_moves_gets_a_number_of_the_new_site(lianhe):
    held = propose([person("A")], NONE, lianhe, DAY)
    moved = propose([person("A", site="kaohsiung")], held, lianhe, DAY)
    assert (moved.number("A"), moved.login("A")) == ("3100", "wei.wang")
    assert moved.history["A", "2100"].released == DAY


def test_nobody_gets_a_login_before_the_accounts_are_due(lianhe):
    joiner = person("A", start=DAY + timedelta(days=4))
    assert propose([joiner], NONE, lianhe, DAY).get("A") is None
    assert propose([joiner], NONE, lianhe, DAY + timedelta(days=1)).number("A") == "2100"


def test_posts_without_a_telephone_get_no_number(lianhe):
    found = propose([person("A", position="consultant")], NONE, lianhe, DAY)
    assert (found.number("A"), found.login("A")) == ("", "wei.wang")


def test_numbers_of_rooms_and_groups_are_never_given(lianhe):
    # A range over a room is refused on loading; this holds even for one that was let through.
    found = propose([person("A"), person("B")], NONE, narrow(lianhe, "8000-8003"), DAY)
    assert (found.number("A"), found.number("B")) == ("8000", "8003")


def test_an_exhausted_range_is_named_with_those_left_over(lianhe):
    people = [person(f"P{n}", f"Ann Lee{chr(97 + n)}") for n in range(6)]
    with pytest.raises(PolicyErrors) as caught:
        propose(people, NONE, narrow(lianhe, "2100-2101"), DAY)
    assert str(caught.value) == (
        "policies/telephony.yml:8:5: the number range 2100-2101 is exhausted at site 'taipei':"
        " none left for Ann Leec (P2), Ann Leed (P3), Ann Leee (P4) and 1 more"
        " (widen the range; numbers given back rest for the quarantine)"
    )


people_strategy = st.lists(
    st.builds(
        person,
        st.sampled_from([f"P{n}" for n in range(12)]),
        st.sampled_from(["王偉", "王薇", "Ann Lee", "An Lee", "Sales", "吳偉"]),
        site=st.sampled_from(["taipei", "kaohsiung"]),
        position=st.sampled_from(["engineer", "consultant"]),
        start=st.sampled_from([date(2026, 1, 5), DAY + timedelta(days=200)]),
        end=st.sampled_from([None, DAY + timedelta(days=300)]),
    ),
    unique_by=lambda one: one.id,
    max_size=12,
)


@given(st.lists(st.tuples(people_strategy, st.integers(0, 120)), min_size=1, max_size=6))
def test_through_any_history_nothing_belongs_to_two(lianhe, steps):
    """Whatever rosters follow one another: unique, stable, rested, deterministic, idempotent."""
    held, day, owner_of_login, last_holder = NONE, DAY, {}, {}
    for people, days in steps:
        day += timedelta(days=days)
        found = propose(people, held, lianhe, day)
        assert found == propose(reversed(people), held, lianhe, day)
        assert propose(people, found, lianhe, day) == found
        numbers = [entry.number for entry in found if entry.number]
        assert len(numbers) == len(set(numbers))
        for entry in found:
            assert owner_of_login.setdefault(entry.login, entry.id) == entry.id
            before = held.get(entry.id)
            if before is not None:
                assert before.login == entry.login
                if before.site == entry.site and before.number and entry.number:
                    assert before.number == entry.number
            holder, until = last_holder.get(entry.number, (entry.id, day))
            if entry.number and holder != entry.id:
                assert until + lianhe.security.quarantine <= day
        for (key, number), entry in found.history.items():
            last_holder[number] = (key, entry.released)
        held = found


def test_reading_gives_back_what_was_written(lianhe, sample):
    held = allocations.load(sample.path)
    moved = propose([person("L008", site="kaohsiung")], held, lianhe, DAY)
    kept = allocations.keep(sample.path, moved, ["L008"])
    assert allocations.load(sample.path) == kept == moved


def test_only_the_people_named_are_made_permanent(lianhe, sample):
    held = allocations.load(sample.path)
    wanted = propose([*lianhe.people, person("N1"), person("N2")], held, lianhe, DAY)
    kept = allocations.keep(sample.path, wanted, ["N2"])
    assert kept.number("N2") == wanted.number("N2")
    assert kept.get("N1") is None
    assert kept.current.keys() - held.current.keys() == {"N2"}


def test_an_unchanged_file_is_not_written_again(lianhe, sample):
    file = sample.file("allocations.lock")
    before = (file.stat().st_ino, file.stat().st_mtime_ns)
    held = allocations.load(sample.path)
    allocations.keep(sample.path, propose(lianhe.people, held, lianhe, DAY), held.current)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == before


def test_the_samples_file_is_what_apply_would_write(sample):
    held = allocations.load(sample.path)
    assert allocations.render(held) == sample.file("allocations.lock").read_text()


def test_a_folder_that_cannot_be_written_leaves_the_old_file(lianhe, sample, monkeypatch):
    before = sample.file("allocations.lock").read_bytes()
    wanted = propose([person("N1")], allocations.load(sample.path), lianhe, DAY)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CommsroomError, match=r"allocations.lock: cannot be written: No space left"):
        allocations.keep(sample.path, wanted, ["N1"])
    assert sample.file("allocations.lock").read_bytes() == before
    assert not list(sample.file("").glob(".allocations-*"))


def test_what_a_killed_apply_left_beside_the_file_is_cleared_away(lianhe, sample):
    sample.file(".allocations-killed").write_text("half")
    wanted = propose([*lianhe.people, person("N1")], allocations.load(sample.path), lianhe, DAY)
    allocations.keep(sample.path, wanted, ["N1"])
    assert not list(sample.file("").glob(".allocations-*"))
    assert allocations.load(sample.path).login("N1") == "wei.wang3"


LINES = {
    "a number twice": (
        "P1 ann 2101 taipei 2026-01-05 -\nP2 bob 2101 taipei 2026-01-05 -\n",
        "2:1: the number 2101 is here twice, first in line 1",
    ),
    "a person twice": (
        "P1 ann 2101 taipei 2026-01-05 -\nP1 ann 2102 taipei 2026-01-05 -\n",
        "2:1: the id P1 is here twice, first in line 1",
    ),
    "a login twice": (
        "P1 ann 2101 taipei 2026-01-05 -\nP2 ann 2102 taipei 2026-01-05 -\n",
        "2:1: the login ann is P1's in line 1",
    ),
    "a person with two logins": (
        "P1 ann 2101 taipei 2026-01-05 2026-02-01\nP1 bob 2102 taipei 2026-01-05 -\n",
        "2:1: P1 has the login ann in line 1",
    ),
    "a merge conflict": ("<<<<<<< HEAD\n", "1:1: a merge conflict is not resolved"),
    "a column short": ("P1 ann 2101 taipei 2026-01-05\n", "1:1: 5 columns instead of 6"),
    "no number": (
        "P1 ann 21x1 taipei 2026-01-05 -\n", "1:1: '21x1' is not a number inside the company",
    ),
    "no date": ("P1 ann 2101 taipei soon -\n", "1:1: 'soon' '-': not dates"),
    "no login": ("P1 Ann 2101 taipei 2026-01-05 -\n", "1:1: 'Ann' is not a login"),
}  # fmt: skip


@pytest.mark.parametrize("case", LINES.values(), ids=LINES)
def test_a_file_that_gives_one_thing_twice_is_refused_with_both_lines(sample, case):
    text, expected = case
    sample.file("allocations.lock").write_text(text)
    with pytest.raises(PolicyErrors) as caught:
        allocations.load(sample.path)
    assert str(caught.value).startswith(f"policies/allocations.lock:{expected}")


def test_leading_zeros_of_numbers_survive(sample):
    sample.file("allocations.lock").write_text("P1 ann 0042 taipei 2026-01-05 -\n")
    assert allocations.load(sample.path).of("P1") == Allocation(
        "P1", "ann", "0042", "taipei", date(2026, 1, 5)
    )


def test_a_missing_file_is_no_allocations(tmp_path):
    assert len(allocations.load(tmp_path)) == 0
