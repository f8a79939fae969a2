"""The universe of seeded drift is whole: a new field or task without a way to change it is a failure here."""

from pathlib import Path
from random import Random

import pytest
from seeding import accounts, reference, sampling, servers, tasks
from seeding.disturbance import Disturbance, Named, judged

from commsroom import backends

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", [name for name in backends.names() if backends.backend(name).supports]
)
def test_every_field_of_every_kind_has_a_way_to_change_it_or_a_reason_why_not(name):
    rows = list(accounts.rows({"a": backends.backend(name)}))
    assert rows
    assert [row.name for row in rows if bool(row.ways) == bool(row.reason)] == []


def test_a_password_that_is_its_owners_to_change_is_not_changed_behind_our_back():
    rows = accounts.rows({"mail1": backends.backend("postfix_dovecot")})
    row = next(row for row in rows if row.name == "postfix_dovecot mailbox.secret:password")
    boxes = [
        {"address": f"mail1:mailbox/{name}@a.example", "kind": "mailbox", "personal": personal}
        for name, personal in (("ann", ["secret:password"]), ("bob", []))
    ]
    made = list(accounts.disturbances(row, boxes, Random(1)))
    assert [item.place for item in made] == ["mail1:mailbox/bob@a.example"]


def test_every_task_of_every_role_has_a_way_to_undo_it():
    found = list(tasks.tasks(ROOT / "roles"))
    assert {item.role for item in found} == {path.name for path in (ROOT / "roles").iterdir()}
    assert [item for item in found if servers.sort(item) not in servers.WAYS] == []


def test_what_a_role_leaves_alone_on_a_host_is_listed_with_the_reason():
    item = tasks.Managed(host="im1", role="clock", task="Install", module="apt",
                         thing="systemd-timesyncd", args={"skipped": True})  # fmt: skip
    assert "condition says no" in servers.reason(item)
    assert list(servers.disturbances(item)) == []


def test_the_page_of_what_drift_sees_is_fresh():
    assert reference.PAGE.read_text("utf-8") == reference.page(), (
        "run: python tests/lab/seeding/reference.py"
    )


def disturbance(place="pbx1:extension/2100", field="voicemail", **more):
    named = Named(address=place, field=field)
    given = {"host": "pbx1", "row": "r", "way": "w", "place": place, "script": "", "names": (named,),
             "locks": frozenset({f"{place}#{field}"}), **more}  # fmt: skip
    return Disturbance(**given)


def finding(address="pbx1:extension/2100", *fields):
    return {"address": address, "kind": "drift", "text": "", "differences": [{"name": one} for one in fields]}  # fmt: skip


@pytest.mark.parametrize(
    ("findings", "missed", "false"),
    [
        ([finding("pbx1:extension/2100", "voicemail")], 0, 0),
        ([], 1, 0),
        ([finding("pbx1:extension/2100", "caller_id")], 1, 1),
        ([finding("pbx1:extension/2100", "voicemail", "caller_id")], 0, 1),
        ([finding("pbx1:extension/2100", "voicemail"), finding("im1:room/x", "title")], 0, 1),
    ],
    ids=["told", "not told", "another field", "a field too many", "another object"],
)
def test_a_change_that_is_not_told_and_a_finding_that_nobody_made_are_both_counted(
    findings, missed, false
):
    verdict = judged((disturbance(),), findings)
    assert (len(verdict.missed), len(verdict.false)) == (missed, false)


def test_a_sample_has_every_sort_and_the_same_seed_draws_it_again():
    universe = {f"s{n}": [disturbance(f"a{n}:x/{m}") for m in range(5)] for n in range(40)}
    sample = sampling.drawn(universe, 60, Random(4711))
    places = [item.place for batch in sample for item in batch]
    assert len(places) == 60
    assert {place.partition(":")[0] for place in places} == {f"a{n}" for n in range(40)}
    assert sample == sampling.drawn(universe, 60, Random(4711))


def test_what_would_hide_each_other_is_never_made_at_once():
    field, whole = disturbance(), disturbance(field="", locks=frozenset({"pbx1:extension/2100"}))
    down = disturbance("asterisk", "", blind=True, row="role pbx: systemd_service started")
    other = disturbance("im1:room/x", host="im1")
    assert sampling.batches([field, whole, down, other]) == [(field, other), (whole,), (down,)]
