"""The voice network: VLANs of each site's switches, a port per phone of the register, services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from commsroom.errors import CommsroomError, PolicyErrors, Problem
from commsroom.estate.compile.context import Context, SystemInfo, secret
from commsroom.estate.kinds.network import (
    SwitchLogin,
    SwitchPort,
    SwitchServices,
    SwitchVlan,
    login_path,
)
from commsroom.estate.resource import Address, Provenance, Resource
from commsroom.estate.secret import Shape
from commsroom.policy.devices import DeviceKind, DeviceState
from commsroom.policy.words import did_you_mean

if TYPE_CHECKING:
    from commsroom.policy import Policy
    from commsroom.policy.devices import Device
    from commsroom.policy.network import Vlan

#: The one key of a switch's own services.
DEVICE: Final = "device"
_IN_USE: Final = frozenset({DeviceState.ISSUED, DeviceState.REPAIR})


def resources(context: Context) -> Iterator[Resource]:
    """Yield everything of the voice network."""
    yield from _vlans(context)
    yield from _ports(context)
    yield from _services(context)
    yield from _logins(context)


def clashes(policy: Policy, systems: Iterable[SystemInfo]) -> Iterator[Problem]:
    """Yield where sites that share a switch ask for one VLAN by two names, or for two by one name."""
    for system in systems:
        if SwitchVlan.kind not in system.kinds:
            continue
        taken: dict[tuple[str, int | str], tuple[str, Vlan]] = {}
        for site, rule in policy.network.sites.items():
            if system.sites and site not in system.sites:
                continue
            for role in ("data", "voice"):
                vlan: Vlan = getattr(rule, role)
                source = policy.sources.of("network", "sites", site, role)
                for key in (("id", vlan.id), ("name", vlan.name)):
                    first, other = taken.setdefault(key, (site, vlan))
                    if other != vlan:
                        yield Problem(
                            source.file,
                            source.line,
                            source.column,
                            f"{system.name} serves {first} and {site}, and {_clash(vlan, other)}",
                            "give one of them another number or name, or mend commsroom_sites",
                        )


def strangers(policy: Policy, systems: Iterable[SystemInfo]) -> Iterator[Problem]:
    """Yield where a login is asked for on what is no switch that can hold one."""
    known = sorted(one.name for one in systems if SwitchLogin.kind in one.kinds)
    for name, rule in policy.network.logins.items():
        for index, switch in enumerate(rule.switches):
            if switch not in known:
                source = policy.sources.of("network", "logins", name, "switches", index)
                yield Problem(
                    source.file,
                    source.line,
                    source.column,
                    f"{switch!r} is no switch with logins",
                    did_you_mean(switch, known) or "name it as the inventory does",
                )


def _clash(vlan: Vlan, other: Vlan) -> str:
    if vlan.id == other.id:
        return f"VLAN {vlan.id} is {other.name} at one and {vlan.name} at the other"
    return f"{vlan.name} is VLAN {other.id} at one and {vlan.id} at the other"


def _vlans(context: Context) -> Iterator[Resource]:
    """Yield each site's VLANs; sites that share a switch may share a VLAN by the same name.

    Raises:
        PolicyErrors: two of them want the same number or name for different VLANs; all of those are told.
    """
    if problems := list(clashes(context.policy, context.systems)):
        raise PolicyErrors(problems)
    seen: set[tuple[str, int, str]] = set()
    for site, rule in context.policy.network.sites.items():
        for role in ("data", "voice"):
            vlan: Vlan = getattr(rule, role)
            place = context.place("network", "sites", site, role)
            for system in context.hosts(SwitchVlan.kind, site):
                if (system, vlan.id, vlan.name) not in seen:
                    seen.add((system, vlan.id, vlan.name))
                    yield context.make(system, str(vlan.id), SwitchVlan(name=vlan.name), place)


def _ports(context: Context) -> Iterator[Resource]:
    """Yield the port of every phone in use that says where it is plugged in."""
    switches: dict[str, frozenset[str]] = {}  # by site: looked up once, not once a phone
    for device in context.policy.devices:
        if device.kind is not DeviceKind.PHONE or device.state not in _IN_USE or not device.port:
            continue
        rule = context.policy.network.sites.get(device.site)
        system, _, key = device.port.partition(":")
        if rule is None:
            continue
        if device.site not in switches:
            switches[device.site] = frozenset(context.hosts(SwitchPort.kind, device.site))
        if system not in switches[device.site]:
            _require_elsewhere(context, device, system)
            continue
        yield context.make(
            system,
            key,
            _port(context, device, rule.data.id, rule.voice.id),
            Provenance("policies/devices.csv", device.line),
            holder=context.holders.get(device.holder),
            needs=frozenset(
                Address(system, SwitchVlan.kind, str(vlan.id)) for vlan in (rule.data, rule.voice)
            ),
        )


def _require_elsewhere(context: Context, device: Device, system: str) -> None:
    """Refuse a port on a switch of ours that serves other sites; one that is not ours is somebody else's.

    Left out without a word, the telephone would lose the port it had.
    """
    for one in context.systems:
        if one.name == system and SwitchPort.kind in one.kinds:
            raise CommsroomError(
                f"policies/devices.csv:{device.line}: port: {device.asset_tag} is at {device.site}, and"
                f" {system} serves {', '.join(sorted(one.sites))}",
                remedy="mend its site or port, or commsroom_sites of the switch in the inventory",
            )


def _port(context: Context, device: Device, data: int, voice: int) -> SwitchPort:
    rules = context.policy.network.ports
    holder = context.holders.get(device.holder)
    who = holder.login if holder else device.holder
    # One whose address nobody wrote down shares its port with nobody all the same.
    secured = rules.security.enabled
    return SwitchPort(
        description=f"{device.asset_tag} {who}".strip(),
        access_vlan=data,
        voice_vlan=voice,
        lldp_med=rules.lldp_med,
        poe=rules.poe,
        max_macs=1 + rules.security.others if secured else 0,
        secure_macs=(device.mac,) if secured and device.mac else (),
    )


def _services(context: Context) -> Iterator[Resource]:
    rule = context.policy.network.services
    if rule is None:
        return
    body = SwitchServices(
        ntp=tuple(sorted(rule.ntp)),
        syslog=tuple(sorted(rule.syslog)),
        ssh_only=True if rule.ssh_only else None,
        lldp=rule.lldp,
        snmp_user=rule.snmp_user or "",
    )
    words = context.policy.security.secrets.switch_snmp
    place = context.place("network", "services")
    for system in context.hosts(SwitchServices.kind):
        secrets = tuple(
            secret(f"{system}/{slot}", slot, Shape.PASSWORD, words)
            for slot in SwitchServices.slots
            if rule.snmp_user
        )
        yield context.make(system, DEVICE, body, place, secrets=secrets)


def _logins(context: Context) -> Iterator[Resource]:
    """Yield the local users of each switch; one name has another password on every switch.

    Raises:
        PolicyErrors: one is asked for on what is no switch.
    """
    if problems := list(strangers(context.policy, context.systems)):
        raise PolicyErrors(problems)
    words = context.policy.security.secrets.switch_login
    for name, rule in context.policy.network.logins.items():
        place = context.place("network", "logins", name)
        for system in context.hosts(SwitchLogin.kind):
            if not rule.switches or system in rule.switches:
                path = login_path(system, name)
                kept = secret(path, SwitchLogin.slots[0], Shape.PASSWORD, words)
                yield context.make(
                    system, name, SwitchLogin(level=rule.level), place, secrets=(kept,)
                )
