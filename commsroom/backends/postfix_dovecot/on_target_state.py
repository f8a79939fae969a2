"""What a mail server's files are together, and how a change edits them: pure, on text.

Sent to the target beside `on_target.py`; standard library only, Python 3.9 or newer. Files of ours
are edited by the line: a line that no change names is kept byte for byte.

Sources: Dovecot 2.4 passwd-file and ACL (vfile) formats; Postfix virtual(5), access(5).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from commsroom.backends.on_target import TargetError
from commsroom.backends.postfix_dovecot.on_target_table import (
    MAIL,
    QUOTA,
    Table,
    acl_of,
    full,
    quoted,
    shares_text,
    split,
    unusable,
)

USERS: Final = "/etc/dovecot/commsroom/users"
#: Passwords that accounts may still use while a rotation's grace lasts: a second passdb of Dovecot.
PREVIOUS: Final = "/etc/dovecot/commsroom/previous"
SUSPENDED: Final = "/etc/dovecot/commsroom/suspended"
LOCAL_USERS: Final = "/etc/dovecot/users"
LOCAL_ALIASES: Final = "/etc/postfix/virtual"
FOLDER: Final = "/etc/postfix/commsroom/"
MAILBOXES: Final = FOLDER + "mailboxes"
ALIASES: Final = FOLDER + "aliases"
LISTS: Final = FOLDER + "lists"
POSTERS: Final = FOLDER + "posters"
RECEIVERS: Final = FOLDER + "receivers"
SENDERS: Final = FOLDER + "senders"
CLOSED: Final = FOLDER + "closed"
REFUSED: Final = FOLDER + "suspended"
MAPS: Final = (MAILBOXES, ALIASES, LISTS, RECEIVERS, SENDERS, CLOSED, REFUSED)
#: All files of lines that are ours.
TABLES: Final = (USERS, PREVIOUS, SUSPENDED, POSTERS, *MAPS)
SHARES: Final = MAIL + "/.commsroom/shares"
#: What `read` means as a Dovecot ACL: see the folder, open it, keep one's own seen marks.
READ_ACL: Final = "lrs"

Json = dict[str, Any]


@dataclass
class State:
    """All that was read: our files as tables, Postfix's own view of its maps, Dovecot's accounts.

    `acls` maps an account to the access list of its inbox; `touched` collects the files to write.
    """

    tables: dict[str, Table]
    dumps: dict[str, dict[str, str]]
    accounts: dict[str, dict[str, str]]
    acls: dict[str, Table]
    local_users: Table
    shares: set[tuple[str, str]] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    removed: list[str] = field(default_factory=list)
    _by_owner: dict[str, list[str]] | None = None

    def table(self, path: str) -> Table:
        """Return a table that is about to change."""
        self.touched.add(path)
        return self.tables[path]

    def aliases_by_owner(self) -> dict[str, list[str]]:
        """Return each account's aliases as the table stands, worked out once until they change."""
        if self._by_owner is None:
            self._by_owner = {}
            aliases = self.tables[ALIASES]
            for alias in aliases.keys():  # noqa: SIM118 - a method of ours, not a dictionary's
                self._by_owner.setdefault(aliases.value(alias), []).append(alias)
        return self._by_owner

    def forget_aliases(self) -> None:
        """Work them out again when next asked: the table changed."""
        self._by_owner = None

    def files(self) -> dict[str, str]:
        """Return the text of every file to write."""
        texts = {path: self.tables[path].text() for path in self.touched if path in self.tables}
        for path in self.touched - set(texts):
            address = next((one for one in self.acls if acl_of(one) == path), "")
            texts[path] = self.acls[address].text() if address else shares_text(self.shares)
        return texts

    def token(self) -> str:
        """Name this state of what we manage or would overwrite."""
        parts = [f"{path}\0{table.text()}" for path, table in sorted(self.tables.items())]
        parts += [f"{path}\0{sorted(rows.items())}" for path, rows in sorted(self.dumps.items())]
        parts += [f"{address}\0{acl.text()}" for address, acl in sorted(self.acls.items())]
        text = "\0\0".join(parts)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


# ── changing ───────────────────────────────────────────────────────────────────────────────────


def edit(state: State, change: Json) -> None:
    """Edit the tables as one change asks; raises TargetError when it cannot be."""
    kind, gone = change["kind"], change["action"] == "delete"
    if kind in ("mailbox", "shared_mailbox"):
        (_bury if gone else _account)(state, change)
    elif kind == "list":
        (_disband if gone else _list)(state, change)
    else:
        _grant(state, change["key"], set() if gone else set(change["fields"].get("rights", ())))


def _account(state: State, change: Json) -> None:
    address, fields = change["key"], change["fields"]
    shared = change["kind"] == "shared_mailbox"
    _expect_free(state, address, change["kind"])
    for alias in set(fields.get("aliases", ())).difference(_aliases_of(state, address)):
        _expect_free(state, alias, "alias")
    users = state.table(USERS)
    parts = users.fields(address)
    keep = change["action"] == "adopt" and change.get("personal") and parts[0]
    if change.get("hash") and not keep:
        parts[0] = change["hash"]
    parts[0] = parts[0] or unusable()
    name = fields.get("title" if shared else "display_name")
    parts[3] = parts[3] if name is None else quoted(name)
    if shared:
        custodian = fields.get("custodian", parts[5].partition("=")[2])
        parts[5] = f"shared={custodian}"
    else:
        parts[5] = "mailbox"
    if "quota_bytes" in fields:
        extra = [item for item in parts[6].split() if not item.startswith(f"{QUOTA}=")]
        parts[6] = " ".join([*extra, f"{QUOTA}={fields['quota_bytes']}B"])
    users.put(address, ":".join([address, *parts]))
    _second(state, address, change.get("previous"))
    state.table(MAILBOXES).put(address, f"{address} OK")
    if "aliases" in fields:
        _aliases(state, address, set(fields["aliases"]))
    if "suspended" in fields:
        _mark(state, SUSPENDED, [address], "", on=fields["suspended"])
        reason = " 554 5.7.1 this account is closed"
        _mark(state, REFUSED, [address], reason, on=fields["suspended"])
    closed = not fields.get("receives", address not in state.tables[CLOSED].rows)
    own = [address, *_aliases_of(state, address)]
    _mark(state, CLOSED, own, " 550 5.2.1 this mailbox takes no more mail", on=closed)
    senders = state.table(SENDERS)
    for name in own:
        owners = dict.fromkeys([address, *split(senders.value(name))])
        senders.put(name, f"{name} {', '.join(owners)}")


