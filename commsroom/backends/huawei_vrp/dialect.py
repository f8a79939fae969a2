"""What VRP calls things on an S-series access switch (S5700, S5720, S5735; V200R005 and later).

Sources: Huawei, *S Series Campus Switches Configuration Guide* and *Command Reference* (port link-type,
port hybrid, voice-vlan enable, port-security, poe enable, lldp, ntp-service unicast-server, info-center
loghost, protocol inbound). A port with a phone is a hybrid port: data untagged, voice tagged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.switch_config import FACTORY_PORT, Config, is_plain
from commsroom.estate.kinds.network import SwitchPort, SwitchServices, SwitchVlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commsroom.backends.switch_session import Texts
    from commsroom.estate.resource import Address, Change, Kind, Resource
    from commsroom.estate.secret import Secret

RUNNING: Final = "display current-configuration"

#: The abbreviations `display interface brief` uses.
SHORT: Final = {
    "Ethernet": "Eth", "GigabitEthernet": "GE", "MultiGE": "MultiGE", "XGigabitEthernet": "XGE",
}  # fmt: skip
_LONG: Final = {short: long for long, short in SHORT.items()}
_PORT: Final = re.compile(r"(Eth|GE|MultiGE|XGE)(\d+/\d+/\d+)")
_INTERFACE: Final = re.compile(r"interface ([A-Z][A-Za-z]+)(\d+/\d+/\d+)")
#: What people are greeted with is text, whatever its lines look like.
_HEADER: Final = re.compile(r"^(header \S+ information) ([\"%]).*?\2 *$", re.MULTILINE | re.DOTALL)
#: `voice-vlan 20 enable`, and no other line about voice (`voice-vlan remark-mode …`).
_VOICE: Final = re.compile(r"voice-vlan (\d+) enable(?: .*)?")
#: The address, which may follow its family and the VPN it is reached through.
_SERVER: Final = re.compile(r"(?:vpn-instance \S+ )?(?:ipv6 )?(\S+)")
#: A log host, and not `info-center loghost source Vlanif10`, which says from where.
_LOGHOST: Final = "info-center loghost (?!source )"
_MED: Final = "undo lldp tlv-enable med-tlv network-policy"
_STICKY: Final = "port-security mac-address sticky"
#: A basic ACL that nothing uses holds the number of the last apply in its description.
_FENCE: Final = "acl number 2999"


def header(key: str) -> str:
    """Return the line that opens a port's section: `GE0/0/7` → `interface GigabitEthernet0/0/7`."""
    match = _PORT.fullmatch(key)
    return f"interface {_LONG[match[1]]}{match[2]}" if match else f"interface {key}"


def mac(text: str, *, to: str = "-") -> str:
    """Write a MAC as VRP does, `805e-c09b-34ca`; with `to=":"` back again."""
    digits = "".join(part.zfill(4) for part in text.lower().split("-"))
    digits = re.sub("[^0-9a-f]", "", digits)
    size = 4 if to == "-" else 2
    return to.join(digits[at : at + size] for at in range(0, 12, size))


