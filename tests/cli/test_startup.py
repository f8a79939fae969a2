"""`--help` is quick, because nothing heavy is imported before it is needed."""

import resource
import subprocess
import sys

import pytest

HEAVY = {
    "ansible_runner", "babel", "commsroom.backends", "commsroom.ledger.ledger", "commsroom.policy",
    "cryptography", "jinja2", "nornir", "phonenumbers", "psycopg", "pydantic", "pypinyin", "rich",
    "slixmpp", "sqlalchemy", "sqlite3", "yaml",
}  # fmt: skip
PROGRAM = """
import sys
from commsroom.cli.main import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["ledger", "show", "--help"]])
def test_help_imports_nothing_heavy(words):
    # Typer itself reads a command's options through pydantic; the help of the whole does not need it.
    heavy = HEAVY if len(words) == 1 else HEAVY - {"pydantic"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], check=True, capture_output=True, text=True
    )
    assert heavy & set(done.stderr.split()) == set()


def test_help_costs_at_most_a_quarter_of_a_second():
    """Processor time, not wall time: the machine may be busy with the rest of the checks."""

    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", PROGRAM, "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) <= 0.25
