"""What the Ansible plugins need of us beyond the verbs: results in Ansible's own words.

The plugins are GPL and import nothing else of the package than `commsroom.app`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom import backends
from commsroom.app import countersigning
from commsroom.errors import CommsroomError, Exit, UsageError
from commsroom.estate.backend import Target
from commsroom.estate.guards import Allow
from commsroom.reports import documents, handover, loss, proofs, retirement, text
from commsroom.reports.lines import plain
from commsroom.reports.text import rotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.app.applying import ApplyResult
    from commsroom.app.choosing import Chosen
    from commsroom.app.handover import Done
    from commsroom.app.losing import Losing
    from commsroom.app.proving import ProveResult
    from commsroom.app.retiring import Decommissioning
    from commsroom.app.rotating import Rotated
    from commsroom.estate.plan import Plan
    from commsroom.reports.model import Report

_NAMED: Final = 5

__all__ = [
    "CommsroomError",
    "allow",
    "apply_result",
    "chosen_result",
    "decommission_result",
    "handover_result",
    "host_services",
    "inspect_result",
    "loss_foreseen",
    "loss_result",
    "nothing_asked",
    "people",
    "plan_result",
    "prove_result",
    "rotate_result",
    "server_variables",
]


def people(given: object) -> tuple[str, ...]:
    """Return the people named: a text or a list of texts, of which each may name several (`a,b`).

    None, or a list with nothing in it, names nobody in particular: everybody.

    Raises:
        UsageError: it is something else, or somebody was to be named and nobody is: that must not
            come to mean everybody.
    """
    texts = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            "person: write an id of the roster, or a list of ids",
            remedy="as in -e person=L007; one of digits only is text too: person: '007'",
        )
    names = tuple(name for text in texts for part in text.split(",") if (name := part.strip()))
    if texts and not names:
        raise UsageError(
            "person: nobody is named", remedy="write person: L007, or leave it out for everybody"
        )
    return names


def allow(*, removals: Sequence[str], protected: Sequence[str], adopt: Sequence[str]) -> Allow:
    """Build what a playbook allows by name from lists of texts."""
    return Allow(frozenset(removals), frozenset(protected), tuple(adopt), "-e allow_removal={}")


def plan_result(plan: Plan) -> dict[str, Any]:
    """Return a plan as a task result: `changed` when it is not empty, with Ansible's `diff`."""
    return {
        "changed": not plan.empty,
        "failed": bool(plan.unknown),
        "msg": _unknown(plan) or text.summary_line(plan),
        "diff": [{"prepared": text.plan_text(plan)}],
        "plan": documents.plan_document(plan),
        "exit_code": int(Exit.INCOMPLETE if plan.unknown else Exit.DONE),
    }


def apply_result(done: ApplyResult) -> dict[str, Any]:
    """Return an apply as a task result; it failed unless reading again gave an empty plan."""
    result = plan_result(done.plan)
    result.update(
        changed=bool(done.outcomes),
        failed=not done.ok,
        exit_code=int(done.exit_code),
        seconds=round(done.seconds, 2),
        outcomes=documents.outcomes_document(done.outcomes),
    )
    if done.left:
        result["left_out"] = [str(address) for address in done.left]
        result["msg"] += f"; {countersigning.left_out(done.left)}"
    if not done.ok:
        result["msg"] = (
            _unknown(done.remaining) or f"after apply, still: {text.summary_line(done.remaining)}"
        )
    return result


def prove_result(done: ProveResult) -> dict[str, Any]:
    """Return proofs as a task result; it failed unless all were proven as expected.

    Then it holds only those that were not, and `msg` says the first of them in words.
    """
    told = done.proofs if done.ok else [proof for proof in done.proofs if proof.ok is not True]
    document = documents.prove_document(told, done.unknown, done.simulated)
    reasons = [proofs.proof_sentence(proof) for proof in told[:_NAMED] if not done.ok]
    more = [f"and {len(told) - _NAMED} more"] if not done.ok and len(told) > _NAMED else []
    summary = proofs.proof_summary(done.proofs, done.unknown)
    return {
        "changed": False,
        "failed": not done.ok,
        "msg": "; ".join([summary.rstrip("."), *reasons, *more]) if reasons else summary,
        "exit_code": int(done.exit_code),
        **document,
    }


def chosen_result(chosen: Chosen) -> dict[str, Any]:
    """Return what a rotation would begin, as check mode says it."""
    places = {path: tuple(chosen.found[path].places) for path in chosen.renewed}
    document = rotation.chosen_document(places, chosen.left)
    return {"changed": bool(places), "msg": f"{len(places)} to renew", **document}


