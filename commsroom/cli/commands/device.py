"""Commands about equipment: what happens to it. What is due, needed or old is in `device_reports`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commsroom.cli.commands import device_losses, device_orders, device_reports
from commsroom.cli.completion import holders, places, tags, tasks
from commsroom.cli.options import On
from commsroom.cli.session import Session, command

if TYPE_CHECKING:
    from commsroom.app.registering import Recorded

_HELP: Final = """Equipment: who has what, what is due, what to buy.

\b
    commsroom device list --holder L007            what does somebody have?
    commsroom device issue LH-P045 L039            hand it out
    commsroom device fault LH-P036 --reason "no sound"
    commsroom device due                           what maintenance is due?
    commsroom device procurement --ahead 90d       what must be bought, for whom?

What a device is stands in policies/devices.csv, what happens to it in the ledger. Each command
writes both, and then devices.csv is to be committed.
"""

Tag = Annotated[
    str,
    typer.Argument(metavar="TAG", help="Asset tag.", autocompletion=tags, show_default=False),
]
Tags = Annotated[
    list[str],
    typer.Argument(metavar="TAG", help="Asset tags.", autocompletion=tags, show_default=False),
]
MayTags = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TAG",
        help="Asset tags; none means all that differ.",
        autocompletion=tags,
        show_default=False,
    ),
]
Note = Annotated[
    str, typer.Option(metavar="TEXT", help="A remark for the maintenance file.", show_default=False)
]
Site = Annotated[
    str, typer.Option(metavar="SITE", help="The site it is at now.", show_default=False)
]
Place = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="PLACE",
        help="A place of equipment.yml it is kept at.",
        autocompletion=places,
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the group `device` to `app`."""
    group = typer.Typer(help=_HELP)
    device_reports.register(group)
    device_orders.register(group)
    device_losses.register(group)
    command(
        group,
        "issue",
        "commsroom device issue LH-P045 L039 --port sw-khh:GE0/0/19",
        "commsroom device issue LH-P044 meeting-room-1 --on 2026-11-24",
        works=True,
    )(issue)
    command(
        group,
        "return",
        "commsroom device return LH-P036 LH-C040",
        "commsroom device return --of L007 --to storeroom-taipei",
        works=True,
    )(give_back)
    command(
        group,
        "fault",
        'commsroom device fault LH-P036 --reason "no sound in the handset"',
        works=True,
    )(fault)
    command(
        group,
        "repair",
        'commsroom device repair LH-P036 --cost 850 --by "Tai Yi Repairs"',
        works=True,
    )(repair)
    command(group, "move", "commsroom device move LH-P036 --port sw-3f:Gi1/0/9", works=True)(move)
    command(
        group, "done", "commsroom device done LH-P001 LH-P002 --task handset-cleaning", works=True
    )(done)
    command(
        group, "retire", 'commsroom device retire LH-P041 --reason "display broken"', works=True
    )(retire)
    command(
        group,
        "correct",
        'commsroom device correct LH-P036 --reason "office move of 2026-11-21"',
        works=True,
    )(correct)
    command(group, "rewrite", "commsroom device rewrite", works=True)(rewrite)
    app.add_typer(group, name="device")


def issue(
    session: Session,
    *,
    tag: Tag,
    holder: Annotated[
        str,
        typer.Argument(
            metavar="HOLDER",
            help="Id of a person in the roster, or a place of equipment.yml.",
            autocompletion=holders,
            show_default=False,
        ),
    ],
    port: Annotated[
        str,
        typer.Option(
            metavar="SWITCH:PORT",
            help="Where it is plugged in, as sw-3f:Gi1/0/7.",
            show_default=False,
        ),
    ] = "",
    site: Site = "",
    on: On = None,
) -> int:
    """Hand a device of the stock to a person or place.

    A device belongs to one holder: one that is issued is returned first. Its site becomes the
    holder's, unless --site says otherwise.
    """
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.issue(estate, tag, holder, site=site, port=port, day=_on(on))
    return _give(session, found)


