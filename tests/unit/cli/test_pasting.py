"""A command that an answer names reaches what the answer is about, also where fakes stood in."""

from pathlib import Path

import pytest

from commsroom.cli.pasting import as_given, carry
from commsroom.errors import UsageError

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
