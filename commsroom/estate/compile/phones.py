"""Desk telephones: a profile for each that is issued to somebody at work who has a number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from commsroom.estate.compile.context import Context, Holder, secret
from commsroom.estate.kinds import Extension, PhoneProfile
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Shape
from commsroom.policy.devices import DeviceKind, DeviceState

if TYPE_CHECKING:
    from commsroom.policy.devices import Device


def resources(context: Context) -> Iterator[Resource]:
    """Yield a profile for every telephone with somebody to ring.

    None for one in stock, in repair or retired, nor for one at a place or of somebody who is not at
    work: its files hold passwords, and are destroyed on the server when nobody has it any more.
    """
    if not any(PhoneProfile.kind in system.kinds for system in context.systems):
        return
    colleagues = _by_department(context)
    for device in context.policy.devices:
        if device.kind != DeviceKind.PHONE or device.state != DeviceState.ISSUED:
            continue
        holder = context.holders.get(device.holder)
        if holder is None or not holder.active or not _rings(holder):
            continue
        for system in context.hosts(PhoneProfile.kind, device.site):
            yield _profile(context, system, device, holder, colleagues)


def _profile(
    context: Context,
    system: str,
    device: Device,
    holder: Holder,
    colleagues: Mapping[str, Sequence[Holder]],
) -> Resource:
    policy, person, phone = context.policy, holder.person, holder.right.phone
    assert phone is not None  # noqa: S101 - for the type checker, the caller looked
    rules, vendor = policy.phones, device.vendor.casefold()
    ring = "canary" if rules.canary.holds(device, person) else "general"
    body = PhoneProfile(
        vendor=vendor,
        model=device.model,
        mac=device.mac,
        template=rules.templates.get(vendor),
        ring=ring,
        display_name=person.name,
        number=holder.number,
        transport=policy.company.sites[person.site].sip_transport,
        voicemail=policy.telephony.voicemail.access_number if phone.voicemail else "",
        busy_lamps=_busy_lamps(context, holder, colleagues.get(person.department, ())),
        time_zone=policy.company.time_zone_of(device.site),
        language=person.language or policy.company.language,
        codecs=rules.codecs,
        lldp=rules.lldp,
        resync=_resync(context),
        as_rendered=True,
    )
    tag, secrets = device.asset_tag, policy.security.secrets
    needs = (
        Address(exchange, Extension.kind, holder.number)
        for exchange in context.hosts(Extension.kind, person.site)
    )
    return context.make(
        system,
        tag,
        body,
        context.place("devices", tag),
        holder=holder,
        secrets=(
            secret(f"{tag}/admin", "admin", Shape.TYPED, secrets.phone_admin),
            secret(f"{tag}/fetch", "fetch", Shape.SIP, secrets.phone_fetch),
            secret(f"{holder.login}/sip", "sip", Shape.SIP, secrets.sip, person),
        ),
        needs=frozenset(needs),
    )


def _busy_lamps(context: Context, holder: Holder, colleagues: Sequence[Holder]) -> tuple[str, ...]:
    rule = context.policy.phones.busy_lamps
    if not rule.colleagues:
        return ()
    others = [other for other in colleagues[: rule.most + 1] if other.id != holder.id]
    return tuple(f"{other.number} {other.person.name}" for other in others[: rule.most])


def _by_department(context: Context) -> Mapping[str, Sequence[Holder]]:
    found: dict[str, list[Holder]] = defaultdict(list)
    for holder in context.active():
        if _rings(holder):
            found[holder.person.department].append(holder)
    return {name: sorted(people, key=lambda one: one.number) for name, people in found.items()}


def _resync(context: Context) -> str:
    rule = context.policy.phones.resync
    return f"nightly {rule.at}" if rule.when == "nightly" else rule.when.replace("-", " ")


def _rings(holder: Holder) -> bool:
    return holder.right.phone is not None and bool(holder.number)
