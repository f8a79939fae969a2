# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.plan: what apply would do, as a task result."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import faces, planning


class ActionModule(EstateAction):
    def act(self, estate, scope, arguments):
        return faces.plan_result(planning.plan(estate, scope, DisplayProgress()))
