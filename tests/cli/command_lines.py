"""Command lines as a process of its own, and the published form of what they give with --json."""

import functools
import json
import sys
from pathlib import Path

import jsonschema
import typer

from commsroom.cli import main as entry
from commsroom.cli import reference

ROOT = Path(__file__).parents[2]
COMMAND = [
    sys.executable,
    "-c",
    "import sys; from commsroom.cli.start import main; sys.exit(main())",
]
#: Characters: the largest documents are like smaller ones, and take seconds.
LARGE = 100_000


@functools.cache
def published(name):
    """Return what checks a document of a command, or of its error, against the form that is published."""
    text = (ROOT / "docs/reference/documents.schema.json").read_text("utf-8")
    ours, error = (f"#/$defs/{each.replace(' ', '%20')}" for each in (name, "error"))
    return jsonschema.Draft202012Validator(
        {**json.loads(text), "anyOf": [{"$ref": ours}, {"$ref": error}]}
    )


@functools.cache
def command_names():
    """Return every command as one types it."""
    root = typer.main.get_command(entry.build())
    return frozenset(" ".join(path[1:]) for path, _ in reference.commands(root))


def must_be_as_published(words, out):
    """Hold a document that somebody asked for against its form; the largest are like smaller ones."""
    begun = [at for at, word in enumerate(words) if word in command_names()]
    if "--json" not in words or not begun or not out or len(out) > LARGE:
        return
    one, two = words[begun[0]], " ".join(words[begun[0] : begun[0] + 2])
    name = two if two in command_names() else one
    fault = jsonschema.exceptions.best_match(published(name).iter_errors(json.loads(out)))
    assert fault is None, f"{name}: {fault.json_path}: {fault.message}"
