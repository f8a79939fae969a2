"""The commands about renewing secrets, and about giving them to those whose they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.completion import addresses, people
from commsroom.cli.options import span
from commsroom.cli.output import warn
from commsroom.cli.session import Session, command

if TYPE_CHECKING:
    from commsroom.app.choosing import Chosen


def register(app: typer.Typer) -> None:
    """Add `rotate` and `handover` to `app`."""
    command(
        app,
        "rotate",
        "commsroom rotate --due --yes",
        "commsroom rotate --due --dry-run",
        "commsroom rotate 'pbx1:extension/21*'",
        "commsroom rotate --compromised wei.wang",
        works=True,
    )(rotate)
    command(
        app,
        "handover",
        "commsroom handover wei.wang",
        "commsroom handover --due",
        "commsroom handover --new --to /media/usb",
        works=True,
    )(handover)


def rotate(
    session: Session,
    *,
    address: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ADDRESS]…", show_default=False, autocompletion=addresses),
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="What policy's calendar says.")] = False,
    compromised: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHO",
            help="Every secret of a person (id or login) or on a system: at once, and the old one is"
            " refused without grace; repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be rotated, and how.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="How long to wait for what does not answer or has to rest."
        ),
    ] = "2m",
) -> int:
    """Renew secrets, and go on with what an earlier run left.

    A new secret is stored, written everywhere it is held, tried by a real login, and only then the
    current one; the old one stays good for policy's grace where a system takes two. Killed
    anywhere, the next run goes on. Without arguments it only goes on. Ends with 2 when something
    went back to its old secret or needs a person, with 4 when something is not decided yet.
    """
    from commsroom.app import choosing, rotating
    from commsroom.errors import UsageError
    from commsroom.reports.text import rotation as text

    wish = choosing.Wish(
        addresses=tuple(address or ()),
        compromised=tuple(compromised or ()),
        due=due,
        wait=span("--wait", wait).total_seconds(),
    )
    if dry_run and yes:
        raise UsageError("--dry-run changes nothing, so there is nothing to say yes to")
    if not dry_run:
        forms.may_ask(session, yes=yes, verb="rotate")
    with session.open(founding=False) as estate:
        estate.require_ledger()
        chosen = choosing.choose(estate, wish)
        rules = estate.policy.security.rotation
        places = {path: tuple(chosen.found[path].places) for path in chosen.renewed}
        two = frozenset(path for path in places if chosen.grace(path))
        if places or chosen.left or dry_run:
            session.out.lines(
                text.chosen_lines(
                    places,
                    two,
                    chosen.left,
                    rules.grace,
                    known=chosen.compromised,
                    blind=chosen.blind,
                    simulated=estate.simulated,
                )
            )
        if dry_run:
            session.out.lines(text.going_on_lines(estate.ledger.rotations()))
            session.out.document(text.chosen_document(places, chosen.left))
            return 0
        if chosen.renewed and not yes and not forms.confirmed(_question(chosen)):
            session.out.text("Nothing was changed.\n")
            return 0
        done = rotating.rotate(estate, wish, session.progress)
        simulated = estate.simulated
    fresh = {path: why for path, why in done.left.items() if chosen.left.get(path) != why}
    session.out.lines(
        text.rotated_lines(
            done.turns,
            fresh,
            done.seconds,
            done.handed,
            written=done.written,
            simulated=simulated,
        )
    )
    for system, why in sorted(done.unknown.items()):
        warn(f"{system}: {why}")
    session.out.document(text.document(done.turns, done.left, done.handed, done.written))
    return done.exit_code


def _question(chosen: Chosen) -> str:
    from commsroom.reports.lines import count

    systems = sorted({name for path in chosen.renewed for name in chosen.found[path].systems})
    return f"Renew {count(len(chosen.renewed), 'secret')} on {', '.join(systems)}?"


def handover(
    session: Session,
    *,
    person: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PERSON]…", show_default=False, autocompletion=people),
    ] = None,
    due: Annotated[
        bool,
        typer.Option(
            "--due", help="Only what changed since they were given it, or they never were."
        ),
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Only to people who were never given anything: joiners.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Also first passwords that were given before: the file was lost."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say who would be given how much; read and write nothing."),
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="Where the files go.  [default: .commsroom/handover]",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Give people their passwords, sealed to their SSH keys.

    Each gets a file that only they can open: their own passwords and PINs, a shared mailbox's to its
    custodian alone, never what a telephone fetches by itself. Keys are in policies/keys, by id of the
    roster. The ledger remembers who was given which generation, and to which key. Ends with 1 when
    somebody could not be given theirs.
    """
    from commsroom.app import handover as handing
    from commsroom.reports import handover as report
    from commsroom.reports.lines import plain

    wish = handing.Wish(people=tuple(person or ()), due=due, new=new, again=again, folder=to)
    with session.open(founding=False) as estate:
        done = (
            handing.preview(estate, wish)
            if dry_run
            else handing.hand_over(estate, wish, session.progress)
        )
        simulated = estate.simulated
    session.out.lines(
        report.handed_lines(
            done.handed, done.nothing, {}, keyless=done.keyless, simulated=simulated
        )
    )
    for line in report.left_lines(done.left):
        warn(plain(line).strip())
    session.out.document(report.document(done.handed, done.nothing, done.left))
    return done.exit_code
