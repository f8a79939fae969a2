"""Mailboxes, lists and rights changed with Dovecot's and Postfix's own tools, and in the files they read."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from seeding import ways
from seeding.disturbance import Named
from seeding.shell import added, edited, key, quote

_USERS: Final = "/etc/dovecot/commsroom/users"
_PREVIOUS: Final = "/etc/dovecot/commsroom/previous"
_SUSPENDED: Final = "/etc/dovecot/commsroom/suspended"
_MAPS: Final = "/etc/postfix/commsroom"
_STRANGER: Final = "stranger@lianhe.example"


def _user(place: int, text: str) -> Any:
    """Replace one part (from 1, the address) of an account's line in the passwd-file."""
    program = (
        'BEGIN {FS = OFS = ":"} $1 == ENVIRON["who"] {$ENVIRON["place"] = ENVIRON["text"]} {print}'
    )
    return lambda item, others, random: edited(
        _USERS, program, who=key(item["address"]), place=str(place), text=text
    )


def _user_gone(item: Any, others: Any, random: Random) -> str:
    program = 'BEGIN {FS = ":"} $1 != ENVIRON["who"]'
    return edited(_USERS, program, who=key(item["address"]))


def _password(item: Any, others: Any, random: Random) -> str:
    program = 'BEGIN {FS = OFS = ":"} $1 == ENVIRON["who"] {$2 = ENVIRON["hash"]} {print}'
    hashed = "hash=$(doveadm pw -s SSHA512 -p made-by-hand-1) && export hash && "
    return hashed + edited(_USERS, program, who=key(item["address"]))


def _second_password(item: Any, others: Any, random: Random) -> str:
    return added(_PREVIOUS, f"{key(item['address'])}:{_HASH}")


def _built(name: str, script: str) -> str:
    """Rebuild a map of Postfix's after its text was changed."""
    return f"{script} && postmap lmdb:{_MAPS}/{name}"


def _entry(name: str, text: str) -> Any:
    """Add a line to a map; `{}` in it is the object's address."""
    return lambda item, others, random: _built(
        name, added(f"{_MAPS}/{name}", text.replace("{}", key(item["address"])))
    )


def _drop(name: str) -> Any:
    """Drop the object's line from a map."""
    return lambda item, others, random: _built(
        name, edited(f"{_MAPS}/{name}", '$1 != ENVIRON["who"]', who=key(item["address"]))
    )


def _value(name: str, program: str, *, when: Any = None) -> Any:
    """Edit the object's line in a map with awk."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        if when is not None and not when(item["attributes"]):
            return None
        who = key(item["address"])
        return _built(
            name,
            edited(f"{_MAPS}/{name}", f'$1 == ENVIRON["who"] {{{program}}} {{print}}', who=who),
        )

    return make


def _both(*makes: Any) -> Any:
    def make(item: Any, others: Any, random: Random) -> str | None:
        scripts = [one(item, others, random) for one in makes]
        return None if None in scripts else " && ".join(scripts)

    return make


def _if(test: Any, make: Any) -> Any:
    return lambda item, others, random: (
        make(item, others, random) if test(item["attributes"]) else None
    )


def _deny(item: Any, others: Any, random: Random) -> str:
    return added(_SUSPENDED, key(item["address"]))


def _posters(item: Any, others: Any, random: Random) -> str:
    other = "anyone" if item["attributes"]["posters"] != "anyone" else "internal"
    program = '$1 == ENVIRON["who"] {$2 = ENVIRON["other"]} {print}'
    return edited(f"{_MAPS}/posters", program, who=key(item["address"]), other=other)


def _title(item: Any, others: Any, random: Random) -> str:
    # A comment above a line is its title.
    program = (
        '{line[NR] = $0; if ($1 == ENVIRON["who"]) line[NR - 1] = "# Seeded"}'
        " END {for (i = 1; i <= NR; i++) print line[i]}"
    )
    return edited(f"{_MAPS}/posters", program, who=key(item["address"]))


def _list_gone(item: Any, others: Any, random: Random) -> str:
    who, program = key(item["address"]), '$1 != ENVIRON["who"]'
    return f"{edited(f'{_MAPS}/posters', program, who=who)} && " + _built(
        "lists", edited(f"{_MAPS}/lists", program, who=who)
    )


def _right(item: Any) -> tuple[str, str]:
    box, _, login = key(item["address"]).partition("/")
    return box, f"{login}@{box.partition('@')[2]}"


def _person(name: str, *, give: bool) -> Any:
    """Give somebody the right a map stands for, or take it away."""
    right = {"senders": "send", "receivers": "receive"}[name]

    def make(item: Any, others: Any, random: Random) -> str | None:
        if (right in item["attributes"]["rights"]) == give:
            return None
        box, person = _right(item)
        program = '$0 = $0 ", " ENVIRON["person"]' if give else 'gsub(", *" ENVIRON["person"], "")'
        file = f"{_MAPS}/{name}"
        return _built(
            name,
            edited(file, f'$1 == ENVIRON["box"] {{{program}}} {{print}}', box=box, person=person),
        )

    return make


def _acl(words: str, *, held: bool) -> Any:
    """Use `doveadm acl` where the person may read already (`held`), or may not."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        if ("read" in item["attributes"]["rights"]) != held:
            return None
        box, person = _right(item)
        verb, _, rights = words.partition(" ")
        return f"doveadm acl {verb} -u {quote(box)} INBOX {quote(f'user={person}')} {rights}"

    return make


