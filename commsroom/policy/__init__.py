"""What the company wants: typed models of its policy files and its roster.

`load` gives it whole or says everything that is wrong; `allocations` is the record of the logins
and numbers people were given.
"""

from __future__ import annotations

from commsroom.policy.entitlements import Entitlement
from commsroom.policy.loading import SUBJECTS, Policy, load
from commsroom.policy.people import Person, PersonKind
from commsroom.policy.schema import schemas
from commsroom.policy.sources import Source, Sources
from commsroom.policy.starter import write_starter
from commsroom.policy.validating import Validation, validate

__all__ = [
    "SUBJECTS",
    "Entitlement",
    "Person",
    "PersonKind",
    "Policy",
    "Source",
    "Sources",
    "Validation",
    "load",
    "schemas",
    "validate",
    "write_starter",
]