class Dialect:
    """VRP, as `switch_config.Dialect` wants it."""

    platform = "HUAWEI_VRP"
    leave = "quit"
    undoing = (
        (r"undo (port link-type|port default vlan|port hybrid pvid vlan|name) .*", r"undo \1"),
        (r"undo (port-security max-mac-num|protocol inbound) .*", r"undo \1"),
        (r"undo port hybrid (?:un)?tagged (vlan .*)", r"undo port hybrid \1"),
        (r"undo voice-vlan \d+ enable", "undo voice-vlan enable"),
    )

    def reverts(self, config: Config) -> bool:
        """Deny it: campus switches of this line make every command true at once (no `commit trial`)."""
        return False

    def configuration(self, texts: Texts) -> Config:
        """Give each VLAN of a `vlan batch` a section of its own."""
        config = Config.parse(_HEADER.sub(r"\1", texts[RUNNING]))
        for name in [item for item in config.sections if item.startswith("vlan batch ")]:
            del config.sections[name]
            for number in _numbers(name.removeprefix("vlan batch ")):
                config.sections.setdefault(f"vlan {number}", [])
        return config

    def bodies(self, config: Config) -> dict[tuple[str, str], Kind]:
        """Return VLANs, ports that are not as from the factory, and services."""
        found: dict[tuple[str, str], Kind] = {}
        for section, lines in config.sections.items():
            if match := re.fullmatch(r"vlan (\d+)", section):
                if match[1] != "1":
                    name = _value(lines, "name ") or f"VLAN {int(match[1]):04}"
                    found["switch_vlan", match[1]] = SwitchVlan(name=name)
            elif (match := _INTERFACE.fullmatch(section)) and match[1] in SHORT:
                port = _port(lines)
                if port is not None:
                    found["switch_port", SHORT[match[1]] + match[2]] = port
        services = _services(config)
        if services is not None:
            found["switch_services", "device"] = services
        return found

    def sealed(self, config: Config) -> frozenset[str]:
        """Return trunks, members of link aggregations and routed ports."""
        return frozenset(
            SHORT[match[1]] + match[2]
            for section, lines in config.sections.items()
            if (match := _INTERFACE.fullmatch(section)) and match[1] in SHORT and _uplink(lines)
        )

    def edit(self, config: Config, change: Change) -> Sequence[str]:
        """Make the lines of the change's fields what they should be, and touch no other."""
        kind, key = change.address.kind, change.address.key
        body = change.after.body if change.after else None
        fields = {name for name in change.fields if name not in change.unsupported}
        if kind == "switch_vlan":
            return _edit_vlan(config, f"vlan {key}", body)
        if kind == "switch_port":
            return _edit_port(config, header(key), body, fields)
        return _edit_services(config, body, fields)

    def fence(self, config: Config, estate_id: str) -> int:
        """Read it from the description of an ACL that nothing uses."""
        return _fences(config).get(estate_id[:12], 0)

    def fence_commands(self, config: Config, estate_id: str, number: int) -> tuple[str, ...]:
        """Write it there, beside those of other estates."""
        held = {**_fences(config), estate_id[:12]: number}
        text = " ".join(f"{name}={value}" for name, value in sorted(held.items()))
        return ("acl 2999", f"description commsroom {text}", "quit")

    def secrets(self, change: Change, words: Mapping[str, Secret]) -> tuple[Secret, ...]:
        """Set none: VRP asks for an SNMPv3 password in a dialogue."""
        return ()


def refusals(wanted: Iterable[Resource]) -> Mapping[Address, str]:
    """Say why VRP cannot hold a resource."""
    found = {}
    for item in wanted:
        if isinstance(item.body, SwitchPort):
            if not _PORT.fullmatch(item.address.key):
                found[item.address] = "no such name of a port: write it as in GE0/0/7"
            elif item.body.description and not is_plain(item.body.description):
                found[item.address] = (
                    "its description is not what VRP would show again: plain ASCII"
                )
    return found


def _numbers(text: str) -> Iterator[int]:
    """Read `10 20 to 25 30`."""
    words = text.split()
    while words:
        first = int(words.pop(0))
        if words[:1] == ["to"]:
            yield from range(first, int(words[1]) + 1)
            del words[:2]
        else:
            yield first


def _fences(config: Config) -> dict[str, int]:
    text = _value(config.lines(_FENCE), "description commsroom ")
    pairs = (item.partition("=") for item in text.split())
    return {name: int(number) for name, _, number in pairs if number.isdigit()}


def _value(lines: Sequence[str], prefix: str) -> str:
    return next((line[len(prefix) :] for line in lines if line.startswith(prefix)), "")


def _uplink(lines: Sequence[str]) -> bool:
    return any(
        line in {"port link-type trunk", "undo portswitch"} or line.startswith("eth-trunk ")
        for line in lines
    )


def _port(lines: Sequence[str]) -> SwitchPort | None:
    if _uplink(lines):
        return None
    voice = next((match[1] for line in lines if (match := _VOICE.fullmatch(line))), "0")
    access = _value(lines, "port hybrid pvid vlan ") or _value(lines, "port default vlan ") or "1"
    found = SwitchPort(
        description=_value(lines, "description "),
        access_vlan=int(access),
        voice_vlan=int(voice),
        lldp_med=_MED not in lines,
        poe="undo poe enable" not in lines,
        max_macs=int(_value(lines, "port-security max-mac-num ") or 1)
        if "port-security enable" in lines
        else 0,
        secure_macs=tuple(
            sorted(mac(line.split()[3], to=":") for line in lines if line.startswith(f"{_STICKY} "))
        ),
    )
    return None if found == FACTORY_PORT else found


def _edit_vlan(config: Config, section: str, body: Kind | None) -> Sequence[str]:
    if isinstance(body, SwitchVlan):
        config.replace(section, ["name .*"], [f"name {body.name}"])
    else:
        config.sections.pop(section, None)
    return (section,)


