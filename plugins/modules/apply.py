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
  leaving:
    description:
      - These people leave. Fails, in check mode too, when somebody of O(person) has no last day in the roster or one that is not over,
        since nothing would be closed then.
    type: bool
    default: false
  due:
    description:
      - Only what the calendar made due since the last apply of the whole estate, as C(commsroom apply --due) does. Repairs nothing, and
        makes no edited policy so.
    type: bool
    default: false
  without_purges:
    description:
      - Leave out what would be deleted for good with all that people wrote in it, and two people have not approved, as O(due) always
        does. Otherwise such a plan fails where the estate has approvers. What was left out is in RV(left_out).
    type: bool
    default: false
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
extends_documentation_fragment: [commsroom.core.estate]
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
left_out:
  description: Addresses that would have been deleted for good, and were not.
  returned: when there are any
  type: list
  elements: str
outcomes:
  description: What became of each change.
  returned: when applied
  type: list
  elements: dict
"""
