"""decommission: one resumable chain from approval to the register, for one device or a thousand (3.3.3).

    asked      what is closed and wiped, and how, is written down and signed by two people (`approving`)
    closed     what lived on a device alone is gone from the systems (`closing`)
    wiped      each medium, with a verdict of its own (`wiping`), or before witnesses
    certified  a named person validates and signs (`attesting`)
    retired    the register says so

How far each device is stands in the ledger and nowhere else: a run that was killed anywhere is run again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from commsroom.app import approving, as_signed, certificate_book, closing, registering, wiping
from commsroom.app.estate import actor
from commsroom.app.ordering import require_here
from commsroom.app.registering import Happening
from commsroom.errors import CommsroomError, Exit, GuardRefused, UsageError
from commsroom.estate.approval import Request, Standing
from commsroom.estate.register import Step as Life
from commsroom.estate.register import life
from commsroom.estate.resource import Address
from commsroom.estate.retiring.certificate import LONGEST
from commsroom.estate.retiring.chain import (
    EVENT,
    PURPOSE,
    Run,
    Step,
    Target,
    Wiped,
    end_replaced,
    wiped_by,
)
from commsroom.estate.retiring.methods import BY_NAME, By
from commsroom.estate.retiring.verdict import Result
from commsroom.policy import characters
from commsroom.policy.devices import DeviceState
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.app.approving import Asked
    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.wiping import Task
    from commsroom.estate.retiring.chain import Item

#: How many devices one event names: a row each.
_AT_ONCE: Final = 500


@dataclass
class Decommissioning:
    """A request, how far each of its devices is, and what stands in the way."""

    asked: Asked
    runs: dict[str, Run]
    lost: Mapping[str, str] = field(default_factory=dict)
    #: Why devices could not be closed, "" where they could.
    unclosed: str = ""
    #: By device why stations would refuse its disks now, looked at when it is asked for and at no other time.
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: The systems a fake stands in for: all they say is labelled so.
    simulated: frozenset[str] = frozenset()
    #: Where the certificates are that were just signed, each with its papers: from the estate's folder on.
    certificates: tuple[str, ...] = ()

    @property
    def request(self) -> Request:
        """Return what was asked."""
        return self.asked.request

    @property
    def done(self) -> bool:
        """Tell whether all its devices are retired."""
        return all(run.ended for run in self.runs.values())

    @property
    def begun(self) -> bool:
        """Tell whether anything was done: from then on it is brought to an end."""
        return self.asked.standing is Standing.USED

    @property
    def uncertified(self) -> list[Run]:
        """Return the devices whose rows have to be what was signed: nobody has certified them yet."""
        return [run for run in self.runs.values() if not (run.certificate or run.retired)]

    @property
    def may_go_on(self) -> bool:
        """Tell whether it was approved."""
        return self.asked.standing in {Standing.APPROVED, Standing.USED}

    @property
    def state(self) -> tuple[object, ...]:
        """Return what a step changes."""
        return tuple(
            (run.closed, tuple(sorted(run.wiped.items())), run.certificate, run.retired)
            for run in self.runs.values()
        )

    @property
    def exit_code(self) -> Exit:
        """Give the exit code: what nobody knows beats what failed."""
        own = [run for run in self.runs.values() if not run.replaced]
        results = {wiped.verdict.result for run in own for wiped in run.wiped.values()}
        if self.lost or self.unclosed or Result.UNKNOWN in results:
            return Exit.INCOMPLETE
        return Exit.DIFFERENCE if Result.FAIL in results else Exit.DONE


def requests(estate: Estate) -> dict[str, Decommissioning]:
    """Return every decommissioning by the name of its request, oldest first."""
    found = {
        asked.request.name: Decommissioning(
            asked, runs_of(asked.request), simulated=estate.known_simulated
        )
        for asked in approving.listed(estate)
        if asked.request.purpose == PURPOSE
    }
    for event in estate.ledger.events(kind=EVENT) if found else ():
        known = found.get(str(event.data.get("request")))
        devices: Mapping[str, Mapping[str, str]] = event.data.get("devices", {})
        for tag, data in devices.items():
            if known is not None and tag in known.runs:
                known.runs[tag].take(str(event.data.get("step")), data)
    end_replaced([one.runs for one in found.values() if one.begun])
    withdrawn = certificate_book.withdrawn(estate.ledger) if found else {}
    for run in (run for one in found.values() for run in one.runs.values()):
        run.judge(withdrawn)
    return found


def runs_of(request: Request) -> dict[str, Run]:
    """Return the devices of a request, of which nothing is done yet, by asset tag."""
    targets = [Target.from_json(item) for item in request.subject["devices"]]
    return {target.tag: Run(target) for target in targets}


def under_way(estate: Estate, names: Sequence[str]) -> Decommissioning | None:
    """Return the decommissioning that devices are in, or that is called so; None where they are in none.

    Raises:
        UsageError: they are not all in the same one.
    """
    found = requests(estate)
    if len(names) == 1 and (named := found.get(names[0])):
        return named
    open_ones = [one for one in found.values() if not one.done and _may_go_on(one.asked)]
    of_tag = {tag: one for one in open_ones for tag in one.runs}
    meant = {id(of_tag[name]): of_tag[name] for name in names if name in of_tag}
    if not meant:
        return None
    if len(meant) > 1 or any(name not in of_tag for name in names):
        named_ones = ", ".join(sorted(one.request.name for one in meant.values()))
        raise UsageError(
            "these devices are not all in one request",
            remedy=f"name the request ({named_ones}), or devices that are in none",
        )
    return next(iter(meant.values()))


def stuck(now: Decommissioning, tags: Sequence[str]) -> bool:
    """Tell whether devices are closed, and hold media that may never pass as it was signed: they may be asked about anew."""
    return now.begun and all(
        (run := now.runs.get(tag)) is not None and run.closed and bool(run.open_media())
        for tag in tags
    )


def _may_go_on(asked: Asked) -> bool:
    return asked.standing in {Standing.ASKED, Standing.APPROVED, Standing.USED}


def carry_on(
    estate: Estate, now: Decommissioning, progress: Progress, *, again: bool = False
) -> Decommissioning:
    """Do whatever can be done now: close, wipe, and enter what is certified.

    The approval is asked for until the first step was taken; from then on the chain is to be brought to an
    end, whoever may sign by then.

    Args:
        estate: The estate.
        now: How far it is.
        progress: Told how far it is.
        again: Wipe once more what did not pass.

    Raises:
        GuardRefused: it is not approved; nothing was touched.
        CommsroomError: the register or the ledger cannot be used.
    """
    if now.asked.standing is not Standing.USED:
        approving.require_approved(estate, now.request)
    with estate.ledger.lock(actor(), command="decommission"):
        now = requests(estate)[now.request.name]
        if not now.begun:
            approving.require_approved(estate, now.request)
        as_signed.require(estate, now.uncertified)
        if not now.begun:
            _require_unheld(estate, now)
            approving.use(estate, now.request)
        _return(estate, now)
    now.unclosed = _close(estate, now, progress)
    if not now.unclosed:
        _wipe(estate, now, progress, again=again)
    enter(estate, now)
    return now


def _require_unheld(estate: Estate, now: Decommissioning) -> None:
    """Refuse where a device is gone already, or another's than when it was approved."""
    register = registering.read(estate)
    for tag, run in now.runs.items():
        device = register.device(tag)
        if device.state is DeviceState.RETIRED:
            raise GuardRefused(f"{tag} is retired already")
        if device.holder != run.target.holder and device.state is not DeviceState.STOCK:
            raise GuardRefused(
                f"{tag} was held by {run.target.holder or 'nobody'} when this was approved, and is by"
                f" {device.holder} now"
            )


