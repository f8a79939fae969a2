# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.rotate: renew secrets, and go on with what an earlier run left."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import choosing, faces, rotating


class ActionModule(EstateAction):
    ARGUMENTS = {  # noqa: RUF012 - read only
        "estate": {"type": "path"},
        "addresses": {"type": "list", "elements": "str", "default": []},
        "compromised": {"type": "list", "elements": "str", "default": []},
        "due": {"type": "bool", "default": False},
        "wait": {"type": "int", "default": int(choosing.PATIENCE)},
    }

    def act(self, estate, scope, arguments):
        estate.require_ledger()
        wish = choosing.Wish(
            addresses=tuple(arguments["addresses"]),
            compromised=tuple(arguments["compromised"]),
            due=arguments["due"],
            wait=float(arguments["wait"]),
        )
        if self._task.check_mode:
            return faces.chosen_result(choosing.choose(estate, wish))
        return faces.rotate_result(rotating.rotate(estate, wish, DisplayProgress()))

    @staticmethod
    def scope(arguments):
        return None
