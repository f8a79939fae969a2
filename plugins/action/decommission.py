# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.decommission: retire equipment, as far as it may go on now."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import faces, retirement, retiring


class ActionModule(EstateAction):
    ARGUMENTS = {  # noqa: RUF012 - read only
        "estate": {"type": "path"},
        "devices": {"type": "list", "elements": "str", "required": True},
        "requester": {"type": "str", "default": ""},
        "fate": {"type": "str", "default": ""},
        "again": {"type": "bool", "default": False},
    }

    def act(self, estate, scope, arguments):
        estate.require_ledger()
        names = arguments["devices"]
        now = retiring.under_way(estate, names)
        if now is None:
            if self._task.check_mode:
                return faces.nothing_asked(names)
            wish = retirement.wish(fate=arguments["fate"])
            now = retirement.propose(estate, names, wish, requester=arguments["requester"])
            return faces.decommission_result(now, changed=True)
        if self._task.check_mode or not now.may_go_on:
            return faces.decommission_result(now, changed=False)
        before = now.state
        now = retiring.carry_on(estate, now, DisplayProgress(), again=arguments["again"])
        return faces.decommission_result(now, changed=now.state != before)

    @staticmethod
    def scope(arguments):
        return None
