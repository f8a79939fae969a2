"""The register as it stands, and the one way in which it changes (clause 3.2.1).

Each change is one transaction of the ledger. The rows of devices.csv follow it: they are ready on disk
before the ledger is told, and renamed into place after. The ledger has the last word, so a crash between
the two loses nothing: the row is behind, and everything that looks at both says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Final
from zoneinfo import ZoneInfo

from commsroom import files
from commsroom.app import plugging
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate import register
from commsroom.estate.register import Entry, Life, Standing, Step, life
from commsroom.policy import characters, device_file, device_rows
from commsroom.policy.devices import Device, DeviceState
from commsroom.policy.sources import DEVICES
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.app.estate import Estate
    from commsroom.policy import Policy

_LOCK: Final = "devices.lock"
#: How long a command waits for another one, and how often it looks.
_WAIT_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
#: What takes a device as it stands and says where it stands after; refuses by UsageError.
Move = Callable[[Device], Standing]


@dataclass(frozen=True)
class Register:
    """The company's equipment as it stands: rows of policy, moved on by what the ledger knows."""

    policy: Policy
    lives: Mapping[str, Life]

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """The devices as they stand."""
        return register.at_present(self.policy.devices, self.lives)

    @cached_property
    def by_tag(self) -> Mapping[str, Device]:
        """The same, by asset tag."""
        return {device.asset_tag: device for device in self.devices}

    def device(self, tag: str) -> Device:
        """Return the device with an asset tag, or a MAC address in any notation.

        Raises:
            UsageError: there is none; the nearest tag is named.
        """
        if found := self.by_tag.get(tag):
            return found
        with contextlib.suppress(ValueError):
            mac = device_rows.mac_address(tag)
            for device in self.devices:
                if device.mac == mac:
                    return device
        raise UsageError(
            f"there is no device {quoted(tag)} in devices.csv",
            remedy=did_you_mean(tag, self.by_tag) or "commsroom device list",
        )

    def holder(self, name: str) -> str:
        """Return who or what a name means, a roster id or a place; raises UsageError for nobody."""
        known = [*self.policy.by_id, *self.policy.equipment.places]
        if name in self.policy.by_id or name in self.policy.equipment.places:
            return name
        raise UsageError(
            f"there is no person or place {quoted(name)}",
            remedy=did_you_mean(name, known)
            or "people are in the roster, places in policies/equipment.yml",
        )

    def held_like(self, glob: str) -> bool:
        """Tell whether somebody a glob names holds something, or the glob may name anybody."""
        if not glob or any(sign in glob for sign in "*?["):
            return True
        return any(item.holder == glob for item in self.devices)

    def held_by(self, name: str) -> tuple[Device, ...]:
        """Return what somebody or a place holds now."""
        return tuple(item for item in self.devices if item.holder == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was recorded, and what a reader should know beside it."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What is to happen to each of some devices."""

    step: Step
    move: Move
    day: date | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    #: What is told of single devices beside, by asset tag.
    of_each: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Number of the last event that was known when it was thought of; given, no step of the sort may
    #: have been recorded since, of whatever device.
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that devices.csv is to have before anything is recorded of them."""

    new: tuple[Device, ...]
    #: Rows of which something is known that they leave empty.
    completed: tuple[Device, ...] = ()

    def among(self, policy: Policy) -> Policy:
        """Return policy with these rows in it."""
        known = {device.asset_tag: device for device in self.completed}
        there = tuple(known.get(device.asset_tag, device) for device in policy.devices)
        return replace(policy, devices=(*there, *self.new))


def read(estate: Estate, *, may_be_empty: bool = False) -> Register:
    """Return the register as it stands.

    Args:
        estate: The estate.
        may_be_empty: Do with a register that has no device yet, as before the first is bought.

    Raises:
        UsageError: there are no devices.
        CommsroomError: policy or ledger cannot be used, or the ledger knows devices and no row is left.
    """
    lives = estate.ledger.lives()
    if not estate.policy.devices:
        if known := sum(one.standing.state is not DeviceState.RETIRED for one in lives.values()):
            raise CommsroomError(
                f"{DEVICES} has no rows, and the ledger knows {known} device{'s' * (known != 1)}",
                remedy="put the file back, as with git restore",
            )
        if not may_be_empty:
            raise UsageError(
                "the estate has no equipment",
                remedy=f"write a row a device into {DEVICES}; docs/howto/devices.md shows how",
            )
    return Register(estate.policy, lives)


def present(estate: Estate) -> Policy:
    """Return policy with devices where they stand, to be compiled: a row edited by hand moves nothing."""
    policy = estate.policy
    if not policy.devices:
        return policy
    return replace(policy, devices=Register(policy, estate.ledger.lives()).devices)


def take(
    estate: Estate, tags: Sequence[str], what: Happening, rows: Rows | None = None
) -> Recorded:
    """Do one step to each of some devices: all of them, or none and the reason.

    Args:
        estate: The estate.
        tags: The devices.
        what: What happens to them; with `rows`, nothing that a row repeats.
        rows: What devices.csv is to have of them first.

    Raises:
        UsageError: a tag names no device, or the step cannot follow what was before it.
        CommsroomError: devices.csv or the ledger cannot be written; nothing is recorded.
    """
    if not tags:
        raise UsageError("no device is named", remedy="commsroom device list")
    for name, text in what.details.items():
        if found := characters.refused(text):
            raise UsageError(f"--{name}: {found} may not be part of it")
        if name == "reason" and not text.strip():
            raise UsageError("--reason is empty", remedy="say why, for the maintenance file")
    with _alone(estate):
        now = read(estate, may_be_empty=rows is not None)
        if rows is not None:
            now = Register(rows.among(estate.policy), now.lives)
        tags = list(dict.fromkeys(now.device(name).asset_tag for name in tags))
        if what.step is Step.ISSUED:
            _require_staying(estate, tags)
        day = _day(now, tags, what.day)
        entries, moved = [], []
        for tag in tags:
            device = now.device(tag)
            after = what.move(device)
            entries.append(
                Entry(
                    tag=tag,
                    step=what.step,
                    day=day,
                    before=Standing.of(device),
                    after=after,
                    details={
                        key: text
                        for key, text in {**what.details, **what.of_each.get(tag, {})}.items()
                        if text
                    },
                )
            )
            moved.append(life.placed(device, after))
        _require_free_ports(now, moved)
        doubts = plugging.check(
            estate, [it for it in moved if it.port != now.by_tag[it.asset_tag].port]
        )
        with _rows(estate, moved, rows):
            estate.ledger.record_steps(entries, now.lives, actor=actor(), since=what.since)
    return Recorded(entries=tuple(entries), notes=(*_notes(now, entries), *doubts))


def _require_staying(estate: Estate, tags: Sequence[str]) -> None:
    """Refuse to issue what is being decommissioned, or was lost and nobody answers for since."""
    from commsroom.app import losses, retiring

    losses.require_cleared(estate, tags)
    for one in retiring.requests(estate).values():
        leaving = [tag for tag in tags if tag in one.runs and one.begun and not one.done]
        if leaving:
            raise GuardRefused(
                f"{leaving[0]} is being decommissioned: {one.request.name} is approved and begun, and"
                f" goes on with: commsroom decommission {one.request.name}"
            )


def rewrite(estate: Estate, tags: Sequence[str]) -> tuple[str, ...]:
    """Write into rows what the ledger says otherwise; return the tags of the rows that changed."""
    if estate.home != estate.path:
        raise UsageError(
            "a simulation leaves devices.csv as it is",
            remedy="its rows are the estate's own, and differ from what was only tried",
        )
    with _alone(estate):
        now = read(estate)
        tags = [now.device(name).asset_tag for name in tags]
        behind = dict.fromkeys(
            item.device.asset_tag
            for item in register.disagreements(now.policy.devices, now.lives)
            if not tags or item.device.asset_tag in tags
        )
        with _rows(estate, [now.by_tag[tag] for tag in behind]):
            pass
    return tuple(behind)


def today(policy: Policy) -> date:
    """Return the day it is at the company."""
    return datetime.now(UTC).astimezone(ZoneInfo(policy.company.time_zone)).date()


def _day(now: Register, tags: Iterable[str], given: date | None) -> date:
    """Return the day of a step: not yet to come, and not before what is already recorded."""
    present = today(now.policy)
    day = given or present
    if day > present:
        raise UsageError(f"--on: {day} is yet to come")
    for tag in tags:
        bought, last = now.device(tag).purchased, now.lives.get(tag)
        if given is not None and bought is not None and day < bought:
            raise UsageError(
                f"--on: {tag} was bought later, on {bought}",
                remedy="name a later day, or mend `purchased` in its row",
            )
        if last is not None and day < last.day:
            raise UsageError(
                f"{tag}: {last.step} on {last.day} is recorded, so nothing can have happened to it"
                f" on {day} that is told now",
                remedy="leave out --on, or name a later day",
            )
    return day


def _require_free_ports(now: Register, moved: Sequence[Device]) -> None:
    """Refuse a port that another device of the kind is at after all of them have moved.

    Two may change places; a computer may share its telephone's port.
    """
    after = {device.asset_tag: device for device in moved}
    wanted = {
        (device.port, device.kind): device
        for device in moved
        if device.port and device.port != now.by_tag[device.asset_tag].port
    }
    for port, _ in wanted:
        if not device_rows.is_port(port):
            raise UsageError(
                f"{quoted(port)} is not a port", remedy="write SWITCH:PORT, as in sw-3f:Gi1/0/7"
            )
        if (named := device_rows.port_as_named(port)) != port:
            raise UsageError(
                f"{quoted(port)}: a number in a port's name begins with zero",
                remedy=f"write {named}",
            )
    for device in now.devices if wanted else ():
        other = after.get(device.asset_tag, device)
        mine = wanted.get((other.port, other.kind))
        if mine is not None and mine.asset_tag != other.asset_tag:
            raise UsageError(
                f"the port {other.port} is taken by {other.asset_tag}, held by {other.holder}",
                remedy=f"commsroom device move {other.asset_tag} --port ''",
            )


def _notes(now: Register, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield what is no fault, and worth knowing."""
    for item in entries:
        device = now.by_tag[item.tag]
        match item.step:
            case Step.ISSUED:
                yield from _notes_of_issue(now, item, device)
            case Step.FAULT if device.warranty_end is not None:
                covered = item.day <= device.warranty_end
                word = "under warranty until" if covered else "out of warranty since"
                yield f"{item.tag} is {word} {device.warranty_end}"
            case Step.RETURNED if item.after.state is DeviceState.REPAIR:
                yield f"{item.tag} stays in repair, and is nobody's now"
            case Step.RETIRED if device.kind in _WITH_DATA:
                yield f"{item.tag} may hold data: recording that it is retired wipes nothing"


def _notes_of_issue(now: Register, item: Entry, device: Device) -> Iterator[str]:
    person = now.policy.by_id.get(item.after.holder)
    if person is None:
        return
    if have := [it.asset_tag for it in now.held_by(person.id) if it.kind is device.kind]:
        yield f"{person.id} holds a {device.kind} already: {', '.join(have)}"
    posts = now.policy.positions.positions.values()
    if not any(post.equipment for post in posts):
        return  # nobody has said who is to have what
    right = now.policy.entitlement(person, item.day).equipment.get(device.kind)
    if right is None:
        yield f"{person.id}'s post entitles to no {device.kind} (positions.yml)"
    elif not right.fits(device):
        yield f"{person.id} is to have {' or '.join(right.models)}, not {device.product}"


#: Kinds that keep what people wrote or said.
_WITH_DATA: Final = frozenset({"phone", "computer", "mobile", "fax"})


@contextlib.contextmanager
def _rows(estate: Estate, devices: Sequence[Device], first: Rows | None = None) -> Iterator[None]:
    """Have devices.csv follow; not for a simulation, which leaves no trace in the estate."""
    if estate.home != estate.path:
        yield
        return
    with (
        device_file.prepared(estate.path, devices)
        if first is None
        else device_file.received(estate.path, first.completed, first.new)
    ):
        yield


@contextlib.contextmanager
def _alone(estate: Estate) -> Iterator[None]:
    """Let one command at a time change rows of this checkout; other checkouts meet in the ledger."""
    files.make_folder(estate.state, mode=0o700)
    with (estate.state / _LOCK).open("wb") as file:
        deadline = time.monotonic() + _WAIT_SECONDS
        while not _locked(file):
            if time.monotonic() > deadline:
                raise CommsroomError(
                    "another commsroom device is at work in this estate", remedy="run it again"
                )
            time.sleep(_POLL_SECONDS)
        yield


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
