"""The JSON document of an inspection: all checks, good ones too, beside findings and proofs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from commsroom.errors import Exit
from commsroom.reports import documents
from commsroom.reports.languages import N_

if TYPE_CHECKING:
    from commsroom.estate.inspection import Check
    from commsroom.reports.documents import Document
    from commsroom.reports.model import Report

#: What such a report is called, and what it says where nobody could be used.
TITLE: Final = N_("Inspection")
NOBODY: Final = N_("no probe account exists yet, so nothing could be used")

#: What it has in common with the document of any other report.
_SHARED: Final = (
    "title", "estate", "when", "exit_code", "findings", "proofs", "timings", "simulated",
)  # fmt: skip


def inspect_document(report: Report) -> Document:
    """Return the document; `ok` of a check is null where it could not be told."""
    told = documents.drift_document(report)
    return {
        **{name: told[name] for name in _SHARED},
        "ok": report.exit_code is Exit.DONE,
        "checks": [check_document(check) for check in report.checks],
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
