# GPL-3.0-or-later (see plugins/COPYING): this file imports Ansible.
"""commsroom.core.services: what a host's back end offers on the network."""

from __future__ import annotations

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from commsroom.app.faces import CommsroomError, host_services

DOCUMENTATION = r"""
name: services
short_description: Ports that a host's services need
description:
  - Returns what the back end of the current host (C(commsroom_backend)) declares from the host's variables, for its
    firewall. C(commsroom inspect) checks against the same declaration.
author: [commsroom (@commsroom)]
options: {}
"""

EXAMPLES = r"""
- name: Say which ports the services of this host need
  ansible.builtin.debug:
    msg: "{{ lookup('commsroom.core.services') }}"
"""

RETURN = r"""
_raw:
  description: Each service with its name, port, last port of a range (0 for none), and transport.
  type: list
  elements: dict
"""


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        try:
            return [host_services(_Templated(self._templar, variables or {}))]
        except CommsroomError as error:
            raise AnsibleLookupError(str(error)) from error


class _Templated(dict):
    """A host's variables, those that are asked for with their templates filled in."""

    def __init__(self, templar, variables):
        wanted = {
            name: templar.template(value)
            for name, value in variables.items()
            if name.startswith(("commsroom_", "pbx_", "mail_", "im_"))
            or name == "inventory_hostname"
        }
        super().__init__(wanted)
