"""The only place that talks to a real IOS: its command line over SSH, by netmiko."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.cisco_ios.dialect import RUNNING, USERS, VLANS
from commsroom.backends.switch_session import Cli, RealClient
from commsroom.backends.switch_settings import Settings

if TYPE_CHECKING:
    from commsroom.estate.backend import Deadlines, Target

CLI: Final = Cli(
    device_type="cisco_ios",
    prompt=r"NAME\S*[#>]",
    # "% Access VLAN does not exist. Creating vlan 10" is news, no refusal.
    refusal=r"^% ?(?!Access VLAN does not exist)[A-Z].*|^Command rejected.*",
    reads=(RUNNING, VLANS, USERS),
    whole=r"(?m)^end\s*\Z",
    startup="show startup-config",
    enter="configure terminal",
    confirm="configure terminal revert timer 5",
    confirmed="configure confirm",
    pending="show archive config rollback timer",
    minutes=r"(?<=Timer value: )\d+ min",
    leave="end",
    save=(("write memory", ""),),
    saved=r"\[OK\]",
)


def client(target: Target, deadlines: Deadlines) -> RealClient:
    """Return the way to one switch; nothing is connected yet."""
    return RealClient(target, Settings.of(target), deadlines, CLI)
