"""NanoMDM to the rest of commsroom: it holds nothing that policy plans, and keeps commands for mobiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.backends.nanomdm import commands
from commsroom.errors import CommsroomError
from commsroom.estate.backend import Applied, Outcome, Snapshot, Status
from commsroom.estate.retiring.managing import Receipt, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.nanomdm.client import Client
    from commsroom.backends.nanomdm.settings import Settings
    from commsroom.estate.backend import Batch, Proof, ProofRequest
    from commsroom.estate.retiring.managing import Command


class NanoMdm:
    """One server, by its client."""

    def __init__(self, client: Client, settings: Settings) -> None:
        """Keep both; nothing is asked yet."""
        self._client = client
        self._settings = settings

    def order(self, wanted: Sequence[Command]) -> Mapping[str, Receipt]:
        """Queue what no device has answered yet; one that fails does not keep the next from being queued."""
        found: dict[str, Receipt] = {}
        known = commands.answers(wanted, self._client.events())
        for command in wanted:
            if why := commands.refusal(command, self._settings):
                found[command.name] = Receipt(Reply.REFUSED, why)
            elif command.name in known:
                found[command.name] = known[command.name]
            else:
                found[command.name] = self._queued(command)
        return found | commands.answers(wanted, self._client.events())

    def _queued(self, command: Command) -> Receipt:
        """Send it; where no answer came, nobody knows whether it is queued."""
        said = commands.plist(command, self._settings)
        try:
            return commands.taken(command, self._client.enqueue(command.enrolment, said))
        except CommsroomError as error:
            return Receipt(Reply.UNKNOWN, error.message)

    def ask(self, wanted: Sequence[Command]) -> Mapping[str, Receipt]:
        """Read what devices answered, and have those called that did not."""
        found = dict(commands.answers(wanted, self._client.events()))
        silent = [command for command in wanted if command.name not in found]
        for enrolment in dict.fromkeys(command.enrolment for command in silent):
            self._client.push(enrolment)
        found |= {command.name: Receipt(Reply.QUEUED) for command in silent}
        return found | commands.answers(silent, self._client.events())

    def read(self) -> Snapshot:
        """Return nothing: no object of policy is here."""
        return Snapshot({})

    def apply(self, batch: Batch) -> Applied:
        """Refuse whatever it is: none of it can be meant for an MDM server."""
        said = "an MDM server holds no objects"
        return Applied(
            [Outcome(change.address, Status.FAILED, said) for change in batch.changes], ""
        )

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Prove nothing."""
        return iter(())

    def close(self) -> None:
        """Do nothing: no connection is kept."""
