"""The way to a switch: its host key is one we know, and of our passwords the first that it takes opens a session."""

from __future__ import annotations

import contextlib
import logging
import socket
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.network_cli import door
from commsroom.backends.network_cli.host_keys import lines_about
from commsroom.backends.network_cli.session import RealSession, broken
from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from commsroom.backends.network_cli.session import Cli, Session
    from commsroom.backends.network_cli.settings import Settings
    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.secret import Secret

#: Passwords a session tries: three refused in a row lock an administrator out of some switches.
_MOST_WORDS: Final = 2


class _NotLetInError(SystemUnknown):
    """It was reached, and did not take this password."""


@dataclass(frozen=True, slots=True)
class RealClient:
    """A switch in the inventory."""

    target: Target
    settings: Settings
    deadlines: Deadlines
    cli: Cli
    #: What the store holds for our own login, asked anew for each session.
    keys: Callable[[], Keys] = Keys
    #: What opened the last session: while a rotation is in doubt the store alone cannot say which will open the
    #: next, and each one refused counts towards a lock.
    _taken: list[str | None] = field(default_factory=list, repr=False, compare=False)

    @property
    def user(self) -> str:
        """Whom we log in as, "" where a key lets us in."""
        return "" if self.settings.ansible_ssh_private_key_file else self.settings.ansible_user

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Connect, and let go at the end whatever happened."""
        with contextlib.ExitStack() as stack:
            connection = self._let_in(stack)
            # No polite `exit`: it would wait for a device that may be hung.
            stack.callback(_closed, connection)
            yield RealSession(self.target.system, self.cli, connection, self.deadlines)

    def log_in(self, name: str, word: Secret) -> bool | None:
        """Log in over a connection of its own."""
        try:
            with self._socket() as channel, self._known() as known:
                return door.log_in(
                    channel, (self.target.host, self.settings.ansible_port), known,
                    (name, word), self.deadlines.connect,
                )  # fmt: skip
        except SystemUnknown:
            return None

    def _let_in(self, stack: contextlib.ExitStack) -> Any:
        """Log in with the first of our passwords that is taken; raises SystemUnknown."""
        words = self._words()
        for number, word in enumerate(words, 1):
            with contextlib.ExitStack() as one:
                channel = one.enter_context(self._socket())
                try:
                    connection = self._connect(channel, word)
                except _NotLetInError:
                    if number == len(words):
                        raise
                    continue
                stack.push(one.pop_all())
                self._taken[:] = [word]
                return connection
        raise AssertionError  # there is always one, if only the key

    def _words(self) -> Sequence[str | None]:
        """Return the passwords to try, None for none: the store's, and what the inventory says till we set one."""
        given = self.settings.password(self.target.system)
        if not self.user:
            return (given,)
        mine = self.keys()
        stored = [word.reveal() for word in mine.words]
        stored.sort(key=lambda word: word not in self._taken)
        if mine.told and stored:
            return stored
        first = [given] if given is not None else []
        return list(dict.fromkeys([*first, *stored]))[:_MOST_WORDS] or (None,)

    @contextlib.contextmanager
    def _known(self) -> Iterator[str]:
        """Lend a file with the host keys that may be this switch's."""
        about = lines_about(
            self.settings.switch_known_hosts, self.target.host, self.settings.ansible_port
        )
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as beside:
            beside.write("".join(about))
            beside.flush()
            yield beside.name

    @contextlib.contextmanager
    def _socket(self) -> Iterator[socket.socket]:
        """Make the TCP connection, a phase of its own; it ends with us whatever happens above it."""
        place = (self.target.host, self.settings.ansible_port)
        try:
            channel = socket.create_connection(place, timeout=self.deadlines.connect)
        except TimeoutError as error:
            raise self._unreached("no answer within the time limit") from error
        except OSError as error:
            raise self._unreached(
                (error.strerror or "its name does not resolve").lower()
            ) from error
        with channel:
            try:
                yield channel
            finally:
                with contextlib.suppress(OSError):  # wakes whoever still reads from it
                    channel.shutdown(socket.SHUT_RDWR)

    def _unreached(self, reason: str) -> SystemUnknown:
        remedy = "is the switch up, and SSH on this port?"
        return SystemUnknown(self.target.system, "connect", reason, remedy=remedy)

    def _connect(self, channel: socket.socket, word: str | None) -> Any:
        import netmiko
        from paramiko.ssh_exception import SSHException

        # It tells its log, and by that the terminal, of every connection that ends; we say so ourselves.
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)
        system, limit = self.target.system, self.deadlines.connect
        try:
            with self._known() as known:
                return netmiko.ConnectHandler(
                    **self._arguments(limit, known), password=word, sock=channel
                )
        except netmiko.NetmikoAuthenticationException as error:
            raise _NotLetInError(
                system, "authenticate", "it refused our login, or cut the connection meanwhile",
                remedy="check user and key in the inventory; where commsroom keeps this login's password, set"
                f" it on the switch as `commsroom secret show '{system}:switch_login/*'` says",
            ) from error  # fmt: skip
        except netmiko.NetmikoTimeoutException as error:
            unknown = "known_hosts" in str(error) or "fingerprint" in str(error)
            reason = "it does not speak SSH within the time limit"
            raise SystemUnknown(
                system, "authenticate" if unknown else "connect",
                "its host key is not in known_hosts" if unknown else reason,
                remedy="compare its fingerprint and add it to known_hosts" if unknown
                else "is the switch up, and SSH on this port?",
            ) from error  # fmt: skip
        except netmiko.ReadTimeout as error:
            raise SystemUnknown(
                system, "connect", "it shows no prompt in time: it hangs"
            ) from error
        except (netmiko.exceptions.NetmikoBaseException, SSHException, OSError, EOFError) as error:
            raise SystemUnknown(system, "connect", broken(error)) from error
        except ValueError as error:  # netmiko could not make out the prompt
            raise SystemUnknown(system, "connect", "it shows no prompt we know") from error

    def _arguments(self, limit: float, known: str) -> dict[str, Any]:
        settings = self.settings
        key = settings.ansible_ssh_private_key_file
        return {
            "device_type": self.cli.device_type,
            "host": self.target.host,
            "port": settings.ansible_port,
            "username": settings.ansible_user,
            "use_keys": bool(key),
            "key_file": key or None,
            "ssh_strict": True,
            "alt_host_keys": True,
            "alt_key_file": known,
            "conn_timeout": limit,
            "banner_timeout": limit,
            "auth_timeout": limit,
            "blocking_timeout": limit,
            "session_timeout": limit,
            "read_timeout_override": limit,
        }


def _closed(connection: Any) -> None:
    with contextlib.suppress(Exception):
        connection.remote_conn_pre.close()
