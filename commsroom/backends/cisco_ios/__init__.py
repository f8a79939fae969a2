"""Cisco IOS and IOS XE access switches: VLANs, phones' ports, the switch's own services."""

from typing import Final

from commsroom.backends.cisco_ios.client import CLI
from commsroom.backends.cisco_ios.dialect import Ios
from commsroom.backends.cisco_ios.fake import Catalyst
from commsroom.backends.network_cli.backend import switch_backend

BACKEND: Final = switch_backend("cisco_ios", Ios(), CLI, Catalyst())
