"""On a terminal: colour, a bar that goes away, and a question before anything is changed."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-02")
QUESTION = "Type yes: "


class Terminal:
    """A command running on a terminal of its own."""

    def __init__(self, words, environment):
        command = "import sys; from commsroom.cli.start import main; sys.exit(main())"
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, *map(str, words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            close_fds=True,
        )
        os.close(theirs)
        self.text = ""

    def until(self, wanted, seconds=30):
        """Read until a text appears."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < deadline, self.text
            self._read(deadline)
        return self

    def type(self, text):
        os.write(self._ours, text.encode())
        return self

    def ended(self, seconds=30):
        """Read to the end; return the exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None or select.select([self._ours], [], [], 0)[0]:
            assert time.monotonic() < deadline, self.text
            if not self._read(deadline):
                break
        return self.process.wait(seconds)

    def _read(self, deadline):
        ready, _, _ = select.select([self._ours], [], [], min(0.2, deadline - time.monotonic()))
        if not ready:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.text += data.decode()
        return bool(data)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(fresh):
    opened = []
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)

    def call(*words, **variables):
        where = ["--estate", fresh.path, "--simulate", fresh.path]
        opened.append(Terminal([*where, *words], environment | variables))
        return opened[-1]

    yield call
    for item in opened:
        item.close()


def _made(fresh):
    return (fresh.path / "im1.json").exists()


def test_an_apply_shows_its_plan_asks_and_does_it(terminal, fresh):
    shown = terminal("apply", *DAY).until(QUESTION)
    assert "34 to create" in shown.text
    assert (
        "Make 34 changes on im1 (simulated), mail1 (simulated), pbx1 (simulated)? Type yes: "
        in shown.text
    )
    assert not _made(fresh)
    assert shown.type("yes\n").ended() == 0
    assert "Applied: 34 created" in shown.text
    assert _made(fresh)


@pytest.mark.parametrize("answer", ["y\n", "\x04"], ids=["y", "end"])
def test_whatever_is_not_a_whole_yes_changes_nothing(terminal, fresh, answer):
    asked = terminal("apply", *DAY).until(QUESTION)
    assert asked.type(answer).ended() == 1
    assert "Nothing was changed." in asked.text
    assert not _made(fresh)


def test_an_interrupt_at_the_question_is_one_line_and_changes_nothing(terminal, fresh):
    asked = terminal("apply", *DAY).until(QUESTION)
    os.killpg(asked.process.pid, signal.SIGINT)
    assert asked.ended() == 130
    assert "interrupted" in asked.text
    assert "Traceback" not in asked.text
    assert not _made(fresh)


def test_a_terminal_gets_colour_and_its_cursor_back(terminal):
    shown = terminal("plan", *DAY)
    assert shown.ended() == 0
    assert "\x1b[32m+ create\x1b[0m im1:account/ann" in shown.text
    assert shown.text.count("\x1b[?25l") == shown.text.count("\x1b[?25h")


def test_a_long_address_is_never_broken_by_a_narrow_terminal(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    shown = terminal("show", *DAY)
    assert shown.ended() == 0
    assert "im1:member/everyone/wei.wang2" in shown.text


def test_a_narrow_terminal_gets_whole_words(terminal):
    assert terminal("apply", "--yes", "--only", "im1:*", *DAY).ended() == 0
    narrow = terminal("drift", *DAY, COLUMNS="40")
    assert narrow.ended() == 2, narrow.text
    report = narrow.text.rpartition("\x1b[?25h")[2]
    lines = re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", report).splitlines()
    assert any("repair:" in line for line in lines)
    # What is longer is one address, or one command.
    long = [line.strip() for line in lines if len(line) > 40]
    assert [line for line in long if " " in line and not line.startswith("commsroom ")] == []
