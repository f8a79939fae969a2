"""A command that an answer names reaches what the answer is about, also where fakes stood in."""

import os
import subprocess
from pathlib import Path

import pytest

from commsroom.cli.pasting import as_given, carry
from commsroom.errors import UsageError
from commsroom.reports.lines import printable

TRIAL = Path("my trial")
TOLD = "--simulate 'my trial'"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("commsroom decommission 3f2a", f"commsroom decommission 3f2a {TOLD}"),
        ("commsroom plan --simulate other", "commsroom plan --simulate other"),
        ("commsroom plan   ", f"commsroom plan {TOLD}   "),
        ("age -d FILE", "age -d FILE"),
    ],
)
def test_only_our_own_commands_carry_the_option_and_once(command, told) -> None:
    assert as_given(command, TRIAL) == told
    assert as_given(told, TRIAL) == told
    assert as_given(command, None) == command


@pytest.mark.parametrize(
    "command",
    [
        "commsroom device found T-1 --by ID",
        "commsroom device lost LH-M003 --reason TEXT",
        "commsroom approve 3f2a9c81d07e --by ID --key FILE",
        "commsroom approve policies/approvers --by ID --key FILE",
        "commsroom rotate 'pbx1:extension/2001'",
        "commsroom device list",
    ],
)
def test_a_command_that_an_error_ends_with_carries_it(command) -> None:
    error = UsageError(f"T-1 is lost: {command}", remedy=command)
    carry(error, TRIAL)
    assert str(error) == f"T-1 is lost: {command} {TOLD} ({command} {TOLD})"


@pytest.mark.parametrize(
    "text",
    [
        "commsroom apply makes it",
        "commsroom rotate goes on",
        "another commsroom device is at work in this estate",
        "look at it, then commsroom device rewrite",
        "commsroom lab up makes one for the lab; else renew certificates where they come from",
    ],
)
def test_a_sentence_stays_a_sentence(text) -> None:
    error = UsageError(text, remedy=text)
    carry(error, TRIAL)
    assert (error.message, error.remedy) == (text, text)


@pytest.mark.parametrize(
    "name",
    [
        "my trial", "my  trial", "it's", 'a"b', "two\nlines", "a\ttab", " blank ", "-x", "--simulate", "$HOME", "`id`",
        "back\\slash", "試作", "\x1b[31mred", "a\u202eb", "a\u00a0b", "~/x", "*", "not\udcffutf-8",
    ],
)  # fmt: skip
def test_a_shell_reads_the_path_that_was_given_from_what_is_shown_whatever_is_in_it(name) -> None:
    error = UsageError("it is not approved", remedy="commsroom decommission 3f2a")
    carry(error, Path(name))
    shown = printable(" ".join(str(error).split())).partition("(")[2][:-1]  # as `main` tells it
    for told in (printable(as_given("commsroom decommission 3f2a", Path(name))), shown):
        script = f"commsroom() {{ printf '%s\\0' \"$@\"; }}\n{told}"
        done = subprocess.run(["bash", "-c", script], check=True, capture_output=True)
        words = done.stdout.removesuffix(b"\0").split(b"\0")
        assert words == [b"decommission", b"3f2a", b"--simulate", os.fsencode(Path(name))]
