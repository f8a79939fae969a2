"""Commands that ask before they do it: only the questions that are expected are answered, and nothing is guessed."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from commsroom.errors import SystemUnknown

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a question ends in, whatever it is about.
_QUESTION: Final = re.compile(r"(?i)\[(?:confirm|y(?:es)?/[^\]\n]*)\] ?:? ?$")
_POLL: Final = 0.01
#: Seconds of silence after which a question that nobody expected is one, and no half of a line.
_SURE: Final = 1.0
#: Seconds to one answer: flash is slow.
_ANSWER: Final = 120.0
#: Seconds without a word after which a switch that was told to restart is taken to have gone.
_GONE: Final = 15.0
#: Bytes of an answer: the configuration of a chassis is a tenth of it.
_MOST: Final = 16 * 1024 * 1024
_TAIL: Final = 400
_PHASE: Final = "erase"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question; `question` is a pattern for the end of what was printed."""

    question: str
    reply: str


class Wire(Protocol):
    """An open connection; both raise EOFError when it is cut."""

    def write(self, line: str) -> None:
        """Send a line."""
        ...

    def read(self) -> str:
        """Return what came meanwhile, "" for nothing."""
        ...


class Dialogue(Protocol):
    """A session in which commands ask; the fakes have the same."""

    def ask(self, command: str, answers: Sequence[Answer] = ()) -> str:
        """Send a command, answer its questions, and return what it printed; raises SystemUnknown."""
        ...

    def leave(self, command: str, answers: Sequence[Answer]) -> str:
        """Send the command that ends all: "" when the system went after the last of the questions, else its words.

        Raises:
            SystemUnknown: the connection ended, or nothing came, before that question.
        """
        ...


class RealDialogue:
    """The same over an open connection. `prompt` is a pattern for the last line of an answer."""

    def __init__(self, system: str, wire: Wire, prompt: re.Pattern[str]) -> None:
        """Keep the connection; whoever made it closes it."""
        self._system, self._wire, self._prompt = system, wire, prompt

    def ask(self, command: str, answers: Sequence[Answer] = ()) -> str:
        """Send it; a question that is not among them, silence and a cut are all unknown."""
        said = _Said(answers)
        self._write(command)
        while not self._prompt.search(said.tail):
            self._read(said)
            if said.quiet > _ANSWER:
                raise self._unknown("no answer within the time limit: it hangs")
        return said.text

    def leave(self, command: str, answers: Sequence[Answer]) -> str:
        """Send it; that nothing comes any more is what is hoped for."""
        said, last = _Said(answers), answers[-1]
        self._write(command)
        while not self._prompt.search(said.tail):
            try:
                self._read(said)
            except SystemUnknown:
                if last in said.asked:
                    return ""
                raise
            if last in said.asked and said.quiet > _GONE:
                return ""
            if said.quiet > _ANSWER:
                raise self._unknown("no answer within the time limit: it hangs")
        return said.text.strip() or "it shows its prompt again"

    def _read(self, said: _Said) -> None:
        """Take what came, and answer the question it ends in."""
        try:
            part = self._wire.read()
        except EOFError as error:
            raise self._unknown("the connection was cut") from error
        if part:
            said.take(part)
            if said.size > _MOST:
                raise self._unknown("its answer does not end")
        else:
            time.sleep(_POLL)
        if (answer := said.question()) is not None:
            self._write(answer.reply)
        elif said.quiet > _SURE and _QUESTION.search(said.tail):
            asked = said.tail.strip().splitlines()[-1]
            raise self._unknown(f"it asks what nobody expected: {asked[-100:]}")

    def _write(self, line: str) -> None:
        try:
            self._wire.write(line)
        except EOFError as error:
            raise self._unknown("the connection was cut") from error

    def _unknown(self, reason: str) -> SystemUnknown:
        return SystemUnknown(self._system, _PHASE, reason)


class _Said:
    """What a command has printed so far, and which of its questions were answered."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.tail, self.size, self.asked = "", 0, set[Answer]()
        self._answers, self._parts, self._since = answers, list[str](), time.monotonic()

    @property
    def quiet(self) -> float:
        """Return for how many seconds nothing came."""
        return time.monotonic() - self._since

    @property
    def text(self) -> str:
        """Return it without the command's echo and the prompt."""
        return "\n".join("".join(self._parts).split("\n")[1:-1])

    def take(self, part: str) -> None:
        """Add what came."""
        self._parts.append(part)
        self.size += len(part)
        self.tail = (self.tail + part)[-_TAIL:]
        self._since = time.monotonic()

    def question(self) -> Answer | None:
        """Return the answer that is due, once."""
        for answer in self._answers:
            if re.search(answer.question, self.tail):
                self.asked.add(answer)
                self.tail = ""
                return answer
        return None
