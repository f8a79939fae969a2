"""How a clause stands: met only by evidence that is a machine's, fresh, whole and good."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.app import evidence, recalling
from commsroom.app.clauses import Judging
from commsroom.app.recalling import Memory, Proofs, Run
from commsroom.errors import Exit
from commsroom.estate.inspection import Check
from commsroom.estate.kinds import Account, Extension
from commsroom.estate.resource import Address, Provenance, Resource
from commsroom.ledger.sightings import Sighting
from commsroom.policy.regulation import Regulation
from commsroom.policy.sources import Sources
from commsroom.reports.compliance import Answer, Compliance, Row, Sentence, Standing, State

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FRESH, OLD, AHEAD = (NOW - timedelta(days=1), NOW - timedelta(days=9), NOW + timedelta(hours=1))
TODAY = NOW.date()
DESIRED = (
    Resource(
        Address.parse("im1:account/ann"),
        Account(suspended=False),
        provenance=Provenance("x", 1, "2.2"),
    ),
    Resource(
        Address.parse("pbx1:extension/21"),
        Extension(suspended=False),
        provenance=Provenance("x", 2, "2.1"),
    ),
)


@dataclass
class Person:
    name: str = "Ann"
    end: date | None = None


@dataclass
class Policy:
    regulation: Regulation
    sources: Sources = field(
        default_factory=lambda: Sources({}, {"regulation": "policies/regulation.yml"}, {})
    )
    people: dict = field(default_factory=lambda: {"L1": Person()})

    def person(self, key):
        return self.people[key]


def memory(at=FRESH, **other):
    """All is well, at a time."""
    stamp = at.isoformat()
    return replace(
        Memory(
            drift=Run(stamp, evidence.of_policy(DESIRED)),
            inspection=Run(stamp, {"disk": [3, 0, 0, 0], "tls-old": [8, 0, 0, 0]}),
            proofs=Proofs(stamp, {"account login": (4, 0, 0), "extension call …": (2, 0, 0)}),
            events={"adopted": stamp},
        ),
        **other,
    )


ALL = {
    "2.1": [{"policy": ["clause"]}],
    "2.2": [{"policy": ["*:account/*"]}, {"proof": ["account *"]}],
    "3.2": [{"inspection": ["disk"]}],
    "5.2": [{"inspection": ["tls-*"]}, {"ledger": ["adopted"]}],
    "6.2": [{"manual": {"owner": "L1", "confirmed": "2026-11-01", "until": "2026-11-30"}}],
    "7.1": [],
}


def regulation(clauses=ALL, **more):
    told = {key: {"rule": key, "evidence": list(rows), **more} for key, rows in clauses.items()}
    return Regulation.model_validate_json(json.dumps({"title": "Rules", "clauses": told}))


def stand(known, rules=None, day=TODAY, desired=DESIRED, **more):
    policy = Policy(rules or regulation(), **more)
    judging = Judging(policy=policy, desired=desired, memory=known, now=NOW, day=day)
    return {key: str(judging.answer(key).standing) for key in policy.regulation.clauses}


WELL = {"2.1": "met", "2.2": "met", "3.2": "met", "5.2": "met", "6.2": "manual", "7.1": "missing"}


def test_what_is_shown_is_met_what_people_say_is_manual_and_the_rest_is_missing():
    assert stand(memory()) == WELL


def sighting(part, address, kind, severity="error"):
    return Sighting(part, address.partition(":")[0], address, kind, "", severity)


@pytest.mark.parametrize(
    ("change", "flipped"),
    [
        ({"findings": (sighting("accounts", "im1:account/ann", "drift"),)}, {"2.2": "not met"}),
        ({"findings": (sighting("accounts", "pbx1:extension/21", "missing"),)}, {"2.1": "not met"}),
        ({"findings": (sighting("accounts", "im1:account/eve", "extra"),)}, {"2.2": "not met"}),
        ({"findings": (sighting("accounts", "im1:account/eve", "foreign", "note"),)}, {}),
        ({"findings": (sighting("accounts", "im1:account/ann", "drift", "note"),)}, {}),
        ({"findings": (sighting("accounts", "im1", "unknown"),)}, {"2.2": "unknown"}),
        ({"findings": (sighting("inspection", "im1", "unknown"),)},
         {"3.2": "unknown", "5.2": "unknown"}),
        ({"inspection": Run(FRESH.isoformat(), {"disk": [2, 1, 0, 0], "tls-old": [8, 0, 0, 0]})},
         {"3.2": "not met"}),
        ({"inspection": Run(FRESH.isoformat(), {"disk": [2, 0, 1, 0], "tls-old": [8, 0, 0, 1]})},
         {"5.2": "unknown"}),
        ({"inspection": Run(FRESH.isoformat(), {"tls-old": [8, 0, 0, 0]})}, {"3.2": "unknown"}),
        ({"proofs": Proofs(FRESH.isoformat(), {"account login": (3, 1, 0)})}, {"2.2": "not met"}),
        ({"proofs": Proofs(FRESH.isoformat(), {"account login": (3, 0, 1)})}, {"2.2": "unknown"}),
        ({"proofs": Proofs(FRESH.isoformat(), {"account login": (3, 0, 0)}, unknown=("im1",))},
         {"2.2": "unknown"}),
        ({"proofs": Proofs(FRESH.isoformat(), {"account login": (3, 0, 0)},
                           later={"account login": 1})}, {"2.2": "not met"}),
        ({"events": {}}, {"5.2": "unknown"}),
        ({"drift": None}, {"2.1": "unknown", "2.2": "unknown"}),
        ({"inspection": None}, {"3.2": "unknown", "5.2": "unknown"}),
        ({"proofs": None}, {"2.2": "unknown"}),
    ],
    ids=["drift", "missing", "extra", "foreign", "acknowledged", "unread", "lost", "check",
         "accepted-and-undecided", "no-such-check", "proof", "undecided", "unasked",
         "failed-since", "no-event", "no-drift", "no-inspection", "no-proof"],
)  # fmt: skip
def test_one_fault_flips_exactly_its_clauses(change, flipped):
    assert stand(memory(**change)) == {**WELL, **flipped}


@pytest.mark.parametrize("at", [OLD, AHEAD], ids=["too old", "from the future"])
def test_evidence_that_is_not_fresh_is_unknown(at):
    found = stand(memory(at))
    assert {found[key] for key in ("2.1", "2.2", "3.2", "5.2")} == {"unknown"}


def test_old_bad_news_is_no_news():
    broken = (sighting("accounts", "im1:account/ann", "drift"),)
    assert stand(memory(OLD, findings=broken))["2.2"] == "unknown"


def test_policy_that_moved_since_the_run_was_not_what_it_looked_at():
    moved = (replace(DESIRED[0], body=Account(suspended=True)), DESIRED[1])
    assert stand(memory(), desired=moved) == {**WELL, "2.2": "unknown"}


def test_a_rotated_secret_is_no_change_of_policy():
    assert evidence.of_policy(DESIRED) == evidence.of_policy(tuple(reversed(DESIRED)))


def test_a_clause_whose_objects_policy_does_not_ask_for_is_not_met():
    assert stand(memory(), desired=DESIRED[:1])["2.1"] == "not met"


@pytest.mark.parametrize(
    ("day", "end", "standing"),
    [
        ("2026-11-30", None, "manual"),
        ("2026-12-01", None, "unknown"),
        ("2026-10-31", None, "unknown"),
        ("2026-11-30", "2026-11-29", "unknown"),
    ],
    ids=["last day", "overdue", "not yet", "left"],
)
def test_a_confirmation_counts_until_its_day_by_somebody_who_is_there(day, end, standing):
    people = {"L1": Person(end=date.fromisoformat(end) if end else None)}
    assert stand(memory(), day=date.fromisoformat(day), people=people)["6.2"] == standing


def test_a_clause_that_lacks_something_is_never_met():
    assert "met" not in stand(memory(), regulation(lacks="the rest")).values()


def test_a_clause_that_only_says_that_it_is_met_is_missing():
    rules = regulation({"1": []}, control="met")
    assert stand(memory(), rules) == {"1": "missing"}


ROWS = st.sampled_from(State).map(
    lambda state: Row(type="proof", subject="x", state=state, reason=Sentence("x"))
)


@given(st.lists(ROWS, max_size=5), st.sampled_from(["", "the rest"]))
def test_met_means_that_there_is_evidence_and_all_of_it_is_good(rows, lacks):
    answer = Answer(clause="1", rule="x", rows=tuple(rows), lacks=lacks)
    if answer.standing is Standing.MET:
        assert rows
        assert not lacks
        assert {row.state for row in rows} == {State.GOOD}


WHEN = st.sampled_from([None, FRESH, OLD, AHEAD])
COUNT = st.integers(0, 2)


@given(WHEN, WHEN, WHEN, st.tuples(COUNT, COUNT, COUNT), st.tuples(COUNT, COUNT, COUNT, COUNT))
def test_nothing_is_met_but_by_living_fresh_and_good_evidence(drift, proof, look, uses, checks):
    known = Memory(
        drift=drift and Run(drift.isoformat(), evidence.of_policy(DESIRED)),
        proofs=proof and Proofs(proof.isoformat(), {"account login": uses}),
        inspection=look and Run(look.isoformat(), {"disk": list(checks)}),
    )
    rows = [{"policy": ["clause"]}, {"proof": ["account login"]}, {"inspection": ["disk"]}]
    met = stand(known, regulation({"2.2": rows}))["2.2"] == "met"
    good = uses[0] > 0 and uses[1:] == (0, 0) and checks[1] == checks[3] == 0
    assert met == (drift == proof == look == FRESH and good and checks[0] + checks[2] > 0)


def test_what_is_unknown_beats_what_is_not_met_and_missing_counts_when_strict():
    def ends(*states, strict=False):
        rows = [
            (Row(type="proof", subject="", state=state, reason=Sentence("x")),) if state else ()
            for state in states
        ]
        answers = tuple(Answer(clause="1", rule="x", rows=row) for row in rows)
        return Compliance(title="", estate="", when="", answers=answers, strict=strict).exit_code

    assert ends(State.GOOD, State.MANUAL, None) is Exit.DONE
    assert ends(State.GOOD, None, strict=True) is Exit.DIFFERENCE
    assert ends(State.GOOD, State.BAD) is Exit.DIFFERENCE
    assert ends(State.UNKNOWN, State.BAD) is Exit.INCOMPLETE


def test_checks_are_kept_as_counts_and_an_accepted_one_is_told_apart():
    def check(ok, **more):
        return Check(system="m", name="disk", place="/", expected="", got="secret", ok=ok, **more)

    told = evidence.of_checks([check(True), check(False), check(None), check(True)])
    assert told == {"disk": [2, 1, 0, 1]}


def test_only_a_whole_proof_shows_anything_and_a_later_failure_counts_against_it():
    def event(at, **data):
        data = {"failed": [], "unknown": [], **data}
        return SimpleNamespace(at=at, data=data)

    old = event("1", proofs=3)
    whole = event("2", whole=True, uses={"account login": [4, 0, 0]})
    narrow = event("3", whole=False, uses={"account login": [0, 1, 0]})
    assert recalling.proofs((old, narrow)) is None
    found = recalling.proofs((old, whole, narrow))
    assert (found.at, found.later) == ("2", {"account login": 1})
