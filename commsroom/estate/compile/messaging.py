"""Instant messaging: accounts, rooms and everybody's place in them."""

from __future__ import annotations

from collections.abc import Iterator

from commsroom.estate.compile.context import Context, secret
from commsroom.estate.kinds import Account, Member, Room
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Shape


def resources(context: Context) -> Iterator[Resource]:
    """Yield everything chat."""
    yield from _accounts(context)
    yield from _sender(context)
    yield from _rooms(context)


def _accounts(context: Context) -> Iterator[Resource]:
    policy = context.policy
    rule = policy.security.secrets.chat
    for holder in context.holders.values():
        if holder.right.chat is None:
            continue
        body = Account(
            display_name=holder.person.name,
            file_sharing=holder.active and policy.messaging.may_share(holder.person, holder.right),
            suspended=not holder.active,
        )
        place = context.place(*holder.right.source, "chat")
        password = secret(f"{holder.login}/chat", "password", Shape.PASSWORD, rule, holder.person)
        for system in context.hosts(Account.kind, holder.person.site):
            yield context.make(
                system, holder.login, body, place, holder=holder, secrets=(password,)
            )


def _sender(context: Context) -> Iterator[Resource]:
    """Yield the account that notifications come from."""
    notice = context.policy.notify.chat
    if notice is None:
        return
    body = Account(display_name="commsroom", file_sharing=False, suspended=False)
    rule = context.policy.security.secrets.notifier
    password = secret(f"{notice.sender}/chat", "password", Shape.PASSWORD, rule)
    for system in context.hosts(Account.kind):
        place = context.place("notify", "chat")
        yield context.make(system, notice.sender, body, place, secrets=(password,))


def _rooms(context: Context) -> Iterator[Resource]:
    for name, rule in context.policy.messaging.rooms.items():
        place = context.place("messaging", "rooms", name)
        body = Room(title=rule.title, members_only=True, moderated=rule.moderated)
        for system in context.hosts(Room.kind):
            yield context.make(system, name, body, place)
            yield from _members(context, system, name)


def _members(context: Context, system: str, room: str) -> Iterator[Resource]:
    place = context.place("messaging", "rooms", room, "members")
    yield from _sender_in(context, system, room)
    for holder in context.active():
        if holder.right.chat is None:
            continue
        affiliation = context.policy.messaging.affiliation(room, holder.person, holder.right)
        if not affiliation:
            continue
        needs = frozenset(
            {Address(system, Room.kind, room), Address(system, Account.kind, holder.login)}
        )
        key = f"{room}/{holder.login}"
        body = Member(affiliation=affiliation)
        yield context.make(system, key, body, place, holder=holder, needs=needs)


def _sender_in(context: Context, system: str, room: str) -> Iterator[Resource]:
    """Yield the place of notifications' sender in a room it writes to; where only admins speak, it is one."""
    notice = context.policy.notify.chat
    if notice is None or room not in notice.rooms:
        return
    moderated = context.policy.messaging.rooms[room].moderated
    needs = frozenset(
        {Address(system, Room.kind, room), Address(system, Account.kind, notice.sender)}
    )
    place = context.place("notify", "chat", "rooms")
    body = Member(affiliation="admin" if moderated else "member")
    yield context.make(system, f"{room}/{notice.sender}", body, place, needs=needs)
