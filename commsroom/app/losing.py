"""device lost, found, incident: a lost device is shut out at once, and comes back only by a named person (4.4.2).

Each step is tried whatever became of the others: a server that does not answer must not keep a phone from being
locked. How far it is stands in the ledger; a run that was killed anywhere is run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom.app import (
    choosing,
    closing,
    losses,
    managing,
    planning,
    registering,
    renewal,
    rotating,
)
from commsroom.app.estate import actor
from commsroom.app.ordering import require_here
from commsroom.app.registering import Happening
from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError, Exit, UsageError
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.loss import EVENT, KNOWS_ALL, Duty, Loss, Report, Step, duties, knew
from commsroom.estate.register import Step as Life
from commsroom.estate.register import life
from commsroom.estate.retiring.managing import Command, Deed, Receipt, Reply, named, place
from commsroom.policy import characters
from commsroom.policy.devices import DeviceState
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.policy.devices import Device


class Losing:
    """A loss as a run left it: what it could not do stands beside, with the reason."""

    def __init__(
        self,
        loss: Loss,
        left: Mapping[str, str] | None = None,
        *,
        simulated: frozenset[str] = frozenset(),
    ) -> None:
        """Keep them; `simulated` names the systems a fake stood in for: all they say is labelled so."""
        self.loss = loss
        self.left = dict(left or {})
        self.simulated = simulated

    @property
    def exit_code(self) -> Exit:
        """Give the exit code: what nobody knows yet beats what a device refused to do."""
        if self.left or self.loss.open_steps:
            return Exit.INCOMPLETE
        failed = [one for one in self.loss.answered.values() if one["reply"] != Reply.DONE]
        return Exit.DIFFERENCE if failed else Exit.DONE


def lose(estate: Estate, tag: str, progress: Progress, *, reason: str = "", by: str = "") -> Losing:
    """Report a device lost, or go on with what an earlier run left; do all that systems can do.

    Raises:
        UsageError: there is no such device, or no reason is given.
        CommsroomError: the register or the ledger cannot be used.
    """
    device = registering.read(estate).device(tag)
    loss = losses.recorded(estate).get(device.asset_tag)
    if loss is None or loss.found:
        _report(estate, device, reason=reason, by=by)
        loss = losses.of(estate, device.asset_tag)
    if not loss.found and device.state not in {DeviceState.LOST, DeviceState.RETIRED}:
        what = Happening(
            step=Life.LOST, move=life.lost, details={"reason": loss.report.reason, "by": by}
        )
        registering.take(estate, [device.asset_tag], what)
    return carry_on(estate, loss.report.tag, progress)


def _report(estate: Estate, device: Device, *, reason: str, by: str) -> None:
    if by:
        require_here(estate.policy, by, registering.today(estate.policy))
    _require_text("--reason", reason, "say how it was lost, where and when it was last seen")
    life.lost(device)  # refuses what cannot be lost before anything is recorded
    seen, _ = estate.ledger.head()
    closes = closing.addresses(estate, [device])[device.asset_tag]
    desired = planning.compile_policy(estate, Scope()).desired
    own, shared = knew(desired, closes)
    people: tuple[str, ...] = ()
    if device.kind in KNOWS_ALL and device.holder in estate.policy.by_id:
        people = (device.holder,)
        shared |= _known_to(estate, people) - own
    report = Report(
        tag=device.asset_tag,
        product=device.product,
        kind=device.kind,
        holder=device.holder,
        reason=reason,
        by=by,
        personal=device.personal,
        mdm=device.mdm,
        closes=closes,
        own=tuple(sorted(own)),
        shared=tuple(sorted(shared)),
        people=people,
        commands=_commands(estate, device, seen),
    )
    _record(estate, device.asset_tag, Step.REPORTED, report.to_json(), by=by, seen=seen)


def _known_to(estate: Estate, people: tuple[str, ...]) -> set[str]:
    """Return the paths of what people know; not what their desk telephones keep to themselves."""
    chosen = choosing.choose(estate, choosing.Wish(compromised=people))
    return {
        path
        for path in chosen.compromised
        if any(it.address.kind != PhoneProfile.kind for it in chosen.found[path].places)
    }


def _commands(estate: Estate, device: Device, seen: int) -> dict[str, str]:
    """Return what its MDM server is to keep for a device, each with its name; whether there is one is seen later.

    A row that names none must not keep a loss from being recorded, and all else from being shut out.
    """
    if not device.mdm:
        return {}
    deeds = [Deed.REMOVE] if device.personal else [Deed.LOCK]
    if not device.personal and estate.policy.equipment.loss.erase:
        deeds.append(Deed.ERASE)
    matter = (estate.ledger.estate_id, device.asset_tag, "loss", seen)
    return {str(deed): named(*matter, deed) for deed in deeds}


def carry_on(estate: Estate, tag: str, progress: Progress) -> Losing:
    """Do what is left to do: lock and erase, withdraw, renew; each whatever became of the others.

    Raises:
        UsageError: the device was never lost.
    """
    left: dict[str, str] = {}
    for name, work in (("mobile", _order), ("profile", _withdraw), ("secrets", _renew)):
        try:
            why = work(estate, losses.of(estate, tag), progress)
        except CommsroomError as error:
            why = error.message
        if why:
            left[name] = why
    return Losing(losses.of(estate, tag), left, simulated=estate.known_simulated)


def _order(estate: Estate, loss: Loss, _progress: Progress) -> str:
    """Have commands queued, and note what the device has answered."""
    report = loss.report
    mdm = _managed_by(estate, loss)
    server, enrolment = place(mdm)
    waiting = {
        word: Command(name, enrolment, Deed(word), report.personal)
        for word, name in report.commands.items()
        if word not in loss.answered
    }
    if not waiting:
        return ""
    try:
        managing.require_server(estate, server, report.tag)
    except UsageError as error:
        return f"{' and '.join(waiting)} not possible: {error}; or put its row's `mdm` right"
    fresh = [one for word, one in waiting.items() if word not in loss.ordered]
    receipts: dict[str, Receipt] = {}
    if fresh:
        receipts |= managing.order(estate, server, fresh)
    if old := [one for word, one in waiting.items() if word in loss.ordered]:
        receipts |= managing.ask(estate, server, old)
    unsure = []
    for word, command in waiting.items():
        found = receipts.get(command.name, Receipt(Reply.UNKNOWN))
        data = {
            "command": word,
            "uuid": command.name,
            "mdm": mdm,
            "reply": str(found.reply),
            "said": found.said,
        }
        if found.reply is Reply.UNKNOWN:
            unsure.append(f"{word}: {found.said or 'nobody knows whether it is queued'}")
        elif word not in loss.ordered and found.reply is not Reply.REFUSED:
            _record(estate, report.tag, Step.ORDERED, data)
        if found.reply in managing.ENDED:
            _record(estate, report.tag, Step.ANSWERED, {**data, "answered": found.at})
    return "; ".join(unsure)


def _managed_by(estate: Estate, loss: Loss) -> str:
    """Return where a mobile is told: as its row had it when it was lost, and put right since if that was nowhere.

    Once a server has a command, another row sends it nowhere else.
    """
    if loss.ordered or place(loss.mdm)[0] in managing.servers(estate):
        return loss.mdm
    return registering.read(estate).device(loss.report.tag).mdm or loss.mdm


def _withdraw(estate: Estate, loss: Loss, progress: Progress) -> str:
    """Take away what lived on the device alone."""
    closes = loss.report.closes
    if not closes or loss.found or loss.seen(Step.WITHDRAWN):
        return ""
    why = closing.close(estate, closes, progress, command="device lost")
    if not why:
        _record(estate, loss.report.tag, Step.WITHDRAWN, {"gone": list(closes)})
    return why


def _renew(estate: Estate, loss: Loss, progress: Progress) -> str:
    """Make what it knew worthless: what it had alone gets a new generation, the rest is rotated without grace."""
    report = loss.report
    if own := set(report.own) - loss.renewed:
        estate.ledger.advance(sorted(own), actor=actor(), reason=f"{report.tag} is lost")
        _record(estate, report.tag, Step.RENEWED, {"renewed": sorted(own), "left": {}})
    shared = set(report.shared) - loss.renewed
    if not shared:
        return ""
    turns = estate.ledger.rotations(shared)
    begun = loss.at.timestamp()
    over = {
        path
        for path, turn in turns.items()
        if turn.phase in renewal.RENEWED and turn.since >= begun
    }
    done: set[str] = over
    left: dict[str, str] = {}
    if todo := frozenset(shared - over):
        turned = rotating.rotate(estate, choosing.Wish(exposed=todo), progress)
        done = over | {
            path
            for path, turn in turned.turns.items()
            if path in todo and turn.phase in renewal.RENEWED
        }
        done |= turned.written & todo
        left = {path: why for path, why in turned.left.items() if path in todo}
        # What was never applied is nowhere, and nobody can have it.
        known = choosing.choose(estate, choosing.Wish()).found
        left |= dict.fromkeys(todo - known.keys(), "it is on no system")
    if done or left:
        told = {"renewed": sorted(done), "left": left}
        _record(estate, report.tag, Step.RENEWED, told)
    missing = shared - done - left.keys()
    return f"not renewed yet: {', '.join(sorted(missing))}" if missing else ""


def tick(estate: Estate, tag: str, duty: str, *, by: str, note: str) -> Losing:
    """Record that somebody did what only people can do, with what there is to note of it.

    Raises:
        UsageError: the device was never lost, there is no such duty for it, nobody is named, no note is given.
    """
    loss = losses.of(estate, tag)
    _require_named(estate, by)
    valid = [str(one) for one in duties(loss.report.kind)]
    if duty not in valid:
        remedy = did_you_mean(duty, valid) or ", ".join(valid)
        raise UsageError(f"{quoted(duty)} is no duty for {loss.report.tag}", remedy=remedy)
    _require_text(
        "--note", note, "the number of the report, whom it was made to, or why it is not needed"
    )
    data = {"duty": str(Duty(duty)), "note": note}
    _record(estate, loss.report.tag, Step.TICKED, data, by=by)
    return Losing(losses.of(estate, tag), simulated=estate.known_simulated)


def find(
    estate: Estate, tag: str, *, by: str, witness: str = "", wiped: bool = False, unwiped: str = ""
) -> Losing:
    """Record that a lost device is back; it is issued again only once it was wiped, or somebody says why not.

    Raises:
        UsageError: it was never lost, nobody is named, or both ways are asked for at once.
    """
    loss = losses.of(estate, tag)
    tag = loss.report.tag
    _require_named(estate, by)
    if wiped and unwiped:
        raise UsageError("it was wiped or it was not", remedy="--wiped, or --unwiped REASON")
    if wiped:
        _require_named(estate, witness, "--witness")
        if witness == by:
            raise UsageError(f"{by} cannot be witness of what they did themselves")
    if unwiped:
        _require_text("--unwiped", unwiped, "say why it may be issued as it is")
    if loss.cleared:
        raise UsageError(f"{tag} is back and cleared", remedy=f"commsroom device incident {tag}")
    if not loss.found:
        if registering.read(estate).device(tag).state is DeviceState.LOST:
            what = Happening(step=Life.FOUND, move=life.found, details={"by": by})
            registering.take(estate, [tag], what)
        _record(estate, tag, Step.FOUND, {}, by=by)
    how = _cleared_how(loss, wiped=wiped, witness=witness, unwiped=unwiped)
    if how:
        _record(estate, tag, Step.CLEARED, {"how": how}, by=by)
    return Losing(losses.of(estate, tag), simulated=estate.known_simulated)


def _cleared_how(loss: Loss, *, wiped: bool, witness: str, unwiped: str) -> str:
    if wiped:
        return f"wiped, seen by {witness}"
    if unwiped:
        return f"not wiped: {unwiped}"
    erased = loss.answered.get(str(Deed.ERASE), {})
    return "erased, says the device itself" if erased.get("reply") == Reply.DONE else ""


def _record(
    estate: Estate,
    tag: str,
    step: Step,
    data: Mapping[str, Any],
    *,
    by: str = "",
    seen: int | None = None,
) -> None:
    about = {life.address(tag): str(step)}
    told = {**data, "device": tag, "step": str(step)}
    estate.ledger.record(EVENT, told, actor=actor(), requester=by, about=about, seen=seen)


def _require_named(estate: Estate, who: str, option: str = "--by") -> None:
    if not who:
        raise UsageError(f"{option}: nobody is named", remedy=f"{option} ID, of the roster")
    require_here(estate.policy, who, registering.today(estate.policy))


def _require_text(option: str, text: str, remedy: str) -> None:
    if found := characters.refused(text):
        raise UsageError(f"{option}: {found} may not be part of it")
    if not text.strip():
        raise UsageError(f"{option} is empty", remedy=remedy)
