"""What every command shares: its common options, the opened estate, output and progress."""

from __future__ import annotations

import functools
import inspect
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commsroom.cli.output import Output
from commsroom.cli.pasting import carry
from commsroom.cli.progress import Closing, Silent, choose
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from commsroom.app.estate import Estate

#: The options of `commsroom` itself that may also stand after the command.
COMMON = ("estate", "simulate", "json", "debug")

EstateOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The estate: the folder that holds policies/.  [default: here]",
        show_default=False,
    ),
]
SimulateOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Use in-memory twins of all systems instead of the real ones, and keep their state in"
        " DIR. All they say is labelled simulated.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Give one JSON document on standard output.")
]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Show the traceback behind an error, for developers.")
]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one command."""

    estate: Path = Path()
    simulate: Path | None = None
    json: bool = False
    debug: bool = False
    out: Output = field(default_factory=Output)
    #: Where to tell progress: standard error, silent with `--json`.
    progress: Closing = field(default_factory=Silent)

    def open(
        self,
        *,
        ledger: str | None = None,
        baseline: Path | None = None,
        read_only: bool = False,
        record: bool = False,
        founding: bool = False,
        named: bool = False,
    ) -> AbstractContextManager[Estate]:
        """Open the estate; raises CommsroomError when there is none.

        Only a verb that means to (`founding`) makes what a new estate lacks: ledger, key, secrets. For one
        that could take a slip for a company without a past, a `named` ledger must be there.
        """
        from commsroom.app.estate import open_estate

        if named:
            from commsroom.app import ledgers

            ledgers.require_named(ledger, simulated=self.simulate is not None)
        return open_estate(
            self.estate,
            simulate=self.simulate.resolve() if self.simulate else None,
            ledger_url=ledger,
            baseline=baseline,
            read_only=read_only,
            record=record,
            founding=founding,
        )


def command(
    group: typer.Typer, name: str, *examples: str, works: bool | tuple[str, ...] = ("out",)
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Register `function(session, *, options…) → exit code` as a command.

    It also takes the common options; those may stand before or after the command's name; after wins. Its help is the function's
    docstring, then the examples.

    A command that `works`, always or with one of these options, does so whether or not anybody can be
    told. Else output is the purpose: without standard output (`>&-`) it fails before it begins.
    """

    def register(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def run(context: typer.Context, **given: Any) -> None:
            common = {**(context.find_root().obj or {})}
            for option in COMMON:
                if value := given.pop(option):
                    common[option] = value
            busy = works is True or any(given.get(name) for name in works or ())
            if sys.stdout is None and not busy:
                raise CommsroomError(
                    "there is no standard output to write to",
                    remedy="send it to a file or /dev/null",
                )
            path = common.pop("estate", None) or Path()
            silent = common.get("json", False)
            progress = choose(silent=silent)
            simulate = common.get("simulate")
            out = Output(json=silent, simulate=simulate)
            session = Session(path, out=out, progress=progress, **common)
            try:
                code = function(session, **given)
            except CommsroomError as error:
                carry(error, simulate)
                raise
            finally:
                progress.close()
            raise typer.Exit(code)

        run.__signature__ = _signature(function)  # type: ignore[attr-defined] # inspect reads it
        run.__annotations__ = {}
        del run.__wrapped__  # else typer looks at the inner signature
        first = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
        # Whole: left to itself, the list of a group's commands cuts it in the middle of a sentence.
        group.command(name, help=_help(function, examples), short_help=first)(run)
        return function

    return register


def _help(function: Callable[..., int], examples: tuple[str, ...]) -> str:
    # \b keeps typer from filling the lines that follow into a paragraph.
    listed = "\n".join(f"  {example}" for example in examples)
    return f"{inspect.getdoc(function)}\n\n\b\nExamples:\n{listed}"


def _signature(function: Callable[..., int]) -> inspect.Signature:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("context", keyword, annotation=typer.Context)
    common = [
        inspect.Parameter("estate", keyword, annotation=EstateOption, default=None),
        inspect.Parameter("simulate", keyword, annotation=SimulateOption, default=None),
        inspect.Parameter("json", keyword, annotation=JsonOption, default=False),
        inspect.Parameter("debug", keyword, annotation=DebugOption, default=False),
    ]
    mine = [parameter.replace(kind=keyword) for parameter in own]
    return inspect.Signature([context, *mine, *common])
