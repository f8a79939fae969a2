# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.lost_phone: shut a lost device out, and go on with what an earlier run left."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import faces, losing, losses


class ActionModule(EstateAction):
    ARGUMENTS = {  # noqa: RUF012 - read only
        "estate": {"type": "path"},
        "device": {"type": "str", "required": True},
        "reason": {"type": "str", "default": ""},
        "by": {"type": "str", "default": ""},
    }

    def act(self, estate, scope, arguments):
        estate.require_ledger()
        tag = arguments["device"]
        before = losses.recorded(estate).get(tag)
        if self._task.check_mode:
            if before is None or before.found:
                return faces.loss_foreseen(tag)
            found = losing.Losing(before, simulated=estate.known_simulated)
            return faces.loss_result(found, changed=bool(before.open_steps))
        now = losing.lose(
            estate, tag, DisplayProgress(), reason=arguments["reason"], by=arguments["by"]
        )
        known = len(before.timeline) if before is not None and before.at == now.loss.at else 0
        return faces.loss_result(now, changed=len(now.loss.timeline) > known)

    @staticmethod
    def scope(arguments):
        return None
