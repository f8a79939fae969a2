"""Pieces of shell scripts: what an administrator would type, with every value quoted."""

from __future__ import annotations

import shlex

quote = shlex.quote


def key(address: str) -> str:
    """Return what follows the kind in `system:kind/key`."""
    return address.partition("/")[2]


def edited(file: str, program: str, **values: str) -> str:
    """Run an awk program over a file in place, so that its owner and mode stay as they are.

    Values reach awk through its environment (`ENVIRON["name"]`), where nothing in them is special.
    Fails where nothing changed: a disturbance that disturbs nothing proves nothing.
    """
    said = " ".join(f"{name}={quote(text)}" for name, text in values.items())
    return (
        f"new=$({said} awk {quote(program)} {quote(file)}; echo .) &&"
        f' old=$(cat {quote(file)}; echo .) && [ "$new" != "$old" ] &&'
        f' printf %s "${{new%.}}" > {quote(file)}'
    )


def added(file: str, text: str) -> str:
    """Append lines to a file."""
    return f"printf '%s\\n' {quote(text)} >> {quote(file)}"