def give_back(
    session: Session,
    *,
    tag: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TAG",
            help="Asset tags; for all that somebody holds, --of in their place.",
            autocompletion=tags,
            show_default=False,
        ),
    ] = None,
    of: Annotated[
        str,
        typer.Option(
            metavar="HOLDER",
            help="All that a person or place holds, as when somebody leaves.",
            autocompletion=holders,
            show_default=False,
        ),
    ] = "",
    to: Place = "",
    site: Site = "",
    on: On = None,
    note: Note = "",
) -> int:
    """Take devices back into stock, all of them or none.

    One in repair stays there and is nobody's. A device returned is plugged in nowhere.
    """
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.give_back(
            estate, tag or (), of=of, place=to, site=site, day=_on(on), note=note
        )
    return _give(session, found)


def fault(
    session: Session,
    *,
    tag: Tag,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What is wrong.", show_default=False)],
    on: On = None,
) -> int:
    """Report a fault; the device is in repair until `repair` or `retire`.

    It keeps its holder and its port. Faults count for `renewals`, and `inspect` fails for one that
    is open longer than `repair_within` in equipment.yml.
    """
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.fault(estate, tag, reason=reason, day=_on(on))
    return _give(session, found)


def repair(
    session: Session,
    *,
    tag: Tag,
    cost: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT",
            help="What it cost, in the currency of equipment.yml.",
            show_default=False,
        ),
    ] = "",
    by: Annotated[
        str, typer.Option(metavar="WHO", help="Who repaired it.", show_default=False)
    ] = "",
    on: On = None,
    note: Note = "",
) -> int:
    """End a repair: the device goes back to its holder, else into stock."""
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.repair(estate, tag, cost=cost, by=by, note=note, day=_on(on))
    return _give(session, found)


def move(
    session: Session,
    *,
    tag: Tag,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="SWITCH:PORT",
            help="Where it is plugged in now; '' is nowhere.",
            show_default=False,
        ),
    ] = None,
    site: Site = "",
    to: Place = "",
    on: On = None,
    note: Note = "",
) -> int:
    """Put a device somewhere else: another port, another site, another place.

    To another person it goes by `return` and `issue`.
    """
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.move(estate, tag, port=port, site=site, place=to, note=note, day=_on(on))
    return _give(session, found)


def done(
    session: Session,
    *,
    tag: Tags,
    task: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A plan of `maintenance` in equipment.yml.",
            autocompletion=tasks,
            show_default=False,
        ),
    ],
    on: On = None,
    note: Note = "",
) -> int:
    """Record that a task of a maintenance plan was done on devices, all of them or none."""
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.done(estate, tag, task=task, note=note, day=_on(on))
    return _give(session, found)


def retire(
    session: Session,
    *,
    tag: Tags,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)],
    on: On = None,
) -> int:
    """Record that devices are gone for good, all of them or none.

    Whoever holds one returns it first. This wipes nothing: what a device may hold of people's data
    is to be removed before it leaves the company (clause 3.3.3).
    """
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.retire(estate, tag, reason=reason, day=_on(on))
    return _give(session, found)


def correct(
    session: Session,
    *,
    tag: MayTags = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why the rows are right.", show_default=False)
    ],
) -> int:
    """Take over into the ledger what rows of devices.csv say otherwise.

    For rows edited by hand, as after an office move. Where row and ledger disagree the ledger has
    the last word, until somebody answers for the row with a reason; `rewrite` is the other way.
    """
    from commsroom.app import handling

    with session.open(founding=True, named=True) as estate:
        found = handling.correct(estate, tag or (), reason=reason)
    return _give(session, found)


def rewrite(session: Session, *, tag: MayTags = None) -> int:
    """Write into rows of devices.csv what the ledger says otherwise.

    For a checkout that is behind, or rows edited by mistake. Every other byte stays as it is.
    """
    from commsroom.app import registering
    from commsroom.reports.lines import count

    with session.open(founding=True, named=True) as estate:
        changed = registering.rewrite(estate, tag or ())
    session.out.text("".join(f"{name}\n" for name in changed))
    session.out.text(f"{count(len(changed), 'row')} rewritten\n")
    session.out.document({"rewritten": list(changed)})
    return 0


def _on(given: datetime | None) -> date | None:
    return given.date() if given else None


def _give(session: Session, found: Recorded) -> int:
    from commsroom.reports import equipment

    session.out.lines(equipment.recorded_lines(found.entries, found.notes))
    session.out.document(equipment.recorded_document(found.entries, found.notes))
    return 0
