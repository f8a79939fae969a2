# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.secret: a secret of the estate, by address."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from commsroom.app.estate import open_estate
from commsroom.app.faces import CommsroomError
from commsroom.app.secrets import reveal

DOCUMENTATION = r"""
name: secret
short_description: Read a secret of the estate
description:
  - Returns the current secret of each address. Every read is written down in the ledger.
  - Use it in tasks with C(no_log=true); commsroom hands out secrets, it cannot keep a task from printing them.
author: [commsroom (@commsroom)]
options:
  _terms:
    description: Addresses such as V(mail1:mailbox/wei.wang@lianhe.example).
    required: true
  slot:
    description: Which of the object's secrets, where it has several.
    type: str
  estate:
    description: Root of the estate; by default E(COMMSROOM_ESTATE), else the folder above the playbook's.
    type: path
"""

EXAMPLES = r"""
- name: Give the monitoring probe its password
  ansible.builtin.copy:
    content: "{{ lookup('commsroom.core.secret', 'mail1:mailbox/probe@lianhe.example') }}"
    dest: /etc/probe/password
    mode: "0600"
  no_log: true
"""

RETURN = r"""
_raw:
  description: The secrets, one per address.
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        if not terms:
            raise AnsibleLookupError(
                "commsroom.core.secret: no address is given, write"
                " lookup('commsroom.core.secret', 'mail1:mailbox/probe@lianhe.example')"
            )
        self.set_options(var_options=variables, direct=kwargs)
        slot = self.get_option("slot")
        given = self.get_option("estate") or os.environ.get("COMMSROOM_ESTATE")
        path = Path(given) if given else Path(self._loader.get_basedir()).parent
        try:
            with open_estate(path, founding=False) as estate:
                return [self._one(estate, term, slot) for term in terms]
        except CommsroomError as error:
            raise AnsibleLookupError(str(error)) from error

    @staticmethod
    def _one(estate, term, slot):
        found = [secret for _, name, secret in reveal(estate, term) if slot in {None, name}]
        if len(found) != 1:
            raise AnsibleLookupError(
                f"{term}: {len(found)} secrets match, name one address and its slot"
            )
        return found[0].reveal()
