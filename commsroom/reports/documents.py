"""The JSON every command gives with `--json`: a contract, with stable keys in a stable order.

A secret is named `secret:<slot>`; only what `secret show` gives holds its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from commsroom.errors import CommsroomError, PolicyErrors
from commsroom.estate.secret import Custody

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.errors import Problem
    from commsroom.estate.backend import Outcome, Proof
    from commsroom.estate.due import Due
    from commsroom.estate.inspection import Check
    from commsroom.estate.plan import Plan
    from commsroom.estate.resource import Address, Change, Provenance, Resource
    from commsroom.reports.model import Acknowledged, Finding, History, Report

Document = dict[str, Any]


class Recorded(Protocol):
    """An event of the ledger, as far as a document needs it."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def requester(self) -> str: ...
    @property
    def batch(self) -> int | None: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def rows(self) -> Sequence[Any]: ...
    @property
    def hash(self) -> str: ...


class Explained(Protocol):
    """All that is known of one address, as far as a document needs it."""

    @property
    def address(self) -> Address: ...
    @property
    def desired(self) -> Resource | None: ...
    @property
    def actual(self) -> Resource | None: ...
    @property
    def change(self) -> Change | None: ...
    @property
    def owned(self) -> bool: ...
    @property
    def unknown(self) -> str: ...
    @property
    def unsupported(self) -> str: ...
    @property
    def history(self) -> Sequence[Recorded]: ...


def plan_document(plan: Plan) -> Document:
    """Return what `plan --json` gives: the changes, and what was not planned and why."""
    return {
        "hash": plan.hash,
        "changes": [_change(change, plan.simulated) for change in plan.changes],
        "summary": plan.summary,
        "foreign": [str(address) for address in plan.foreign],
        "sealed": [str(address) for address in plan.sealed],
        "handovers": {
            str(address): {"holder": holder, "heir": heir}
            for address, (holder, heir) in plan.handovers.items()
        },
        "unsupported": {str(address): text for address, text in plan.unsupported.items()},
        "waiting": {str(address): text for address, text in plan.waiting.items()},
        "remarks": {str(address): text for address, text in plan.remarks.items()},
        "unknown": dict(sorted(plan.unknown.items())),
        "simulated": sorted(plan.simulated),
    }


def prove_document(
    proofs: Sequence[Proof], unknown: Mapping[str, str], simulated: frozenset[str]
) -> Document:
    """Return what `prove --json` gives; `ok` of a proof is null where it could not be decided."""
    return {
        "proofs": [_proof(proof, simulated) for proof in proofs],
        "ok": not unknown and all(proof.ok is True for proof in proofs),
        "unknown": dict(sorted(unknown.items())),
        "simulated": sorted(simulated),
    }


def show_document(resources: Iterable[Resource]) -> Document:
    """Return what `show --json` gives: what policy asks for, object by object."""
    return {"resources": [_resource(item) for item in resources]}


def drift_document(report: Report) -> Document:
    """Return what `drift --json` gives: the whole report."""
    return {
        "title": report.title,
        "estate": report.estate,
        "when": report.when,
        "exit_code": int(report.exit_code),
        "older": report.older,
        "summary": dict(report.summary),
        "findings": [_finding(item) for item in report.findings],
        "proofs": [_proof(proof, report.simulated) for proof in report.proofs],
        "timings": [
            {"name": item.name, "seconds": round(item.seconds, 3)} for item in report.timings
        ],
        "simulated": sorted(report.simulated),
        "checks": [_check(item) for item in report.checks],
        "history": _history(report.history),
    }


def apply_document(
    plan: Plan,
    outcomes: Iterable[Outcome],
    remaining: Plan,
    *,
    code: int,
    seconds: float,
    declined: bool,
    due: Due | None = None,
    left: Sequence[Address] = (),
) -> Document:
    """Return what `apply --json` gives: the plan, how each change ended, what is still to do."""
    return {
        "ok": code == 0,
        "exit_code": code,
        "declined": declined,
        "seconds": round(seconds, 3),
        "plan": plan_document(plan),
        "outcomes": outcomes_document(outcomes),
        "remaining": plan_document(remaining),
        **({"due": _due(due)} if due else {}),
        **({"left_out": [str(address) for address in left]} if left else {}),
    }


def _due(due: Due) -> Document:
    return {
        "since": due.since.isoformat(),
        "addresses": [str(address) for address in due.addresses],
    }


def outcomes_document(outcomes: Iterable[Outcome]) -> list[Document]:
    """Return how each change ended, read back from its system."""
    return [
        {"address": str(item.address), "status": str(item.status), "message": item.message}
        for item in outcomes
    ]


