"""decommission, before anything: which media a device has, how each is wiped, and asking two people (3.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from commsroom.app import approving, closing, erasing, managing, registering, wiping
from commsroom.app.retiring import Decommissioning, requests, runs_of
from commsroom.errors import UsageError
from commsroom.estate.approval import Request
from commsroom.estate.retiring.chain import PURPOSE, Item, Target
from commsroom.estate.retiring.choice import choose
from commsroom.estate.retiring.erasing import ABILITY
from commsroom.estate.retiring.managing import place
from commsroom.estate.retiring.media import MediaKind, Medium, needed
from commsroom.estate.retiring.methods import BY_NAME, By
from commsroom.estate.retiring.wiping import Attached
from commsroom.policy.devices import DeviceKind, DeviceState
from commsroom.policy.retirement import Category, Fate
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.policy.devices import Device

#: Memory that every device of a kind has, whatever else is in it.
_MEMORY: Final = {
    DeviceKind.PHONE: MediaKind.PHONE,
    DeviceKind.FAX: MediaKind.PHONE,
    DeviceKind.SWITCH: MediaKind.SWITCH,
    DeviceKind.GATEWAY: MediaKind.SWITCH,
    DeviceKind.MOBILE: MediaKind.MOBILE,
}
#: What a device may hold beside, said by whoever asks.
BESIDE: Final = {"sim": MediaKind.SIM, "card": MediaKind.FLASH, "paper": MediaKind.PAPER}

E = TypeVar("E", bound=StrEnum)
#: How confidential what a device holds is, and what becomes of it.
Judged = tuple[Category, Fate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What whoever asks says of the devices; empty: policy decides.

    `methods` maps `TAG`, `TAG:SERIAL` or "" (all) to a method's name. `beside` maps tags to words of BESIDE,
    `without_media` are computers that have no disk any more. `members` and `header_backups` are by serial
    number of a disk.
    """

    category: Category | None = None
    fate: Fate | None = None
    station: str = ""
    methods: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without_media: frozenset[str] = frozenset()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    header_backups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sampled: bool = False


def wish(*, fate: str = "", category: str = "", **more: Any) -> Wish:
    """Return a wish by words; raises UsageError for one that is none."""
    return Wish(
        category=_word("category", category, Category), fate=_word("fate", fate, Fate), **more
    )


def _word(what: str, text: str, words: type[E]) -> E | None:
    if not text:
        return None
    try:
        return words(text)
    except ValueError:
        valid = [str(word) for word in words]
        remedy = did_you_mean(text, valid) or ", ".join(valid)
        raise UsageError(f"{quoted(text)} is no {what}", remedy=remedy) from None


def propose(
    estate: Estate, tags: Sequence[str], wish: Wish, *, requester: str, until: date | None = None
) -> Decommissioning:
    """Ask two people to approve that devices are decommissioned; returns the request as it is to be signed.

    Raises:
        UsageError: a device is retired or in another request, a disk is not to be found, no method fits.
        CommsroomError: a wipe station cannot be asked.
    """
    register = registering.read(estate)
    devices = [register.device(tag) for tag in tags]
    devices = list({device.asset_tag: device for device in devices}.values())
    _require_here(devices, wish)
    attached = _attached(estate, devices, wish)
    switches = _switches(estate, devices, wish)
    closes = closing.addresses(estate, devices)
    policy = estate.policy.equipment.retirement
    targets = []
    for device in devices:
        category = wish.category or policy.category(device.kind)
        fate = wish.fate or policy.fate
        media = (
            *_items(estate, device, (category, fate), wish, switches),
            *(_disk(device, serial, (category, fate), wish, attached) for serial in device.disks),
        )
        _require_told_apart(device, media)
        targets.append(
            Target(
                tag=device.asset_tag,
                product=device.product,
                serial=device.serial,
                category=category,
                fate=fate,
                holder=device.holder,
                closes=closes[device.asset_tag],
                by_hand=closing.by_hand(device),
                media=media,
            )
        )
    day = registering.today(estate.policy)
    subject = {"devices": [target.to_json() for target in targets]}
    request = Request(estate.ledger.estate_id, PURPOSE, subject, requester, day)
    if until is not None:
        request = Request(estate.ledger.estate_id, PURPOSE, subject, requester, day, until)
    # Before it is recorded: a station that cannot say so leaves nothing behind.
    refused = wiping.refusals(estate, request.name, list(runs_of(request).values()))
    asked = approving.ask(estate, request)
    found = requests(estate)[asked.name]
    found.refused = refused
    return found


