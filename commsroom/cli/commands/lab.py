"""Commands about the lab: the real servers of a test estate, on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from commsroom.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add the group `lab` to `app`."""
    group = typer.Typer(help="Real servers in containers on this machine, to try it all.")
    command(group, "up", "commsroom lab up", works=True)(up)
    command(group, "down", "commsroom lab down", works=True)(down)
    command(group, "status", "commsroom lab status --json")(status)
    app.add_typer(group, name="lab")


def up(
    session: Session,
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Build the servers anew instead of from saved images.")
    ] = False,
) -> int:
    """Start the lab's servers.

    The first time they are built, which takes minutes; later, seconds.
    """
    from commsroom import lab

    progress = session.progress

    def step(name: str, detail: str = "") -> None:
        progress.say(f"{name}: {detail}" if detail else name)

    progress.begin("Lab")
    found = lab.up(session.estate.resolve(), progress=step, fresh=fresh)
    progress.end()
    _give(session, found)
    return 0


def down(
    session: Session,
    *,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also remove images, keys and caches.")
    ] = False,
) -> int:
    """Stop and remove the lab's servers and their network."""
    from commsroom import lab

    lab.down(session.estate.resolve(), purge=purge)
    session.out.text("The lab is down.\n")
    session.out.document({"down": True, "purged": purge})
    return 0


def status(session: Session) -> int:
    """Show the lab's servers and how to reach them."""
    from commsroom import lab

    _give(session, lab.status(session.estate.resolve()))
    return 0


def _give(session: Session, found: Any) -> None:
    from commsroom.reports import objects

    document = found.document()
    session.out.document(document)
    session.out.lines(objects.lab_lines(document))
