"""VRP as the fake of a switch knows it: which line stands in another's place, and how it is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from commsroom.backends.huawei_vrp.dialect import RUNNING
from commsroom.backends.network_cli.fake import Device

if TYPE_CHECKING:
    from commsroom.backends.network_cli.config import Config
    from commsroom.backends.network_cli.fake_erasing import Held


class S5700(Device):
    """An S5700 with 24 ports, of which the last is the uplink."""

    undo = "undo "
    back = "quit"
    running = RUNNING
    single = (
        "description ", "name ", "port link-type ", "port hybrid pvid ", "voice-vlan ",
        "port-security max-mac-num ", "protocol inbound ", "port default vlan ",
    )  # fmt: skip
    on = frozenset({"poe enable", "lldp tlv-enable med-tlv network-policy"})
    section = re.compile(r"(interface|vlan|user-interface vty|acl number) .+|aaa")
    factory = """\
sysname simulated
interface GigabitEthernet0/0/24
 port link-type trunk
user-interface vty 0 4
 protocol inbound telnet
"""

    clear = re.compile(
        r"(?P<start>local-user \S+ password irreversible-cipher )(?!\$)(?P<word>\S+)"
    )

    def command(self, config: Config, section: str, line: str) -> str:
        """Keep one password, level and service of each local user."""
        words = line.split()
        if section == "aaa" and "local-user" in words[:2]:
            lines, taken = config.sections[section], words[0] == self.undo.strip()
            same = " ".join(words[1:3] if taken else words[:3])
            lines[:] = [item for item in lines if not item.startswith(f"{same} ")]
            lines += [] if taken else [line]
            return section
        return super().command(config, section, line)

    def global_command(self, config: Config, line: str, undone: str) -> str:
        """Show an ACL's header as VRP does."""
        line = line.replace("acl 2999", "acl number 2999")
        return super().global_command(config, line, undone)

    def undoes(self, line: str, undone: str) -> bool:
        """Tell whether a line is undone by its first words."""
        if undone.startswith("port hybrid vlan "):
            number = undone.rsplit(" ", 1)[1]
            return re.fullmatch(rf"port hybrid (un)?tagged vlan {number}", line) is not None
        if undone == "voice-vlan enable":
            return line.startswith("voice-vlan ")
        if undone == "port hybrid pvid vlan":
            return line.startswith(f"{undone} ")
        return super().undoes(line, undone)

    def answer(self, command: str, held: Held) -> str:
        """Answer a command of an erasing."""
        match command.split():
            case ["display", "device", "manufacture-info"]:
                return f"0     -    {held.serial}   2019-12-26" if held.serial else ""
            case ["display", "startup"]:
                file = "flash:/vrpcfg.zip" if held.saved else "NULL"
                return f"Next startup saved-configuration file:     {file}\n"
            case ["display", "saved-configuration"]:
                return "#" if held.saved else "There is no correct configuration file in FLASH"
            case ["dir", "/all", folder]:
                rows = [f"    {n}  -rw-  616  {name}" for n, name in enumerate(held.files)]
                return "\n".join([f"Directory of {folder}", "", *rows])
            case ["display", kind, "local-key-pair", "public"]:
                return "Key name: Host" if kind.upper() in held.keys else ""
            case ["reset", "saved-configuration"]:
                held.saved = False
            case ["delete", "/unreserved", "/quiet", path]:
                held.delete(path)
            case [kind, "local-key-pair", "destroy"]:
                held.keys.remove(kind.upper())
            case _:  # it is led into a mode, and out again
                pass
        return ""
