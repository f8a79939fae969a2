"""What a report amounts to."""

from dataclasses import replace

from commsroom.errors import Exit
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Address
from commsroom.reports import model
from commsroom.reports.model import FindingKind


def test_what_is_unknown_beats_a_difference(report, plan):
    assert report.exit_code is Exit.INCOMPLETE
    readable = model.from_plan(replace(plan, unknown={}), estate="x")
    assert readable.exit_code is Exit.DIFFERENCE


def test_a_foreign_object_is_named_and_is_no_difference():
    found = model.from_plan(Plan(foreign=(Address.parse("im1:account/visitor"),)), estate="x")
    assert [item.kind for item in found.findings] == [FindingKind.FOREIGN]
    assert found.exit_code is Exit.DONE


def test_a_sealed_object_is_a_difference():
    found = model.from_plan(Plan(sealed=(Address.parse("pbx1:extension/2200"),)), estate="x")
    assert found.exit_code is Exit.DIFFERENCE


def test_an_undecided_proof_is_incomplete_and_a_wrong_one_a_difference(proofs):
    wrong = model.from_proofs(proofs[:3], {}, frozenset(), estate="x")
    undecided = model.from_proofs(proofs, {}, frozenset(), estate="x")
    right = model.from_proofs(proofs[:2], {}, frozenset(), estate="x")
    codes = [item.exit_code for item in (right, wrong, undecided)]
    assert codes == [Exit.DONE, Exit.DIFFERENCE, Exit.INCOMPLETE]


def test_every_finding_of_a_change_names_a_command_that_repairs_it(report):
    repairs = {item.kind: item.remedy for item in report.findings}
    assert repairs[FindingKind.MISSING] == "commsroom apply --only pbx1:extension/2107"
    assert repairs[FindingKind.EXTRA] == "commsroom apply --only im1:account/bob"


def test_a_repair_can_be_pasted_into_a_shell_whatever_the_address_holds():
    import shlex

    from commsroom.estate.kinds import Room
    from commsroom.estate.resource import Action, Change, Resource

    address = Address("im1", "room", "a room; rm -rf $HOME 'x'")
    change = Change(Action.DELETE, address, Resource(address, Room()), None)
    remedy = model.from_plan(Plan(changes=(change,)), estate="x").findings[0].remedy
    assert shlex.split(remedy) == ["commsroom", "apply", "--only", str(address)]


def test_what_matters_most_comes_first(report):
    weights = [item.severity for item in report.findings]
    assert weights == sorted(weights, key=list(model.Severity).index)


def test_uses_of_the_same_sort_are_summed_up_together(proofs):
    summed = {
        (item.system, item.name): (item.good, item.total, item.ms) for item in model.uses(proofs)
    }
    assert summed == {
        ("im1", "login"): (0, 1, 5.0),
        ("pbx1", "call …"): (1, 2, 85.0),
        ("pbx1", "register"): (1, 1, 12.0),
    }
