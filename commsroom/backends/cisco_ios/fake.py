"""IOS as the fake of a switch knows it: which line stands in another's place, and how it is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.cisco_ios.dialect import RUNNING, USER, USERS, VLANS
from commsroom.backends.switch_config import Config
from commsroom.backends.switch_fake import FakeClient

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.backends.switch_session import Texts

#: Commands of which a section holds one; a new one replaces it.
_ONE: Final = (
    "description ", "switchport access vlan ", "switchport voice vlan ", "switchport mode ",
    "power inline ", "switchport port-security maximum ", "transport input ", "name ",
)  # fmt: skip
_SECTION: Final = re.compile(r"(interface|vlan|line vty) .+")
_USER: Final = re.compile(r"snmp-server user (\S+) (\S+) v3 .*")
_FACTORY: Final = """\
hostname simulated
interface GigabitEthernet1/0/24
 switchport mode trunk
line vty 0 4
 transport input telnet ssh
line vty 5 15
 transport input telnet ssh
"""


class Device:
    """A Catalyst with 24 ports, of which the last is the uplink."""

    name = "no"

    def command(self, config: Config, section: str, line: str) -> str:
        """Carry out one line."""
        if line == "exit":
            return ""
        undone = line.removeprefix("no ") if line.startswith("no ") else ""
        if match := _USER.fullmatch(line):
            config.sections[f"{USER}{match[1]} {match[2]} v3"] = []
            return section
        if not section:
            return _global(config, line, undone)
        lines = config.sections[section]
        if undone and line != "no lldp med-tlv-select network-policy":
            lines[:] = [item for item in lines if item != undone and not _begins(item, undone)]
        elif line == "lldp med-tlv-select network-policy":
            lines[:] = [item for item in lines if item != f"no {line}"]
        else:
            one = next((item for item in _ONE if line.startswith(item)), "")
            lines[:] = [
                item for item in lines if item != line and not (one and item.startswith(one))
            ]
            lines.append(line)
        return section

    def texts(self, config: Config) -> Texts:
        """Print it as IOS does."""
        users = [name.split()[2:4] for name in config.sections if name.startswith(USER)]
        shown = config.text(name for name in config.sections if not name.startswith(USER))
        told = [f"User name: {name}\nGroup-name: {group}\n" for name, group in users]
        return {RUNNING: shown, VLANS: "", USERS: "\n".join(told)}


def _begins(line: str, undone: str) -> bool:
    """Tell whether a line is undone by its first words."""
    return any(item.strip() == undone for item in _ONE) and line.startswith(f"{undone} ")


def _global(config: Config, line: str, undone: str) -> str:
    if undone:
        config.sections.pop(undone, None)
        return ""
    if line.startswith("alias exec "):
        config.replace_globals(re.escape(line.rsplit(" ", 1)[0]) + " .*", [])
    config.sections.setdefault(line, [])
    return line if _SECTION.fullmatch(line) else ""


def client(path: Path | None) -> FakeClient:
    """Return a simulated switch."""
    return FakeClient(Device(), Config.parse(_FACTORY), path)
