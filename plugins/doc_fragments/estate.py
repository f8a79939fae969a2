# GPL-3.0-or-later (see plugins/COPYING)
"""Options that all actions of commsroom.core share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  estate:
    description: Root of the estate; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  person:
    description: Only what concerns these people, by roster id or login; a list, or one comma separated string.
    type: raw
  only:
    description: Only addresses matching these globs, as in V(mail1:list/*).
    type: list
    elements: str
    default: []
  as_of:
    description: Read policy and roster as of this date (C(2026-09-01)); by default today.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and return what would change without changing it.
    support: full
  diff_mode:
    description: Returns the plan as a diff.
    support: full
"""