def _require_told_apart(device: Device, media: Sequence[Item]) -> None:
    """Refuse two media of a device by one name: one verdict would be taken for both."""
    names = [item.name for item in media]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(
            f"{device.asset_tag}: two of its media are called {quoted(twice)}",
            remedy="say each once: in its column `media`, or by --also",
        )


def _require_here(devices: Sequence[Device], wish: Wish) -> None:
    """Refuse words about devices or disks that are not meant, and devices that are gone."""
    for device in devices:
        if device.state is DeviceState.RETIRED:
            raise UsageError(
                f"{device.asset_tag} is retired", remedy="what is gone cannot be wiped"
            )
    tags = {device.asset_tag for device in devices}
    serials = {serial for device in devices for serial in device.disks}
    of_method = {place.partition(":")[0] for place in wish.methods if place}
    for option, named, valid, what in (
        ("--also", wish.beside, tags, "is not among the devices"),
        ("--no-media", wish.without_media, tags, "is not among the devices"),
        ("--method", of_method, tags, "is not among the devices"),
        ("--method", wish.methods.values(), BY_NAME, "is no method"),
        ("--allow-member", wish.members, serials, "is no disk of these devices"),
        ("--header-backup", wish.header_backups, serials, "is no disk of these devices"),
    ):
        for name in named:
            if name not in valid:
                raise UsageError(
                    f"{option}: {quoted(name)} {what}", remedy=did_you_mean(name, valid)
                )


@dataclass(frozen=True, slots=True)
class _Bays:
    """Disks by serial number, each with its station; by station what it says of disks that cannot be wiped."""

    disks: Mapping[str, tuple[str, Attached]]
    unread: Mapping[str, str]


def _attached(estate: Estate, devices: Iterable[Device], wish: Wish) -> _Bays:
    """Return the disks of these devices that are attached to wipe stations."""
    wanted = {
        serial
        for device in devices
        for serial in device.disks
        if _method(wish, device.asset_tag, serial) != "destroy"
    }
    if not wanted:
        return _Bays({}, {})
    unread: dict[str, str] = {}
    found: dict[str, tuple[str, Attached]] = {}
    names = [wish.station] if wish.station else wiping.stations(estate)
    for name in names:
        for one in wiping.look(estate, name, ()):
            if not isinstance(one, Attached):
                unread[name] = one
                continue
            if one.medium.serial not in wanted:
                continue
            other = found.get(one.medium.serial)
            if other is not None:
                raise UsageError(
                    f"two disks say that they are {one.medium.serial}: {other[0]}:{other[1].medium.path}"
                    f" and {name}:{one.medium.path}",
                    remedy="take one away",
                )
            found[one.medium.serial] = (name, one)
    return _Bays(found, unread)


