"""Mail: mailboxes, department lists, the archive, contact mailboxes and who may do what with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from commsroom.estate.compile.context import Context, secret
from commsroom.estate.kinds import Grant, Mailbox, MailList, SharedMailbox
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Shape

#: Bytes; only what bounces is ever in it.
_SENDER_QUOTA: Final = 100 * 2**20


def resources(context: Context) -> Iterator[Resource]:
    """Yield everything mail."""
    yield from _mailboxes(context)
    yield from _archive(context)
    yield from _sender(context)
    yield from _lists(context)
    yield from _contact_mailboxes(context)


def _mailboxes(context: Context) -> Iterator[Resource]:
    """Yield people's mailboxes. Each needs the archive: a copy of what it gets goes there."""
    rule = context.policy.security.secrets.mailbox
    for holder in context.holders.values():
        right = holder.right.mailbox
        if right is None:
            continue
        body = Mailbox(
            display_name=holder.person.name,
            quota_bytes=right.quota,
            aliases=(),
            suspended=not holder.active,
            receives=True,
        )
        place = context.place(*holder.right.source, "mailbox")
        password = secret(f"{holder.login}/mail", "password", Shape.PASSWORD, rule, holder.person)
        for system in context.hosts(Mailbox.kind, holder.person.site):
            address = context.mail_address(holder)
            archive = _archive_address(context)
            needs = frozenset({Address(system, Mailbox.kind, archive)} if archive else ())
            yield context.make(
                system, address, body, place, holder=holder, secrets=(password,), needs=needs
            )


def _archive(context: Context) -> Iterator[Resource]:
    archive = context.policy.mail.archive
    if archive is None:
        return
    body = Mailbox(
        display_name="Archive",
        quota_bytes=archive.quota,
        aliases=(),
        suspended=False,
        receives=True,
    )
    rule = context.policy.security.secrets.archive
    password = secret(f"{archive.mailbox}/mail", "password", Shape.PASSWORD, rule)
    for system in context.hosts(Mailbox.kind):
        place = context.place("mail", "archive")
        yield context.make(system, _archive_address(context), body, place, secrets=(password,))


def _sender(context: Context) -> Iterator[Resource]:
    """Yield the mailbox that notifications come from; what bounces stays there to be looked at."""
    notice = context.policy.notify.mail
    if notice is None:
        return
    body = Mailbox(
        display_name="commsroom",
        quota_bytes=_SENDER_QUOTA,
        aliases=(),
        suspended=False,
        receives=True,
    )
    rule = context.policy.security.secrets.notifier
    password = secret(f"{notice.sender}/mail", "password", Shape.PASSWORD, rule)
    address, archive = notice.address(context.policy.mail), _archive_address(context)
    for system in context.hosts(Mailbox.kind):
        needs = frozenset({Address(system, Mailbox.kind, archive)} if archive else ())
        place = context.place("notify", "mail")
        yield context.make(system, address, body, place, secrets=(password,), needs=needs)


def _archive_address(context: Context) -> str:
    mail = context.policy.mail
    return f"{mail.archive.mailbox}@{mail.domain}" if mail.archive else ""


def _lists(context: Context) -> Iterator[Resource]:
    for name, rule in context.policy.mail.lists.items():
        place = context.place("mail", "lists", name)
        members = sorted(
            context.mail_address(holder)
            for holder in context.active()
            if holder.right.mailbox is not None and rule.members.includes(holder.person)
        )
        body = MailList(title=rule.title, members=tuple(members), posters=rule.posters)
        for system in context.hosts(MailList.kind):
            needs = frozenset(Address(system, Mailbox.kind, member) for member in members)
            yield context.make(
                system, f"{name}@{context.policy.mail.domain}", body, place, needs=needs
            )


def _contact_mailboxes(context: Context) -> Iterator[Resource]:
    rule = context.policy.security.secrets.contact_mailbox
    for name, box in context.policy.mail.contact_mailboxes.items():
        place = context.place("mail", "contact_mailboxes", name)
        address = f"{name}@{context.policy.mail.domain}"
        custodian = context.holders.get(box.custodian)
        body = SharedMailbox(
            title=box.title,
            custodian=custodian.login if custodian and custodian.active else "",
            quota_bytes=box.quota,
            suspended=False,
        )
        password = secret(f"{address}/mail", "password", Shape.PASSWORD, rule)
        for system in context.hosts(SharedMailbox.kind):
            yield context.make(system, address, body, place, secrets=(password,))
            yield from _grants(context, system, name, address)


def _grants(context: Context, system: str, name: str, address: str) -> Iterator[Resource]:
    """Yield what people at work may do with a contact mailbox; a leaver's grants end with him."""
    for person, rights in context.policy.mail.contact_mailboxes[name].grants.items():
        holder = context.holders.get(person)
        if holder is None or not holder.active or holder.right.mailbox is None:
            continue
        needs = frozenset(
            {
                Address(system, SharedMailbox.kind, address),
                Address(system, Mailbox.kind, context.mail_address(holder)),
            }
        )
        yield context.make(
            system,
            f"{address}/{_grantee(context.mail_address(holder), address)}",
            Grant(rights=tuple(sorted(rights))),
            context.place("mail", "contact_mailboxes", name, "grants", person),
            holder=holder,
            needs=needs,
        )


def _grantee(person: str, box: str) -> str:
    """Return how a grant's key names a person: by local part where the mailbox's domain is theirs.

    The login alone would not do: a person whose roster line has an address of its own could not be
    found again from what the server holds.
    """
    local, _, domain = person.partition("@")
    return local if domain == box.partition("@")[2] else person
