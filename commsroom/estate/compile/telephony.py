"""Telephones: classes of service, extensions with voicemail, conference rooms, hunt groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from commsroom.estate.compile.context import Context, Holder, secret
from commsroom.estate.kinds import (
    Conference,
    DiallingClass,
    Extension,
    HuntGroup,
    Route,
    Trunk,
    Voicemail,
)
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import SecretRef, Shape

#: The route of emergency numbers; policy refuses a destination of this name.
EMERGENCY: Final = "emergency"


def resources(context: Context) -> Iterator[Resource]:
    """Yield everything telephone."""
    yield from _dialling_classes(context)
    yield from _extensions(context)
    yield from _conferences(context)
    yield from _hunt_groups(context)
    yield from _trunks(context)
    yield from _routes(context)


def _dialling_classes(context: Context) -> Iterator[Resource]:
    telephony = context.policy.telephony
    for name, rule in telephony.dialling_classes.items():
        place = context.place("telephony", "dialling_classes", name)
        body = DiallingClass(
            title=rule.title,
            allowed=telephony.allowed_prefixes(name),
            barred=telephony.barred_prefixes(name),
            hours=tuple(rule.hours),
            emergency=tuple(sorted(telephony.emergency)),
        )
        for system in context.hosts(DiallingClass.kind):
            yield context.make(system, name, body, place)


def _extensions(context: Context) -> Iterator[Resource]:
    for holder in context.holders.values():
        phone = holder.right.phone
        if phone is None or not holder.number:
            continue
        for system in context.hosts(Extension.kind, holder.person.site):
            yield _extension(context, system, holder)
            if phone.voicemail and Voicemail.kind in _kinds(context, system):
                yield _voicemail(context, system, holder)


def _extension(context: Context, system: str, holder: Holder) -> Resource:
    policy, person, phone = context.policy, holder.person, holder.right.phone
    assert phone is not None  # noqa: S101 - for the type checker, the caller looked
    body = Extension(
        display_name=person.name,
        caller_id=policy.telephony.sites[person.site].caller_id(holder.number),
        dialling_class=phone.dialling_class,
        transport=policy.company.sites[person.site].sip_transport,
        ring_seconds=policy.telephony.ringing.ring_seconds,
        voicemail=phone.voicemail,
        suspended=not holder.active,
    )
    rule = policy.security.secrets.sip
    needs = frozenset({Address(system, DiallingClass.kind, phone.dialling_class)})
    return context.make(
        system,
        holder.number,
        body,
        context.place(*holder.right.source, "phone"),
        holder=holder,
        secrets=(secret(f"{holder.login}/sip", "sip", Shape.SIP, rule, person),),
        needs=needs,
    )


def _voicemail(context: Context, system: str, holder: Holder) -> Resource:
    policy = context.policy
    by_mail = policy.telephony.voicemail.by_mail and holder.right.mailbox is not None
    body = Voicemail(
        display_name=holder.person.name,
        email=context.mail_address(holder) if by_mail else "",
    )
    rule = policy.security.secrets.voicemail_pin
    return context.make(
        system,
        holder.number,
        body,
        context.place(*holder.right.source, "phone", "voicemail"),
        holder=holder,
        secrets=(secret(f"{holder.login}/voicemail", "pin", Shape.PIN, rule, holder.person),),
    )


def _conferences(context: Context) -> Iterator[Resource]:
    rule = context.policy.security.secrets.conference_pin
    for name, room in context.policy.telephony.conference_rooms.items():
        place = context.place("telephony", "conference_rooms", name)
        body = Conference(title=room.title, max_members=room.max_members)
        pin = secret(f"conference.{name}/pin", "pin", Shape.PIN, rule)
        for system in context.hosts(Conference.kind):
            yield context.make(system, room.number, body, place, secrets=(pin,) if room.pin else ())


def _hunt_groups(context: Context) -> Iterator[Resource]:
    telephony = context.policy.telephony
    for name, group in telephony.hunt_groups.items():
        place = context.place("telephony", "hunt_groups", name)
        members = _members(context, group.department, group.members, group.strategy)
        body = HuntGroup(
            title=group.title,
            members=tuple(members),
            strategy=group.strategy,
            ring_seconds=telephony.ring_seconds(name),
            fallback=_fallback(context, group.department, group.fallback),
        )
        for system in context.hosts(HuntGroup.kind):
            needs = frozenset(Address(system, Extension.kind, number) for number in members)
            yield context.make(system, group.number, body, place, needs=needs)


def _trunks(context: Context) -> Iterator[Resource]:
    telephony = context.policy.telephony
    for name, rule in telephony.trunks.items():
        place = context.place("telephony", "trunks", name)
        direct = (telephony.sites[site].direct_prefix or "" for site in rule.direct_numbers)
        body = Trunk(
            title=rule.title,
            provider=rule.provider,
            port=rule.port,
            transport=rule.transport,
            username=rule.username,
            max_calls=rule.max_calls,
            main_number=rule.main_number.lstrip("+"),
            answered_by=rule.answered_by or "",
            direct_prefixes=tuple(sorted(prefix.lstrip("+") for prefix in direct)),
        )
        password = SecretRef(f"trunk.{name}/password", "password", Shape.GIVEN)
        for system in context.hosts(Trunk.kind, rule.site or ""):
            yield context.make(system, name, body, place, secrets=(password,))


def _routes(context: Context) -> Iterator[Resource]:
    """Yield by which lines each sort of number leaves; a sort that no line carries has none."""
    telephony = context.policy.telephony
    for system in context.hosts(Route.kind):
        lines = {
            name: rule
            for name, rule in telephony.trunks.items()
            if system in context.hosts(Trunk.kind, rule.site or "")
        }
        for name, destination in telephony.destinations.items():
            carriers = tuple(key for key, rule in lines.items() if name in rule.destinations)
            if carriers:
                body = Route(
                    prefixes=tuple(sorted(destination.prefixes)), exact=(), trunks=carriers
                )
                yield _route(context, system, name, body, carriers[0])
        if lines:
            numbers = tuple(sorted(telephony.emergency))
            body = Route(prefixes=(), exact=numbers, trunks=tuple(lines))
            yield _route(context, system, EMERGENCY, body, next(iter(lines)))


def _route(context: Context, system: str, name: str, body: Route, first: str) -> Resource:
    needs = frozenset(Address(system, Trunk.kind, trunk) for trunk in body.trunks or ())
    place = context.place("telephony", "trunks", first)
    return context.make(system, name, body, place, needs=needs)


def _members(
    context: Context, department: str | None, people: tuple[str, ...], strategy: str
) -> list[str]:
    """Return the numbers a group rings: people at work with a telephone, once each.

    A linear group rings in the order policy names them; otherwise the order says nothing and
    is sorted.
    """
    named = [context.holders[name] for name in people if name in context.holders]
    whole = [
        holder
        for holder in context.active()
        if department and holder.person.department == department
    ]
    numbers = dict.fromkeys(
        holder.number for holder in [*named, *whole] if holder.active and _rings(holder)
    )
    return list(numbers) if strategy == "linear" else sorted(numbers)


def _rings(holder: Holder) -> bool:
    return holder.right.phone is not None and bool(holder.number)


def _fallback(context: Context, department: str | None, fallback: str) -> str:
    """Return the voicemail box a group falls back to, or the empty string."""
    name = fallback
    if fallback == "manager":
        name = context.policy.company.departments[department].manager or "" if department else ""
    holder = context.holders.get(name)
    if holder is None or not holder.active or holder.right.phone is None:
        return ""
    return holder.number if holder.right.phone.voicemail else ""


def _kinds(context: Context, system: str) -> frozenset[str]:
    return next(item.kinds for item in context.systems if item.name == system)
