# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.prove: use every account as its owner would."""

from __future__ import annotations

from ansible_collections.commsroom.core.plugins.plugin_utils.estate import (
    DisplayProgress,
    EstateAction,
)

from commsroom.app import faces, proving


class ActionModule(EstateAction):
    def act(self, estate, scope, arguments):
        if self._task.check_mode:  # a proof leaves traces: messages, calls
            return {"changed": False, "skipped": True, "msg": "nothing is proven in check mode"}
        return faces.prove_result(proving.prove(estate, scope, DisplayProgress()))
