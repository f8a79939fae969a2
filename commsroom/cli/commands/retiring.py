"""decommission: equipment is closed, wiped, verified, certified and entered in the register."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any, Final

import typer

from commsroom.cli.completion import tags
from commsroom.cli.options import By, MayKey, SignedUntil, Witness, day
from commsroom.cli.session import Session, command
from commsroom.errors import UsageError

#: Options of which a value without `TAG=` is for all devices.
_FOR_ALL: Final = frozenset({"--method", "--backup"})
_MANY: Final = "TAG[:SERIAL]=METHOD"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(
        app,
        "decommission",
        "commsroom decommission LH-C003 --by L007 --fate leaves",
        "commsroom decommission LH-C003 --by L007 --method LH-C003=destroy",
        "commsroom decommission 3f2a9c81d07e",
        "commsroom decommission 3f2a9c81d07e --witnessed LH-P010 --by L007 --witness L002",
        "commsroom decommission",
        works=True,
    )(decommission)


def decommission(
    session: Session,
    *,
    device: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DEVICE…|REQUEST",
            help="Asset tags, or the name of a request.  [default: list all there ever were]",
            autocompletion=tags,
            show_default=False,
        ),
    ] = None,
    by: By = "",
    fate: Annotated[
        str,
        typer.Option(
            metavar="FATE",
            help="What becomes of them: stays, leaves or scrapped.  [default: equipment.yml]",
            show_default=False,
        ),
    ] = "",
    category: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="How confidential what they hold is: low, moderate or high.  [default: equipment.yml]",
            show_default=False,
        ),
    ] = "",
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_MANY,
            help="Wipe so; METHOD alone is for all. One that is too weak or impossible falls to the next"
            " stronger.",
            show_default=False,
        ),
    ] = None,
    station: Annotated[
        str,
        typer.Option(metavar="SYSTEM", help="Only disks of this wipe station.", show_default=False),
    ] = "",
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG=ITEM",
            help="It holds a `sim`, a memory `card` or `paper` beside.",
            show_default=False,
        ),
    ] = None,
    no_media: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG", help="A computer that has no disk any more.", show_default=False
        ),
    ] = None,
    allow_member: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERIAL=TYPE",
            help="The disk is a part of a RAID or volume group (LVM2_member …) that is gone too.",
            show_default=False,
        ),
    ] = None,
    header_backup: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERIAL=FILE",
            help="A backup of its LUKS header, on the station: destroyed with it.",
            show_default=False,
        ),
    ] = None,
    sampled: Annotated[
        bool,
        typer.Option("--sampled", help="Do not read back all of a disk, only a stated sample."),
    ] = False,
    until: SignedUntil = None,
    again: Annotated[
        bool, typer.Option("--again", help="Wipe once more what did not pass.")
    ] = False,
    witnessed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG[:MEDIUM]",
            help="It was done by hand as the list says, by --by before --witness.",
            show_default=False,
        ),
    ] = None,
    witness: Witness = "",
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="For the certificate.", show_default=False)
    ] = "",
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="You have looked at all of it and answer for it: sign certificates, with --by and --key.",
        ),
    ] = False,
    key: MayKey = None,
    backup: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TAG=]PLACE",
            help="With --validate, where the data are backed up; `none` says that they are not.  [default: not known]",
            show_default=False,
        ),
    ] = None,
    contact: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="With --validate, how you are reached.  [default: your extension and mail address]",
            show_default=False,
        ),
    ] = "",
) -> int:
    """Retire equipment: closed, wiped, verified, certified.

    Asks first: what is closed and wiped, and how, is written down for two others to sign with commsroom
    approve. Run again with the request's name, or the same devices, it goes on as far as it can: killed
    anywhere, it is simply run again. A result is PASS, FAIL or UNKNOWN; nothing is certified that was not
    seen to happen. Ends with 2 where a wipe failed, with 4 where something is not known.
    """
    from commsroom.app import drawing_up, retirement, retiring, signing_off
    from commsroom.reports import retirement as shown

    names = device or []
    asking = (by, fate, category, method, station, also, no_media, allow_member, header_backup)
    said = (
        *asking,
        sampled,
        until,
        again,
        witnessed,
        witness,
        note,
        validate,
        key,
        backup,
        contact,
    )
    with session.open(named=True) as estate:
        estate.require_ledger()
        if not names and any(said):
            raise UsageError(
                "decommission: nothing is named to do that to",
                remedy="name the devices, or the request: commsroom decommission lists them",
            )
        if not names:
            found = list(retiring.requests(estate).values())
            session.out.lines(shown.all_lines(found))
            session.out.document({"requests": [shown.document(one) for one in found]})
            return 0
        wish = retirement.wish(
            category=category,
            fate=fate,
            station=station,
            methods=dict(_pair("--method", one) for one in method or ()),
            beside=_lists("--also", also),
            without_media=frozenset(no_media or ()),
            members=_lists("--allow-member", allow_member),
            header_backups=_lists("--header-backup", header_backup),
            sampled=sampled,
        )
        now = retiring.under_way(estate, names)
        other = by and wish != retirement.Wish() and not (witnessed or validate or again)
        if now is None or (other and retiring.stuck(now, names)):
            if not by:
                raise UsageError("who asks? two others will have to approve", remedy="--by ID")
            now = retirement.propose(estate, names, wish, requester=by, until=day(until))
        elif witnessed:
            now = retiring.witnessed(estate, now, witnessed, by=by, witness=witness, note=note)
        elif validate:
            if not by or key is None:
                raise UsageError(
                    "--validate needs --by and --key", remedy="whoever signs is named on it"
                )
            backups = dict(_pair("--backup", one) for one in backup or ())
            word = drawing_up.Word(by=by, contact=contact, note=note, backups=backups)
            now = signing_off.certify(estate, now, word, key=key, progress=session.progress)
        else:
            now = retiring.carry_on(estate, now, session.progress, again=again)
    session.out.lines(shown.lines(now))
    session.out.document(shown.document(now))
    return int(now.exit_code)


def _pair(option: str, text: str) -> tuple[str, str]:
    """Split `WHAT=VALUE`; for some options `VALUE` alone is for all."""
    what, equals, value = text.partition("=")
    if not equals and option in _FOR_ALL:
        return "", what
    if not (equals and what and value):
        raise UsageError(f"{option}: {text!r} is not of the form WHAT=VALUE")
    return what, value


def _lists(option: str, texts: list[str] | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for text in texts or ():
        what, value = _pair(option, text)
        found[what].append(value)
    return {what: tuple(values) for what, values in found.items()}
