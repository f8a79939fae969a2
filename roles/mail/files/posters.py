"""Postfix policy service: who may write to a distribution list.

Postfix asks once for each recipient (SMTPD_POLICY_README). `posters` says per list `members`,
`internal` or `anyone`; `lists` says who its members are. A recipient that is no list is none of
our business. Postfix starts this through spawn(8); one process serves one connection.
"""

import os
import sys

FOLDER = "/etc/postfix/commsroom"


class Table:
    """A Postfix text table (key, whitespace, value), read again whenever its file changes."""

    def __init__(self, name):
        self.path = os.path.join(FOLDER, name)
        self.seen = None
        self.rows = {}

    def get(self, key):
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return ""
        stamp = (now.st_mtime_ns, now.st_ino, now.st_size)
        if stamp != self.seen:
            with open(self.path, encoding="utf-8") as stream:
                parts = [line.split(None, 1) for line in stream if not line.startswith("#")]
            self.rows = {part[0]: part[1].strip() for part in parts if len(part) == 2}
            self.seen = stamp
        return self.rows.get(key, "")


def decide(request, posters, lists):
    """Return the action for one request; `DUNNO` leaves the decision to the rules after us."""
    address = request.get("recipient", "").lower()
    rule = posters.get(address)
    login = request.get("sasl_username", "").lower()
    if rule == "internal" and not login:
        return "550 5.7.1 only colleagues may write to this list"
    if rule == "members" and login not in lists.get(address).replace(",", " ").split():
        return "550 5.7.1 only members may write to this list"
    return "DUNNO"


def main():
    posters, lists = Table("posters"), Table("lists")
    request = {}
    for line in sys.stdin:
        name, equals, value = line.rstrip("\n").partition("=")
        if equals:
            request[name] = value
        elif request:
            sys.stdout.write("action=" + decide(request, posters, lists) + "\n\n")
            sys.stdout.flush()
            request = {}


if __name__ == "__main__":
    main()
