# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.lost_phone; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lost_phone
short_description: Shut a lost device out, and say what people have to do
description:
  - Has its MDM server lock and erase it, or remove the work profile of a person's own, as soon as it comes by.
  - Withdraws what lived on it, and renews without grace every secret it knew.
  - Each is done whatever becomes of the others; run again, it goes on with what is left.
  - Fails while something is not known yet, as a mobile that is switched off and has not answered.
  - What people did is ticked with C(commsroom device lost TAG --ticked); a device comes back by C(commsroom device found).
  - Check mode says what would be done, or how far it is.
  - Runs on the controller, once per play, whatever the number of hosts.
author: [commsroom (@commsroom)]
options:
  estate:
    description: The estate's folder; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  device:
    description: Its asset tag.
    type: str
    required: true
  reason:
    description: How it was lost; needed the first time.
    type: str
    default: ""
  by:
    description: Who reports it, by id of the roster.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: A mobile was left in a taxi
  commsroom.core.lost_phone:
    device: LH-M003
    reason: left in a taxi, 21:30
    by: L007
"""

RETURN = r"""
timeline:
  description: What was done, by whom, when, and how long after the report.
  returned: success
  type: list
  elements: dict
duties:
  description: What only people can do, and who did it.
  returned: success
  type: list
  elements: dict
lines:
  description: The same in words, with the next step.
  returned: success
  type: list
  elements: str
"""