def _return(estate: Estate, now: Decommissioning) -> None:
    """Take devices back that are still issued: from here on they are nobody's."""
    register = registering.read(estate)
    issued = [
        tag
        for tag, run in now.runs.items()
        if not run.retired and register.device(tag).state is DeviceState.ISSUED
    ]
    if issued:
        what = Happening(
            step=Life.RETURNED,
            move=life.returned,
            details={"reason": f"decommission {now.request.name}"},
        )
        registering.take(estate, issued, what)


def _close(estate: Estate, now: Decommissioning, progress: Progress) -> str:
    left = [run for run in now.runs.values() if not (run.closed or run.retired)]
    if not left:
        return ""
    try:
        why = closing.close(estate, [it for run in left for it in run.target.closes], progress)
    except CommsroomError as error:
        return str(error)
    if not why:
        record(
            estate,
            now,
            Step.CLOSED,
            {run.target.tag: {"gone": list(run.target.closes)} for run in left},
        )
    return why


def _wipe(estate: Estate, now: Decommissioning, progress: Progress, *, again: bool) -> None:
    work = list(wiping.tasks(now.request.name, list(now.runs.values()), again=again))

    def note(done: Sequence[tuple[Task, Wiped]]) -> None:
        # A device may have several disks that end together: an event holds one row a device.
        rounds: list[dict[str, dict[str, object]]] = []
        for task, wiped in done:
            data = {"medium": task.item.name, "method": task.item.method, **wiped.to_json()}
            for one in rounds:
                if task.tag not in one:
                    one[task.tag] = data
                    break
            else:
                rounds.append({task.tag: data})
        for one in rounds:
            record(estate, now, Step.WIPED, one)

    if work:
        now.lost = wiping.wipe(estate, work, note, progress)