def _grant_gone(item: Any, others: Any, random: Random) -> str | None:
    """Take every right away."""
    parts = []
    for name in ("senders", "receivers"):
        script = _person(name, give=False)(item, others, random)
        parts += [script] if script else []
    script = _acl("delete", held=True)(item, others, random)
    parts += [script] if script else []
    return " && ".join(parts)


def _grant_locks(item: Any) -> tuple[str, ...]:
    return (f"mail1:shared_mailbox/{_right(item)[0]}#people",)


def _foreign(address: str) -> Any:
    return lambda item: (Named(address=f"mail1:{address}", kind="foreign"),)


def _alone(*names: str) -> Any:
    return lambda item: names


_HASH: Final = "{PLAIN}made-by-hand-1"
_LINE_GONE: Final = 'BEGIN {FS = "[: ]"} $1 != "stranger@lianhe.example"'


def _back(file: str, *, program: str = _LINE_GONE, built: str = "") -> Any:
    done = f" && postmap lmdb:{built}" if built else ""
    return lambda item: f"if grep -q stranger {file}; then {edited(file, program)}{done}; fi"


_ACCOUNT: Final = [
    ways.Way(name="closed", make=_both(_deny, _entry("suspended", "{} 554 5.7.1 this account is closed"))),
    ways.Way(name="may not log in", make=_deny),
    ways.Way(name="may not hand in", make=_entry("suspended", "{} 554 5.7.1 made by hand")),
]  # fmt: skip
_SECOND: Final = [ways.Way(name="a second password", make=_second_password)]
_SECRET: Final = [ways.Way(name="another password", make=_password)]
_QUOTA: Final = [ways.Way(name="another size", make=_user(8, "userdb_quota_storage_size=4711B"))]
_REMOVED: Final = [ways.Way(name="removed", make=_user_gone)]

