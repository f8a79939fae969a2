"""VRP as the fake of a switch knows it: which line stands in another's place, and how it is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.huawei_vrp.dialect import RUNNING
from commsroom.backends.switch_config import Config
from commsroom.backends.switch_fake import FakeClient

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.backends.switch_session import Texts

#: Commands of which a section holds one; a new one replaces it.
_ONE: Final = (
    "description ", "name ", "port link-type ", "port hybrid pvid ", "voice-vlan ",
    "port-security max-mac-num ", "protocol inbound ",
)  # fmt: skip
_SHORT: Final = ("port default vlan", "port hybrid pvid vlan")
#: What is printed when it is off, being on from the factory.
_ON: Final = ("poe enable", "lldp tlv-enable med-tlv network-policy")
_SECTION: Final = re.compile(r"(interface|vlan|user-interface vty|acl number) .+")
_FACTORY: Final = """\
sysname simulated
interface GigabitEthernet0/0/24
 port link-type trunk
user-interface vty 0 4
 protocol inbound telnet
"""


class Device:
    """An S5700 with 24 ports, of which the last is the uplink."""

    name = "undo"

    def command(self, config: Config, section: str, line: str) -> str:
        """Carry out one line."""
        if line == "quit":
            return ""
        undone = line.removeprefix("undo ") if line.startswith("undo ") else ""
        if not section:
            if undone:
                config.sections.pop(undone, None)
                return ""
            line = line.replace("acl 2999", "acl number 2999")
            config.sections.setdefault(line, [])
            return line if _SECTION.fullmatch(line) else ""
        lines = config.sections[section]
        if line in _ON:
            lines[:] = [item for item in lines if item != f"undo {line}"]
        elif undone and undone not in _ON:
            lines[:] = [item for item in lines if item != undone and not _begins(item, undone)]
        else:
            one = next((item for item in _ONE if line.startswith(item)), "")
            lines[:] = [
                item for item in lines if item != line and not (one and item.startswith(one))
            ]
            lines.append(line)
        return section

    def texts(self, config: Config) -> Texts:
        """Print it as VRP does."""
        return {RUNNING: config.text(config.sections)}


def _begins(line: str, undone: str) -> bool:
    """Tell whether a line is undone by its first words."""
    if undone.startswith("port hybrid vlan "):
        number = undone.rsplit(" ", 1)[1]
        return re.fullmatch(rf"port hybrid (un)?tagged vlan {number}", line) is not None
    if undone == "voice-vlan enable":
        return line.startswith("voice-vlan ")
    return line.startswith(f"{undone} ") and undone in {*(item.strip() for item in _ONE), *_SHORT}


def client(path: Path | None) -> FakeClient:
    """Return a simulated switch."""
    return FakeClient(Device(), Config.parse(_FACTORY), path)
