"""Commands about what the company wants; none of them writes to a system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commsroom.cli.completion import addresses
from commsroom.cli.options import AsOf, Person, day, scope
from commsroom.cli.session import Session, command
from commsroom.errors import Exit


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(
        app,
        "init",
        "commsroom init lianhe && cd lianhe && commsroom validate",
        "commsroom init --lab lianhe && cd lianhe && commsroom lab up",
        works=True,
    )(init)
    # What is wrong goes to standard error, and the exit code says that nothing is.
    command(app, "validate", "commsroom validate", "commsroom validate --json", works=True)(
        validate
    )
    command(app, "schema", "commsroom schema .schemas", works=True)(schema)
    command(
        app,
        "show",
        "commsroom show 'pbx1:extension/*'",
        "commsroom show --person wei.wang --as-of 2026-12-31",
    )(show)
    command(app, "explain", "commsroom explain pbx1:extension/2107")(explain)


Folder = Annotated[Path, typer.Argument(metavar="DIR", show_default=False)]


def init(
    session: Session,
    *,
    folder: Folder,
    lab: Annotated[
        bool,
        typer.Option(
            "--lab",
            help="Take the addresses of the lab, so that commsroom lab up makes its servers.",
        ),
    ] = False,
) -> int:
    """Write a small, valid estate into DIR, to start from.

    Policy, roster, inventory, playbooks and ansible.cfg. Makes the estate's key, outside of DIR, and
    says what to do next.
    """
    from commsroom.app import starting
    from commsroom.reports.starting import started_lines

    made = starting.init(folder, lab=lab)
    session.out.lines(started_lines(folder, made.files, made.key, lab=lab))
    session.out.document({"written": [str(path) for path in [*made.files, made.key] if path]})
    return 0


def validate(session: Session, *, as_of: AsOf = None) -> int:
    """Check policies, roster and allocations.

    Every problem is told at once, one line each, with its place and the repair.
    """
    from commsroom.app import validating
    from commsroom.errors import PolicyErrors
    from commsroom.reports.documents import problem_document

    found = validating.validate(session.estate, as_of=day(as_of))
    session.out.document(
        {
            "ok": not found.problems,
            "problems": [problem_document(item) for item in found.problems],
            "warnings": [problem_document(item) for item in found.warnings],
            "counts": dict(found.counts),
        }
    )
    if found.problems:
        if session.json:
            return int(PolicyErrors.exit_code)
        raise PolicyErrors(found.problems)
    session.out.text("".join(f"warning: {item}\n" for item in found.warnings))
    counted = ", ".join(
        f"{what.replace('_', ' ')} {number:,}" for what, number in found.counts.items() if number
    )
    session.out.text(f"Valid: {counted}.\n")
    return 0


def schema(session: Session, *, folder: Folder) -> int:
    """Write a JSON Schema per policy file into DIR, for editors."""
    from commsroom.app import validating

    written = validating.write_schemas(folder)
    session.out.text("".join(f"{path}\n" for path in written))
    session.out.document({"written": [str(path) for path in written]})
    return 0


def show(
    session: Session,
    *,
    glob: Annotated[
        list[str] | None,
        typer.Argument(metavar="GLOB…", show_default=False, autocompletion=addresses),
    ] = None,
    person: Person = None,
    as_of: AsOf = None,
) -> int:
    """Show what policy asks for, without asking any system.

    Every object, or those a glob or a person names.
    """
    from commsroom.app import showing
    from commsroom.reports import documents, objects

    with session.open() as estate:
        found = showing.show(estate, scope(person, glob, as_of))
    session.out.lines(objects.show_lines(found))
    session.out.document(documents.show_document(found))
    return 0


def explain(
    session: Session,
    *,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", show_default=False, autocompletion=addresses)
    ],
    as_of: AsOf = None,
) -> int:
    """Explain one object: why it is, what it is, what was done.

    Which line of policy asked for it, what it really is on its system, and its history. Ends with 4 where
    its system cannot tell what it is.
    """
    from commsroom.app import showing
    from commsroom.reports import documents, objects

    with session.open() as estate:
        found = showing.explain(estate, address, scope(None, None, as_of), session.progress)
        simulated = estate.simulated
    session.out.lines(objects.explain_lines(found, simulated))
    session.out.document(documents.explain_document(found))
    return Exit.INCOMPLETE if any(item.unknown for item in found) else Exit.DONE
