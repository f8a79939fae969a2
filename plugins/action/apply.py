# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.apply: make the systems what policy says; in check mode, only say what would change."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import applying, calendaring, faces, leaving, planning


class ActionModule(EstateAction):
    ARGUMENTS = {  # noqa: RUF012 - read only
        **EstateAction.ARGUMENTS,
        "leaving": {"type": "bool", "default": False},
        "due": {"type": "bool", "default": False},
        "without_purges": {"type": "bool", "default": False},
        "allow_removal": {"type": "list", "elements": "str", "default": []},
        "allow_protected": {"type": "list", "elements": "str", "default": []},
        "allow_adopt": {"type": "list", "elements": "str", "default": []},
    }

    @property
    def founding(self):
        return not self._task.check_mode

    def act(self, estate, scope, arguments):
        if arguments["leaving"]:
            leaving.require_leavers(estate, scope)
        due = arguments["due"]
        if self._task.check_mode:
            prepare = calendaring.prepare if due else planning.prepare
            return faces.plan_result(prepare(estate, scope, DisplayProgress()).plan)
        allow = faces.allow(
            removals=arguments["allow_removal"],
            protected=arguments["allow_protected"],
            adopt=arguments["allow_adopt"],
        )
        done = applying.apply(
            estate,
            scope,
            allow=allow,
            confirm=lambda _plan: True,
            progress=DisplayProgress(),
            due=due,
            without_purges=arguments["without_purges"],
            command="apply --due" if due else "apply",
        )
        return faces.apply_result(done)
