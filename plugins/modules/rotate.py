# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.rotate; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotate
short_description: Renew secrets, and go on with what an earlier run left
description:
  - Stores a new secret, writes it everywhere it is held, tries it by a real login, and only then makes it the current one.
  - Where a system takes two, the old one stays good for the grace that policy gives it.
  - Whatever is under way from an earlier run, killed or not, is gone on with.
  - Check mode says what would be renewed.
  - Runs on the controller, once per play, whatever the number of hosts.
author: [commsroom (@commsroom)]
options:
  estate:
    description: The estate's folder; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  addresses:
    description: Globs over addresses whose secrets are renewed.
    type: list
    elements: str
    default: []
  compromised:
    description: People (id or login) and systems whose secrets are in wrong hands; at once, and without grace.
    type: list
    elements: str
    default: []
  due:
    description: Renew what policy's calendar says.
    type: bool
    default: false
  wait:
    description: Seconds to wait for what does not answer or has to rest.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Renew what is due
  commsroom.core.rotate:
    due: true

- name: A telephone was stolen
  commsroom.core.rotate:
    compromised: [wei.wang]
"""

RETURN = r"""
rotations:
  description: Each secret that was or is being renewed, and where it stands.
  returned: success
  type: list
  elements: dict
left:
  description: Secrets that were asked for and left as they are, with the reason.
  returned: success
  type: dict
"""
