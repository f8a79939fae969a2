"""Maps of ours whose text was edited and not built: what waits there for the next build.

Sent to the target beside `on_target.py`; standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.on_target_state import ALIASES, MAPS, POSTERS, USERS
from commsroom.backends.postfix_dovecot.on_target_table import unbuilt

if TYPE_CHECKING:
    from collections.abc import Callable

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


def drop_waiting(state: State, addresses: set[str], edit: Callable[[], None]) -> None:
    """Edit the tables, and let nothing that waits in a text come in force by their being built.

    What a text says of the addresses edited is put back to what is in force before; what it says of
    others of ours only where the edit has their map built.
    """
    waiting = _waiting(state)
    _put_back(state, [one for one in waiting if one[2] in addresses])
    edit()
    ours = {*state.tables[USERS].keys(), *state.tables[POSTERS].keys()} - addresses
    _put_back(state, [one for one in waiting if one[2] in ours and one[0] in state.touched])


def _put_back(state: State, waiting: list[tuple[str, str, str]]) -> None:
    for path, key, _ in waiting:
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