def explain_document(items: Iterable[Explained]) -> Document:
    """Return what `explain --json` gives: policy, reality and history of each address."""
    return {
        "explanations": [
            {
                "address": str(item.address),
                "desired": _resource(item.desired) if item.desired else None,
                "actual": dict(item.actual.body.values()) if item.actual else None,
                "change": _change(item.change, frozenset()) if item.change else None,
                "owned": item.owned,
                "unknown": item.unknown,
                "unsupported": item.unsupported,
                "history": [event_document(event) for event in item.history],
            }
            for item in items
        ]
    }


def event_document(event: Recorded) -> Document:
    """Return one event of the ledger."""
    return {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "actor": event.actor,
        "requester": event.requester,
        "batch": event.batch,
        "data": dict(event.data),
        "rows": [
            {"address": str(row.address), "action": row.action, "data": dict(row.data)}
            for row in event.rows
        ],
        "hash": event.hash,
    }


def error_document(error: CommsroomError) -> Document:
    """Return what any command gives with `--json` when it fails."""
    document: Document = {
        "message": error.message,
        "remedy": error.remedy,
        "exit_code": int(error.exit_code),
    }
    if isinstance(error, PolicyErrors):
        document["problems"] = [problem_document(item) for item in error.problems]
    return {"error": document}


def problem_document(problem: Problem) -> Document:
    """Return one problem of the input with its place."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _change(change: Change, simulated: frozenset[str]) -> Document:
    return {
        "address": str(change.address),
        "action": str(change.action),
        "fields": list(change.fields),
        "provenance": _provenance(change.provenance),
        "unsupported": list(change.unsupported),
        "before": _moved(change, change.before),
        "after": _moved(change, change.after),
        "simulated": change.address.system in simulated,
    }


def _moved(change: Change, resource: Resource | None) -> Document | None:
    """Return the fields that a change moves as one side has them; all of them for a deletion."""
    if resource is None:
        return None
    values = resource.body.values()
    names = change.fields or tuple(values)
    return {name: values.get(name) for name in names if not name.startswith("secret:")}


def _proof(proof: Proof, simulated: frozenset[str]) -> Document:
    return {
        "address": str(proof.address),
        "use": proof.use,
        "expected": proof.expected,
        "got": proof.got,
        "ok": proof.ok,
        "ms": round(proof.ms, 1),
        "note": proof.note,
        "simulated": proof.address.system in simulated,
    }


def _resource(item: Resource) -> Document:
    return {
        "address": str(item.address),
        "kind": item.address.kind,
        "attributes": dict(item.body.values()),
        "needs": sorted(str(need) for need in item.needs),
        "provenance": _provenance(item.provenance),
        "secrets": [f"secret:{ref.slot}" for ref in item.secrets],
        "personal": [
            f"secret:{ref.slot}" for ref in item.secrets if ref.custody is Custody.PERSONAL
        ],
        "person": item.person,
        "protected": item.protected,
    }


def _finding(item: Finding) -> Document:
    return {
        "address": item.address,
        "system": item.system,
        "kind": str(item.kind),
        "severity": str(item.severity),
        "text": item.text,
        "differences": [
            {"name": found.name}
            if found.secret
            else {"name": found.name, "expected": found.expected, "actual": found.actual}
            for found in item.differences
        ],
        "provenance": _provenance(item.provenance),
        "remedy": item.remedy,
        "since": item.since,
        "simulated": item.simulated,
        "weight": str(item.weight) if item.weight else None,
        "acknowledged": _acknowledged(item.acknowledged),
        "fixable": item.fixable,
    }


def _acknowledged(item: Acknowledged | None) -> Document | None:
    return {"owner": item.owner, "reason": item.reason, "until": item.until} if item else None


def _check(item: Check) -> Document:
    return {
        "address": item.address,
        "system": item.system,
        "name": item.name,
        "place": item.place,
        "expected": item.expected,
        "got": item.got,
        "ok": item.ok,
        "severity": str(item.severity),
        "provenance": _provenance(item.provenance),
        "remedy": item.remedy,
        "since": item.since,
        "simulated": item.simulated,
        "weight": str(item.weight) if item.weight else None,
        "acknowledged": _acknowledged(item.acknowledged),
    }


def _history(item: History | None) -> Document | None:
    if item is None:
        return None
    return {
        "points": [
            {
                "when": point.when,
                "errors": point.errors,
                "warnings": point.warnings,
                "unknown": point.unknown,
            }
            for point in item.points
        ],
        "repaired": item.repaired,
        "seconds_to_repair": item.seconds_to_repair,
        "flapping": [{"address": address, "times": times} for address, times in item.flapping],
    }


def _provenance(place: Provenance | None) -> Document | None:
    return {"file": place.file, "line": place.line, "clause": place.clause} if place else None
