"""A signal ends a command in one line, from the first moment to the last, and loses nothing."""

import signal
import sys

import pytest

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-02")
SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
#: Sends itself a signal as a module is about to be imported.
WHILE_LOADING = """
import os, sys
class Ambush:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Ambush())
from commsroom.cli.start import main
sys.exit(main())
"""
#: Sends itself a signal at a step of an apply that has the lock.
WHILE_APPLYING = """
import os, sys
from commsroom.ledger.ledger import Ledger
inner = Ledger.{method}
def ambush(*arguments, **named):
    result = inner(*arguments, **named)
    os.kill(os.getpid(), {number})
    return result
Ledger.{method} = ambush
from commsroom.cli.start import main
sys.exit(main())
"""


@pytest.mark.parametrize(("number", "code", "word"), SIGNALS, ids=["INT", "TERM"])
@pytest.mark.parametrize("module", ["commsroom.cli.main", "typer", "commsroom.cli.commands.loop"])
def test_a_signal_while_everything_is_still_loading_is_one_line(spawn, module, number, code, word):
    program = [sys.executable, "-c", WHILE_LOADING.format(module=module, number=int(number))]
    done = spawn("plan", program=program)
    assert done.code == code
    assert done.err.startswith(f"commsroom: {word}")
    assert done.err.count("\n") == 1, done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("method", "signalled"),
    [("begin", SIGNALS[1]), ("finish", SIGNALS[1]), ("begin", SIGNALS[0])],
    ids=["TERM before the first batch", "TERM after it", "INT before it"],
)
def test_an_apply_that_is_ended_keeps_its_books_and_lets_the_lock_go(
    fresh, spawn, method, signalled
):
    number, code, word = signalled
    program = [sys.executable, "-c", WHILE_APPLYING.format(method=method, number=int(number))]
    where = ["--estate", fresh.path, "--simulate", fresh.path]
    done = spawn("apply", "--yes", *where, *DAY, program=program)
    assert done.code == code
    assert done.err.endswith(
        f"commsroom: {word}; run the same command again, it goes on from what is there\n"
    )
    assert "Traceback" not in done.err
    assert "nobody holds" in fresh("ledger", "unlock", "x").err
    assert fresh("ledger", "verify").code == 0
    assert fresh("apply", "--yes", *DAY).code == 0
    assert fresh("drift", *DAY).code == 0


def test_what_was_to_be_ignored_still_is(spawn):
    program = [sys.executable, "-c", WHILE_LOADING.format(module="typer", number=2)]
    done = spawn(
        "--version",
        program=program,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (done.code, done.err) == (0, "")
