"""What IOS and IOS XE call things on a Catalyst access switch.

Sources: Cisco, *Layer 2/3 Commands* and *VLAN Commands*, Command Reference for Catalyst 2960-X and 9300
(switchport access vlan, switchport voice vlan, switchport port-security, power inline, lldp);
*Cisco IOS SNMP Command Reference* (snmp-server user is never in the running configuration).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.switch_config import FACTORY_PORT, Config, is_plain
from commsroom.estate.kinds.network import SwitchPort, SwitchServices, SwitchVlan
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.backends.switch_session import Texts
    from commsroom.estate.resource import Address, Change, Kind, Resource

RUNNING: Final = "show running-config"
VLANS: Final = "show vlan brief"
USERS: Final = "show snmp user"

#: The abbreviations `show interfaces status` uses, which are what people write down.
SHORT: Final = {
    "FastEthernet": "Fa", "GigabitEthernet": "Gi", "TwoGigabitEthernet": "Tw",
    "FiveGigabitEthernet": "Fi", "TenGigabitEthernet": "Te", "TwentyFiveGigE": "Twe",
}  # fmt: skip
_LONG: Final = {short: long for long, short in SHORT.items()}
_PORT: Final = re.compile(r"(Fa|Gi|Tw|Fi|Te|Twe)(\d+(?:/\d+){1,2})")
_INTERFACE: Final = re.compile(r"interface ([A-Z][A-Za-z]+)(\d+(?:/\d+){1,2})")
_VLAN_LINE: Final = re.compile(r"(\d{1,4}) +(\S+) +(?:active|act/lshut|sus)\S*( .*)?")
#: Always there, never anybody's: 1, and the four of Token Ring and FDDI.
_OWN_VLANS: Final = frozenset({1, 1002, 1003, 1004, 1005})
#: What people are greeted with is text, whatever its lines look like; IOS shows the end mark as `^C`.
_BANNER: Final = re.compile(
    r"^(banner \S+) (?:\^C|\x03).*?(?:\^C|\x03)[^\n]*$", re.MULTILINE | re.DOTALL
)
#: A server, behind the routing table and protocol that may be named before it.
_SERVER: Final = re.compile(r"(?:vrf \S+ )?(?:ip |ipv6 )?(\S+)")
#: IOS 12.2 shows `logging 192.0.2.2`, later ones `logging host 192.0.2.2`.
_LOGHOST: Final = re.compile(r"logging (?:host |(?=[0-9]))(.+)")
_MED: Final = "no lldp med-tlv-select network-policy"
_SECURE: Final = "switchport port-security"
_GROUP: Final = "commsroom"
#: A user as `show snmp user` has it, in the words that undo it.
USER: Final = "snmp-server user "


def header(key: str) -> str:
    """Return the line that opens a port's section: `Gi1/0/7` → `interface GigabitEthernet1/0/7`."""
    match = _PORT.fullmatch(key)
    return f"interface {_LONG[match[1]]}{match[2]}" if match else f"interface {key}"


def mac(text: str, *, to: str = ".") -> str:
    """Write a MAC as IOS does, `805e.c09b.34ca`; with `to=":"` back again."""
    digits = re.sub("[^0-9a-f]", "", text.lower())
    size = 4 if to == "." else 2
    return to.join(digits[at : at + size] for at in range(0, 12, size))


