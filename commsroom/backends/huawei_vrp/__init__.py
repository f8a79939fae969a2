"""Huawei VRP access switches (S5700 and its successors): VLANs, phones' ports, the switch's own services."""

from typing import Final

from commsroom.backends.huawei_vrp.client import CLI
from commsroom.backends.huawei_vrp.dialect import Vrp
from commsroom.backends.huawei_vrp.fake import S5700
from commsroom.backends.network_cli.backend import switch_backend

BACKEND: Final = switch_backend("huawei_vrp", Vrp(), CLI, S5700())
