"""What the Ansible plugins are given: nobody named must never come to mean everybody."""

import pytest

from commsroom.app import faces
from commsroom.app.applying import ApplyResult
from commsroom.app.proving import ProveResult
from commsroom.errors import UsageError
from commsroom.estate.backend import Proof
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Address


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], ()),
        (["L008"], ("L008",)),
        (["L008, L009", "L010"], ("L008", "L009", "L010")),
        (["L008,,"], ("L008",)),
        ("L008,L009", ("L008", "L009")),
        (None, ()),
    ],
)
def test_people_come_as_a_list_or_with_commas(given, named):
    assert faces.people(given) == named


@pytest.mark.parametrize("given", ["", [""], [","], [" , "], ["", ""]])
def test_naming_nobody_is_refused(given):
    with pytest.raises(UsageError, match="nobody is named"):
        faces.people(given)


def proofs(*ok):
    return tuple(
        Proof(Address("im1", "account", f"u{n}"), "log in", "accepted", "refused", good)
        for n, good in enumerate(ok)
    )


def test_a_proof_that_failed_says_so_in_its_message_and_holds_nothing_else():
    done = ProveResult(proofs(True, False, True, None), {}, frozenset())
    result = faces.prove_result(done)
    assert result["failed"]
    assert (
        "Proven: 2 of 4 uses as expected; ✗ im1:account/u1 log in: expected accepted, got refused"
        in result["msg"]
    )
    assert "? im1:account/u3" in result["msg"]
    assert [proof["address"] for proof in result["proofs"]] == ["im1:account/u1", "im1:account/u3"]


def test_a_proof_that_went_well_holds_all_of_it():
    result = faces.prove_result(ProveResult(proofs(True, True), {}, frozenset()))
    assert len(result["proofs"]) == 2
    assert result["msg"] == "Proven: 2 of 2 uses as expected."


@pytest.mark.parametrize("given", [123, 1.5, True, {"a": 1}, [["L008"]], [7], ["L008", None]])
def test_what_names_nobody_by_text_is_refused_in_one_line(given):
    with pytest.raises(UsageError, match="person: write an id of the roster, or a list of ids"):
        faces.people(given)


def test_a_playbook_is_told_what_was_left_out_for_want_of_approvals():
    box = Address("mail1", "mailbox", "di@small.example")
    found = faces.apply_result(ApplyResult(Plan(), (), Plan(), 0.1, left=(box,)))
    assert (found["failed"], found["left_out"]) == (False, ["mail1:mailbox/di@small.example"])
    assert "left out: mail1:mailbox/di@small.example would be deleted for good" in found["msg"]
    assert "left_out" not in faces.apply_result(ApplyResult(Plan(), (), Plan(), 0.1))
