"""What IOS' command line is like over SSH, for the session that all switches share."""

from typing import Final

from commsroom.backends.cisco_ios.dialect import RUNNING, USERS, VLANS
from commsroom.backends.network_cli.session import Cli

CLI: Final = Cli(
    device_type="cisco_ios",
    prompt=r"NAME\S*[#>]",
    # "% Access VLAN does not exist. Creating vlan 10" is news, no refusal.
    refusal=r"^% ?(?!Access VLAN does not exist)[A-Z].*|^Command rejected.*|^ERROR: .*",
    reads=(RUNNING, VLANS, USERS),
    whole=r"(?m)^end\s*\Z",
    startup="show startup-config",
    enter="configure terminal",
    confirm="configure terminal revert timer 5",
    confirmed="configure confirm",
    pending="show archive config rollback timer",
    minutes=r"(?<=Timer value: )\d+ min",
    leave="end",
    reverted="configure revert now",
    asks=r"\[confirm\] ?$",
    harmless=r"Can not have both a user password and a user secret",
    save=(("write memory", ""),),
    saved=r"\[OK\]",
)
