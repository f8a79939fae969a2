# GPL-3.0-or-later (see plugins/COPYING)
"""Documentation of commsroom.core.inspect; the work is done by the action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: inspect
short_description: Look at the servers themselves, and use them
description:
  - Checks disk, clock, queues, certificates and versions; TLS, ports, passwords, file modes and updates; then calls, logs in and
    writes with the probe accounts of C(policies/inspection.yml).
  - Runs on the controller, once per play, whatever the number of hosts. Changes nothing on any of them.
author: [commsroom (@commsroom)]
options:
  estate:
    description: Root of the estate; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
  only:
    description: Only the checks and objects these shell-style globs name, such as V(mail1:disk/*).
    type: list
    elements: str
    default: []
  use:
    description: Whether to use the probe accounts; never in check mode.
    type: bool
    default: true
  security:
    description: Whether to make the security check too.
    type: bool
    default: true
  as_of:
    description: The day policy is read for, V(2026-09-01); by default today.
    type: str
"""

EXAMPLES = r"""
- name: Inspect the mail server, without using it
  commsroom.core.inspect:
    only: ["mail1:*"]
    use: false
"""

RETURN = r"""
checks:
  description: Each thing looked at, good or not, with what was expected and what was found.
  returned: success
  type: list
  elements: dict
"""
