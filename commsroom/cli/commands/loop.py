"""The loop: plan, apply, prove, adopt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.completion import addresses
from commsroom.cli.options import (
    AsOf,
    BaselineFile,
    Due,
    Format,
    FormatOption,
    Full,
    Language,
    LedgerUrl,
    Only,
    Out,
    Person,
    PlanFormat,
    Requester,
    day,
    remembered_by,
    scope,
    writable,
)
from commsroom.cli.output import warn
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
        "commsroom plan --baseline baseline.json --format markdown",
    )(plan)
    command(
        app,
        "apply",
        "commsroom apply",
        "commsroom apply --yes --person wei.wang",
        "commsroom apply monday.plan",
        "commsroom apply --due --yes",
        "commsroom apply --allow-removal pbx1:extension",
        works=True,
    )(apply)
    command(app, "prove", "commsroom prove", "commsroom prove --person wei.wang --full")(prove)
    command(app, "adopt", "commsroom adopt 'pbx1:extension/21*'", works=True)(adopt)


def plan(
    session: Session,
    *,
    person: Person = None,
    only: Only = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Save the plan, to apply exactly it.",
            callback=writable,
            show_default=False,
        ),
    ] = None,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 2 when there are changes.")
    ] = False,
    form: Annotated[
        PlanFormat, typer.Option("--format", help="The form; markdown is for a merge request.")
    ] = PlanFormat.TEXT,
    ledger: LedgerUrl = None,
    baseline: BaselineFile = None,
    full: Full = False,
    as_of: AsOf = None,
    by: Requester = "",
) -> int:
    """Show what apply would do; touches nothing.

    With --ledger or --baseline it needs neither the right to write nor the store of secrets. Saved, a plan
    that deletes for good what people wrote asks for two approvals: `approve`.
    """
    from commsroom.app import countersigning, planning, saved
    from commsroom.errors import Exit, UsageError
    from commsroom.reports import approvals, documents, plan_markdown, text

    reads = remembered_by(ledger, baseline)
    if out is not None and any(reads.values()):
        raise UsageError(
            "a plan to apply is saved where it will be applied",
            remedy="leave out --out, or --ledger and --baseline",
        )
    if by and out is None:
        raise UsageError("--by is who asks for approval of a saved plan", remedy="add --out PLAN")
    wanted = scope(person, only, as_of)
    saving = out is not None  # a saved plan names its estate
    with session.open(**reads, read_only=any(reads.values()), founding=saving) as estate:
        planned = planning.prepare(estate, wanted, session.progress)
        document = documents.plan_document(planned.plan)
        request = None
        if out is not None:
            request = countersigning.ask(estate, planned, wanted, by)
            saved.save(estate, planned, wanted, out, document, request=request)
        objection = planning.objection(estate, planned)
        if out is None and not objection:
            objection = countersigning.objection(estate, planned)
        uncompared = planning.uncompared(estate, wanted, planned)
        company = estate.policy.company.name
    if form is PlanFormat.MARKDOWN:
        page = plan_markdown.render(
            planned.plan, company, full=full, objection=objection, uncompared=uncompared
        )
        session.out.text(page)
    else:
        session.out.lines(text.plan_lines(planned.plan, full=full, objection=objection))
    if request is not None:
        session.out.lines([approvals.needed(request, str(out))])
        document = {**document, "approval": approvals.needed_document(request)}
    for system, why in uncompared.items():
        warn(f"{system}: {why}")
    session.out.document(document)
    if planned.plan.unknown or uncompared:
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
    without_purges: Annotated[
        bool,
        typer.Option(
            "--without-purges",
            help="Leave out what would be deleted for good and needs approvals; --due always does.",
        ),
    ] = False,
    due: Due = False,
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Make the systems what policy says.

    Asks first, then reads them again to be sure. Stops with exit code 3 when too much would be
    removed, something protected is touched, or what people wrote would be deleted for good and two have
    not approved that: save a plan for them, see `approve`.
    """
    from commsroom.app import applying, countersigning, saved
    from commsroom.errors import UsageError
    from commsroom.estate.guards import Allow
    from commsroom.reports import documents, text

    if saved_plan is not None and (person or only or as_of or due or without_purges):
        raise UsageError(
            "a saved plan has its own scope and date",
            remedy="leave out --person, --only, --as-of, --due, --without-purges",
        )
    content = saved.read(saved_plan) if saved_plan else {}
    forms.may_ask(session, yes=yes)
    shown = False

    def confirm(found: Plan) -> bool:
        nonlocal shown
        shown = True
        session.out.lines(text.plan_lines(found, full=full))
        return yes or forms.agreed(found)

    with session.open(founding=not due) as estate:
        done = applying.apply(
            estate,
            scope(person, only, as_of),
            saved=saved.accepted(estate, saved_plan, content) if saved_plan else None,
            allow=Allow(
                frozenset(allow_removal or ()),
                frozenset(allow_protected or ()),
                tuple(allow_adopt or ()),
            ),
            confirm=confirm,
            progress=session.progress,
            due=due,
            without_purges=without_purges,
            command="apply --due" if due else "apply",
        )
    if done.due is not None and done.plan.idle and not done.left:
        session.out.lines([text.nothing_due(done.due, done.plan)])
    elif not shown:
        session.out.lines(text.plan_lines(done.plan, full=full))
    if done.declined:
        session.out.text("Nothing was changed.\n")
    elif done.outcomes:
        session.out.lines(
            text.apply_lines(done.plan, done.outcomes, done.remaining, done.seconds, due=due)
        )
    if done.left:
        session.out.text(f"{countersigning.left_out(done.left)}\n")
    session.out.document(
        documents.apply_document(
            done.plan,
            done.outcomes,
            done.remaining,
            code=done.exit_code,
            seconds=done.seconds,
            declined=done.declined,
            due=done.due,
            left=done.left,
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
            estate=estate.policy.company.name,
            timings=[model.Timing("prove", time.monotonic() - started)],
        )
    wanted_form = forms.Wanted(form, out, full=full, language=language)
    document = documents.prove_document(done.proofs, done.unknown, done.simulated)
    forms.give(session, report, wanted_form, document)
    return done.exit_code


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

    with session.open(founding=True) as estate:
        taken = adopting.adopt(estate, tuple(address), session.progress, as_of=day(as_of))
    session.out.text("".join(f"> adopt {printable(str(item))}\n" for item in taken))
    session.out.text(f"Adopted: {count(len(taken), 'object')}; apply brings them to policy.\n")
    session.out.document({"adopted": [str(item) for item in taken]})
    return 0
