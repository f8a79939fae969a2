# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.handover: give people their passwords, each in a file that only they can open."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import faces, handover


class ActionModule(EstateAction):
    ARGUMENTS = {  # noqa: RUF012 - read only
        "estate": {"type": "path"},
        "person": {"type": "raw"},
        "due": {"type": "bool", "default": False},
        "new": {"type": "bool", "default": False},
        "again": {"type": "bool", "default": False},
        "to": {"type": "path"},
    }

    def act(self, estate, scope, arguments):
        wish = handover.Wish(
            people=faces.people(arguments["person"]),
            due=arguments["due"],
            new=arguments["new"],
            again=arguments["again"],
            folder=Path(arguments["to"]) if arguments["to"] else None,
        )
        if self._task.check_mode:
            return faces.handover_result(handover.preview(estate, wish), check=True)
        return faces.handover_result(
            handover.hand_over(estate, wish, DisplayProgress()), check=False
        )

    @staticmethod
    def scope(arguments):
        return None
