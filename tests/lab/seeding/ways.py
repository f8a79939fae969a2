"""How a field of an object is changed by hand: what each back end's ways have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from seeding.disturbance import Named

Resource = Mapping[str, Any]

#: An object as a whole: taken away by hand, and one that nobody asked for.
GONE, STRANGE = "(gone)", "(stranger)"


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a field is changed: a shell script on the server, and the commands that put it in force.

    `make(resource, others, random)` gives the script, None where this object cannot be changed so;
    `others` are all objects of the system.
    """

    name: str
    make: Callable[[Resource, list[Resource], Random], str | None]
    after: tuple[str, ...] = ()
    names: Callable[[Resource], tuple[Named, ...]] | None = None
    follows: Callable[[Resource], tuple[str, ...]] = lambda _: ()
    locks: Callable[[Resource], tuple[str, ...]] = lambda _: ()
    undo: Callable[[Resource], str] = lambda _: ""
