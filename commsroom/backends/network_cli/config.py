"""A switch's configuration as sections, and the commands that lead from one state of them to another.

Pure. A section is a line without indent and the indented lines below it, as these systems print
them. Only sections that a change names are ever looked at closer; what hier_config is given, before and
after, is those alone, so nothing else on the device can be in what it says. Rollback is the same question
the other way round.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from commsroom.estate.kinds.network import SwitchLogin, SwitchPort
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from hier_config.child import HConfigChild

    from commsroom.backends.network_cli.dialect import Dialect
    from commsroom.estate.resource import Change

#: What the device says of time and size is no part of its configuration.
_VOLATILE: Final = re.compile(
    r"Building configuration|Current configuration|ntp clock-period|version |end$|return$"
)
#: What a description may hold: printable ASCII, without `?` (help, even within a line of IOS) and quotes.
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:+@/()-]{0,79}")


#: A port that nobody has touched yet.
FACTORY_PORT: Final = SwitchPort(
    description="", access_vlan=1, voice_vlan=0, lldp_med=True, poe=True, max_macs=0, secure_macs=()
)


@dataclass(slots=True)
class Config:
    """Sections by their header, in the device's order; a global line is a section without lines."""

    sections: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Config:
        """Read what the device prints; comments (`!`, `#`) and empty lines are no part of it.

        What is indented deeper than a section's first line stays so.
        """
        found: dict[str, list[str]] = {}
        current: list[str] = []
        step = 0  # blanks of this section's indent: one (IOS, VRP), two, three
        for raw in text.splitlines():
            line = raw.rstrip()
            if not line or line.lstrip()[0] in "!#" or _VOLATILE.match(line):
                continue
            deep = len(line) - len(line.lstrip(" "))
            if not deep:
                current, step = found.setdefault(line, []), 0
            else:
                step = step or deep
                current.append(line[min(step, deep) :])
        return cls(found)

    def copy(self) -> Config:
        """Return one that can be edited."""
        return Config({header: list(lines) for header, lines in self.sections.items()})

    def lines(self, header: str) -> Sequence[str]:
        """Return the lines of a section, none where it is not there."""
        return self.sections.get(header, ())

    def globals(self, prefix: str) -> list[str]:
        """Return what follows a prefix in global lines."""
        return [header[len(prefix) :] for header in self.sections if header.startswith(prefix)]

    def replace(self, header: str, owned: Iterable[str], lines: Iterable[str]) -> None:
        """Take the lines that match a pattern out of a section and put others in."""
        patterns = [re.compile(pattern) for pattern in owned]
        section = self.sections.setdefault(header, [])
        section[:] = [
            line for line in section if not any(item.fullmatch(line) for item in patterns)
        ]
        section += [line for line in lines if line not in section]

    def replace_globals(self, owned: str, lines: Iterable[str]) -> None:
        """Take the global lines that match a pattern out and put others in."""
        for header in [item for item in self.sections if re.fullmatch(owned, item)]:
            del self.sections[header]
        for line in lines:
            self.sections.setdefault(line, [])

    @property
    def token(self) -> str:
        """Name this very state."""
        return hashlib.sha256(json.dumps(self.sections).encode()).hexdigest()

    def text(self, headers: Iterable[str]) -> str:
        """Print the named sections as the device would."""
        shown = []
        for header in headers:
            if header in self.sections:
                shown += [header, *(f" {line}" for line in self.sections[header])]
        return "\n".join(shown)


#: One line to send; one that is a Secret is never shown.
Command = str | Secret


@dataclass(frozen=True, slots=True)
class Block:
    """The commands of one change, from the configuration view and back to it, and their way back."""

    commands: tuple[Command, ...]
    rollback: tuple[str, ...]


def block(dialect: Dialect, before: Config, change: Change, words: Mapping[str, Secret]) -> Block:
    """Return the commands for one change on `before`, which is then as the change leaves it."""
    if change.address.kind == SwitchLogin.kind:
        return dialect.logins.block(before, change, words)
    after = before.copy()
    headers = dialect.edit(after, change)
    there = remediation(dialect, before.text(headers), after.text(headers))
    found = Block(
        commands=(*there, *dialect.secrets(change, words)),
        rollback=remediation(dialect, after.text(headers), before.text(headers)),
    )
    before.sections = after.sections
    return found


def remediation(dialect: Dialect, running: str, wanted: str) -> tuple[str, ...]:
    """Return the commands that turn one configuration into another, with the way out of each section."""
    if running == wanted:
        return ()
    import hier_config

    kind = hier_config.Platform[dialect.platform]
    workflow = hier_config.WorkflowRemediation(
        hier_config.get_hconfig(kind, running), hier_config.get_hconfig(kind, wanted)
    )
    found: list[str] = []
    for top in _ordered(workflow.remediation_config.children):
        found.append(_command(dialect, top.text))
        if top.children:
            lines = (_command(dialect, line.text) for line in _ordered(top.children))
            found += [*dict.fromkeys(lines), dialect.leave]
    return tuple(found)


def _command(dialect: Dialect, text: str) -> str:
    """Undo a line the way its reference says: often by its first words only."""
    for pattern, short in dialect.undoing:
        if match := re.fullmatch(pattern, text):
            return match.expand(short)
    return text


def _ordered(lines: Iterable[HConfigChild]) -> list[HConfigChild]:
    """Undo first, last things first, as they rest upon one another; then set, in the driver's order."""
    every = list(lines)
    undone = [line for line in every if line.text.startswith(("no ", "undo "))]
    others = [line for line in every if line not in undone]
    return [*reversed(undone), *sorted(others, key=lambda line: line.order_weight)]


def value(lines: Sequence[str], prefix: str) -> str:
    """Return what follows a prefix in the first line that has it, "" where none has."""
    return next((line[len(prefix) :] for line in lines if line.startswith(prefix)), "")


def is_plain(text: str) -> bool:
    """Tell whether every switch shows a description just as it was given."""
    return _PLAIN.fullmatch(text) is not None and text == text.strip()
