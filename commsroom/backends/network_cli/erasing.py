"""Erasing a switch over its own command line: what is left is asked, erased, asked again; then keys go, then it restarts.

What an answer shows decides, never that a command was taken. An answer in words that a vendor's data do not
know makes it unknown. Keys go only after all else was seen to be gone: with them goes the way to come again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from commsroom.backends.network_cli import flash
from commsroom.backends.network_cli.flash import NotUnderstoodError
from commsroom.errors import SystemUnknown
from commsroom.estate.retiring.erasing import Erasure, mismatch
from commsroom.estate.retiring.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.network_cli.dialogue import Answer, Dialogue
    from commsroom.backends.network_cli.flash import Files

#: Letters of an answer that are kept, and names of what is left.
_SHOWN: Final = 160
_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that holds data, other than files.

    `read` asks for it; `held` matches in what is there (its group 1, where it has one, names it), `gone` in the
    whole of an answer that says there is none. `lacking` matches a refusal of the question that means this
    system can have no such thing. `erase` are the commands, NAME in them what `held` named.
    """

    name: str
    read: str
    held: str
    gone: str
    erase: tuple[str, ...]
    lacking: str = "(?!)"


@dataclass(frozen=True, slots=True)
class Erasing:
    """A vendor's words for it. The README of its back end says where each is from.

    `serials` are questions with a pattern whose group 1 is a serial number; the first that finds any counts.
    `configuration` is what the next start would have, `keys` what we came in by. `answers` are to the
    questions of all commands, `restart` commands of which the first that is not refused is the last word, each
    with the answers to its own questions, its last one after which nothing is heard.
    """

    serials: tuple[tuple[str, str], ...]
    configuration: tuple[Part, ...]
    files: Files
    keys: tuple[Part, ...]
    answers: tuple[Answer, ...]
    restart: tuple[tuple[str, tuple[Answer, ...]], ...]
    refusal: str


@dataclass
class Work:
    """One erasing under way: what was said, and whether anything was touched."""

    system: str
    words: Erasing
    dialogue: Dialogue
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    begun: bool = False

    def run(self, serial: str) -> Erasure:
        """Do all of it; raises SystemUnknown only while nothing was touched."""
        try:
            return self._ended(self._verdict(serial))
        except (SystemUnknown, NotUnderstoodError) as error:
            why = error.reason if isinstance(error, SystemUnknown) else error.message
            if not self.begun:
                raise SystemUnknown(self.system, "erase", why, answered=True) from error
            reason = f"{why}, in the middle of it: nobody knows what is left"
            return self._ended(Verdict(Result.UNKNOWN, reason, self._last()))

    def serials(self) -> list[str]:
        """Ask who it is."""
        for command, pattern in self.words.serials:
            if found := re.findall(pattern, self._ask(command), re.MULTILINE):
                self._note(command, ", ".join(found))
                return list(dict.fromkeys(found))
        return []

    # ── in this order ────────────────────────────────────────────────────────────────────────

    def _verdict(self, serial: str) -> Verdict:
        if wrong := mismatch(self.serials(), serial):
            return Verdict(Result.UNKNOWN, f"refused, nothing was erased: {wrong}")
        for parts in (self.words.configuration, None, self.words.keys):
            left = self._erased(parts) if parts else self._files_erased()
            if left:  # not restarted: it can be come to, and told again
                return Verdict(Result.FAIL, f"still there: {_names(left)}", self._last())
        # Once more and last: a command that came later may have saved something.
        if left := [*self._held(self.words.configuration), *self._files()]:
            return Verdict(Result.FAIL, f"there again: {_names(left)}", self._last())
        return self._restarted()

    def _erased(self, parts: Sequence[Part]) -> list[str]:
        """Erase what is there of some parts; return what is there still."""
        for part in parts:
            names = self._names(part)
            # Most commands erase all there is of it at once, and need no name.
            for commands in dict.fromkeys(
                tuple(command.replace("NAME", name) for command in part.erase) for name in names
            ):
                for command in commands:
                    self._do(command)
        return self._held(parts)

    def _files_erased(self) -> list[str]:
        files = self.words.files
        found = flash.look(files, self._ask, self.notes)
        for command in dict.fromkeys(filter(None, map(files.command, found))):
            self._do(command)
        return self._files()

    def _files(self) -> list[str]:
        left = [file.path for file in flash.look(self.words.files, self._ask, [])]
        self._note("files left", _names(left) if left else "none but software")
        return left

    def _held(self, parts: Sequence[Part]) -> list[str]:
        return [
            part.name + (f" {name}" if name else "") for part in parts for name in self._names(part)
        ]

    def _names(self, part: Part) -> list[str]:
        """Return what is there of a part, each by its name, "" where it has none; raises SystemUnknown."""
        answer = self._ask(part.read)
        if re.search(part.lacking, answer):
            self._note(part.read, "there is no such thing here")
            return []
        found = re.findall(part.held, answer, re.MULTILINE)
        if not found and not re.fullmatch(part.gone, answer.strip(), re.DOTALL):
            refused = re.search(self.words.refusal, answer, re.MULTILINE)
            raise NotUnderstoodError(part.read, _short(refused[0]) if refused else "")
        self._note(part.read, f"{part.name}: {'there' if found else 'none'}")
        names = [name if re.compile(part.held).groups else "" for name in found]
        return list(dict.fromkeys(names))

    def _restarted(self) -> Verdict:
        seen = "read back before its restart: no " + ", no ".join(self._gone())
        refused = ""
        for command, answers in self.words.restart:
            refused = self.dialogue.leave(command, answers)
            self._note(command, refused or "it went")
            if not refused:
                return Verdict(Result.PASS, "erased, says the device itself, and restarted", seen)
        why = f"all of it is gone, and it did not restart: {_short(refused)}"
        return Verdict(Result.UNKNOWN, why, seen)

    def _gone(self) -> Iterator[str]:
        yield from dict.fromkeys(part.name for part in self.words.configuration)
        yield "file but software"
        yield from dict.fromkeys(part.name for part in self.words.keys)

    # ── asking and telling ───────────────────────────────────────────────────────────────────

    def _ask(self, command: str) -> str:
        """Ask, and write down nothing of it: a configuration is full of secrets."""
        return self.dialogue.ask(command)

    def _do(self, command: str) -> None:
        self.begun = True
        self.said.append(f"{command}: no answer")
        answer = self.dialogue.ask(command, self.words.answers)
        self.said.pop()
        self._note(command, _short(answer) or "done")

    def _note(self, command: str, text: str) -> None:
        self.said.append(f"{command}: {_short(text)}")

    def _last(self) -> str:
        return self.said[-1] if self.said else ""

    def _ended(self, verdict: Verdict) -> Erasure:
        return Erasure(verdict, "\n".join(self.said), tuple(dict.fromkeys(self.notes)))


def _short(text: str) -> str:
    """Return the beginning of an answer as one line; a terminal would obey some of what a switch may print."""
    line = " ".join(text.split())[:_SHOWN]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _names(left: Sequence[str]) -> str:
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    return ", ".join(map(_short, left[:_NAMED])) + more