def _items(
    estate: Estate,
    device: Device,
    judged: Judged,
    wish: Wish,
    switches: Mapping[str, erasing.Found],
) -> Iterator[Item]:
    tag = device.asset_tag
    if device.kind is DeviceKind.COMPUTER and not device.disks and tag not in wish.without_media:
        raise UsageError(
            f"{tag}: its row does not say which disks are in it",
            remedy=f"write their serial numbers into its column `media`, or --no-media {tag}",
        )
    kinds = [_MEMORY[device.kind]] if device.kind in _MEMORY else []
    if device.personal:
        kinds = [MediaKind.PERSONAL_MOBILE]
    for word in wish.beside.get(tag, ()):
        if word not in BESIDE:
            raise UsageError(
                f"--also: {quoted(word)} is no item of its own", remedy=" or ".join(BESIDE)
            )
        kinds.append(BESIDE[word])
    for kind in kinds:
        # Of a telephone it is the device's own serial number; a card or sheet has none that we know.
        own = kind in {_MEMORY.get(device.kind), MediaKind.PERSONAL_MOBILE}
        serial = device.serial if own else ""
        wanted = _method(wish, tag, serial)
        system, why = switches.get(tag, ("", "")) if own else ("", "")
        can = {"mdm"} if own and device.mdm else {ABILITY} if system and not why else set()
        medium = Medium(kind=kind, serial=serial, model=device.product, can=frozenset(can))
        choice = choose(medium, *judged, wanted)
        notes = choice.notes
        if why and choice.method.name == erasing.BY_HAND:
            notes = (*notes, f"not by {erasing.METHOD}: {why}")
        enrolment = ""
        if choice.method.name == erasing.METHOD:
            notes = (*notes, *filter(None, [erasing.used_by(estate, system)]))
        elif choice.method.by is By.SYSTEM:
            system, enrolment = place(device.mdm)
            _require_managed(estate, device, system)
        yield Item(
            kind=kind,
            serial=serial,
            model=medium.model,
            method=choice.method.name,
            need=choice.need,
            station=system if choice.method.by is By.SYSTEM else "",
            device=enrolment,
            notes=notes,
        )


def _switches(estate: Estate, devices: Iterable[Device], wish: Wish) -> Mapping[str, erasing.Found]:
    """Return which systems switches are; only those are asked of which erasing could be enough."""
    by_hand, policy = {erasing.BY_HAND, "destroy"}, estate.policy.equipment.retirement
    asked = [
        device
        for device in devices
        if _method(wish, device.asset_tag, device.serial) not in by_hand
        and needed(wish.category or policy.category(device.kind), wish.fate or policy.fate)
        <= BY_NAME[erasing.METHOD].strength
    ]
    return erasing.look(estate, asked)


def _require_managed(estate: Estate, device: Device, server: str) -> None:
    """Refuse, by UsageError, a mobile that only its MDM server could see to, and none is named."""
    if not device.mdm:
        raise UsageError(
            f"{device.asset_tag}: its row does not say which MDM server manages it",
            remedy="write SYSTEM:ENROLMENT into its column `mdm`",
        )
    managing.require_server(estate, server, device.asset_tag)


def _disk(
    device: Device,
    serial: str,
    judged: Judged,
    wish: Wish,
    attached: _Bays,
) -> Item:
    wanted = _method(wish, device.asset_tag, serial)
    if wanted == "destroy":
        return Item(kind=MediaKind.DISK, serial=serial, method="destroy", need=needed(*judged))
    if serial not in attached.disks:
        others = "; ".join(
            f"{it} cannot tell which disk one is: {why}" for it, why in attached.unread.items()
        )
        raise UsageError(
            f"{device.asset_tag}: its disk {serial} is attached to no wipe station"
            + (f" ({others})" if others else ""),
            remedy=f"attach it, or have it destroyed: --method {device.asset_tag}:{serial}=destroy",
        )
    station, found = attached.disks[serial]
    choice = choose(found.medium, *judged, wanted)
    return Item(
        kind=found.medium.kind,
        serial=serial,
        model=found.medium.model,
        method=choice.method.name,
        need=choice.need,
        station=station,
        path=found.medium.path,
        device=found.device,
        bytes=found.medium.bytes,
        notes=choice.notes,
        members=wish.members.get(serial, ()),
        header_backups=wish.header_backups.get(serial, ()),
        sampled=wish.sampled,
    )


def _method(wish: Wish, tag: str, serial: str) -> str:
    for word in (f"{tag}:{serial}", tag, ""):
        if name := wish.methods.get(word):
            return name
    return ""
