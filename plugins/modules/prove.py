# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.prove; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prove
short_description: Use every account as its owner would
description:
  - Registers, calls, logs in, sends and reads with the real credentials; expects closed accounts and wrong passwords to be refused.
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
- name: Prove the joiner's accounts
  commsroom.core.prove:
    person: E0041
"""

RETURN = r"""
proofs:
  description: Each use, what was expected and what happened.
  returned: success
  type: list
  elements: dict
"""
