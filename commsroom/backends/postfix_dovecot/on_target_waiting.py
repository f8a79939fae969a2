"""Maps of ours whose text was edited and not built: what waits there for the next build.

Sent to the target beside `on_target.py`; standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.on_target_state import ALIASES, MAPS
from commsroom.backends.postfix_dovecot.on_target_table import unbuilt

if TYPE_CHECKING:
    from commsroom.backends.postfix_dovecot.on_target_state import Json, State

#: Stands in the name of an object of which a text of ours says otherwise than what is in force.
MARK: Final = "(its file says otherwise)"
_NAMES: Final = ("display_name", "title")


def marked(state: State, found: list[Json]) -> list[Json]:
    """Say in the name of each object of ours whether a map's text says otherwise of it than the map."""
    owners = {owner for _, _, owner in _waiting(state)}
    for item in found:
        if item["key"] in owners and not item["sealed"]:
            name = next(name for name in _NAMES if name in item["fields"])
            item["fields"][name] = f"{item['fields'][name]} {MARK}".strip()
    return found


def drop_waiting(state: State, addresses: set[str]) -> None:
    """Put back what is in force where a text of these addresses says otherwise, before it is edited."""
    for path, key, owner in _waiting(state):
        if owner in addresses:
            held = state.dumps[path].get(key)
            if held is None:
                state.table(path).drop(key)
            else:
                state.table(path).put(key, f"{key} {held}")
    state.forget_aliases()


def _waiting(state: State) -> list[tuple[str, str, str]]:
    """Return (map, key, whose it is) of which the text says otherwise than the map."""
    owners, texts = state.dumps[ALIASES], state.tables[ALIASES]
    return [
        (path, key, owners.get(key) or texts.value(key) or key)
        for path in MAPS
        for key in unbuilt(state.tables[path], state.dumps[path])
    ]
