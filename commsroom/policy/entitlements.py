"""What one person has on one day: by post, and by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from commsroom.policy.devices import DeviceKind
from commsroom.policy.equipment import Right
from commsroom.policy.people import Person, PersonKind
from commsroom.policy.positions import Chat, MailboxRight, Phone, Positions


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Phone, mailbox and chat account a person has, None where they have none; equipment; training.

    `source` is the policy path that says so, for `Sources.of`.
    """

    phone: Phone | None
    mailbox: MailboxRight | None
    chat: Chat | None
    source: tuple[str, ...]
    equipment: Mapping[DeviceKind, Right] = field(default_factory=dict)
    #: Courses of positions.yml they are to take.
    training: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything at all."""
        return bool(self.phone or self.mailbox or self.chat)


NOTHING = Entitlement(None, None, None, ("positions",))


def entitlement(positions: Positions, person: Person, day: date) -> Entitlement:
    """Return what `person` is entitled to on `day`.

    Staff and contractors have what their position gives; what `named` grants them replaces or adds
    to it, part by part. Partners have only what `named` grants them (clause 1.2).
    """
    post = None
    if person.kind is not PersonKind.PARTNER:
        post = positions.positions.get(person.position)
    named = positions.named.get(person.id)
    if named is not None and named.until is not None and day > named.until:
        named = None
    if named is None:
        if post is None:
            return NOTHING
        return Entitlement(
            post.phone,
            post.mailbox,
            post.chat,
            ("positions", "positions", person.position),
            post.equipment,
            post.training,
        )
    return Entitlement(
        named.phone or (post.phone if post else None),
        named.mailbox or (post.mailbox if post else None),
        _merged(named.chat, post.chat if post else None),
        ("positions", "named", person.id),
        {**(post.equipment if post else {}), **named.equipment},
        tuple(dict.fromkeys((*(post.training if post else ()), *named.training))),
    )


def _merged(named: Chat | None, post: Chat | None) -> Chat | None:
    if named is None or post is None:
        return named or post
    rooms = tuple(dict.fromkeys((*post.rooms, *named.rooms)))
    return Chat(file_sharing=named.file_sharing or post.file_sharing, rooms=rooms)
