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
extends_documentation_fragment: [commsroom.core.estate]
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
