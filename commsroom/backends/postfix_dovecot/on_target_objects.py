"""What a mail server's files and its answers say together, as objects: pure, on a `State`.

Sent to the target beside `on_target.py`; standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom.backends.postfix_dovecot.on_target_state import (
    ALIASES,
    CLOSED,
    LISTS,
    LOCAL_ALIASES,
    MAILBOXES,
    POSTERS,
    PREVIOUS,
    READ_ACL,
    RECEIVERS,
    REFUSED,
    SENDERS,
    SUSPENDED,
    USERS,
)
from commsroom.backends.postfix_dovecot.on_target_table import (
    QUOTA,
    Table,
    octets,
    short,
    split,
    unquoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.backends.postfix_dovecot.on_target_state import Json, State


def objects(state: State) -> list[Json]:
    """Return every mailbox, shared mailbox, list and grant, ours or not, as JSON-able entries."""
    found = {(item["kind"], item["key"]): item for item in _local_lists(state)}
    for item in (*_accounts(state), *_lists(state), *_grants(state)):
        found[item["kind"], item["key"]] = item
    return list(found.values())


def behind(state: State) -> bool:
    """Tell whether Dovecot answered from an older copy of its users than the files read with it.

    It looks at them once in a second, so that what somebody wrote in this one is not seen yet.
    """
    users = state.tables[USERS]
    for address in users.keys():  # noqa: SIM118 - a method of ours, not a dictionary's
        known = state.accounts.get(address)
        if known is None or octets(known.get("quota_storage_size", "")) != _quota_of(
            users, address
        ):
            return True
    return any(
        octets(known.get("quota_storage_size", "")) != _quota_of(state.local_users, address)
        for address, known in state.accounts.items()
        if address not in users.rows
    )


def _quota_of(users: Table, address: str) -> int:
    fields = (item.partition("=") for item in users.fields(address)[6].split())
    return next((octets(value) for name, _, value in fields if name == QUOTA), 0)


def _accounts(state: State) -> Iterator[Json]:
    by_owner: dict[str, list[str]] = {}
    for alias, target in state.dumps[ALIASES].items():
        by_owner.setdefault(target, []).append(alias)
    users, closed = state.tables[USERS], state.dumps[CLOSED]
    suspended = set(state.tables[SUSPENDED].keys())
    for address, known in state.accounts.items():
        ours = address in users.rows
        secret, _, _, gecos, _, shell, _ = (users if ours else state.local_users).fields(address)
        fields: Json = {
            "quota_bytes": octets(known.get("quota_storage_size", "")),
            "suspended": _suspended(state, address, ours=ours, shut=address in suspended),
        }
        shared = shell.startswith("shared")
        if shared:
            fields["title"], fields["custodian"] = unquoted(gecos), shell.partition("=")[2]
        else:
            fields["display_name"] = unquoted(gecos)
            fields["aliases"] = sorted(
                name if not ours or _sends(state, address, name) else f"{name} (may not send as it)"
                for name in by_owner.get(address, ())
            )
            fields["receives"] = address not in closed and (
                not ours or address in state.dumps[MAILBOXES]
            )
        kind = "shared_mailbox" if shared else "mailbox"
        second = state.tables[PREVIOUS].fields(address)[0] if ours else ""
        verifiers = {"hash": secret, "previous": second}
        yield {"kind": kind, "key": address, "fields": fields, **verifiers, "sealed": not ours}


def _suspended(state: State, address: str, *, ours: bool, shut: bool) -> Any:
    """Tell whether an account is closed; one of ours that is half so is neither, and says in which half.

    Closed are two doors: Dovecot's, to read, and Postfix's, to hand in. An account that may not send
    as its own address has lost the second one too.
    """
    if not ours:
        return shut
    refused = address in state.dumps[REFUSED]
    if shut != refused:
        return "may not log in" if shut else "may not hand in messages"
    return shut if _sends(state, address, address) else "may not send as itself"


def _sends(state: State, address: str, name: str) -> bool:
    """Tell whether an account may send as an address of its own."""
    return address in split(state.dumps[SENDERS].get(name, ""))


def _lists(state: State) -> Iterator[Json]:
    posters = state.tables[POSTERS]
    for address in dict.fromkeys([*posters.keys(), *state.dumps[LISTS]]):
        fields = {
            "title": posters.titles.get(address, ""),
            "members": sorted(split(state.dumps[LISTS].get(address, ""))),
            "posters": posters.value(address) or "anyone",
        }
        yield {"kind": "list", "key": address, "fields": fields, "sealed": False}


def _local_lists(state: State) -> Iterator[Json]:
    for address, members in state.dumps[LOCAL_ALIASES].items():
        fields = {"title": "", "members": sorted(split(members)), "posters": "anyone"}
        yield {"kind": "list", "key": address, "fields": fields, "sealed": True}


def _grants(state: State) -> Iterator[Json]:
    rights: dict[tuple[str, str], set[str]] = {}
    for path, right in ((RECEIVERS, "receive"), (SENDERS, "send")):
        for box, people in state.dumps[path].items():
            if box in state.dumps[ALIASES]:
                continue
            for person in split(people):
                if person != box:
                    rights.setdefault((box, person), set()).add(right)
    for box, acl in state.acls.items():
        for who in acl.keys():  # noqa: SIM118 - a method of ours, not a dictionary's
            letters = acl.value(who)
            person = who.removeprefix("user=")
            if person not in ("owner", box):
                plain = set(letters) == set(READ_ACL)
                rights.setdefault((box, person), set()).add("read" if plain else f"acl {letters}")
    for (box, person), held in rights.items():
        fields = {"rights": sorted(held)}
        yield {
            "kind": "grant",
            "key": f"{box}/{short(person, box)}",
            "fields": fields,
            "sealed": False,
        }
