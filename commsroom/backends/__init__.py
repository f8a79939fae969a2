"""Back ends: one folder per kind of system, found by looking, never listed by hand."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.estate.backend import Backend


@cache
def names() -> tuple[str, ...]:
    """Return the names of all back ends here and from entry points, sorted, importing none of them."""
    ours = {module.name for module in pkgutil.iter_modules(__path__) if module.ispkg}
    return tuple(sorted(ours | {point.name for point in entry_points(group="commsroom.backends")}))


@cache
def backend(name: str) -> Backend:
    """Return the back end that inventory calls `name`; raises UsageError naming the known ones."""
    if any(module.ispkg and module.name == name for module in pkgutil.iter_modules(__path__)):
        found: Backend = importlib.import_module(f"{__name__}.{name}").BACKEND
        return found
    for point in entry_points(group="commsroom.backends", name=name):
        loaded: Backend = point.load()
        return loaded
    raise UsageError(f"no back end is called {name!r}", remedy="one of " + ", ".join(names()))