def _second(state: State, address: str, verifier: str | None) -> None:
    """Let in a second password too, or none any more (""); None leaves it as it is."""
    if verifier:
        state.table(PREVIOUS).put(address, f"{address}:{verifier}")
    elif verifier is not None and address in state.tables[PREVIOUS].rows:
        state.table(PREVIOUS).drop(address)


def _expect_free(state: State, address: str, kind: str) -> None:
    """Refuse an address that is something else already."""
    users = state.tables[USERS]
    is_account = address in users.rows
    is_shared = is_account and users.fields(address)[5].startswith("shared")
    if is_account and kind.endswith("mailbox") and is_shared != (kind == "shared_mailbox"):
        taken = "a shared mailbox" if is_shared else "a mailbox"
    elif kind != "list" and address in state.tables[POSTERS].rows:
        taken = "a list"
    elif kind in ("list", "alias") and is_account:
        taken = "a mailbox"
    elif not is_account and kind.endswith("mailbox") and address in state.local_users.rows:
        taken = "an account made by hand"
    elif address in state.tables[ALIASES].rows:
        taken = f"an alias of {state.tables[ALIASES].value(address)}"
    else:
        return
    raise TargetError("failed", f"{address} is {taken} there")


def _mark(state: State, path: str, keys: list[str], value: str, *, on: bool) -> None:
    for key in keys:
        if on:
            state.table(path).put(key, key + value)
        elif key in state.tables[path].rows:
            state.table(path).drop(key)


def _aliases_of(state: State, address: str) -> list[str]:
    aliases = state.tables[ALIASES]
    return [alias for alias in state.aliases_by_owner().get(address, ()) if alias in aliases.rows]


def _aliases(state: State, address: str, wanted: set[str]) -> None:
    held = set(_aliases_of(state, address))
    if wanted == held:
        return
    for alias in held - wanted:
        for path in (ALIASES, SENDERS, CLOSED):
            state.table(path).drop(alias)
    for alias in sorted(wanted - held):
        state.table(ALIASES).put(alias, f"{alias} {address}")
    state.forget_aliases()


def _bury(state: State, change: Json) -> None:
    address = change["key"]
    if address in state.tables[USERS].rows:
        state.removed.append(address)
    for alias in [*_aliases_of(state, address), address]:
        for path in (ALIASES, SENDERS, CLOSED):
            if alias in state.tables[path].rows:
                state.table(path).drop(alias)
    state.forget_aliases()
    for path in (USERS, PREVIOUS, SUSPENDED, REFUSED, MAILBOXES, RECEIVERS):
        if address in state.tables[path].rows:
            state.table(path).drop(address)
    left = {pair for pair in state.shares if pair[1] != address}
    if left != state.shares:
        state.shares = left
        state.touched.add(SHARES)


def _list(state: State, change: Json) -> None:
    address, fields = change["key"], change["fields"]
    _expect_free(state, address, "list")
    posters = state.table(POSTERS)
    rule = fields.get("posters") or posters.value(address) or "internal"
    posters.put(address, f"{address} {rule}", fields.get("title"))
    if fields.get("members"):
        state.table(LISTS).put(address, f"{address} {', '.join(fields['members'])}")
    elif "members" in fields:
        state.table(LISTS).drop(address)


def _disband(state: State, change: Json) -> None:
    for path in (POSTERS, LISTS):
        state.table(path).drop(change["key"])


def _grant(state: State, key: str, rights: set[str]) -> None:
    box, _, login = key.partition("/")
    person = full(login, box)
    if rights and box not in state.tables[USERS].rows:
        raise TargetError("failed", f"there is no mailbox {box} of ours")
    for path, right in ((RECEIVERS, "receive"), (SENDERS, "send")):
        held = split(state.tables[path].value(box))
        people = dict.fromkeys([box, *held])
        people.pop(person, None)
        if right in rights:
            people[person] = None
        if (path == SENDERS and box in state.tables[USERS].rows) or len(people) > 1:
            state.table(path).put(box, f"{box} {', '.join(people)}")
        elif held:
            state.table(path).drop(box)
    _read_right(state, box, person, allowed="read" in rights)


def _read_right(state: State, box: str, person: str, *, allowed: bool) -> None:
    who = person if "=" in person or person in ("anyone", "authenticated") else f"user={person}"
    acl = state.acls.setdefault(box, Table(""))
    before = acl.text()
    if allowed:
        acl.put(who, f"{who} {READ_ACL}")
    else:
        acl.drop(who)
    if acl.text() != before:
        state.touched.add(acl_of(box))
    pair = (person, box)
    if (pair in state.shares) != allowed:
        state.shares = state.shares | {pair} if allowed else state.shares - {pair}
        state.touched.add(SHARES)
