"""Every command explains itself, and the reference page says the same."""

import json
import shlex
from pathlib import Path

import pytest
import typer
from command_lines import must_be_as_published

from commsroom.cli import reference
from commsroom.cli.main import build

ROOT = Path(__file__).parents[2]
TREE = dict(reference.commands(typer.main.get_command(build())))


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_every_command_has_help_with_examples(run, path):
    done = run(*path[1:], "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: commsroom")
    if not hasattr(TREE[path], "commands"):
        assert "Examples:" in done.out
        assert "--json" in done.out


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_every_example_is_a_command_line_that_parses(path):
    _, _, examples = (TREE[path].help or "").partition("Examples:\n")
    for example in examples.splitlines():
        for part in example.split("&&"):
            words = shlex.split(part)
            if words[0] == "commsroom":
                typer.main.get_command(build()).make_context("commsroom", words[1:2])
                command = TREE[tuple(words[: 3 if tuple(words[:3]) in TREE else 2])]
                rest = words[3 if tuple(words[:3]) in TREE else 2 :]
                command.make_context("example", rest)


def test_the_reference_page_is_what_the_commands_say():
    page = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert page == reference.page(), (
        "run: python -m commsroom.cli.reference > docs/reference/cli.md"
    )


@pytest.mark.parametrize("path", [it for it in TREE if hasattr(TREE[it], "commands")], ids=" ".join)
def test_no_first_sentence_is_cut_short(run, path):
    assert "..." not in run(*path[1:], "--help").out.partition("Commands:")[2]


def test_every_exit_code_a_command_may_end_with_is_in_the_table():
    from commsroom.cli import ending
    from commsroom.errors import Exit

    page = reference.page()
    for code in (*Exit, ending.INTERRUPTED, ending.TERMINATED):
        assert f"\n| {code:d} | " in page


@pytest.mark.parametrize("option", ["--by", "--witness", "--key", "--until"])
def test_an_option_means_the_same_wherever_it_is_taken(option):
    """A person, a key and a day are asked for by one declaration each, in options.py."""
    told = {}
    for path, found in TREE.items():
        for one in found.params:
            if option in one.opts and one.metavar in {"ID", "FILE", "DATE"}:
                told.setdefault(one.help.split("  [")[0], set()).add(" ".join(path[1:]))
    allowed = {  # what is asked for is another thing there
        "--by": {"plan"},
        "--key": {"ledger checkpoint"},
        "--until": {"device repairs"},
    }
    apart = [where for where in told.values() if where != allowed.get(option)]
    assert len(apart) == 1, told


def test_the_form_of_every_document_is_published():
    forms = json.loads((ROOT / "docs/reference/documents.schema.json").read_text("utf-8"))["$defs"]
    leaves = {" ".join(path[1:]) for path, found in TREE.items() if not hasattr(found, "commands")}
    assert leaves - forms.keys() == set()


def test_a_document_that_is_not_as_published_is_noticed():
    with pytest.raises(AssertionError, match=r"secret enter: .*value"):
        must_be_as_published(["secret", "enter", "--json"], '{"address": "a:b/c", "value": "x"}')
