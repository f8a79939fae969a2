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


def _rooms(context: Context) -> Iterator[Resource]:
    for name, rule in context.policy.messaging.rooms.items():
        place = context.place("messaging", "rooms", name)
        body = Room(title=rule.title, members_only=True, moderated=rule.moderated)
        for system in context.hosts(Room.kind):
            yield context.make(system, name, body, place)
            yield from _members(context, system, name)


def _members(context: Context, system: str, room: str) -> Iterator[Resource]:
    place = context.place("messaging", "rooms", room, "members")
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
