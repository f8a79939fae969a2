# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.decommission; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: decommission
short_description: Retire equipment, closed, wiped and verified
description:
  - Asks two people to approve what is closed and wiped, and how; run again, it does as much of it as it can.
  - What lived on a device alone is closed on the systems, then its media are wiped at their stations.
  - Killed anywhere, it is simply run again. Nothing counts that was not seen to happen.
  - Who validates signs with C(commsroom decommission --validate).
  - Check mode says how far it is.
  - Runs on the controller, once per play, whatever the number of hosts.
author: [commsroom (@commsroom)]
options:
  estate:
    description: The estate's folder; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  devices:
    description: Asset tags, or the name of a request.
    type: list
    elements: str
    required: true
  requester:
    description: Who asks, by id of the roster; needed the first time.
    type: str
    default: ""
  fate:
    description: What becomes of them, C(stays), C(leaves) or C(scrapped); by default as C(equipment.yml) says.
    type: str
    default: ""
  again:
    description: Wipe once more what did not pass.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Ask, and go on once two people have signed
  commsroom.core.decommission:
    devices: [LH-C003]
    requester: L007
"""

RETURN = r"""
devices:
  description: Each device, its media, and how far it is.
  returned: success
  type: list
  elements: dict
lines:
  description: The same in words, with the next step.
  returned: success
  type: list
  elements: str
"""
