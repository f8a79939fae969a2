"""SARIF 2.1.0: findings at the line of policy behind them, for code-scanning views."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from commsroom.reports.lines import printable
from commsroom.reports.model import FindingKind
from commsroom.reports.text import TITLE, finding_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.backend import Proof
    from commsroom.reports.model import Finding, Report

_RULES: Final[Mapping[str, str]] = {
    **{kind: f"The object {TITLE[kind]}." for kind in FindingKind},
    "proof": "A use of the object did not go as policy promises.",
}


def render(report: Report) -> str:
    """Return one SARIF run; a result without a line of policy has only its logical location."""
    results = [
        *map(_finding, report.findings),
        *(_proof(item) for item in report.proofs if not item.ok),
    ]
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "commsroom", "rules": [
            {"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()
        ]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": True, "endTimeUtc": report.when.replace("+00:00", "Z")}
        ],
        "properties": {"simulated": sorted(report.simulated)},
        "results": results,
    }  # fmt: skip
    return json.dumps({"version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _finding(item: Finding) -> dict[str, Any]:
    result = _result(item.kind, str(item.severity), finding_text(item), item.address)
    if item.provenance is not None:
        result["locations"][0]["physicalLocation"] = {
            "artifactLocation": {"uri": item.provenance.file, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(item.provenance.line, 1)},
        }
    return result


def _proof(proof: Proof) -> dict[str, Any]:
    level = "warning" if proof.ok is None else "error"
    text = f"{proof.address} {proof.use}: expected {proof.expected}, got {proof.got}"
    return _result("proof", level, printable(text), str(proof.address))


def _result(rule: str, level: str, text: str, address: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": level,
        "message": {"text": text},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": address, "kind": "object"}]}],
    }
