"""The JSON document of an inspection: all checks, good ones too, beside findings and proofs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from commsroom.reports import documents

if TYPE_CHECKING:
    from commsroom.estate.inspection import Check
    from commsroom.reports.documents import Document
    from commsroom.reports.model import Report


def inspect_document(report: Report) -> Document:
    """Return the document; `ok` of a check is null where it could not be told."""
    found = documents.drift_document(report)
    proofs = documents.prove_document(report.proofs, {}, report.simulated)["proofs"]
    return {
        **found,
        "checks": [check_document(check) for check in report.checks],
        "proofs": proofs,
        "ok": report.exit_code == 0,
    }


def check_document(check: Check) -> Document:
    """Return one check."""
    because = check.provenance
    return {
        "address": check.address,
        "system": check.system,
        "name": check.name,
        "place": check.place,
        "expected": check.expected,
        "got": check.got,
        "ok": check.ok,
        "provenance": asdict(because) if because else None,
        "remedy": check.remedy,
        "simulated": check.simulated,
    }