class Dialect:
    """IOS, as `switch_config.Dialect` wants it."""

    platform = "CISCO_IOS"
    leave = "exit"
    undoing = (
        (
            r"no (description|switchport (?:access|voice) vlan|switchport port-security maximum(?= \d+$)) .*",
            r"no \1",
        ),
        (r"no (switchport mode|power inline|transport input|name) .*", r"no \1"),
    )

    def reverts(self, config: Config) -> bool:
        """Look for `archive` with a `path`: without one IOS refuses the timer."""
        return any(line.startswith("path ") for line in config.lines("archive"))

    def configuration(self, texts: Texts) -> Config:
        """Put VLANs and users, which the running configuration need not show, beside the rest."""
        config = Config.parse(_BANNER.sub(r"\1", texts[RUNNING]))
        for line in texts.get(VLANS, "").splitlines():
            if match := _VLAN_LINE.fullmatch(line.rstrip()):
                config.sections.setdefault(f"vlan {match[1]}", [f"name {match[2]}"])
        for name, group in re.findall(
            r"User name: (\S+).*?Group-name: (\S+)", texts.get(USERS, ""), re.DOTALL
        ):
            config.sections[f"{USER}{name} {group} v3"] = []
        return config

    def bodies(self, config: Config) -> dict[tuple[str, str], Kind]:
        """Return VLANs, ports that are not as from the factory, and services."""
        found: dict[tuple[str, str], Kind] = {}
        for section, lines in config.sections.items():
            if match := re.fullmatch(r"vlan (\d+)", section):
                if int(match[1]) not in _OWN_VLANS:
                    name = _value(lines, "name ") or f"VLAN{int(match[1]):04}"
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
        """Return trunks, routed ports, members of a port channel, and ports whose VLAN a server decides."""
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
        """Read it from an alias, which does nothing on its own."""
        numbers = config.globals(f"alias exec {_alias(estate_id)} ")
        return int(numbers[0]) if numbers and numbers[0].isdigit() else 0

    def fence_commands(self, config: Config, estate_id: str, number: int) -> tuple[str, ...]:
        """Write it there; the running configuration is what two controllers share."""
        return (f"alias exec {_alias(estate_id)} {number}",)

    def secrets(self, change: Change, words: Mapping[str, Secret]) -> tuple[Secret, ...]:
        """Set an SNMPv3 user: SHA-1 and AES-128, what every IOS since 12.4(2)T has (RFC 3414, 3826)."""
        if change.after is None or not words or not isinstance(change.after.body, SwitchServices):
            return ()
        both = [words[slot].reveal() for slot in ("snmp_auth", "snmp_priv") if slot in words]
        user = change.after.body.snmp_user
        if len(both) != 2 or not user:  # noqa: PLR2004 - IOS takes both in one command
            return ()
        return (
            Secret(
                f"snmp-server user {user} {_GROUP} v3 auth sha {both[0]} priv aes 128 {both[1]}"
            ),
        )


def refusals(wanted: Iterable[Resource]) -> Mapping[Address, str]:
    """Say why IOS cannot hold a resource."""
    found = {}
    for item in wanted:
        if isinstance(item.body, SwitchPort):
            if not _PORT.fullmatch(item.address.key):
                found[item.address] = "no such name of a port: write it as in Gi1/0/7"
            elif item.body.description and not is_plain(item.body.description):
                found[item.address] = (
                    "its description is not what IOS would show again: plain ASCII"
                )
    return found


def _alias(estate_id: str) -> str:
    return f"commsroom-{estate_id[:12]}"


def _value(lines: Sequence[str], prefix: str) -> str:
    return next((line[len(prefix) :] for line in lines if line.startswith(prefix)), "")


def _uplink(lines: Sequence[str]) -> bool:
    vlan = _value(lines, "switchport access vlan ")
    return (
        "switchport mode trunk" in lines
        or "no switchport" in lines
        or any(line.startswith("channel-group ") for line in lines)
        or bool(vlan and not vlan.isdigit())
    )


def _most(lines: Sequence[str]) -> int:
    """Return how many addresses a secured port takes; a limit of one VLAN's own is no limit of the port."""
    found = [_value([line], f"{_SECURE} maximum ") for line in lines]
    return next((int(text) for text in found if text.isdigit()), 1)


def _servers(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(match[1] for text in texts if (match := _SERVER.match(text))))


def _port(lines: Sequence[str]) -> SwitchPort | None:
    if _uplink(lines):
        return None
    on = _SECURE in lines
    voice = _value(lines, "switchport voice vlan ")
    found = SwitchPort(
        description=_value(lines, "description "),
        access_vlan=int(_value(lines, "switchport access vlan ") or 1),
        voice_vlan=int(voice) if voice.isdigit() else 0,
        lldp_med=_MED not in lines,
        poe="power inline never" not in lines,
        max_macs=_most(lines) if on else 0,
        secure_macs=tuple(
            sorted(
                mac(line.split()[3], to=":")
                for line in lines
                if re.match(rf"{_SECURE} mac-address [0-9a-f]{{4}}\.", line)
            )
        ),
    )
    return None if found == FACTORY_PORT else found


def _edit_vlan(config: Config, section: str, body: Kind | None) -> Sequence[str]:
    if isinstance(body, SwitchVlan):
        config.replace(section, ["name .*"], [f"name {body.name}"])
    else:
        config.sections.pop(section, None)
    return (section,)


