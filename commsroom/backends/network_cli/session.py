"""A session on a switch's command line, over netmiko: bounded in time and size, and nothing guessed.

Every phase has a deadline of its own (TCP, banner, login, each answer); one that passes means *unknown*.
An answer that does not end in the device's prompt is no answer. netmiko reports a connection that is cut
while logging in as a refused login, so the message for that names both.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.backends.network_cli.dialogue import RealDialogue
from commsroom.errors import SystemUnknown
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from commsroom.backends.network_cli.config import Block, Command
    from commsroom.backends.network_cli.dialogue import Dialogue
    from commsroom.estate.backend import Deadlines

#: Bytes; a chassis with a thousand ports prints a fifth of it. What says more talks without end.
MOST_BYTES: Final = 16 * 1024 * 1024
#: Seconds between two looks at the channel.
_POLL: Final = 0.01
#: Seconds to one answer while configuring: a command that writes flash may take so long.
_ANSWER: Final = 30.0
_SHOWN: Final = 200

#: What the device printed, by the command that asked.
Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Cli:
    """What a vendor's command line is like.

    `prompt` is a pattern for the last line of an answer. `refusal` matches in an answer that refuses.
    `back` leaves a section, `leave` the configuration.
    `confirm` enters configuration mode so that the device goes back by itself unless `confirmed` is said;
    `whole` matches in a running configuration that was printed to its end.
    `pending` asks how long it will wait, and `minutes` matches that (or a group of it); all empty where the platform has no such thing.
    Where that mode only collects commands, `commit` is what makes them true, the first of them that is not refused,
    and `abandoned` throws away what never came so far. `reverted` goes back at once. CHANGE stands for the change's
    name in all of them. `asks` matches a question that a line end answers with yes; `harmless` a refusal that
    repeats nothing of what was sent.
    """

    device_type: str
    prompt: str
    refusal: str
    reads: tuple[str, ...]
    startup: str
    enter: str
    leave: str
    save: tuple[tuple[str, str], ...]
    saved: str
    whole: str = ""
    back: str = "exit"
    confirm: str = ""
    confirmed: str = ""
    pending: str = ""
    minutes: str = ""
    commit: tuple[str, ...] = ()
    abandoned: str = ""
    reverted: str = ""
    asks: str = ""
    harmless: str = ""


class Session(Protocol):
    """One connection to a switch; the fakes have the same."""

    def read(self) -> Texts:
        """Return what the reading commands print, running configuration first."""
        ...

    def pending(self) -> str:
        """Return how long the device waits for a change to be confirmed, "" when none is waiting."""
        ...

    def startup(self) -> str:
        """Return the configuration that the next start will have."""
        ...

    def configure(
        self, blocks: Sequence[Block], *, revert: str, done: Callable[[int, str], None]
    ) -> None:
        """Send the commands block by block; `done` gets each one's number and refusal ("" for none).

        `revert` names a change the device is to take back unless it is confirmed, "" for one that stays.
        A block ends at its first refused command; the next one is begun all the same.
        """
        ...

    def confirm(self, change: str) -> None:
        """Say that the change of this name is to stay, where the device would else go back."""
        ...

    def take_back(self, change: str) -> None:
        """Go back at once from a change that is not confirmed yet, where the device can."""
        ...

    def save(self) -> None:
        """Make the running configuration the one of the next start."""
        ...

    def dialogue(self) -> Dialogue:
        """Return the same connection for commands that ask."""
        ...


class Client(Protocol):
    """The way to a switch. `told` is only a fake's: the commands it was given.

    `user` is whom we log in as with a password that may be ours to change, "" where it is by key.
    """

    @property
    def user(self) -> str:
        """Return it."""
        ...

    def log_in(self, name: str, word: Secret) -> bool | None:
        """Log in once, and out again; None where nobody said yes or no."""
        ...

    def session(self) -> contextlib.AbstractContextManager[Session]:
        """Connect; raises SystemUnknown."""
        ...


class RealSession:
    """A connection that netmiko has made ready: no paging, prompt known."""

    def __init__(self, system: str, cli: Cli, connection: Any, deadlines: Deadlines) -> None:
        """Keep the connection; whoever made it closes it."""
        self._system = system
        self._cli = cli
        self._connection = connection
        self._deadlines = deadlines
        self._committed = False
        name = re.escape(connection.base_prompt)
        self._prompt = re.compile(rf"(?:^|\n)\r*{cli.prompt.replace('NAME', name)}\s*$")
        self._refusal = re.compile(cli.refusal, re.MULTILINE)

    def read(self) -> Texts:
        """Ask for everything."""
        end = time.monotonic() + self._deadlines.read
        texts = {command: self._ask(command, "read", end) for command in self._cli.reads}
        running = self._cli.reads[0]
        if not re.search(
            self._cli.whole, texts[running]
        ):  # else what was left out would be made again
            raise SystemUnknown(
                self._system, "read", f"what `{running}` printed is no configuration to its end",
                remedy=f"look what `{running}` prints for this user without paging", answered=True,
            )  # fmt: skip
        return texts

    def pending(self) -> str:
        """Ask for it where there is such a thing; what is refused is none."""
        if not self._cli.pending:
            return ""
        answer = self._ask(self._cli.pending, "read", time.monotonic() + self._deadlines.read)
        match = re.search(self._cli.minutes, answer)
        return match[match.lastindex or 0] if match else ""

    def startup(self) -> str:
        """Ask for what is saved."""
        return self._ask(self._cli.startup, "read", time.monotonic() + self._deadlines.read)

    def configure(
        self, blocks: Sequence[Block], *, revert: str, done: Callable[[int, str], None]
    ) -> None:
        """Send the commands one at a time, each answer looked at."""
        end, self._committed = time.monotonic() + self._deadlines.apply, False
        enter = self._cli.confirm if revert and self._cli.confirm else self._cli.enter
        enter = enter.replace("CHANGE", revert)
        refused = self._command(enter, end)
        if refused and enter != self._cli.enter:  # an older system: it has an archive, and no timer
            enter = self._cli.enter
            refused = self._command(enter, end)
        if refused:
            raise SystemUnknown(self._system, "apply", f"`{enter}`: {refused}", answered=True)
        for number, block in enumerate(blocks):
            done(number, self._block(block, end))
        collected = enter != self._cli.enter and self._cli.commit
        self._commit(revert, end) if collected else self._command(self._cli.leave, end)

    def _commit(self, change: str, end: float) -> None:
        """Make true what was collected; an older system has no timer for it."""
        refused = ""
        for command in self._cli.commit:
            refused = self._command(command.replace("CHANGE", change), end)
            if not refused:
                self._committed = True
                return
        raise SystemUnknown(
            self._system, "apply", f"`{self._cli.commit[-1]}`: {refused}", answered=True
        )

    def confirm(self, change: str) -> None:
        """Tell the device that it need not go back; what was never made true is thrown away, not confirmed."""
        command = self._cli.confirmed
        if self._cli.abandoned and not self._committed and not self.pending():
            command = self._cli.abandoned
        if command:
            end = time.monotonic() + self._deadlines.apply
            self._command(command.replace("CHANGE", change), end)

    def take_back(self, change: str) -> None:
        """Go back; a system without a timer has nothing to go back to, and says so."""
        if self._cli.reverted:
            end = time.monotonic() + self._deadlines.apply
            self._command(self._cli.reverted.replace("CHANGE", change), end)

    def save(self) -> None:
        """Write it to flash; raises SystemUnknown when the device does not say that it did."""
        end = time.monotonic() + self._deadlines.apply
        answer = ""
        for command, expected in self._cli.save:
            answer += self._ask(command, "save", end, until=expected)
        if not re.search(self._cli.saved, answer):
            raise SystemUnknown(
                self._system, "save", "the change is made but not saved: a restart would lose it",
                remedy="run apply again", answered=True,
            )  # fmt: skip

    def dialogue(self) -> Dialogue:
        """Talk over the same connection."""
        return RealDialogue(self._system, _Wire(self._connection), self._prompt)

    def _block(self, block: Block, end: float) -> str:
        depth = 0
        for command in block.commands:
            secret = isinstance(command, Secret)
            refused = self._sent(command, end)
            if refused:
                if depth:  # back to where the next block begins
                    self._command(self._cli.back, end)
                return refused if secret else f"`{command}`: {refused}"
            depth = 0 if command == self._cli.back else depth or self._opens(block, command)
        return ""

    def _opens(self, block: Block, command: Command) -> int:
        """Tell whether a command opened a section that the block leaves again."""
        following = block.commands[block.commands.index(command) + 1 :]
        return int(self._cli.back in following)

    def _sent(self, command: Command, end: float) -> str:
        return (
            self._hidden(command, end)
            if isinstance(command, Secret)
            else self._command(command, end)
        )

    def _hidden(self, command: Secret, end: float) -> str:
        """Send a command with a secret in it: of command and answer is repeated only what is known to be harmless."""
        refused = self._command(command.reveal(), end)
        shown = re.search(self._cli.harmless, refused) if self._cli.harmless else None
        said = f": {shown[0]}" if shown else ""
        return f"the command that sets a secret was refused{said}" if refused else ""

    def _command(self, command: str, end: float) -> str:
        """Send one command; return how it was refused."""
        answer = self._ask(command, "apply", min(end, time.monotonic() + _ANSWER))
        match = self._refusal.search(answer)
        return match[0].strip()[:_SHOWN] if match else ""

    def _ask(self, command: str, phase: str, end: float, *, until: str = "") -> str:
        """Send a line and return what comes back before the next prompt."""
        from netmiko.exceptions import NetmikoBaseException
        from paramiko.ssh_exception import SSHException

        pattern = re.compile(until) if until else self._prompt
        parts, tail, size = [], "", 0
        try:
            self._connection.write_channel(f"{command}\n")
            while not pattern.search(tail):
                if time.monotonic() > end:
                    raise SystemUnknown(
                        self._system, phase, "no answer within the time limit: it hangs"
                    )
                part = self._connection.read_channel().replace("\r", "")
                if not part:
                    self._require_open()
                    time.sleep(_POLL)
                    continue
                size += len(part)
                if size > MOST_BYTES:
                    raise SystemUnknown(self._system, phase, "its answer does not end")
                parts.append(part)
                tail = (tail + part)[-400:]
                if self._cli.asks and not until and re.search(self._cli.asks, tail):
                    self._connection.write_channel("\n")
                    tail = ""
        except (NetmikoBaseException, SSHException, OSError, EOFError) as error:
            raise SystemUnknown(self._system, phase, broken(error)) from error
        lines = "".join(parts).split("\n")
        return "\n".join(lines[1:-1] if not until else lines)

    def _require_open(self) -> None:
        channel = self._connection.remote_conn
        if channel.closed or channel.eof_received:
            raise EOFError


class _Wire:
    """netmiko's connection as a dialogue has it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def write(self, line: str) -> None:
        """Send a line."""
        with _cut_is_eof():
            self._connection.write_channel(f"{line}\n")

    def read(self) -> str:
        """Return what came; a channel that ended says so only when it is asked."""
        with _cut_is_eof():
            part = str(self._connection.read_channel()).replace("\r", "")
        channel = self._connection.remote_conn
        if not part and (channel.closed or channel.eof_received):
            raise EOFError
        return part


@contextlib.contextmanager
def _cut_is_eof() -> Iterator[None]:
    from netmiko.exceptions import NetmikoBaseException
    from paramiko.ssh_exception import SSHException

    try:
        yield
    except (NetmikoBaseException, SSHException, OSError) as error:
        raise EOFError from error


def broken(error: BaseException) -> str:
    """Say what happened in words of ours; a library's own may quote what was sent."""
    if isinstance(error, (EOFError, OSError)):
        return "the connection was cut"
    return f"the connection failed: {type(error).__name__}"
