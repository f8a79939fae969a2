"""What each kind of finding means and what to do about it, for readers who meet it for the first time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from commsroom.reports.model import FindingKind
from commsroom.reports.problems import CHECK, UNTOLD

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that can be wrong. Its `name` and its key are a contract: views store them."""

    name: str
    title: str
    meaning: str
    advice: str
    level: Literal["error", "warning", "note"] = "error"


RULES: Final[Mapping[str, Rule]] = {
    FindingKind.DRIFT: Rule(
        "Drift",
        "Differs from policy",
        "The object is ours, and some of its fields are not what policy asks for.",
        "Run the repair that the finding names, or change the line of policy it points at.",
    ),
    FindingKind.MISSING: Rule(
        "Missing",
        "Is missing",
        "Policy asks for the object, and its system does not have it.",
        "Run the repair that the finding names.",
    ),
    FindingKind.EXTRA: Rule(
        "Extra",
        "No longer in policy",
        "The object was made by commsroom, and policy no longer asks for it.",
        "Run the repair that the finding names, or put it back into policy.",
    ),
    FindingKind.UNOWNED: Rule(
        "Unowned",
        "Exists, not made by commsroom",
        "Policy asks for an object that is there already, made by somebody else.",
        "Adopt it with the command that the finding names.",
    ),
    FindingKind.SEALED: Rule(
        "Sealed",
        "Exists where commsroom must not write",
        "Policy asks for an object that stands in a file which is not ours to write.",
        "Remove it there, then run commsroom apply.",
    ),
    FindingKind.FOREIGN: Rule(
        "Foreign",
        "Foreign, never touched",
        "The object exists, commsroom did not make it, and policy does not ask for it.",
        "Remove it by hand, or put it into policy and adopt it.",
        "warning",
    ),
    FindingKind.UNSUPPORTED: Rule(
        "Unsupported",
        "Not supported by its system",
        "Policy asks for something that the system cannot hold.",
        "Live with it, or ask for something else there.",
        "note",
    ),
    FindingKind.UNKNOWN: Rule(
        "Unknown",
        "Could not be read",
        "The system could not be read: nothing is known of it, and it is not clean.",
        "Make it reachable and run the command again.",
    ),
    FindingKind.SERVER: Rule(
        "Server",
        "Server differs from its role",
        "A file, service or package of the server is not what its role says.",
        "Run the playbook that the finding names.",
    ),
    FindingKind.OVERDUE: Rule(
        "Overdue",
        "A secret is overdue",
        "A secret is older than policy lets it become.",
        "Renew it: commsroom rotate --due.",
    ),
    FindingKind.EXCEPTION: Rule(
        "Exception",
        "An exception that needs a look",
        "An exception of policy is past its end date, or nothing needs it any more.",
        "Renew it with a new end date, or remove it.",
        "warning",
    ),
    CHECK: Rule(
        "Check",
        "Inspection not as policy says",
        "Something inspected on the system is outside what policy allows.",
        "Do what the finding names, or change the threshold in policy.",
    ),
    UNTOLD: Rule(
        "CheckUnknown",
        "Inspection could not tell",
        "Something could not be inspected: it may be right or wrong.",
        "Find out why it gives no answer, and run the command again.",
    ),
    "proof": Rule(
        "Proof",
        "A use did not go as policy promises",
        "The account was used as its owner would, and that did not end as expected.",
        "Compare the object with policy; then try the use by hand.",
    ),
    "proof-undecided": Rule(
        "ProofUndecided",
        "A use could not be decided",
        "The account was used as its owner would, and nothing follows from how that ended.",
        "Read the proof's note, and run the command again.",
    ),
}
