"""Why a glob over addresses names nothing: a system or a kind that does not exist, and the nearest that does."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from commsroom.estate.kinds import kinds
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable


def doubt(glob: str, systems: Iterable[str]) -> tuple[str, str]:
    """Return what is wrong with the first words of a glob and the remedy; ("", "") for nothing.

    Args:
        glob: `system:kind/key`, each part with wildcards; what is not of this form is not judged.
        systems: Names of the systems there are; none given are not judged.
    """
    system, colon, rest = glob.partition(":")
    kind, slash, _ = rest.partition("/")
    if not colon or not slash:
        return "", ""
    known = list(systems)
    if known and not _any(system, known):
        return f"there is no system {quoted(system)} in the inventory", did_you_mean(system, known)
    if not _any(kind, kinds()):
        return f"no kind of object is called {quoted(kind)}", did_you_mean(kind, kinds())
    return "", ""


def doubt_fields(glob: str, fields: Iterable[str]) -> tuple[str, str]:
    """Return which of the fields nothing has that a glob names, and the nearest that there is.

    A secret is called `secret:` and its slot. What is no object (a server's file, an inspection) is not judged.
    """
    kind = glob.partition(":")[2].partition("/")[0] if ":" in glob else "*"
    there = [body for name, body in kinds().items() if fnmatchcase(name, kind or "*")]
    held = {name for body in there for name in body.names()}
    for name in fields:
        if there and name not in held and not name.startswith("secret:"):
            what = kind if kind in kinds() else "nothing there"
            return f"{what} has no field {quoted(name)}", did_you_mean(name, held)
    return "", ""


def remedy(globs: Iterable[str], systems: Iterable[str]) -> str:
    """Return what to write instead of the first glob that can name nothing; empty for none."""
    known = list(systems)
    for glob in globs:
        message, instead = doubt(glob, known)
        if message:
            return f"{message}; {instead}" if instead else message
    return ""


def _any(pattern: str, words: Iterable[str]) -> bool:
    return any(fnmatchcase(word, pattern) for word in words)