#: The lines a port's field owns. Not its limits by VLAN, nor whether it learns by itself (`sticky`); what it
#: has learned takes the place of what is wanted, and goes.
_OWNED: Final = {
    "description": ("description .*",),
    "access_vlan": ("switchport access vlan .*", "switchport mode (access|dynamic .*)"),
    "voice_vlan": ("switchport voice vlan .*",),
    "lldp_med": (_MED,),
    "poe": ("power inline .*",),
    "max_macs": (_SECURE, rf"{_SECURE} maximum \d+"),
    "secure_macs": (rf"{_SECURE} mac-address (sticky )?[0-9a-f]{{4}}\..*",),
}


def _edit_port(config: Config, section: str, body: Kind | None, fields: set[str]) -> Sequence[str]:
    wanted = body if isinstance(body, SwitchPort) else None
    names = [name for name in _OWNED if wanted is None or name in fields]
    if {"max_macs", "secure_macs", "voice_vlan"} & set(names):  # these stand and fall together
        names = [name for name in _OWNED if name in {*names, "max_macs", "secure_macs"}]
    held = _port(config.lines(section))
    for name in names:
        value = getattr(wanted, name) if wanted is not None else None
        if wanted is not None and value is None and held is not None:
            continue  # policy does not speak of it
        lines = _port_lines(name, value, voice=bool(wanted and wanted.voice_vlan))
        config.replace(section, _OWNED[name], lines)
    return (section,)


def _port_lines(name: str, value: object, *, voice: bool) -> list[str]:  # noqa: PLR0911 - a table
    match name, value:
        case _, None:
            return []
        case "description", str(text) if text:
            return [f"description {text}"]
        case "access_vlan", int(number) if number > 1:
            return ["switchport mode access", f"switchport access vlan {number}"]
        case "voice_vlan", int(number) if number:
            return [f"switchport voice vlan {number}"]
        case "lldp_med", False:
            return [_MED]
        case "poe", False:
            return ["power inline never"]
        case "max_macs", int(number) if number > 0:
            return [*([f"{_SECURE} maximum {number}"] if number > 1 else []), _SECURE]
        case "secure_macs", tuple(macs):
            where = " vlan voice" if voice else ""
            return [f"{_SECURE} mac-address {mac(item)}{where}" for item in macs]
        case _:
            return []


def _services(config: Config) -> SwitchServices | None:
    lines = [lines for name, lines in config.sections.items() if name.startswith("line vty")]
    users = [text.split()[:2] for text in config.globals(USER)]
    found = SwitchServices(
        ntp=_servers(config.globals("ntp server ")),
        syslog=_servers(match[1] for name in config.sections if (match := _LOGHOST.match(name))),
        ssh_only=bool(lines) and all("transport input ssh" in each for each in lines),
        lldp="lldp run" in config.sections,
        snmp_user=next((name for name, group in users if group == _GROUP), ""),
    )
    # Being closed to Telnet is nothing that is there; it is how the rest is reached.
    return found if found.ntp or found.syslog or found.lldp or found.snmp_user else None


def _edit_services(config: Config, body: Kind | None, fields: set[str]) -> Sequence[str]:
    wanted = body if isinstance(body, SwitchServices) else SwitchServices()
    gone = body is None
    before = set(config.sections)
    if gone or "ntp" in fields:
        config.replace_globals("ntp server .*", [f"ntp server {item}" for item in wanted.ntp or ()])
    if gone or "syslog" in fields:
        lines = [f"logging host {item}" for item in wanted.syslog or ()]
        config.replace_globals(_LOGHOST.pattern, lines)
    if gone or "lldp" in fields:
        config.replace_globals("lldp run", ["lldp run"] if wanted.lldp else [])
    terminals = [name for name in config.sections if name.startswith("line vty")]
    if "ssh_only" in fields and wanted.ssh_only:
        for name in terminals:
            config.replace(name, ["transport input .*"], ["transport input ssh"])
    if gone or "snmp_user" in fields:
        _edit_user(config, wanted.snmp_user or "")
    return sorted(before ^ set(config.sections)) + terminals


def _edit_user(config: Config, user: str) -> None:
    """Give the group, of which the user is made by the command with the secrets; take old users away."""
    config.replace_globals(
        f"snmp-server group {_GROUP} .*", [f"snmp-server group {_GROUP} v3 priv"] if user else []
    )
    for name, group in [text.split()[:2] for text in config.globals(USER)]:
        if group == _GROUP and name != user:
            del config.sections[f"{USER}{name} {group} v3"]