def witnessed(
    estate: Estate, now: Decommissioning, media: Sequence[str], *, by: str, witness: str, note: str
) -> Decommissioning:
    """Record that two people saw media wiped or destroyed by hand; `media` are `TAG` or `TAG:MEDIUM`.

    Raises:
        UsageError: nobody of an id is here, both are one, or there is no such medium to be done by hand.
        GuardRefused: it is not approved, or the devices are not closed yet.
    """
    _require_witnesses(estate, by, witness, note)
    register = registering.read(estate)
    rows: list[tuple[str, dict[str, object]]] = []
    for word in media:
        tag, _, medium = word.partition(":")
        run = now.runs.get(tag)
        if run is None:
            raise UsageError(
                f"{quoted(tag)} is not in {now.request.name}", remedy=did_you_mean(tag, now.runs)
            )
        if run.replaced:
            raise GuardRefused(f"{tag} is retired already, by another request")
        if not run.closed:
            raise GuardRefused(
                f"{tag} is not closed yet: commsroom decommission {now.request.name}"
            )
        if register.device(tag).state is DeviceState.LOST:
            raise GuardRefused(
                f"{tag} is lost, and nobody can have seen it: commsroom device found {tag} --by ID"
            )
        found = [item for item in run.open_media() if item.hands and medium in {"", item.name}]
        if not found:
            raise UsageError(f"{word}: nothing of it is to be done by hand any more")
        rows += [(tag, _seen(run, item, (by, witness), note)) for item in found]
    for tag, data in rows:
        record(estate, now, Step.WIPED, {tag: data})
    return now


def _require_witnesses(estate: Estate, by: str, witness: str, note: str) -> None:
    """Refuse, by UsageError, people who are not two of the roster, and a note that no certificate could hold."""
    day = registering.today(estate.policy)
    for name in (by, witness):
        require_here(estate.policy, name, day)
    if by == witness:
        raise UsageError(f"{by} cannot be witness of what they did themselves")
    if why := characters.refused(note):
        raise UsageError(f"--note: {why} may not be part of it")
    if len(note) > LONGEST:
        raise UsageError(f"--note is longer than {LONGEST} characters")


def _seen(run: Run, item: Item, who: tuple[str, str], note: str) -> dict[str, object]:
    """Return the row of what two people saw; what a system was to do has the method that they did instead."""
    instead = "" if item.by is By.PERSON else item.hands
    before, now = run.wiped.get(item.name), int(time.time())
    wiped = Wiped(
        verdict=wiped_by(BY_NAME[item.hands], who),
        attempt=before.attempt + 1 if before else 1,
        by=who,
        said=note,
        began=now,
        ended=now,
        method=instead,
    )
    return {"medium": item.name, "method": item.hands, **wiped.to_json()}


def enter(estate: Estate, now: Decommissioning) -> None:
    """Enter in the register what is certified."""
    ready = [
        tag
        for tag, run in now.runs.items()
        if not run.retired and run.closed and (run.certificate or not run.target.media)
    ]
    if not ready:
        return
    register = registering.read(estate)
    left = [tag for tag in ready if register.device(tag).state is not DeviceState.RETIRED]
    if left:
        certificates = {tag: {"certificate": now.runs[tag].certificate} for tag in left}
        what = Happening(
            step=Life.RETIRED,
            move=life.retired,
            details={"reason": f"decommission {now.request.name}"},
            of_each=certificates,
        )
        registering.take(estate, left, what)
    record(estate, now, Step.RETIRED, {tag: {} for tag in ready})


def record(
    estate: Estate, now: Decommissioning, step: Step, devices: Mapping[str, Mapping[str, object]]
) -> None:
    """Write down a step of some devices, and take it as written."""
    tags = list(devices)
    for start in range(0, len(tags), _AT_ONCE):
        part = {tag: dict(devices[tag]) for tag in tags[start : start + _AT_ONCE]}
        estate.ledger.record(
            EVENT,
            {"request": now.request.name, "step": str(step), "devices": part},
            actor=actor(),
            requester=now.request.requester,
            # Not the device's own address: rows of that are the register's, each a step of its life.
            about={Address(life.REGISTER, EVENT, tag): str(step) for tag in part},
        )
    for tag, data in devices.items():
        now.runs[tag].take(step, data)
