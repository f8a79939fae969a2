"""What an administrator would write to load people into this mail server, run there over SSH.

Takes JSON on standard input. Appends, rebuilds, sets rights; checks nothing.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

DOVECOT, POSTFIX = "/etc/dovecot/commsroom/users", "/etc/postfix/commsroom/"


def hashed(password: str) -> str:
    salt = os.urandom(16)
    return (
        "{SSHA512}"
        + base64.b64encode(hashlib.sha512(password.encode() + salt).digest() + salt).decode()
    )


def append(path: str, lines: list[str]) -> None:
    with Path(path).open("a", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in lines))


data = json.load(sys.stdin)
people, box, extra = data["people"], data["box"], f"userdb_quota_storage_size={data['quota']}B"
lists: dict[str, list[str]] = {}
for one in people:
    lists.setdefault(one["list"], []).append(one["address"])
names = [one["address"] for one in people]
granted = [one["address"] for one in people if one["granted"]]
append(
    DOVECOT,
    [
        f"{one['address']}:{hashed(one['password'])}:::{one['name']}::mailbox:{extra}"
        for one in people
    ],
)
append(DOVECOT, [f"{box['address']}:{hashed(box['password'])}:::Contact::shared=:{extra}"])
append(POSTFIX + "mailboxes", [f"{name} OK" for name in [*names, box["address"]]])
append(POSTFIX + "senders", [f"{name} {name}" for name in names])
append(POSTFIX + "senders", [f"{box['address']} {', '.join([box['address'], *granted])}"])
append(POSTFIX + "lists", [f"{name} {', '.join(members)}" for name, members in lists.items()])
append(POSTFIX + "posters", [f"{name} internal" for name in lists])
subprocess.run(
    ["postmap", *(f"lmdb:{POSTFIX}{name}" for name in ("mailboxes", "senders", "lists"))],
    check=True,
)
time.sleep(1)  # Dovecot looks at its files once a second; without this, doveadm finds no such user
for name in granted:
    subprocess.run(
        [
            "doveadm",
            "acl",
            "set",
            "-u",
            box["address"],
            "INBOX",
            f"user={name}",
            "lookup",
            "read",
            "write-seen",
        ],
        check=True,
    )
print("loaded", len(people))
