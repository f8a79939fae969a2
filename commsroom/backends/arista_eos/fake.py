"""EOS as the fake of a switch knows it: which line stands in another's place, and how it is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.arista_eos import sha512_crypt
from commsroom.backends.arista_eos.dialect import RUNNING
from commsroom.backends.network_cli.fake import Device

if TYPE_CHECKING:
    from commsroom.backends.network_cli.config import Config
    from commsroom.estate.secret import Secret


_LOGIN: Final = re.compile(r"username \S+")


class Campus(Device):
    """A switch with 24 ports, of which the last is the uplink."""

    running = RUNNING
    single = (
        "description ", "name ", "switchport access vlan ", "switchport mode ",
        "switchport trunk native vlan ", "switchport phone vlan ", "switchport phone trunk ",
        "switchport port-security mac-address maximum ",
    )  # fmt: skip
    section = re.compile(r"(interface|vlan|management) .+")
    factory = """\
hostname simulated
interface Ethernet24
   switchport mode trunk
management telnet
   no shutdown
"""

    def fits(self, verifier: str, word: Secret) -> bool:
        """Compare with a hash that was made before it came here."""
        return sha512_crypt.fits(verifier.rpartition(" ")[2], word)

    def command(self, config: Config, section: str, line: str) -> str:
        """Show no `shutdown` of Telnet: it is so from the factory."""
        if section == "management telnet" and line == "shutdown":
            config.sections.pop(section, None)
            config.sections[section] = []
            return section
        return super().command(config, section, line)

    def global_command(self, config: Config, line: str, undone: str) -> str:
        """Let an alias, or a login, take the place of one of the same name; show LLDP only when it is off."""
        if match := _LOGIN.match(undone or line):
            config.replace_globals(re.escape(match[0]) + "(?: .*)?", [])
        if line.startswith("alias "):
            config.replace_globals(re.escape(line.rsplit(" ", 1)[0]) + " .*", [])
        if line in {"lldp run", "no lldp run"}:
            config.replace_globals("no lldp run", [line] if line.startswith("no") else [])
            return ""
        return super().global_command(config, line, undone)
