# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""What the action plugins share: where the estate is, and how a result looks to Ansible."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from commsroom.app import faces
from commsroom.app.estate import open_estate
from commsroom.app.faces import CommsroomError
from commsroom.app.scope import Scope

display = Display()


class EstateAction(ActionBase):
    """Base of the actions: runs once a play on the controller, never once a host or a person."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    ARGUMENTS = {  # noqa: RUF012 - read only
        "estate": {"type": "path"},
        "person": {"type": "raw"},  # Ansible would make text of whatever it is
        "only": {"type": "list", "elements": "str", "default": []},
        "as_of": {"type": "str"},
    }

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars or {})
        _, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        try:
            with open_estate(self.estate(arguments), founding=self.founding) as estate:
                result.update(self.act(estate, self.scope(arguments), arguments))
        except CommsroomError as error:
            raise AnsibleActionFail(
                str(error), result={"exit_code": int(error.exit_code)}
            ) from error
        return result

    @property
    def founding(self):
        """Whether this makes what a new estate lacks; what only looks does not."""
        return False

    def act(self, estate, scope, arguments):
        """Do the work and return what goes into the task's result."""
        raise NotImplementedError

    def estate(self, arguments):
        """The `estate` argument, else COMMSROOM_ESTATE, else the folder above the playbook's."""
        given = arguments["estate"] or os.environ.get("COMMSROOM_ESTATE")
        return Path(given) if given else Path(self._loader.get_basedir()).parent

    @staticmethod
    def scope(arguments):
        """What the task is about, from its arguments."""
        text = arguments["as_of"]
        try:
            day = date.fromisoformat(text) if text else None
        except ValueError as error:
            raise AnsibleActionFail(f"as_of: {text!r} is not a date, write 2026-09-01") from error
        return Scope(faces.people(arguments.get("person")), tuple(arguments["only"]), day)


class DisplayProgress:
    """Shows what is going on at -v and above."""

    def begin(self, title, total=None):
        display.v(f"commsroom: {title}" + (f" ({total})" if total else ""))

    def advance(self, text="", units=1):
        display.vv(f"commsroom: {text}")

    def say(self, text):
        display.display(f"commsroom: {text}")

    def end(self):
        pass
