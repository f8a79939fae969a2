"""How long work tells where it is; the faces (terminal, Ansible) decide how that looks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told what is going on. All texts are free of secrets."""

    def begin(self, title: str, total: int | None = None) -> None:
        """Start a piece of work of `total` units (None: unknown)."""
        ...

    def advance(self, text: str = "", units: int = 1) -> None:
        """Say that `units` more are done."""
        ...

    def say(self, text: str) -> None:
        """Say a line worth keeping."""
        ...

    def end(self) -> None:
        """Finish the piece of work begun last."""
        ...


class Silent:
    """Says nothing."""

    def begin(self, title: str, total: int | None = None) -> None:
        """Ignore."""

    def advance(self, text: str = "", units: int = 1) -> None:
        """Ignore."""

    def say(self, text: str) -> None:
        """Ignore."""

    def end(self) -> None:
        """Ignore."""
