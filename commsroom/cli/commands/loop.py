"""The loop: plan, apply, prove, drift, adopt."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commsroom.cli import forms
from commsroom.cli.completion import addresses
from commsroom.cli.options import (
    Also,
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
    day,
    remembered_by,
    scope,
)
from commsroom.cli.output import warn
from commsroom.cli.session import Session, command

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.app.scope import Scope
    from commsroom.estate.plan import Plan
    from commsroom.reports.model import Report


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
    command(
        app,
        "drift",
        "commsroom drift",
        "commsroom drift --servers --format html --out drift.html",
        "commsroom drift --since 7d",
        "commsroom drift --fix --yes",
        "commsroom drift --notify",
        "commsroom drift --baseline baseline.json --also junit=drift.xml --also sarif=drift.sarif",
        works=("out", "fix", "notify"),
    )(drift)
    command(app, "adopt", "commsroom adopt 'pbx1:extension/21*'", works=True)(adopt)


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
    form: Annotated[
        PlanFormat, typer.Option("--format", help="The form; markdown is for a merge request.")
    ] = PlanFormat.TEXT,
    ledger: LedgerUrl = None,
    baseline: BaselineFile = None,
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Show what apply would do; touches nothing.

    With --ledger or --baseline it needs neither the right to write nor the store of secrets.
    """
    from commsroom.app import planning, saved
    from commsroom.errors import Exit, UsageError
    from commsroom.reports import documents, plan_markdown, text

    reads = remembered_by(ledger, baseline)
    if out is not None and any(reads.values()):
        raise UsageError(
            "a plan to apply is saved where it will be applied",
            remedy="leave out --out, or --ledger and --baseline",
        )
    wanted = scope(person, only, as_of)
    saving = out is not None  # a saved plan names its estate
    with session.open(**reads, read_only=any(reads.values()), founding=saving) as estate:
        planned = planning.prepare(estate, wanted, session.progress)
        document = documents.plan_document(planned.plan)
        if out is not None:
            saved.save(estate, planned, wanted, out, document)
        objection = planning.objection(estate, planned)
        uncompared = planning.uncompared(estate, wanted, planned)
        company = estate.policy.company.name
    if form is PlanFormat.MARKDOWN:
        page = plan_markdown.render(
            planned.plan, company, full=full, objection=objection, uncompared=uncompared
        )
        session.out.text(page)
    else:
        session.out.lines(text.plan_lines(planned.plan, full=full, objection=objection))
    for system, why in uncompared.items():
        warn(f"{system}: {why}")
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
    due: Due = False,
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

    if saved_plan is not None and (person or only or as_of or due):
        raise UsageError(
            "a saved plan has its own scope and date",
            remedy="leave out --person, --only, --as-of, --due",
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
            command="apply --due" if due else "apply",
        )
    if done.due is not None and done.plan.idle:
        session.out.lines([text.nothing_due(done.due, done.plan)])
    elif not shown:
        session.out.lines(text.plan_lines(done.plan, full=full))
    if done.declined:
        session.out.text("Nothing was changed.\n")
    elif done.outcomes:
        session.out.lines(
            text.apply_lines(done.plan, done.outcomes, done.remaining, done.seconds, due=due)
        )
    session.out.document(
        documents.apply_document(
            done.plan,
            done.outcomes,
            done.remaining,
            code=done.exit_code,
            seconds=done.seconds,
            declined=done.declined,
            due=done.due,
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


def drift(
    session: Session,
    *,
    person: Person = None,
    only: Only = None,
    form: FormatOption = Format.TEXT,
    out: Out = None,
    also: Also = None,
    language: Language = "en",
    servers: Annotated[
        bool,
        typer.Option(
            "--servers/--no-servers",
            help="Also check the servers themselves, by site.yml --check --diff.",
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|SPAN",
            help="Only what is new since 2026-11-24, or in the last 7d or 12h, and the trend of that"
            " time. What is unknown is told in any case.",
            show_default=False,
        ),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Repair what policies/drift.yml lets be repaired alone, while a maintenance window"
            " is open, and look again. Asks first, as apply does.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
    record: Annotated[
        bool,
        typer.Option(
            "--record/--no-record",
            help="Remember this run in the ledger, where that may be written. Runs narrowed by"
            " --person, --only or --as-of never are.",
        ),
    ] = True,
    notify: Annotated[
        bool,
        typer.Option(
            "--notify",
            help="Tell those named in policies/notify.yml, by mail and chat, what changed since they"
            " were told last.",
        ),
    ] = False,
    ledger: LedgerUrl = None,
    baseline: BaselineFile = None,
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Find where reality is not what policy says.

    Names for each finding since when, what it weighs, who answers for it, and the repair; changes
    no system unless --fix is given. Ends with 2 when something differs that no exception covers, 4
    when a system could not be read, 3 when --fix is refused (no window is open, a guard). What is
    foreign is named, and is no difference.
    """
    from commsroom.app import drifting, notifying, remembering
    from commsroom.errors import UsageError
    from commsroom.reports import documents, model

    if fix:
        forms.may_ask(session, yes=yes, verb="drift --fix")
    elif yes:
        raise UsageError("--yes answers what only --fix asks", remedy="add --fix, or leave it out")
    if notify and not record:
        raise UsageError("--notify compares with recorded runs", remedy="leave out --no-record")
    reads = remembered_by(ledger, baseline)
    if fix and baseline:
        raise UsageError("--fix needs the ledger: a baseline is read only", remedy="leave out one")
    if notify and baseline:
        raise UsageError(
            "--notify needs the ledger: a baseline is read only", remedy="leave out one"
        )
    started = time.monotonic()
    wanted = scope(person, only, as_of)
    wanted_form = forms.Wanted(form, out, full, language, forms.also(also))
    with session.open(**reads, read_only=not fix, record=record) as estate:
        if notify:
            notifying.require(estate, wanted)
        zone = estate.policy.company.time_zone
        begin = remembering.moment(since, zone) if since else ""
        look: dict[str, Any] = {"servers": servers, "record": record, "since": begin}
        if fix:
            report, fixed = _fixed(session, estate, wanted, wanted_form, yes=yes, **look)
        else:
            report = drifting.drift(estate, wanted, session.progress, **look)
            fixed = {}
        # A folder's path says nothing to whoever is sent the report.
        report = replace(report, estate=estate.policy.company.name)
        untold = notifying.notify(estate, report, session.progress) if notify else ()
    if begin:
        report = remembering.newer(report, begin)
    report = report.plus(
        findings=untold, timings=[model.Timing("drift", time.monotonic() - started)]
    )
    forms.give(session, report, wanted_form, {**documents.drift_document(report), **fixed})
    return report.exit_code


def _fixed(
    session: Session, estate: Estate, scope: Scope, form: forms.Wanted, *, yes: bool, **look: Any
) -> tuple[Report, dict[str, Any]]:
    """Repair and say what was; return the report after it, and what belongs into its document."""
    from commsroom.app import fixing
    from commsroom.reports import documents, text
    from commsroom.reports.fixes import fix_lines

    # A report that goes to standard output in another form stays alone there.
    aside = form.out is None and form.form is not Format.TEXT

    def confirm(found: Plan) -> bool:
        if not aside:
            session.out.lines(text.plan_lines(found, full=form.full))
        elif not yes:
            warn(text.plan_text(found))
        return yes or forms.agreed(found)

    done = fixing.fix(estate, scope, session.progress, confirm=confirm, **look)
    if not aside:
        session.out.lines(fix_lines(done.outcomes, done.report.simulated, declined=done.declined))
    return done.report, {"fixed": documents.outcomes_document(done.outcomes)}


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
