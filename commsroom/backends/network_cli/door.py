"""One login to a switch over SSH, to learn whether a password is taken: no shell is asked for, nothing is sent."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

    from commsroom.estate.secret import Secret

#: What paramiko says of a password that was refused; when the connection broke meanwhile, it says more.
_REFUSED: Final = "Authentication failed."


def log_in(
    channel: socket.socket,
    place: tuple[str, int],
    known: str,
    who: tuple[str, Secret],
    limit: float,
) -> bool | None:
    """Tell whether a password is taken: None where the switch did not say so, or is another by its host key.

    Args:
        channel: A connection to it.
        place: Its host and port, by which its key is known.
        known: A file of host keys.
        who: The user and the password.
        limit: Seconds for each phase.
    """
    import paramiko

    # It tells its log, and by that the terminal, of every connection that ends.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    client = paramiko.SSHClient()  # refuses a key that it does not know
    client.load_host_keys(known)
    name, word = who
    with contextlib.closing(client):
        try:
            client.connect(
                place[0], place[1], username=name, password=word.reveal(), sock=channel,
                timeout=limit, banner_timeout=limit, auth_timeout=limit, allow_agent=False,
                look_for_keys=False,
            )  # fmt: skip
        except paramiko.BadAuthenticationType:
            return None
        except paramiko.AuthenticationException as error:
            return False if str(error) == _REFUSED else None
        except (paramiko.SSHException, OSError, EOFError):
            return None
        return True