#: The lines a port's fields own; those of one row stand and fall together.
_VLANS: Final = (
    "port link-type (access|hybrid)", "port default vlan .*", "port hybrid pvid .*",
    "port hybrid untagged .*", "port hybrid tagged .*", "voice-vlan .*",
)  # fmt: skip
_SECURITY: Final = (
    "port-security enable", "port-security max-mac-num .*", "port-security mac-address .*",
)  # fmt: skip
_ROWS: Final = (
    (frozenset({"description"}), ("description .*",)),
    (frozenset({"access_vlan", "voice_vlan"}), _VLANS),
    (frozenset({"lldp_med"}), (_MED,)),
    (frozenset({"poe"}), ("undo poe enable",)),
    (frozenset({"max_macs", "secure_macs", "access_vlan", "voice_vlan"}), _SECURITY),
)


def _edit_port(config: Config, section: str, body: Kind | None, fields: set[str]) -> Sequence[str]:
    held = _port(config.lines(section))
    wanted = {} if held is None else held.values()
    if body is not None:
        wanted |= {name: value for name, value in body.values().items() if name in fields}
    for names, owned in _ROWS:
        if body is None or names & fields:
            lines = [] if body is None else _port_lines(owned, wanted)
            config.replace(section, owned, lines)
    return (section,)


def _port_lines(owned: Sequence[str], wanted: Mapping[str, object]) -> list[str]:  # noqa: PLR0911 - a table
    """Return the lines of one row for all that is wanted of a port."""
    access, voice = wanted.get("access_vlan") or 1, wanted.get("voice_vlan")
    match owned[0]:
        case "description .*":
            return [f"description {wanted['description']}"] if wanted.get("description") else []
        case "undo poe enable":
            return ["undo poe enable"] if wanted.get("poe") is False else []
        case "port-security enable":
            macs = wanted.get("secure_macs") or ()
            if not wanted.get("max_macs") or not isinstance(macs, tuple):
                return []
            most, vlan = wanted["max_macs"], voice or access
            return [
                "port-security enable",
                *([f"port-security max-mac-num {most}"] if most != 1 else []),
                *(
                    [_STICKY, *(f"{_STICKY} {mac(item)} vlan {vlan}" for item in macs)]
                    if macs
                    else []
                ),
            ]
        case text if text == _MED:
            return [_MED] if wanted.get("lldp_med") is False else []
    if access == 1 and not voice:
        return []
    tagged = [f"port hybrid tagged vlan {voice}", f"voice-vlan {voice} enable"] if voice else []
    return [
        "port link-type hybrid",
        f"port hybrid pvid vlan {access}",
        f"port hybrid untagged vlan {access}",
        *tagged,
    ]


def _services(config: Config) -> SwitchServices | None:
    lines = [
        each for name, each in config.sections.items() if name.startswith("user-interface vty")
    ]
    found = SwitchServices(
        ntp=tuple(
            sorted(
                match[1]
                for item in config.globals("ntp-service unicast-server ")
                if (match := _SERVER.match(item))
            )
        ),
        syslog=tuple(
            sorted(item.split()[2] for item in config.sections if re.match(_LOGHOST, item))
        ),
        ssh_only=bool(lines) and all("protocol inbound ssh" in each for each in lines),
        lldp="lldp enable" in config.sections,
    )
    # Being closed to Telnet is nothing that is there; it is how the rest is reached.
    return found if found.ntp or found.syslog or found.lldp else None


def _edit_services(config: Config, body: Kind | None, fields: set[str]) -> Sequence[str]:
    wanted = body if isinstance(body, SwitchServices) else SwitchServices()
    gone = body is None
    before = set(config.sections)
    if gone or "ntp" in fields:
        lines = [f"ntp-service unicast-server {item}" for item in wanted.ntp or ()]
        config.replace_globals("ntp-service unicast-server .*", lines)
    if gone or "syslog" in fields:
        lines = [f"info-center loghost {item}" for item in wanted.syslog or ()]
        config.replace_globals(f"{_LOGHOST}.*", lines)
    if gone or "lldp" in fields:
        config.replace_globals("lldp enable", ["lldp enable"] if wanted.lldp else [])
    terminals = [name for name in config.sections if name.startswith("user-interface vty")]
    if "ssh_only" in fields and wanted.ssh_only:
        for name in terminals:
            config.replace(name, ["protocol inbound .*"], ["protocol inbound ssh"])
    return sorted(before ^ set(config.sections)) + terminals