def rotate_result(done: Rotated) -> dict[str, Any]:
    """Return a rotation as a task result; it failed where something went back, needs a person or is open."""
    lines = rotation.rotated_lines(
        done.turns, done.left, done.seconds, done.handed, written=done.written
    )
    return {
        "changed": bool(done.turns or done.written),
        "failed": done.exit_code is not Exit.DONE,
        "msg": "; ".join(plain(line).strip() for line in lines),
        "exit_code": int(done.exit_code),
        **rotation.document(done.turns, done.left, done.handed, done.written),
    }


def nothing_asked(names: Sequence[str]) -> dict[str, Any]:
    """Return what check mode says of devices that nobody asked about yet."""
    said = f"two people would be asked to approve that {', '.join(names)} be decommissioned"
    return {"changed": True, "msg": said, "devices": [], "lines": [said]}


def decommission_result(now: Decommissioning, *, changed: bool) -> dict[str, Any]:
    """Return a decommissioning as a task result; it failed where a wipe did, or nobody knows."""
    lines = [plain(line).rstrip() for line in retirement.lines(now)]
    return {
        "changed": changed,
        "failed": now.exit_code is not Exit.DONE,
        "msg": lines[-1].strip(),
        "exit_code": int(now.exit_code),
        "lines": lines,
        **retirement.document(now),
    }


def loss_foreseen(tag: str) -> dict[str, Any]:
    """Return what check mode says of a device that is to be reported lost."""
    said = f"{tag} would be locked or erased, what lived on it withdrawn, what it knew renewed"
    return {"changed": True, "msg": said, "lines": [said]}


def loss_result(now: Losing, *, changed: bool) -> dict[str, Any]:
    """Return a loss as a task result; it failed where something is not known yet, or a mobile refused."""
    lines = [plain(line).rstrip() for line in loss.lines(now)]
    return {
        "changed": changed,
        "failed": now.exit_code is not Exit.DONE,
        "msg": "; ".join([*now.left.values(), *now.loss.open_steps]) or lines[0].strip(),
        "exit_code": int(now.exit_code),
        "lines": lines,
        **loss.document(now),
    }


def handover_result(done: Done, *, check: bool) -> dict[str, Any]:
    """Return a hand-over as a task result; it failed where somebody could not be given theirs.

    Not so in check mode: a joiner's accounts are not there yet.
    """
    lines = [*handover.handed_lines(done.handed, done.nothing, done.left, keyless=done.keyless)]
    return {
        "changed": bool(done.handed),
        "failed": not check and done.exit_code is not Exit.DONE,
        "msg": "; ".join(plain(line).strip() for line in lines),
        "exit_code": int(Exit.DONE if check else done.exit_code),
        **handover.document(done.handed, done.nothing, done.left),
    }


def host_services(variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the back end of a host offers on the network, for its firewall.

    `variables` are the host's own, with templates filled in. Raises CommsroomError where there is no
    such back end, or its settings are wrong.
    """
    name = str(variables.get("inventory_hostname", ""))
    target = Target(name, name, name, Path(), variables=variables)
    found = backends.backend(str(variables.get("commsroom_backend"))).services(target)
    return [
        {
            "name": service.name,
            "port": service.port,
            "last": service.last,
            "transport": service.transport,
        }
        for service in found
    ]


def inspect_result(report: Report) -> dict[str, Any]:
    """Return an inspection as a task result; it failed unless all was as policy asks."""
    wrong = [check.address for check in report.checks if check.ok is not True]
    wrong += [finding.address for finding in report.findings]
    wrong += [f"{proof.address} {proof.use}" for proof in report.proofs if proof.ok is not True]
    return {
        "changed": False,
        "failed": report.exit_code is not Exit.DONE,
        "msg": f"not as policy asks, or unknown: {', '.join(wrong)}" if wrong else "as policy asks",
        "exit_code": int(report.exit_code),
        **documents.drift_document(report),
    }


def server_variables(estate: Path) -> dict[str, dict[str, Any]]:
    """Return role variables that policy decides, by inventory group; raises PolicyErrors."""
    from commsroom import policy
    from commsroom.estate.compile import servers

    return servers.variables(policy.load(estate))


def _unknown(plan: Plan) -> str:
    return "; ".join(f"unknown: {reason}" for reason in plan.unknown.values())
