"""The reference page of the command line, made from the commands themselves.

`python -m commsroom.cli.reference > docs/reference/cli.md` writes it; a test says when that is due.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import typer

from commsroom.cli.ending import INTERRUPTED, TERMINATED
from commsroom.cli.main import build
from commsroom.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANING: Final = {
    Exit.DONE: "done",
    Exit.ERROR: "an error, wrong usage too: one line says what and what to do; also where the ledger stayed"
    " busy for 20 s, or somebody else recorded the same meanwhile: nothing was recorded, run it again",
    Exit.DIFFERENCE: "there is a difference (`drift`, `prove`, `plan --detailed-exitcode`)",
    Exit.REFUSED: "refused: a guard, an outdated plan, or the estate's lock, which another apply holds;"
    " nothing was touched",
    Exit.INCOMPLETE: "incomplete: some system is unknown (beats 2)",
}


def page() -> str:
    """Return the page as Markdown."""
    root = typer.main.get_command(build())
    parts = [
        "# Command line",
        "",
        "Made from the commands themselves (`python -m commsroom.cli.reference`); do not edit.",
        "",
        "## Exit codes",
        "",
        "| Code | Meaning |",
        "|---|---|",
        *(f"| {code:d} | {text} |" for code, text in _MEANING.items()),
        f"| {INTERRUPTED} | interrupted (Ctrl-C); run the same command again |",
        f"| {TERMINATED} | terminated (SIGTERM); run the same command again |",
        "",
        "With `--json` standard output is one document, on failure too; its form is in",
        "[documents.schema.json](documents.schema.json).",
        "",
        "## Completion",
        "",
        "`commsroom --install-completion` teaches your shell commands, options, people of the roster and",
        "addresses of what is ours. Bash takes a colon for the end of a word; for addresses say once, in",
        "`~/.bashrc`: `COMP_WORDBREAKS=${COMP_WORDBREAKS//:}`.",
    ]
    for path, command in commands(root):
        parts += ["", f"## {' '.join(path)}", "", "```text", _help(path, command), "```"]
    return "\n".join(parts) + "\n"


def commands(
    command: Any, path: tuple[str, ...] = ("commsroom",)
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its words, groups before their members."""
    yield path, command
    for name, member in getattr(command, "commands", {}).items():
        yield from commands(member, (*path, name))


def _help(path: tuple[str, ...], command: Any) -> str:
    context = command.make_context(" ".join(path), [], resilient_parsing=True)
    context.terminal_width = 96
    text: str = context.get_help()
    return "\n".join(line.rstrip() for line in text.splitlines())


if __name__ == "__main__":
    sys.stdout.write(page())