WAYS: Final = {
    ("mailbox", "display_name"): [
        ways.Way(name="another name", make=_user(5, "Seeded")),
        ways.Way(name="a map edited, not built", locks=lambda item: (item["address"], "mail1:map closed"),
            make=lambda item, others, random: added(f"{_MAPS}/closed", f"{key(item['address'])} 550 5.2.1 made by hand")),
    ],
    ("mailbox", "quota_bytes"): _QUOTA,
    ("mailbox", "aliases"): [
        ways.Way(name="one more", make=lambda item, others, random: _built("aliases", added(
            f"{_MAPS}/aliases", f"seeded{random.randrange(10**6)}@lianhe.example {key(item['address'])}"))),
        ways.Way(name="none", make=_if(lambda v: v["aliases"], lambda item, others, random: _built("aliases", edited(
            f"{_MAPS}/aliases", '$2 != ENVIRON["who"]', who=key(item["address"]))))),
    ],
    ("mailbox", "suspended"): [*_ACCOUNT,
        ways.Way(name="may not write as itself", make=_if(lambda v: not v["suspended"], _drop("senders")))],
    ("mailbox", "receives"): [
        ways.Way(name="closed to mail", make=_entry("closed", "{} 550 5.2.1 made by hand"),
            locks=lambda item: ("mail1:map closed",)),
        ways.Way(name="unknown to Postfix", make=_drop("mailboxes")),
    ],
    ("mailbox", "secret:password"): _SECRET,
    ("mailbox", "secret:previous"): _SECOND,
    ("mailbox", ways.GONE): _REMOVED,
    ("mailbox", ways.STRANGE): [
        ways.Way(name="in our file", make=lambda item, others, random: added(_USERS, f"{_STRANGER}:{_HASH}:::::mailbox:"),
            names=_foreign(f"mailbox/{_STRANGER}"), undo=_back(_USERS), locks=_alone("mail1:stranger")),
        ways.Way(name="in the administrators' file", make=lambda item, others, random: added("/etc/dovecot/users", f"{_STRANGER}:{_HASH}:::::mailbox:"),
            names=_foreign(f"mailbox/{_STRANGER}"), undo=_back("/etc/dovecot/users"), locks=_alone("mail1:stranger")),
    ],
    ("shared_mailbox", "title"): [ways.Way(name="another title", make=_user(5, "Seeded"))],
    ("shared_mailbox", "custodian"): [ways.Way(name="somebody else", make=_user(7, "shared=wei.wang"))],
    ("shared_mailbox", "quota_bytes"): _QUOTA,
    ("shared_mailbox", "suspended"): _ACCOUNT,
    ("shared_mailbox", "secret:password"): _SECRET,
    ("shared_mailbox", "secret:previous"): _SECOND,
    ("shared_mailbox", ways.GONE): _REMOVED,
    ("shared_mailbox", ways.STRANGE): [
        ways.Way(name="in our file", make=lambda item, others, random: added(_USERS, f"{_STRANGER}:{_HASH}:::::shared=nobody:"),
            names=_foreign(f"shared_mailbox/{_STRANGER}"), undo=_back(_USERS), locks=_alone("mail1:stranger")),
    ],
    ("list", "title"): [ways.Way(name="another title", make=_title)],
    ("list", "members"): [
        ways.Way(name="one more", make=_value("lists", '$0 = $0 ", outsider@example.net"', when=lambda v: v["members"])),
        ways.Way(name="one fewer", make=_value("lists", 'sub(/, [^,]+$/, "")', when=lambda v: len(v["members"]) > 1)),
    ],
    ("list", "posters"): [ways.Way(name="others may write", make=_posters)],
    ("list", ways.GONE): [ways.Way(name="removed", make=_list_gone)],
    ("list", ways.STRANGE): [
        ways.Way(name="somebody's own", make=lambda item, others, random: _built("lists", added(f"{_MAPS}/lists", f"{_STRANGER} wei.wang@lianhe.example")),
            names=_foreign(f"list/{_STRANGER}"), undo=_back(f"{_MAPS}/lists", built=f"{_MAPS}/lists"), locks=_alone("mail1:stranger")),
        ways.Way(name="in the administrators' file", make=lambda item, others, random: added("/etc/postfix/virtual", f"{_STRANGER} wei.wang@lianhe.example") + " && postmap lmdb:/etc/postfix/virtual",
            names=_foreign(f"list/{_STRANGER}"), undo=_back("/etc/postfix/virtual", built="/etc/postfix/virtual"), locks=_alone("mail1:stranger")),
    ],
    ("grant", "rights"): [
        ways.Way(name="may send too", make=_person("senders", give=True), locks=_grant_locks),
        ways.Way(name="may send no more", make=_if(lambda v: len(v["rights"]) > 1, _person("senders", give=False)), locks=_grant_locks),
        ways.Way(name="receives too", make=_person("receivers", give=True), locks=_grant_locks),
        ways.Way(name="receives no more", make=_if(lambda v: len(v["rights"]) > 1, _person("receivers", give=False)), locks=_grant_locks),
        ways.Way(name="may delete", make=_acl("add expunge write-deleted", held=True), locks=_grant_locks),
        ways.Way(name="may read too", make=_acl("set lookup read write-seen", held=False), locks=_grant_locks),
        ways.Way(name="may read no more", make=_if(lambda v: len(v["rights"]) > 1, _acl("delete", held=True)), locks=_grant_locks),
    ],
    ("grant", ways.GONE): [ways.Way(name="all taken", make=_grant_gone, locks=_grant_locks)],
    ("grant", ways.STRANGE): [
        ways.Way(name="may write as a colleague",
            make=lambda item, others, random: _built("senders", edited(f"{_MAPS}/senders",
                '$1 == "wei.wang@lianhe.example" {$0 = $0 ", stranger@lianhe.example"} {print}')),
            names=_foreign("grant/wei.wang@lianhe.example/stranger"), locks=_alone("mail1:stranger", "mail1:mailbox/wei.wang@lianhe.example"),
            undo=_back(f"{_MAPS}/senders", program='{gsub(/, stranger@lianhe.example/, "")} {print}', built=f"{_MAPS}/senders")),
        ways.Way(name="may read a colleague's mail",
            make=lambda item, others, random: "doveadm acl set -u wei.wang@lianhe.example INBOX user=stranger@lianhe.example lookup read",
            names=_foreign("grant/wei.wang@lianhe.example/stranger"), locks=_alone("mail1:stranger", "mail1:mailbox/wei.wang@lianhe.example"),
            undo=lambda item: "doveadm acl delete -u wei.wang@lianhe.example INBOX user=stranger@lianhe.example 2>/dev/null || true"),
    ],
}  # fmt: skip

UNTESTABLE: Final[dict[tuple[str, str], str]] = {}
