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
extends_documentation_fragment: [commsroom.core.estate]
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
