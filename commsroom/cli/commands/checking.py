"""Looking whether all is as policy says: drift, inspect, and comply, what both show of each clause."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commsroom.cli import forms
from commsroom.cli.options import (
    Also,
    AsOf,
    BaselineFile,
    ComplianceFormat,
    Format,
    FormatOption,
    Full,
    Language,
    LedgerUrl,
    Only,
    Out,
    Person,
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
        "drift",
        "commsroom drift",
        "commsroom drift --servers --format html --out drift.html",
        "commsroom drift --since 7d",
        "commsroom drift --fix --yes",
        "commsroom drift --notify",
        "commsroom drift --baseline baseline.json --also junit=drift.xml --also sarif=drift.sarif",
        works=("out", "fix", "notify"),
    )(drift)
    command(
        app,
        "inspect",
        "commsroom inspect",
        "commsroom inspect --only 'mail1:certificate/*' --no-use",
        "commsroom inspect --format html --out inspection.html",
    )(inspect)
    command(
        app,
        "comply",
        "commsroom comply",
        "commsroom comply --clause '4.*'",
        "commsroom comply --fresh --format pdf --language zh-Hant --out compliance.pdf",
    )(comply)


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
    wanted_form = forms.Wanted(form, out, full, language, forms.also(also, out))
    with session.open(**reads, read_only=not fix, record=record) as estate:
        if notify:
            notifying.require(estate, wanted)
        zone = estate.policy.company.time_zone
        begin = "" if since is None else remembering.moment(since, zone)
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
    report = forms.pasteable(session, report)
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


def inspect(
    session: Session,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only the checks and objects a shell-style glob names, as in 'mail1:disk/*';"
            " repeatable.",
            show_default=False,
        ),
    ] = None,
    use: Annotated[
        bool,
        typer.Option(
            "--use/--no-use", help="Also call, log in and write with the probe accounts of policy."
        ),
    ] = True,
    security: Annotated[
        bool,
        typer.Option(
            "--security/--no-security",
            help="Also check TLS, ports, passwords, file modes and pending updates.",
        ),
    ] = True,
    form: FormatOption = Format.TEXT,
    out: Out = None,
    baseline: BaselineFile = None,
    language: Language = "en",
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Look at the servers themselves, and use them.

    Disk, clock, queues, certificates, versions; TLS, ports, passwords, file modes, updates; then real
    calls, logins and deliveries. Limits are in policies/inspection.yml. Ends with 2 when something
    is not as policy asks, 4 when something could not be told.
    """
    from commsroom.app import inspecting
    from commsroom.errors import UsageError
    from commsroom.reports import documents

    if baseline and use:
        raise UsageError(
            "a baseline holds no passwords of probe accounts", remedy="add --no-use to --baseline"
        )
    wish = inspecting.Wish(tuple(only or ()), security=security, use=use, as_of=day(as_of))
    with session.open(baseline=baseline) as estate:
        report: Report = inspecting.inspect(estate, wish, session.progress)
    report = forms.pasteable(session, report)
    wanted = forms.Wanted(form, out, full=full, language=language)
    forms.give(session, report, wanted, documents.drift_document(report))
    return report.exit_code


def comply(
    session: Session,
    *,
    clause: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only the clauses a shell-style glob names, as in '4.*'; repeatable.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Run drift, prove and inspect first, and record what they show."
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 2 for clauses that are missing, too.")
    ] = False,
    form: Annotated[
        ComplianceFormat, typer.Option("--format", help="The form of the report.")
    ] = ComplianceFormat.TEXT,
    out: Out = None,
    language: Language = "en",
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """Tell how each clause of the regulation stands.

    With the evidence behind it, judged from policies/regulation.yml and what drift, prove and
    inspect recorded; no system is asked unless --fresh is given. Met: all evidence is a machine's,
    fresh and good. Manual: people have confirmed it. Missing: nothing serves it, or not the whole
    of it. Ends with 2 when a clause is not met, 4 when one is unknown: evidence too old, incomplete
    or not there yet.
    """
    from commsroom.app import complying

    forms.may_write(form, out)
    with session.open(ledger=ledger, read_only=not fresh) as estate:
        report = complying.comply(
            estate,
            session.progress,
            clauses=clause or (),
            as_of=day(as_of),
            strict=strict,
            fresh=fresh,
        )
    forms.give_compliance(session, report, form, out, language)
    return report.exit_code
