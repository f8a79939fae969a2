"""What the dialects of switches have in common: which part of a configuration an object is.

A dialect is a subclass whose class attributes are the vendor's words. No state, no connection.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from commsroom.backends.network_cli import logins
from commsroom.backends.network_cli.config import FACTORY_PORT, Config, is_plain, value
from commsroom.estate.kinds.network import SwitchLogin, SwitchPort, SwitchServices, SwitchVlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from commsroom.backends.network_cli.erasing import Erasing
    from commsroom.backends.network_cli.logins import Logins
    from commsroom.backends.network_cli.session import Texts
    from commsroom.estate.resource import Address, Change, Kind, Resource
    from commsroom.estate.secret import Secret

_VLAN: Final = re.compile(r"vlan (\d+)")
_FACTORY: Final = FACTORY_PORT.values()


@dataclass(frozen=True, slots=True)
class Names:
    """A vendor's names of ports: `short` maps `GigabitEthernet` → `Gi`, which is what people write down.

    `numbers` is the pattern of what follows, `example` one whole short name.
    """

    short: Mapping[str, str]
    numbers: str
    example: str

    def header(self, key: str) -> str:
        """Return the line that opens a port's section: `Gi1/0/7` → `interface GigabitEthernet1/0/7`."""
        for long, short in self.short.items():
            if match := re.fullmatch(f"{short}({self.numbers})", key):
                return f"interface {long}{match[1]}"
        return f"interface {key}"

    def key(self, section: str) -> str:
        """Return the short name of the port a section is about, "" when it is about none."""
        match = re.fullmatch(rf"interface ([A-Z][A-Za-z]+)({self.numbers})", section)
        return self.short[match[1]] + match[2] if match and match[1] in self.short else ""

    def names(self, key: str) -> bool:
        """Tell whether a port can have this short name."""
        return self.header(key) != f"interface {key}"

    def named(self, text: str) -> str:
        """Return the short name of a port however it is written, "" where none or more than one can be meant.

        As the systems read it themselves: `gi1/0/1`, `GigabitEthernet1/0/1`, any beginning that is one type's only.
        """
        match = re.fullmatch(r"([A-Za-z]+)([0-9/]+)", text)
        numbers = re.sub(r"(?<![0-9])0+(?=[0-9])", "", match[2]) if match else ""
        if match is None or not re.fullmatch(self.numbers, numbers):
            return ""
        word = match[1].casefold()
        whole = {s for long, s in self.short.items() if word in {long.casefold(), s.casefold()}}
        begun = {s for long, s in self.short.items() if long.casefold().startswith(word)}
        found = whole or begun
        return found.pop() + numbers if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class Row:
    """Lines of a port that stand and fall together.

    `owned` are patterns of them; `lines` makes them of all that is wanted of the port, when a change names
    one of `fields`. A field that policy does not speak of is as the port has it, or missing.
    """

    fields: frozenset[str]
    owned: tuple[str, ...]
    lines: Callable[[Mapping[str, object]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Servers:
    """Lines that name one server each: `made` with its address; `owned` is a pattern whose group 1 is it."""

    made: str
    owned: str

    def held(self, config: Config) -> tuple[str, ...]:
        """Return the servers a configuration names, sorted."""
        found = (re.fullmatch(self.owned, name) for name in config.sections)
        return tuple(sorted(match[1] for match in found if match))

    def edit(self, config: Config, servers: Iterable[str]) -> None:
        """Name these, and no other."""
        config.replace_globals(self.owned, [self.made.format(server) for server in servers])


class Dialect(ABC):
    """One operating system's words, and what every such system does with them."""

    #: The driver of hier_config: `CISCO_IOS`, `HUAWEI_VRP`.
    platform: ClassVar[str]
    #: What people call the system, in messages.
    called: ClassVar[str]
    #: The command that leaves a section.
    leave: ClassVar[str]
    #: What a person would type to keep the configuration over a restart.
    save: ClassVar[str]
    #: How people settle a change that waits to be confirmed; empty where none ever does.
    settle: ClassVar[str] = ""
    #: Patterns of undone lines, and how each is really undone.
    undoing: ClassVar[Sequence[tuple[str, str]]]
    ports: ClassVar[Names]
    rows: ClassVar[Sequence[Row]]
    #: VLANs that are always there and never anybody's.
    own_vlans: ClassVar[frozenset[int]] = frozenset({1})
    #: What a VLAN without a name is shown as.
    unnamed: ClassVar[str] = "VLAN{:04}"
    ntp: ClassVar[Servers]
    syslog: ClassVar[Servers]
    #: LLDP for the whole switch: the line that departs from the factory, and whether it turns it on.
    lldp: ClassVar[tuple[str, bool]]
    #: How the header of a remote terminal's section begins, what it owns there, and the line that leaves SSH.
    terminals: ClassVar[tuple[str, str, str]]
    #: Fields this system cannot hold, and the slots of secrets it can.
    unsupported: ClassVar[frozenset[str]] = frozenset()
    slots: ClassVar[frozenset[str]] = frozenset()
    logins: ClassVar[Logins]
    #: How it erases itself; None where that is only done by hand.
    erasing: ClassVar[Erasing | None] = None

    @abstractmethod
    def configuration(self, texts: Texts) -> Config:
        """Return everything the device told as one configuration."""

    @abstractmethod
    def uplink(self, lines: Sequence[str]) -> bool:
        """Tell whether a port is no access port: a trunk, a routed port, a member of a link aggregation."""

    @abstractmethod
    def port(self, lines: Sequence[str]) -> SwitchPort:
        """Read an access port; a field that this system cannot hold is None."""

    @abstractmethod
    def fence(self, config: Config, estate_id: str) -> int:
        """Return the highest number of an apply this device has seen."""

    @abstractmethod
    def fence_commands(self, config: Config, estate_id: str, number: int) -> tuple[str, ...]:
        """Return what makes the device remember the number of an apply."""

    def reverts(self, config: Config) -> bool:
        """Tell whether this device can go back by itself when a change is not confirmed."""
        return False

    def secrets(self, change: Change, words: Mapping[str, Secret]) -> tuple[Secret, ...]:
        """Return the commands that set a change's secrets."""
        return ()

    def snmp_user(self, config: Config) -> str | None:
        """Return the SNMPv3 user of ours, "" for none; None where users cannot be told."""
        return None

    def edit_snmp_user(self, config: Config, user: str) -> None:  # noqa: B027 - for those that can
        """Prepare for the user, whom the command with the secrets makes; take old ones of ours away."""

    def bodies(self, config: Config) -> dict[tuple[str, str], Kind]:
        """Return VLANs, ports that are not as from the factory, services and logins, by kind and key."""
        found: dict[tuple[str, str], Kind] = {}
        for section, lines in config.sections.items():
            if match := _VLAN.fullmatch(section):
                if int(match[1]) not in self.own_vlans:
                    name = value(lines, "name ") or self.unnamed.format(int(match[1]))
                    found["switch_vlan", match[1]] = SwitchVlan(name=name)
            elif (key := self.ports.key(section)) and not self.uplink(lines):
                port = self.port(lines)
                if not port.values().items() <= _FACTORY.items():
                    found["switch_port", key] = port
        services = self._services(config)
        # Being closed to Telnet is nothing that is there; it is how the rest is reached.
        started = services.lldp if self.lldp[1] else not services.lldp
        if services.ntp or services.syslog or started or services.snmp_user:
            found["switch_services", "device"] = services
        for name, login in self.logins.held(config).items():
            found["switch_login", name] = SwitchLogin(level=login.level)
        return found

    def sealed(self, config: Config) -> frozenset[str]:
        """Return the ports that are no access ports: an uplink is never ours."""
        return frozenset(
            key
            for section, lines in config.sections.items()
            if (key := self.ports.key(section)) and self.uplink(lines)
        )

    def edit(self, config: Config, change: Change) -> Sequence[str]:
        """Make the lines of the change's fields what they should be, and touch no other.

        Returns the headers of the sections concerned.
        """
        kind, key = change.address.kind, change.address.key
        body = change.after.body if change.after else None
        fields = {name for name in change.fields if name not in change.unsupported}
        if kind == "switch_services":
            return self._edit_services(config, body, fields)
        section = self.ports.header(key) if kind == "switch_port" else f"vlan {key}"
        if kind == "switch_port":
            self._edit_port(config, section, body, fields)
        elif isinstance(body, SwitchVlan):
            config.replace(section, ["name .*"], [f"name {body.name}"])
        else:
            config.sections.pop(section, None)
        return (section,)

    def refusals(self, wanted: Iterable[Resource]) -> Mapping[Address, str]:
        """Say why this system cannot hold a resource."""
        found = {}
        for item in wanted:
            if isinstance(item.body, SwitchLogin):
                if wrong := logins.fault(item.address.key):
                    found[item.address] = wrong
            elif taken := self._own_vlan(item):
                found[item.address] = f"{self.called} keeps VLAN {taken} to itself: take another"
            elif not isinstance(item.body, SwitchPort):
                continue
            elif not self.ports.names(item.address.key):
                instead = self.ports.named(item.address.key) or f"it as in {self.ports.example}"
                found[item.address] = f"no such name of a port: write {instead}"
            elif item.body.description and not is_plain(item.body.description):
                found[item.address] = (
                    f"its description is not what {self.called} would show again: plain ASCII"
                )
        return found

    def _own_vlan(self, item: Resource) -> int:
        """Return the VLAN of the system's own that a resource is or uses, 0 for none."""
        body = item.body
        if isinstance(body, SwitchVlan):
            wanted = [int(item.address.key)]
        elif isinstance(body, SwitchPort):
            wanted = [number for number in (body.access_vlan, body.voice_vlan) if number]
        else:
            wanted = []
        return next((number for number in wanted if number in self.own_vlans - {1}), 0)

    def closed_to_telnet(self, config: Config) -> bool:
        """Tell whether every remote terminal takes SSH only."""
        prefix, _, ssh = self.terminals
        found = [lines for name, lines in config.sections.items() if name.startswith(prefix)]
        return bool(found) and all(ssh in lines for lines in found)

    def _edit_port(self, config: Config, section: str, body: Kind | None, fields: set[str]) -> None:
        held = config.lines(section)
        wanted = {} if self.uplink(held) else self.port(held).values()
        if body is not None:
            wanted |= {name: item for name, item in body.values().items() if name in fields}
        for row in self.rows:
            if body is None or row.fields & fields:
                config.replace(section, row.owned, [] if body is None else row.lines(wanted))

    def _services(self, config: Config) -> SwitchServices:
        line, on = self.lldp
        return SwitchServices(
            ntp=self.ntp.held(config),
            syslog=self.syslog.held(config),
            ssh_only=self.closed_to_telnet(config),
            lldp=(line in config.sections) is on,
            snmp_user=self.snmp_user(config),
        )

    def _edit_services(self, config: Config, body: Kind | None, fields: set[str]) -> Sequence[str]:
        wanted = body if isinstance(body, SwitchServices) else SwitchServices()
        gone = body is None
        before = set(config.sections)
        if gone or "ntp" in fields:
            self.ntp.edit(config, wanted.ntp or ())
        if gone or "syslog" in fields:
            self.syslog.edit(config, wanted.syslog or ())
        if gone or "lldp" in fields:
            line, on = self.lldp
            departs = not gone and bool(wanted.lldp) is on
            config.replace_globals(re.escape(line), [line] if departs else [])
        prefix, owned, ssh = self.terminals
        terminals = [name for name in config.sections if name.startswith(prefix)]
        if "ssh_only" in fields and wanted.ssh_only:
            for name in terminals:
                config.replace(name, [owned], [ssh])
        if gone or "snmp_user" in fields:
            self.edit_snmp_user(config, wanted.snmp_user or "")
        return sorted(before ^ set(config.sections)) + terminals


def mac(text: str, *, by: str) -> str:
    """Write a MAC in fours with `by` between (`.`, `-`); with `by=":"` in twos, as policy has it.

    VRP leaves leading zeros of a group away: `5e-c09b-34ca`.
    """
    digits = "".join(part.zfill(4) for part in text.split("-")) if "-" in text else text
    digits = re.sub("[^0-9a-f]", "", digits.lower())
    size = 2 if by == ":" else 4
    return by.join(digits[at : at + size] for at in range(0, 12, size))


def addresses(wanted: Mapping[str, object]) -> tuple[str, ...]:
    """Return the MACs that are wanted of a port."""
    found = wanted.get("secure_macs")
    return found if isinstance(found, tuple) else ()


def described(wanted: Mapping[str, object]) -> list[str]:
    """Return the line of a port's description, which every vendor writes alike."""
    return [f"description {wanted['description']}"] if wanted.get("description") else []


def when(name: str, state: bool, line: str) -> Callable[[Mapping[str, object]], list[str]]:  # noqa: FBT001 - a table's cell
    """Return a row's `lines`: one line when a field is just so."""
    return lambda wanted: [line] if wanted.get(name) is state else []
