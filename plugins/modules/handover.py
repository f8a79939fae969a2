# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.handover; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: handover
short_description: Give people their passwords, each in a file that only they can open
description:
  - Writes for each person a file, sealed to their SSH key in C(policies/keys), with what is theirs to know.
  - Of a shared mailbox the password goes to its custodian alone; what a telephone fetches by itself goes to nobody.
  - The ledger remembers who was given which generation, and to which key.
  - Check mode says who would be given how much.
  - Runs on the controller, once per play, whatever the number of hosts.
author: [commsroom (@commsroom)]
options:
  estate:
    description: The estate's folder; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  person:
    description: Id or login of one person or several (a list, or with commas); everybody where O(due) or O(new) says so.
    type: raw
  due:
    description: Only what changed since they were given it, or they never were.
    type: bool
    default: false
  new:
    description: Only to people who were never given anything.
    type: bool
    default: false
  again:
    description: Also first passwords that were given before.
    type: bool
    default: false
  to:
    description: Where the files go; by default C(.commsroom/handover) of the estate.
    type: path
"""

EXAMPLES = r"""
- name: A joiner's letter
  commsroom.core.handover:
    person: E0041

- name: Whatever was renewed since
  commsroom.core.handover:
    due: true
"""

RETURN = r"""
handed_over:
  description: Each person who was given a file, which one, the key's fingerprint, and which secrets (never their values).
  returned: success
  type: list
  elements: dict
nothing_new:
  description: People who had it all already.
  returned: success
  type: list
  elements: str
left:
  description: People who could not be given theirs, why, and the remedy.
  returned: success
  type: list
  elements: dict
"""
