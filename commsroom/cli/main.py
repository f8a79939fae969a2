"""The entry point: builds the command line, and turns every end of it into an exit code."""

from __future__ import annotations

import contextlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

import commsroom
from commsroom.cli import output
from commsroom.cli.ending import INTERRUPTED, TERMINATED, Terminated
from commsroom.cli.session import COMMON, DebugOption, EstateOption, JsonOption, SimulateOption
from commsroom.errors import CommsroomError, PolicyErrors

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNALLED: Final = {INTERRUPTED: "interrupted", TERMINATED: "terminated"}
_HELP: Final = """Company policy in, proven telephone, mail and chat accounts out.

\b
    commsroom validate         is policy well-formed?
    commsroom plan             what would change?
    commsroom apply            change it, and read again
    commsroom prove            use every account as its owner would
    commsroom drift            what was changed behind our back?

Exit codes: 0 done, 1 error, 2 there is a difference, 3 refused by a guard, 4 incomplete: some
system is unknown.
"""


def build() -> typer.Typer:
    """Return the whole command line."""
    from commsroom.cli.commands import (
        approving,
        certificate,
        certifying,
        checking,
        device,
        lab,
        loop,
        policy,
        retiring,
        rotating,
        state,
        training,
    )

    app = typer.Typer(
        name="commsroom",
        help=_HELP,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True)(_root)
    groups = (
        policy, loop, approving, checking, rotating, certifying, device, retiring, certificate, training,
        state, lab,
    )  # fmt: skip
    for module in groups:
        module.register(app)
    return app


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        from importlib.metadata import version

        typer.echo(f"commsroom {version('commsroom')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    *,
    estate: EstateOption = None,
    simulate: SimulateOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    given = {"estate": estate, "simulate": simulate, "json": json, "debug": debug}
    context.obj = {name: given[name] for name in COMMON if given[name]}
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; never raises, save for SystemExit by typer."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name in any script, on any terminal
    try:
        code = _run(words)
        output.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Terminated:
        code = TERMINATED
    except Exception as error:  # noqa: BLE001 - users get a line, no traceback
        code = _failed(error, words)
    if word := _SIGNALLED.get(code):
        output.warn(f"commsroom: {word}; run the same command again, it goes on from what is there")
    return code


def _run(words: Sequence[str]) -> int:
    return int(build()(args=list(words), prog_name="commsroom", standalone_mode=False) or 0)


def _failed(error: Exception, words: Sequence[str]) -> int:
    """Tell an error in its own way and return its exit code."""
    options = words[: words.index("--")] if "--" in words else words
    known = _known(error)
    if "--debug" in options:
        for line in traceback.format_exception(error):
            output.warn(line.rstrip("\n"))
    if "--json" in options:
        from commsroom.reports import documents

        with contextlib.suppress(CommsroomError):
            output.write_document(documents.error_document(known))
            output.flush()
    _tell(known)
    return int(known.exit_code)


def _known(error: Exception) -> CommsroomError:
    """Return the error as one for users; an unexpected one by type and place, never by its text."""
    if isinstance(error, CommsroomError):
        return error
    if isinstance(error, typer.TyperException):
        text = " ".join(error.format_message().split()).replace("Value error, ", "")
        return CommsroomError(text.rstrip("."), remedy=_usage(error))
    if isinstance(error, OSError) and error.strerror:
        return CommsroomError(f"{error.filename or 'input or output'}: {error.strerror}")
    return CommsroomError(
        f"internal error: {type(error).__name__}{_place(error)}",
        remedy="run again with --debug, and report it",
    )


def _place(error: Exception) -> str:
    """Return the innermost line of our own package; the folders above it may have its name too."""
    package = Path(commsroom.__file__).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(package):
            return f" in {file.relative_to(package.parent).as_posix()}:{frame.lineno}"
    return ""


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path if context else 'commsroom'} --help"


def _tell(error: CommsroomError) -> None:
    """Write the one line; for problems of the input one each, in the form editors jump to."""
    from commsroom.reports.lines import printable

    if isinstance(error, PolicyErrors):
        for problem in error.problems:
            output.warn(printable(str(problem)))
        return
    word = "\x1b[1;31merror:\x1b[0m" if output.coloured(sys.stderr) else "error:"
    output.warn(f"{word} {printable(' '.join(str(error).split()))}")
