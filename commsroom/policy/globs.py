"""Shell-style globs over addresses, as policy writes them."""

from __future__ import annotations

from fnmatch import fnmatchcase


def named(address: str, glob: str) -> bool:
    """Tell whether a glob names an address; one written out names itself, brackets and all."""
    return address == glob or fnmatchcase(address, glob)
