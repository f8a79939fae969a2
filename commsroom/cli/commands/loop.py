"""The loop: plan, apply, prove, drift, adopt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.completion import addresses
from commsroom.cli.options import (
    AsOf,
    Format,
    FormatOption,
    Full,
    Language,
    LedgerUrl,
    Only,
    Out,
    Person,
    day,
    scope,
)
from commsroom.cli.session import Session, command

if TYPE_CHECKING:
    from commsroom.estate.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(
        app,
        "plan",
        "commsroom plan",
        "commsroom plan --person wei.wang",
        "commsroom plan --out monday.plan",
    )(plan)
    command(
        app,
        "apply",
        "commsroom apply",
        "commsroom apply --yes --person wei.wang",
        "commsroom apply monday.plan",
        "commsroom apply --allow-removal pbx1:extension",
    )(apply)
    command(app, "prove", "commsroom prove", "commsroom prove --person wei.wang --full")(prove)
    command(
        app,
        "drift",
        "commsroom drift",
        "commsroom drift --servers --format html --out drift.html",
    )(drift)
    command(app, "adopt", "commsroom adopt 'pbx1:extension/21*'")(adopt)


def plan(
    session: Session,
    *,
    person: Person = None,
    only: Only = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Save the plan, to apply exactly it.", show_default=False
        ),
    ] = None,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 2 when there are changes.")
    ] = False,
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Show what apply would do; touches nothing."""
    from commsroom.app import planning, saved
    from commsroom.errors import Exit
    from commsroom.reports import documents, text

    wanted = scope(person, only, as_of)
    with session.open() as estate:
        planned = planning.prepare(estate, wanted, session.progress)
        document = documents.plan_document(planned.plan)
        if out is not None:
            saved.save(estate, planned, wanted, out, document)
        objection = planning.objection(estate, planned)
    session.out.lines(text.plan_lines(planned.plan, full=full, objection=objection))
    session.out.document(document)
    if planned.plan.unknown:
        return Exit.INCOMPLETE
    return Exit.DIFFERENCE if detailed and not planned.plan.empty else Exit.DONE


def apply(
    session: Session,
    *,
    saved_plan: Annotated[
        Path | None,
        typer.Argument(metavar="PLAN", help="A plan saved with plan --out.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    person: Person = None,
    only: Only = None,
    allow_removal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SYSTEM:KIND",
            help="Let more than the limit of this kind be deleted or suspended; `total` for all"
            " together; `SYSTEM:*` forgets a server that is gone from the inventory; repeatable.",
            show_default=False,
        ),
    ] = None,
    allow_protected: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS", help="Let this protected object be changed.", show_default=False
        ),
    ] = None,
    allow_adopt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Take over what exists there already.", show_default=False
        ),
    ] = None,
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Make the systems what policy says.

    Asks first, then reads them again to be sure. Stops with exit code 3 when too much would be
    removed or something protected is touched.
    """
    from commsroom.app import applying, saved
    from commsroom.errors import UsageError
    from commsroom.estate.guards import Allow
    from commsroom.reports import documents, text

    if saved_plan is not None and (person or only or as_of):
        raise UsageError(
            "a saved plan has its own scope and date", remedy="leave out --person, --only, --as-of"
        )
    forms.may_ask(session, yes=yes)
    shown = False

    def confirm(found: Plan) -> bool:
        nonlocal shown
        shown = True
        session.out.lines(text.plan_lines(found, full=full))
        return yes or forms.agreed(found)

    with session.open() as estate:
        done = applying.apply(
            estate,
            scope(person, only, as_of),
            saved=saved.load(estate, saved_plan) if saved_plan else None,
            allow=Allow(
                frozenset(allow_removal or ()),
                frozenset(allow_protected or ()),
                tuple(allow_adopt or ()),
            ),
            confirm=confirm,
            progress=session.progress,
        )
    if not shown:
        session.out.lines(text.plan_lines(done.plan, full=full))
    if done.declined:
        session.out.text("Nothing was changed.\n")
    elif done.outcomes:
        session.out.lines(text.apply_lines(done.plan, done.outcomes, done.remaining, done.seconds))
    session.out.document(
        documents.apply_document(
            done.plan,
            done.outcomes,
            done.remaining,
            code=done.exit_code,
            seconds=done.seconds,
            declined=done.declined,
        )
    )
    return done.exit_code


def prove(
    session: Session,
    *,
    person: Person = None,
    only: Only = None,
    form: FormatOption = Format.TEXT,
    out: Out = None,
    language: Language = "en",
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Use every account as its owner would.

    Calls, logins and messages; closed accounts must be refused. Ends with 2 when a use did not
    go as policy promises, 4 when one could not be decided.
    """
    from commsroom.app import proving
    from commsroom.reports import documents, model

    started = time.monotonic()
    with session.open() as estate:
        done = proving.prove(estate, scope(person, only, as_of), session.progress)
        report = model.from_proofs(
            done.proofs,
            done.unknown,
            done.simulated,
            estate=estate.path.name,
            timings=[model.Timing("prove", time.monotonic() - started)],
        )
    wanted_form = forms.Wanted(form, out, full=full, language=language)
    document = documents.prove_document(done.proofs, done.unknown, done.simulated)
    forms.give(session, report, wanted_form, document)
    return done.exit_code


def drift(
    session: Session,
    *,
    person: Person = None,
    only: Only = None,
    form: FormatOption = Format.TEXT,
    out: Out = None,
    language: Language = "en",
    servers: Annotated[
        bool,
        typer.Option(
            "--servers/--no-servers",
            help="Also check the servers themselves, by site.yml --check --diff.",
        ),
    ] = False,
    ledger: LedgerUrl = None,
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Find where reality is not what policy says.

    Names the repair for each finding and writes nothing. Ends with 2 when something differs, 4
    when a system could not be read. What is foreign is
    named, and is no difference.
    """
    from commsroom.app import drifting
    from commsroom.reports import documents, model

    started = time.monotonic()
    wanted = scope(person, only, as_of)
    with session.open(ledger=ledger, read_only=True) as estate:
        report = drifting.drift(estate, wanted, session.progress, servers=servers)
    report = report.plus(timings=[model.Timing("drift", time.monotonic() - started)])
    wanted_form = forms.Wanted(form, out, full=full, language=language)
    forms.give(session, report, wanted_form, documents.drift_document(report))
    return report.exit_code


def adopt(
    session: Session,
    *,
    address: Annotated[
        list[str], typer.Argument(metavar="ADDRESS…", show_default=False, autocompletion=addresses)
    ],
    as_of: AsOf = None,
) -> int:
    """Take over objects that exist already and are in policy.

    Changes nothing on any system; the next apply may.
    """
    from commsroom.app import adopting
    from commsroom.reports.lines import count, printable

    with session.open() as estate:
        taken = adopting.adopt(estate, tuple(address), session.progress, as_of=day(as_of))
    session.out.text("".join(f"> adopt {printable(str(item))}\n" for item in taken))
    session.out.text(f"Adopted: {count(len(taken), 'object')}; apply brings them to policy.\n")
    session.out.document({"adopted": [str(item) for item in taken]})
    return 0
