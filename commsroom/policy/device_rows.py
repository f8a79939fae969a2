"""One row of devices.csv → a Device, or problems at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from commsroom.errors import Problem
from commsroom.policy import characters, table
from commsroom.policy.devices import COLUMNS, OWNERS, PERSONAL, Device, DeviceKind, DeviceState
from commsroom.policy.table import Add
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from commsroom.policy.references import Names

T = TypeVar("T")

#: An asset tag, and a holder's id: a word of the same form.
_TAG: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PORT: Final = re.compile(r"[^:/\s]{1,64}:[!-~]{1,64}")
#: Zeros that a number in the name of a port begins with: no switch names one so.
_LEADING_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")
#: A mobile as its MDM server knows it: UDID, or the id of a User Enrollment.
_MDM: Final = re.compile(r"[A-Za-z0-9][^:/\s]{0,63}:[A-Za-z0-9-]{8,64}")
_PRICE: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
#: As a spreadsheet may have it; `1,234` alone is told apart by nobody, and is not among them.
_COMMA_CENTS: Final = re.compile(r"[0-9]{1,9},[0-9]{1,2}")
_COMMA_THOUSANDS: Final = re.compile(
    r"[0-9]{1,3}(,[0-9]{3}){2}|[0-9]{1,3}(,[0-9]{3}){1,2}\.[0-9]{1,2}"
)
_COLONS: Final = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
#: Separators between digits; vendors group them by two, three, four or six, and none is wrong.
_SEPARATORS: Final = str.maketrans("", "", ":-. ")
_LONGEST_TEXT: Final = 100
#: What makes a cell of a spreadsheet a formula (OWASP, CSV injection); the register is edited in one.
_FORMULA: Final = ("=", "+", "-", "@")
_GROUP: Final = 0x010000000000
#: States in which a device is nobody's.
_WITHOUT_HOLDER: Final = frozenset({DeviceState.LOST, DeviceState.RETIRED})
#: States in which it is plugged into no switch.
_UNPLUGGED: Final = frozenset({DeviceState.STOCK, DeviceState.LOST, DeviceState.RETIRED})


def mac_address(text: str) -> str:
    """Return a MAC address as `00:15:65:ab:cd:ef`, however it is written.

    Raises:
        ValueError: it is none, or one that no single device has (IEEE 802: the group bit, all zeros).
    """
    if _COLONS.fullmatch(text):
        number = int(text.replace(":", ""), 16)
    else:
        import macaddress

        plain = text.translate(_SEPARATORS).lower()
        try:
            number = int(macaddress.MAC(plain))
        except ValueError as error:
            raise ValueError(f"{quoted(text)} is not a MAC address") from error
        text = ":".join([plain[at : at + 2] for at in range(0, 12, 2)])
    if number & _GROUP or not number:
        raise ValueError(f"{quoted(text)} is the address of no single device")
    return text


def is_port(text: str) -> bool:
    """Tell whether a text has the form `SWITCH:PORT`."""
    return _PORT.fullmatch(text) is not None


def port_as_named(text: str) -> str:
    """Return a port as the switch names it, `sw:Gi1/0/1` for `sw:Gi1/0/01`: one port has one spelling."""
    switch, colon, name = text.partition(":")
    return switch + colon + _LEADING_ZEROS.sub("", name)


def is_price(text: str) -> bool:
    """Tell whether a text is an amount: digits, with a point for cents."""
    return _PRICE.fullmatch(text) is not None


def amount_remedy(text: str, example: str) -> str:
    """Say how an amount is written; one with a comma anew, where that can mean one thing only."""
    if _COMMA_CENTS.fullmatch(text):
        return f"write {text.replace(',', '.')}"
    if _COMMA_THOUSANDS.fullmatch(text):
        return f"write {text.replace(',', '')}"
    return f"digits, with a point for cents: {example}"


class DeviceRows:
    """Collects devices and what is wrong with them."""

    def __init__(self, file: str, names: Names, problems: list[Problem]) -> None:
        """Keep what values may refer to; names of a file that could not be read are not checked."""
        self.ended = False
        self.devices: list[Device] = []
        self._file = file
        self._sites = names.sites
        self._people = names.people
        self._problems = problems
        self._places: dict[str, int] = {}
        self._raw: Callable[[int], str] = lambda _: ""
        self._kinds = {str(kind): kind for kind in DeviceKind}
        self._states = {str(state): state for state in DeviceState}
        #: What one device has alone → the line that has it, by column; of another file, its place.
        self._taken: dict[str, dict[object, int | str]] = {}
        self._tags: dict[str, str] = {}
        self._dates: dict[str, date | None] = {"": None}
        self._prices: dict[str, Decimal | None] = {"": None}

    def columns(self, header: Sequence[str], raw: Callable[[int], str]) -> Add:
        """Return the function that takes one row with these columns, whatever their order."""
        width = len(header)
        self._places = {name: header.index(name) for name in COLUMNS if name in header}
        # A column that is not there reads as "" from one field past the end.
        order = [self._places.get(name, width) for name in COLUMNS]
        self._raw = raw

        def add(row: Sequence[str], line: int) -> None:
            if wrong := table.misfit(row, width):
                self._problem(line, "", *wrong)
                return
            padded = (*row, "")
            self.take([padded[index] for index in order], line)

        return add

    def unread(self, key: object) -> None:
        """Nothing refers to a row of the register, so that one missing is no second fault."""

    def know(self, devices: Iterable[Device], file: str) -> None:
        """Let devices of another file have what one device has alone."""
        for device in devices:
            place = f"{file}:{device.line}"
            self._tags.setdefault(device.asset_tag.lower(), device.asset_tag)
            for column, value in (
                ("asset_tag", device.asset_tag),
                ("serial", device.serial and (device.vendor, device.serial.upper())),
                ("mac", device.mac),
                ("port", device.port and (device.port.casefold(), device.kind)),
            ):
                if value:
                    self._taken.setdefault(column, {}).setdefault(value, place)

    def take(self, row: Sequence[str], line: int) -> None:
        """Take one row, its values in the order of `COLUMNS`."""
        before = len(self._problems)
        tag, kind_name, vendor, model, serial, mac, bought, covered, cost = row[:9]
        site, holder, state_name, port, media, owner, mdm = row[9:]
        kind = self._word(kind_name, self._kinds, line, "kind", "kind of device")
        state = self._word(state_name, self._states, line, "state", "state of a device")
        self._tag(tag, line)
        for column, value in (("vendor", vendor), ("model", model), ("serial", serial)):
            self._text(value, line, column)
        if media:
            self._text(media, line, "media")
        for disk in media.split():
            self._alone("media", disk.upper(), line, quoted(disk))
        self._managed(owner, mdm, kind, line)
        if serial:
            self._alone("serial", (vendor, serial.upper()), line, quoted(serial))
        mac = self._mac(mac, line)
        purchased = self._date(bought, line, "purchased")
        warranty_end = self._date(covered, line, "warranty_end")
        if purchased is not None and warranty_end is not None and warranty_end < purchased:
            message = f"`warranty_end` {covered} is before `purchased` {bought}"
            self._problem(line, "warranty_end", message)
        price = self._price(cost, line)
        self._site(site, line)
        if state is not None:
            self._holder(holder, state, line)
            self._port(port, kind, state, line)
        if len(self._problems) == before and kind is not None and state is not None:
            self.devices.append(
                Device(
                    tag, kind, vendor, model, serial, mac, purchased, warranty_end, price, site,
                    holder, state, port, line, media, owner, mdm,
                )
            )  # fmt: skip

    def _word(self, word: str, valid: dict[str, T], line: int, column: str, what: str) -> T | None:
        found = valid.get(word)
        if found is None:
            remedy = did_you_mean(word, valid)
            message = f"{quoted(word)} is no {what}" if word else f"`{column}` is empty"
            self._problem(line, column, message, remedy)
        return found

    def _tag(self, tag: str, line: int) -> None:
        if not _TAG.fullmatch(tag):
            message = f"{quoted(tag)} is not an asset tag" if tag else "`asset_tag` is empty"
            self._problem(line, "asset_tag", message, "ASCII letters, digits, `.`, `_`, `-`")
            return
        other = self._tags.setdefault(tag.lower(), tag)
        if other != tag:
            first = self._taken["asset_tag"][other]
            message = f"the asset tags {tag!r} and {other!r} differ only by case"
            remedy = f"the other is in {_where(first)}; a tag must not depend on how it is typed"
            self._problem(line, "asset_tag", message, remedy)
        self._alone("asset_tag", tag, line, quoted(tag))

    def _text(self, value: str, line: int, column: str) -> None:
        if value.startswith(_FORMULA):
            message = f"{quoted(value)}: a {column} may not begin with {value[0]}"
            remedy = "a spreadsheet would calculate it: leave the sign out"
            self._problem(line, column, message, remedy)
            return
        if value.isprintable() and 0 < len(value) <= _LONGEST_TEXT and value.strip() == value:
            return
        if not value:
            if column != "serial":
                self._problem(line, column, f"`{column}` is empty")
        elif found := characters.refused(value):
            self._problem(line, column, f"{found} may not be part of a {column}")
        elif len(value) > _LONGEST_TEXT:
            message = f"a {column} of {len(value)} characters, at most {_LONGEST_TEXT}"
            self._problem(line, column, message)
        elif value.strip() != value:
            message = f"the {column} begins or ends with a space"
            self._problem(line, column, message, "take it out")

    def _mac(self, text: str, line: int) -> str:
        if not text:
            return ""
        try:
            mac = mac_address(text)
        except ValueError as error:
            self._problem(line, "mac", str(error), "twelve hexadecimal digits: 00:15:65:ab:cd:ef")
            return ""
        self._alone("mac", mac, line, mac)
        return mac

    def _alone(self, column: str, value: object, line: int, shown: str) -> None:
        first = self._taken.setdefault(column, {}).setdefault(value, line)
        if first != line:
            what = {
                "asset_tag": "asset tag",
                "mac": "MAC address",
                "media": "disk",
                "mdm": "enrolment",
            }.get(column, column)
            message = f"two devices have the {what} {shown}, the first in {_where(first)}"
            self._problem(line, column, message, "it belongs to one device")

    def _managed(self, owner: str, mdm: str, kind: DeviceKind | None, line: int) -> None:
        """Take whose a mobile is, and which MDM server manages it."""
        if owner and owner not in OWNERS:
            remedy = did_you_mean(owner, OWNERS) or " or ".join(OWNERS)
            self._problem(line, "owner", f"{quoted(owner)} is no owner", remedy)
        elif owner == PERSONAL and kind is not DeviceKind.MOBILE:
            self._problem(line, "owner", "only a mobile may be a person's own", "empty it")
        if not mdm:
            return
        if kind is not DeviceKind.MOBILE:
            self._problem(line, "mdm", "only a mobile is managed by an MDM server", "empty it")
        elif not _MDM.fullmatch(mdm):
            message = f"{quoted(mdm)} is no enrolment"
            self._problem(line, "mdm", message, "write SYSTEM:ENROLMENT, as mdm1 and its UDID")
        else:
            self._alone("mdm", mdm.upper(), line, mdm)

    def _date(self, text: str, line: int, column: str) -> date | None:
        if text in self._dates:
            return self._dates[text]
        day = table.day(text)
        if day is None:
            self._problem(line, column, *table.no_day(text))
        else:
            self._dates[text] = day
        return day

    def _price(self, text: str, line: int) -> Decimal | None:
        if text not in self._prices:
            if not is_price(text):
                message = f"{quoted(text)} is not a price"
                self._problem(line, "price", message, amount_remedy(text, "4200 or 99.50"))
                return None
            self._prices[text] = Decimal(text)
        return self._prices[text]

    def _site(self, site: str, line: int) -> None:
        known = self._sites
        if known is None or site in known:
            return
        message = f"there is no site {quoted(site)} in company.yml" if site else "`site` is empty"
        self._problem(line, "site", message, did_you_mean(site, known))

    def _holder(self, holder: str, state: DeviceState, line: int) -> None:
        # That a holder is no longer in the roster is no fault of the row: people leave before their
        # equipment is back, and their accounts must be closed all the same. `validate` warns.
        if not holder:
            if state is DeviceState.ISSUED:
                message = "`issued`, and nobody holds it"
                self._problem(line, "holder", message, "a person of the roster, or a place")
            return
        if state in _WITHOUT_HOLDER:
            self._problem(line, "holder", f"{state}, and {quoted(holder)} holds it", "empty it")
        elif not _TAG.fullmatch(holder):
            message = f"{quoted(holder)} is no person and no place"
            remedy = "people are in the roster, places in equipment.yml"
            self._problem(line, "holder", message, remedy)
        elif state is DeviceState.STOCK and self._people is not None and holder in self._people:
            message = f"in stock, and {quoted(holder)} holds it"
            self._problem(line, "holder", message, "`issued` to a person, or in stock at a place")

    def _port(self, port: str, kind: DeviceKind | None, state: DeviceState, line: int) -> None:
        if not port:
            return
        if not is_port(port):
            message = f"{quoted(port)} is not a port"
            self._problem(line, "port", message, "write SWITCH:PORT, as in sw-3f:Gi1/0/7")
        elif (named := port_as_named(port)) != port:
            message = f"{quoted(port)}: a number in a port's name begins with zero"
            self._problem(line, "port", message, f"write {named}")
        elif state in _UNPLUGGED:
            message = f"`{state}`, and plugged into {port}"
            self._problem(line, "port", message, "empty it")
        else:
            # A computer plugged into its telephone shares that one's port; two telephones do not.
            first = self._taken.setdefault("port", {}).setdefault((port.casefold(), kind), line)
            if first != line:
                message = f"two {kind}s are at the port {port}, the first in {_where(first)}"
                self._problem(line, "port", message)

    def _problem(self, line: int, column: str, message: str, remedy: str = "") -> None:
        index = self._places.get(column)
        place = 1 if index is None else table.place_of(self._raw(line), index)
        self._problems.append(Problem(self._file, line, place, message, remedy))


def _where(place: int | str) -> str:
    """Name a line of the file itself, or a place of another."""
    return f"line {place}" if isinstance(place, int) else place
