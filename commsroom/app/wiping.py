"""decommission, second step: media are wiped at their stations, each as a job that outlives this run.

Every verdict is recorded as soon as it is there. A run that is killed leaves the jobs at work; the next one
asks after them by the same names, and begins only those that nobody has begun.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

from commsroom.app import erasing, managing
from commsroom.errors import CommsroomError, SystemUnknown, UsageError
from commsroom.estate.retiring.chain import Item, Wiped
from commsroom.estate.retiring.managing import Command, Deed, Receipt, Reply, named
from commsroom.estate.retiring.methods import By
from commsroom.estate.retiring.verdict import Result, Verdict
from commsroom.estate.retiring.wiping import Attached, Job, JobStanding, Wipes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.estate.backend import Provider
    from commsroom.estate.retiring.chain import Run

#: Disks of one station at work at a time: more share its bus and none is done earlier.
AT_ONCE: Final = 16
#: Seconds between two questions: short at first, for what is done at once.
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 15.0
_CALL_SECONDS: Final = 90.0
#: Seconds without progress after which a disk's place is given to the next: a device that erases itself may
#: be silent for hours, and is asked after again by the next run.
STALLED: Final = 3600.0
#: What a mobile is told for each method that its MDM server carries out.
_DEEDS: Final = {"mdm-erase": Deed.ERASE, "mdm-profile": Deed.REMOVE}
_UNSAID: Final = JobStanding(state="unknown")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task:
    """One medium to be wiped now: whose it is, and its job."""

    tag: str
    item: Item
    job: Job
    attempt: int


def stations(estate: Estate) -> tuple[str, ...]:
    """Return the names of the wipe stations of the inventory."""
    return tuple(
        name for name, system in estate.systems.items() if system.backend.name == "wipe_station"
    )


def look(estate: Estate, station: str, paths: Sequence[str]) -> Sequence[Attached | str]:
    """Return what is attached to a station, at paths or at all.

    Raises:
        UsageError: there is no such station.
        SystemUnknown: it cannot be asked.
    """
    if station not in stations(estate):
        raise UsageError(
            f"{station or 'the inventory'} is no wipe station"
            if station
            else "there is no wipe station",
            remedy="give a host of the inventory commsroom_backend: wipe_station",
        )
    return _asked(estate, station, lambda wipes: wipes.look(paths))


def tasks(request: str, runs: Sequence[Run], *, again: bool) -> Iterator[Task]:
    """Yield what systems are to wipe: all that no verdict is of, and, `again`, what did not pass.

    Nothing of what another request brought to its end: its disks may be in use elsewhere by now.
    """
    for run in runs:
        if run.retired:
            continue
        for item in run.target.media:
            if item.by is By.PERSON:
                continue
            before = run.wiped.get(item.name)
            if before is not None and (before.verdict.result is Result.PASS or not again):
                continue
            attempt = before.attempt + 1 if before else 1
            yield Task(run.target.tag, item, _job(request, item, attempt), attempt)


def refusals(estate: Estate, request: str, runs: Sequence[Run]) -> dict[str, tuple[str, ...]]:
    """Return by device why its disks would be refused if they were wiped now; a question a station.

    Raises:
        CommsroomError: a station cannot be asked.
    """
    queues: dict[str, list[Task]] = defaultdict(list)
    for task in tasks(request, runs, again=False):
        if task.item.by is By.STATION:
            queues[task.item.station].append(task)
    found: dict[str, tuple[str, ...]] = {}
    for station, queue in queues.items():
        told = _refused(estate, station, [task.job for task in queue])
        for task, reasons in zip(queue, told, strict=True):
            whys = tuple(f"{task.item.serial}: {reason}" for reason in reasons)
            if whys:
                found[task.tag] = (*found.get(task.tag, ()), *whys)
    return found


def _job(request: str, item: Item, attempt: int) -> Job:
    # A mobile may have no serial number, or one that another maker's has: its enrolment is its own.
    own = (item.by is By.SYSTEM and item.device) or item.serial
    digest = hashlib.sha256(own.encode()).hexdigest()[:16]
    return Job(
        name=f"{request}-{digest}-{attempt}",
        path=item.path,
        device=item.device,
        serial=item.serial,
        bytes=item.bytes,
        method=item.method,
        members=item.members,
        header_backups=item.header_backups,
        sampled=item.sampled,
    )


def wipe(
    estate: Estate,
    work: Sequence[Task],
    record: Callable[[Sequence[tuple[Task, Wiped]]], None],
    progress: Progress,
    *,
    stalled_after: float = STALLED,
) -> Mapping[str, str]:
    """Have stations, MDM servers and switches do all of it; `record` is given verdicts as they come.

    Returns:
        By system why nothing more is known of some of its jobs: they may be at work, and are asked after
        again by the next run.
    """
    queues: dict[str, list[Task]] = defaultdict(list)
    mobiles: dict[str, list[Task]] = defaultdict(list)
    switches = [task for task in work if task.item.method == erasing.METHOD]
    for task in work:
        if task.item.method != erasing.METHOD:
            places = queues if task.item.by is By.STATION else mobiles
            places[task.item.station].append(task)
    bays = [_Bays(estate, station, queue, stalled_after) for station, queue in queues.items()]
    progress.begin("Wiping", len(work))
    wait = _FIRST_WAIT
    while at_work := [one for one in bays if one.busy]:
        for station in at_work:
            done = station.turn()
            if done:
                record(done)
                wait = _FIRST_WAIT
            for task, _ in done:
                progress.advance(task.tag)
        if any(one.busy for one in bays):
            time.sleep(wait)
            wait = min(_LONGEST_WAIT, wait * 1.5)
    lost = {one.station: one.lost for one in bays if one.lost}
    for server, tasks_of_it in mobiles.items():
        if why := _erase(estate, server, tasks_of_it, record, progress):
            lost[server] = why
    lost |= _switches(estate, switches, record, progress)
    progress.end()
    return lost


def _switches(
    estate: Estate,
    work: Sequence[Task],
    record: Callable[[Sequence[tuple[Task, Wiped]]], None],
    progress: Progress,
) -> Mapping[str, str]:
    """Have switches erase themselves, one after the other as they were named: the way to one may be through another."""
    lost: dict[str, str] = {}
    for task in work:
        began = int(time.time())
        try:
            done = erasing.erase(estate, task.item.station, task.item.serial)
        except CommsroomError as error:
            lost[task.item.station] = str(error)
            continue
        wiped = Wiped(
            verdict=done.verdict,
            attempt=task.attempt,
            by=(f"{task.item.how.tool} at {task.item.station}",),
            said=done.said,
            notes=(*done.notes, *_never_run(task.item)),
            began=began,
            ended=int(time.time()),
        )
        record([(task, wiped)])
        progress.advance(task.tag)
    return lost


def _erase(
    estate: Estate,
    server: str,
    work: Sequence[Task],
    record: Callable[[Sequence[tuple[Task, Wiped]]], None],
    progress: Progress,
) -> str:
    """Have an MDM server see to mobiles; return why nothing is known of some of them, "" when all is."""
    tasks_of = {named(task.job.name): task for task in work}
    began = int(time.time())

    def heard(receipts: Mapping[str, Receipt]) -> None:
        done = [
            (task, _answered(task, name, receipts[name], began))
            for name, task in tasks_of.items()
            if name in receipts
        ]
        if done:
            record(done)
        for task, _ in done:
            progress.advance(task.tag)

    commands = [
        Command(name, task.item.device, _DEEDS[task.item.method], task.item.method == "mdm-profile")
        for name, task in tasks_of.items()
    ]
    try:
        return managing.attend(estate, server, commands, heard, patience=managing.PATIENCE)
    except CommsroomError as error:
        return str(error)


def _answered(task: Task, name: str, receipt: Receipt, began: int) -> Wiped:
    at = f" at {receipt.at}" if receipt.at else ""
    if receipt.reply is Reply.DONE:
        verdict = Verdict(
            Result.PASS, "acknowledged, says the device itself", f"command {name} acknowledged{at}"
        )
    else:
        verdict = Verdict(Result.FAIL, f"{receipt.reply}: {receipt.said}", f"command {name}{at}")
    return Wiped(
        verdict=verdict,
        attempt=task.attempt,
        by=(f"{task.item.how.tool} at {task.item.station}",),
        said=receipt.said,
        notes=_never_run(task.item),
        began=began,
        ended=int(time.time()),
    )


class _Bays:
    """One station's work: what waits, what is under way, and what makes no progress any more.

    What stalls gives its place to the next: one disk that hangs holds nobody up.
    """

    def __init__(
        self, estate: Estate, station: str, queue: Sequence[Task], stalled_after: float
    ) -> None:
        self.station, self.lost = station, ""
        self._estate, self._stalled_after = estate, stalled_after
        self._waiting = list(queue)
        self._under_way: dict[str, Task] = {}
        self._moved: dict[str, tuple[str, int, float]] = {}

    @property
    def busy(self) -> bool:
        """Tell whether anything is still to be hoped for."""
        return not self.lost and bool(self._waiting or self._under_way)

    def turn(self) -> list[tuple[Task, Wiped]]:
        """Begin what there is room for, ask after the rest, and return what ended; one round trip."""
        now = time.monotonic()
        stalled = sum(self._is_stalled(name, now) for name in self._under_way)
        if not self._waiting and stalled == len(self._under_way):
            self.lost = f"{stalled} wipes make no progress; they may go on"
            return []
        while self._waiting and len(self._under_way) - stalled < AT_ONCE:
            task = self._waiting.pop(0)
            self._under_way[task.job.name] = task
            self._moved[task.job.name] = ("", 0, now)
        jobs = [task.job for task in self._under_way.values()]
        try:
            standings = _asked(self._estate, self.station, lambda wipes: wipes.start(jobs))
        except CommsroomError as error:
            self.lost = str(error)
            return []
        return list(self._ended(standings, now))

    def _is_stalled(self, name: str, now: float) -> bool:
        return now - self._moved[name][2] > self._stalled_after

    def _ended(
        self, standings: Mapping[str, JobStanding], now: float
    ) -> Iterator[tuple[Task, Wiped]]:
        for name, task in list(self._under_way.items()):
            standing = standings.get(name, _UNSAID)
            if standing.verdict is not None:
                del self._under_way[name]
                yield task, _wiped(task, standing)
            elif (standing.step, standing.done) != self._moved[name][:2]:
                self._moved[name] = (standing.step, standing.done, now)


def _wiped(task: Task, standing: JobStanding) -> Wiped:
    verdict = standing.verdict
    assert verdict is not None  # noqa: S101 - the caller looked
    if verdict.result is Result.PASS and (doubt := _doubt(task, standing, verdict)):
        verdict = Verdict(Result.UNKNOWN, doubt, verdict.evidence)
    return Wiped(
        verdict=verdict,
        attempt=task.attempt,
        by=(f"{task.item.how.tool} at {task.item.station}",),
        said=standing.said,
        notes=(*standing.notes, *_never_run(task.item)),
        began=standing.began,
        ended=standing.ended,
        tool=standing.tool,
    )


def _doubt(task: Task, standing: JobStanding, verdict: Verdict) -> str:
    """Say why a station's PASS is not believed, "" where it is."""
    if standing.serial != task.item.serial:
        return f"the station wiped {standing.serial or 'a disk without serial number'}"
    if standing.method != task.item.method:
        return f"the station wiped it by {standing.method or 'a method it does not name'}"
    if standing.refused:
        return f"the station says PASS, and that it refused: {standing.refused[0]}"
    if not verdict.evidence.strip():
        return "the station says PASS, and not what that rests on"
    return ""


def _never_run(item: Item) -> tuple[str, ...]:
    ran = str(item.how.ran)
    return (f"{item.method}: tested {ran}",) if "never" in ran else ()


def _refused(estate: Estate, station: str, jobs: Sequence[Job]) -> Sequence[Sequence[str]]:
    return _asked(estate, station, lambda wipes: wipes.refusals(jobs))


def _asked(estate: Estate, station: str, question: Callable[[Wipes], T]) -> T:
    def work(_name: str, provider: Provider) -> T:
        return question(cast("Wipes", provider))

    if station not in stations(estate):  # taken out of the inventory since it was approved
        raise SystemUnknown(station, "wipe", "it is no wipe station of the inventory any more")
    found = estate.fleet.each(work, on=[station], deadline=_CALL_SECONDS)[station]
    if isinstance(found, CommsroomError):
        raise found
    return cast("T", found)
