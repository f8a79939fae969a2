"""Back ends: one folder per kind of system, found by looking, never listed by hand.

A folder with a `client`, the edge to a real system, is a back end; one without is what several share.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.estate.backend import Backend

_EDGE: Final = ("client.py", "client")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all back ends here and from entry points, sorted, importing none of them."""
    return tuple(
        sorted(_ours() | {point.name for point in entry_points(group="commsroom.backends")})
    )


@cache
def backend(name: str) -> Backend:
    """Return the back end that inventory calls `name`; raises UsageError naming the known ones."""
    if name in _ours():
        found: Backend = importlib.import_module(f"{__name__}.{name}").BACKEND
        return found
    for point in entry_points(group="commsroom.backends", name=name):
        loaded: Backend = point.load()
        return loaded
    raise UsageError(f"no back end is called {name!r}", remedy="one of " + ", ".join(names()))


def _ours() -> frozenset[str]:
    """Name the folders with a client, here and wherever `__path__` was told to look as well."""
    folders = (
        Path(place) / module.name for place in __path__ for module in pkgutil.iter_modules([place])
    )
    return frozenset(
        folder.name for folder in folders if any((folder / edge).exists() for edge in _EDGE)
    )
