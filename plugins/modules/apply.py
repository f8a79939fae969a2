# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.apply; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply
short_description: Make the systems what policy and roster say
description:
  - Plans, checks the guards, applies stage by stage, reads again and fails unless nothing differs any more. In check mode it only plans.
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
  allow_removal:
    description: Guards to lift, each as C(SYSTEM:KIND) or V(total).
    type: list
    elements: str
    default: []
  allow_protected:
    description: Protected addresses that may be touched.
    type: list
    elements: str
    default: []
  allow_adopt:
    description: Globs of addresses that exist, were not made by commsroom, and may be taken over.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode and return what would change without changing it.
    support: full
  diff_mode:
    description: Returns the plan as a diff.
    support: full
"""

EXAMPLES = r"""
- name: Bring a joiner on board
  commsroom.core.apply:
    person: E0041
"""

RETURN = r"""
plan:
  description: The plan that was applied, as C(commsroom plan --json) prints it.
  returned: success
  type: dict
outcomes:
  description: What became of each change.
  returned: when applied
  type: list
  elements: dict
"""
