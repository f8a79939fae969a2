"""docs/reference/drift-coverage.md: what drift is shown to see, generated from what the tests do.

python tests/lab/seeding/reference.py          # writes the page
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests" / "lab"))

from seeding import accounts, servers, tasks  # noqa: E402 - run as a script it finds them by the line above

from commsroom import backends  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "reference" / "drift-coverage.md"
BACKENDS = ("asterisk", "postfix_dovecot", "prosody")

_HEAD = """\
# What drift sees

Generated from the code by `python tests/lab/seeding/reference.py`; a test keeps it fresh. `make seeded` makes a
seeded sample of every sort on real servers, by their own tools, and insists that `commsroom drift --servers` tells each of
them and nothing else; it prints the seed that replays it. With `COMMSROOM_SEEDED=all` it makes every change there is.

## Accounts, rooms, numbers and rights

`commsroom drift`. Each row is changed in each of the ways named, on objects drawn by chance. State is what *runs*; an edit
of our files that nobody reloaded or built is told too, in the name of its object: `(its file says otherwise)`.
"""

_SERVERS = """
## Files, services, packages and settings of the servers

`commsroom drift --servers`. The things themselves are asked of Ansible (`site.yml --check`), host by host.
"""

_UNSEEN = """
## What drift does not see

- **What is beside what we manage**: a Unix account, an authorised key, a package nobody named, a further file in
  `/etc/asterisk/manager.d`, `/etc/prosody/conf.d` or `/etc/systemd/system`. Ports they open, updates they lack and files of secrets they
  lay open are found by `commsroom inspect`.
- **What people do with what is theirs**: messages, greetings, rosters, bookmarks.
- **A service that runs and does not work**: `commsroom prove` and `commsroom inspect` use it.
- **A certificate that ends soon but is the one policy names** is as it should be for drift; `commsroom inspect` says when it
  ends. One that somebody put in its place is seen by both.
- **The clock itself**: its settings are a role's (`clock`) and are seen here; how far it is off, `commsroom inspect` measures.
"""


def page() -> str:
    """Return the page's text."""
    return "\n".join([_HEAD, *_accounts(), _SERVERS, *_tasks(), "", *_untestable(), _UNSEEN])


def _rows() -> list[accounts.Row]:
    return list(accounts.rows({name: backends.backend(name) for name in BACKENDS}))


def _accounts() -> Iterator[str]:
    yield "| back end | kind | field | changed so |"
    yield "|---|---|---|---|"
    for row in _rows():
        ways = ", ".join(way.name for way in row.ways)
        if ways:
            yield f"| {row.backend} | {row.kind} | {row.field} | {ways} |"


def _tasks() -> Iterator[str]:
    yield "| role | what the task keeps | changed so |"
    yield "|---|---|---|"
    sorts = dict.fromkeys((item.role, servers.sort(item)) for item in tasks.tasks(ROOT / "roles"))
    for role, sort in sorts:
        yield f"| {role} | {sort} | {', '.join(servers.WAYS.get(sort, {}))} |"


def _untestable() -> Iterator[str]:
    yield "## What cannot be tested"
    yield ""
    for row in _rows():
        if row.reason:
            yield f"- `{row.name}`: {row.reason}."
    for item in tasks.tasks(ROOT / "roles"):
        if servers.reason(item):
            yield f"- `role {item.role}: {servers.sort(item)} {item.thing}`: {servers.reason(item)}."


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
