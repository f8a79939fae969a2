# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.inspect: look at the servers themselves, and use them."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import faces, inspecting


class ActionModule(EstateAction):
    ARGUMENTS = {  # noqa: RUF012 - read only
        "estate": {"type": "path"},
        "only": {"type": "list", "elements": "str", "default": []},
        "as_of": {"type": "str"},
        "use": {"type": "bool", "default": True},
        "security": {"type": "bool", "default": True},
    }

    def act(self, estate, scope, arguments):
        wish = inspecting.Wish(
            scope.only,
            security=arguments["security"],
            # A proof leaves traces (messages, calls); looking does not.
            use=arguments["use"] and not self._task.check_mode,
            as_of=scope.as_of,
        )
        return faces.inspect_result(inspecting.inspect(estate, wish, DisplayProgress()))
