# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.plan; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Say what apply would do
description:
  - Reads all systems once, compiles policy and roster, and returns the difference. Changes nothing.
  - Runs on the controller, once per play, whatever the number of hosts.
author: [commsroom (@commsroom)]
options:
  estate:
    description: Root of the estate; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  person:
    description: Only what concerns these people, by roster id or login; also one comma separated string.
    type: list
    elements: str
    default: []
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

EXAMPLES = r"""
- name: What would change today?
  commsroom.core.plan:
  register: plan
"""

RETURN = r"""
plan:
  description: The plan as C(commsroom plan --json) prints it.
  returned: success
  type: dict
"""
