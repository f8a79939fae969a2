"""Arista EOS campus switches: VLANs, phones' ports, the switch's own services."""

from typing import Final

from commsroom.backends.arista_eos.client import CLI
from commsroom.backends.arista_eos.dialect import Eos
from commsroom.backends.arista_eos.fake import Campus
from commsroom.backends.network_cli.backend import switch_backend

BACKEND: Final = switch_backend("arista_eos", Eos(), CLI, Campus())
