"""IOS as the fake of a switch knows it: which line stands in another's place, and how it is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.cisco_ios.dialect import RUNNING, USER, USERS, VLANS
from commsroom.backends.network_cli.fake import Device

if TYPE_CHECKING:
    from commsroom.backends.network_cli.config import Config
    from commsroom.backends.network_cli.fake_erasing import Held
    from commsroom.backends.network_cli.session import Texts

_LOGIN: Final = re.compile(r"username \S+")
_USER: Final = re.compile(r"snmp-server user (\S+) (\S+) v3 .*")


class Catalyst(Device):
    """A Catalyst with 24 ports, of which the last is the uplink."""

    running = RUNNING
    single = (
        "description ", "switchport access vlan ", "switchport voice vlan ", "switchport mode ",
        "power inline ", "switchport port-security maximum ", "transport input ", "name ",
    )  # fmt: skip
    clear = re.compile(
        r"(?P<start>username \S+ privilege \d+ )algorithm-type scrypt secret (?P<word>\S+)"
    )
    on = frozenset({"lldp med-tlv-select network-policy"})
    section = re.compile(r"(interface|vlan|line vty) .+")
    factory = """\
hostname simulated
interface GigabitEthernet1/0/24
 switchport mode trunk
line vty 0 4
 transport input telnet ssh
line vty 5 15
 transport input telnet ssh
"""

    def shown(self, word: str) -> str:
        """Say which kind of hash it is."""
        return f"secret 9 {super().shown(word)}"

    def command(self, config: Config, section: str, line: str) -> str:
        """Keep users, too, which the running configuration does not show."""
        if match := _USER.fullmatch(line):
            config.sections[f"{USER}{match[1]} {match[2]} v3"] = []
            return section
        return super().command(config, section, line)

    def global_command(self, config: Config, line: str, undone: str) -> str:
        """Let an alias, or a login, take the place of one of the same name."""
        if match := _LOGIN.match(undone or line):
            config.replace_globals(re.escape(match[0]) + "(?: .*)?", [])
        if line.startswith("alias exec "):
            config.replace_globals(re.escape(line.rsplit(" ", 1)[0]) + " .*", [])
        return super().global_command(config, line, undone)

    def texts(self, config: Config) -> Texts:
        """Print it as IOS does."""
        users = [name.split()[2:4] for name in config.sections if name.startswith(USER)]
        shown = config.text(name for name in config.sections if not name.startswith(USER))
        told = [f"User name: {name}\nGroup-name: {group}\n" for name, group in users]
        return {RUNNING: shown, VLANS: "", USERS: "\n".join(told)}

    def answer(self, command: str, held: Held) -> str:
        """Answer a command of an erasing."""
        match command.split():
            case ["show", "version"]:
                return f"System serial number            : {held.serial}"
            case ["show", "startup-config"]:
                return (
                    "Using 1024 out of 65536 bytes"
                    if held.saved
                    else "startup-config is not present"
                )
            case ["show", "file", "systems"]:
                return "*    65544192    49461248      flash     rw   flash:"
            case ["dir", folder]:
                rows = [f"    {n}  -rwx  616  {name}" for n, name in enumerate(held.files, 2)]
                return "\n".join([f"Directory of {folder}", "", *rows])
            case ["show", "crypto", "key", "mypubkey", kind]:
                return "Key name: simulated" if kind.upper() in held.keys else ""
            case ["write", "erase"]:
                held.saved = False
            case ["delete", "/force", path]:
                held.delete(path)
            case ["crypto", "key", "zeroize", kind]:
                held.keys.remove(kind.upper())
            case _:  # it is led into a mode, and out again
                pass
        return ""
