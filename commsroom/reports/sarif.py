"""SARIF 2.1.0: findings at the line of policy behind them, for code-scanning views.

Checks that are as policy says are no results: code-scanning views draw every result as a problem,
whatever its `kind` says. They stand in the run's `properties.passed`, as evidence.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from commsroom import __version__
from commsroom.reports.lines import printable
from commsroom.reports.model import FindingKind
from commsroom.reports.problems import CHECK, UNTOLD
from commsroom.reports.rules import RULES, Rule
from commsroom.reports.tally import Standing, standing
from commsroom.reports.text.checks import check_text
from commsroom.reports.text.findings import finding_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.backend import Proof
    from commsroom.estate.inspection import Check
    from commsroom.estate.resource import Provenance
    from commsroom.reports.model import Finding, Report

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0-rtm.5.json"

#: Where a system is stated: the place of what no line of policy asks for. Views refuse a result
#: without a file.
_SYSTEMS: Final = "inventory/hosts.yml"

_ORDER: Final = list(RULES)


def render(report: Report) -> str:
    """Return one SARIF run: everything that is not as policy says, each with its place."""
    run: dict[str, Any] = {
        "tool": {"driver": {
            "name": "commsroom",
            "version": __version__,
            "rules": [_rule(name, rule) for name, rule in RULES.items()],
        }},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The estate's folder."}}},
        "invocations": [_invocation(report)],
        "properties": {
            "estate": printable(report.estate),
            "simulated": sorted(map(printable, report.simulated)),
            "passed": [_passed(item) for item in report.checks if item.ok],
        },
        "results": list(_results(report)),
    }  # fmt: skip
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _rule(name: str, rule: Rule) -> dict[str, Any]:
    return {
        "id": name,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.meaning},
        "help": {"text": f"{rule.meaning}\n{rule.advice}"},
        "defaultConfiguration": {"level": rule.level},
    }


def _invocation(report: Report) -> dict[str, Any]:
    """Tell how the run went: what could not be read or told makes it no success."""
    untold = [
        *(item.text or item.address for item in report.findings if _unknown(item)),
        *(f"{item.address}: {item.got}" for item in report.checks if item.ok is None),
        *(f"{item.address} {item.use}: {item.note or item.got}"
          for item in report.proofs if item.ok is None),
    ]  # fmt: skip
    told: dict[str, Any] = {
        "executionSuccessful": not untold,
        "exitCode": int(report.exit_code),
        "endTimeUtc": printable(report.when.replace("+00:00", "Z")),
    }
    if untold:
        told["toolExecutionNotifications"] = [
            {
                "level": "error",
                "message": {"text": printable(text)},
                "descriptor": {"id": "unknown"},
            }
            for text in untold
        ]
    return told


def _unknown(item: Finding) -> bool:
    return item.kind is FindingKind.UNKNOWN


def _results(report: Report) -> Iterator[dict[str, Any]]:
    for item in report.findings:
        yield _finding(item, report.when)
    for check in report.checks:
        if check.ok is not True:
            rule = UNTOLD if check.ok is None else CHECK
            yield _result(rule, "error", check_text(check), check.address, check.provenance)
    for proof in report.proofs:
        if proof.ok is not True:
            yield _proof(proof)


def _finding(item: Finding, when: str) -> dict[str, Any]:
    counts = standing(item)
    level = "error" if counts is Standing.UNKNOWN else str(item.severity)
    text = finding_text(item, when=when)
    # An exception that covers some fields leaves the object a finding of its own.
    part = "acknowledged" if counts is Standing.ACKNOWLEDGED else ""
    result = _result(item.kind, level, text, item.address, item.provenance, part=part)
    if item.since:
        result["baselineState"] = "new" if item.since == when else "unchanged"
        result["properties"] = {"since": printable(item.since)}
    if item.acknowledged is not None and counts is not Standing.UNKNOWN:
        kept = item.acknowledged
        result["suppressions"] = [{
            "kind": "external",
            "status": "accepted",
            "justification": printable(kept.reason),
            "properties": {"owner": printable(kept.owner), "until": printable(kept.until)},
        }]  # fmt: skip
    return result


def _proof(proof: Proof) -> dict[str, Any]:
    text = f"{proof.address} {proof.use}: expected {proof.expected}, got {proof.got}"
    rule = "proof-undecided" if proof.ok is None else "proof"
    return _result(rule, "error", printable(text), str(proof.address), None, part=proof.use)


def _result(
    rule: str, level: str, text: str, address: str, place: Provenance | None, *, part: str = ""
) -> dict[str, Any]:
    uri, line = (place.file, max(place.line, 1)) if place else (_SYSTEMS, 1)
    name = printable(address)
    return {
        "ruleId": str(rule),
        "ruleIndex": _ORDER.index(rule),
        "level": level,
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": quote(uri, errors="replace"), "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": line},
            },
            "logicalLocations": [{"fullyQualifiedName": name, "kind": "object"}],
        }],
        "partialFingerprints": {"address/v1": _fingerprint(rule, address, part)},
    }  # fmt: skip


def _fingerprint(*parts: str) -> str:
    """Return what stays the same of a result from run to run: its rule and address, no value."""
    told = "\n".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(told).hexdigest()


def _passed(item: Check) -> dict[str, str]:
    return {
        "address": printable(item.address),
        "expected": printable(item.expected),
        "got": printable(item.got),
    }
