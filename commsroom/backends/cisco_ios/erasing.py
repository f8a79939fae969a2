"""How a Catalyst erases itself.

Sources: Cisco, *IOS Configuration Fundamentals Command Reference* (`write erase`, `show startup-config`, `show file
systems`, `dir`, `delete /force`, `reload`); *IOS Security Command Reference, Commands A to C* (`crypto key zeroize rsa`, `… ec`)
and *Commands S to Z* (`show crypto key mypubkey`); Catalyst 3560 configuration guide, "Configuring the Switch for Secure Shell".
"""

from __future__ import annotations

from typing import Final

from commsroom.backends.network_cli.dialogue import Answer
from commsroom.backends.network_cli.erasing import Erasing, Part
from commsroom.backends.network_cli.flash import Files

_NOT_HERE: Final = r"% ?Invalid input detected"


def _keys(kind: str) -> Part:
    return Part(
        name=f"{kind.upper()} key",
        read=f"show crypto key mypubkey {kind}",
        held=r"^ *Key name: (\S+)",
        gone="",
        erase=("configure terminal", f"crypto key zeroize {kind}", "end"),
        lacking=_NOT_HERE,
    )


ERASING: Final = Erasing(
    serials=(
        # A stack shows one for each member; a router, or a very old switch, only its board's.
        ("show version", r"^System [Ss]erial [Nn]umber *: *(\S+)"),
        ("show version", r"^Processor board ID (\S+)"),
    ),
    configuration=(
        Part(
            name="startup configuration",
            read="show startup-config",
            held=r"^(?:Using \d+ out of|version )",
            gone=r"%* *(?:startup-config|Non-volatile configuration memory) is not present",
            erase=("write erase",),
        ),
    ),
    # vlan.dat, private-config, crashinfo files, archives and copies of configurations are all files.
    files=Files(
        asked="show file systems",
        root=r"^\*? *(?:\d+|-) +(?:\d+|-) +(?:flash|disk|nvram) +rw +([^\s:]+:)",
        removable=r"(?:usb|sd)[^:]*:",
        list="dir FOLDER",
        entry=r" *\d+ +(?P<folder>d)?[-rwx]{3,4} +(?P<size>\d+) .*?(?P<name>\S+)",
        other=r"Directory of \S+|No files in directory|\d+ bytes total \(\d+ bytes free\)",
        software=r"[^/]+:/(?:[^/]*\.(?:bin|pkg)|[^/]*-mz\.[^/]*|packages\.conf|env_vars|system_env_vars|multiple-fs"
        r"|dc_profile_dir)|nvram:/(?:persistent-data|ifIndex-table|rf_cold_starts)",
        image=r".*\.(?:bin|pkg)|.*-mz\..*",
        delete="delete /force FILE",
    ),
    # SSH ends with the RSA key: nobody comes in again.
    keys=(_keys("ec"), _keys("rsa")),
    answers=(
        Answer(r"remove all configuration files! Continue\? \[confirm\] ?$", ""),
        Answer(r"Delete filename \[[^\]\n]*\]\? ?$", ""),
        Answer(r"Delete \S+\? ?\[confirm\] ?$", ""),
        Answer(r"remove these keys\? \[yes/no\]: ?$", "yes"),
    ),
    restart=(
        (
            "reload",
            (
                Answer(r"has been modified\. Save\? \[yes/no\]: ?$", "no"),
                Answer(r"Proceed with reload\? \[confirm\] ?$", ""),
            ),
        ),
    ),
    refusal=r"^% ?.*|^Command rejected.*|^ERROR: .*",
)
