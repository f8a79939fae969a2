# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.policy: role variables that company policy decides."""

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from commsroom.app.faces import CommsroomError, server_variables

DOCUMENTATION = r"""
name: policy
short_description: Role variables that company policy decides
description:
  - Compiles C(policies/) and sets variables on inventory groups, so that a message size limit or an
    archive address is written once, in policy, and reaches the server that keeps it.
  - Adds no hosts.
author: [commsroom (@commsroom)]
options:
  plugin:
    description: Marks the file as this plugin's.
    required: true
    choices: [commsroom.core.policy]
  estate:
    description: Root of the estate; by default the folder above the one this file is in.
    type: path
"""

EXAMPLES = r"""
# inventory/policy.yml
plugin: commsroom.core.policy
"""


class InventoryModule(BaseInventoryPlugin):
    NAME = "commsroom.core.policy"

    def verify_file(self, path):
        return super().verify_file(path) and Path(path).name in {"policy.yml", "policy.yaml"}

    def parse(self, inventory, loader, path, cache=True):  # noqa: FBT002 - Ansible's signature
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        estate = self.get_option("estate") or Path(path).resolve().parent.parent
        try:
            variables = server_variables(Path(estate))
        except CommsroomError as error:
            raise AnsibleParserError(str(error)) from error
        for group, values in sorted(variables.items()):
            self.inventory.add_group(group)
            for name, value in sorted(values.items()):
                self.inventory.set_variable(group, name, value)
