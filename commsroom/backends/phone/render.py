"""From a profile's values to the files its telephone fetches: pure, and the same for the same values.

Secrets are not known here. Where a template writes one, the text holds a mark of private-use
characters, which no value may hold; the program on the server puts the secret there, quoted as the
vendor's writer quoted it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.phone import clocks, vendors
from commsroom.backends.phone.writers import CannotWrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

    from commsroom.backends.phone.vendor import Vendor
    from commsroom.estate.kinds import PhoneProfile

#: Round the name of a slot, in a text that still lacks its secrets.
MARK: Final = "\ue000"
_SLOTS: Final = ("admin", "fetch", "sip")


class CannotRender(Exception):
    """A profile cannot be made; the message says why, for a plan."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a profile says about where things are: the exchange, this server, and the time."""

    exchange: str
    sips_port: int
    udp_port: int
    url: str
    time_server: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """Stands in a template for a secret that is not known yet."""

    name: str


@dataclass(frozen=True, slots=True)
class Lamp:
    """A busy-lamp key."""

    number: str
    name: str


def identity(key: str, mac: str) -> str:
    """Return what a device calls itself: its MAC without separators, or else its asset tag in small letters."""
    return mac.replace(":", "").lower() or re.sub("[^a-z0-9-]", "-", key.lower())


def names(vendor: Vendor, key: str, body: PhoneProfile) -> tuple[str, ...]:
    """Return the names of a device's files, the profile proper first."""
    mine = identity(key, body.mac or "")
    model = re.sub("[^A-Za-z0-9-]", "", body.model or "")
    words = {"mac": mine, "MAC": mine.upper(), "id": mine, "model": model}
    return tuple(name.format(**words) for name in vendor.files)


def render(key: str, body: PhoneProfile, place: Place) -> dict[str, str]:
    """Return the text of each file by its name, with marks where secrets belong.

    Raises:
        CannotRender: there is no such vendor or version, a value has no form in the vendor's format, or
            the template itself is faulty.
    """
    from jinja2 import TemplateError

    vendor = _vendor(body)
    try:
        values = _values(key, body, vendor, place)
        templates = _environment(body.vendor or "", body.template or 0)
        return {
            name: templates.get_template(template).render(values)
            for name, template in zip(names(vendor, key, body), vendor.files.values(), strict=True)
        }
    except CannotWrite as error:
        raise CannotRender(f"{vendor.title}: a value cannot be written: {error}") from error
    except TemplateError as error:
        reason = " ".join(str(error).split())[:200]
        where = f"{body.vendor} v{body.template}"
        raise CannotRender(f"the template {where} fails: {reason}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        where = f"{body.vendor} v{body.template}"
        raise CannotRender(f"the template {where} fails: {type(error).__name__}") from error


def digest(texts: Mapping[str, str]) -> str:
    """Return a name for this very text of all files (secrets not in it)."""
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def _vendor(body: PhoneProfile) -> Vendor:
    name = body.vendor or ""
    try:
        found = vendors.vendor(name)
    except KeyError:
        known = ", ".join(vendors.names())
        raise CannotRender(f"there is no template for {name!r} (but for {known})") from None
    if body.template not in vendors.versions(name):
        raise CannotRender(f"{found.title} has no template v{body.template}")
    if found.needs_mac and not body.mac:
        raise CannotRender(f"a {found.title} is known by its MAC, and devices.csv has none for it")
    return found


def _values(key: str, body: PhoneProfile, vendor: Vendor, place: Place) -> dict[str, Any]:
    lamps = [Lamp(*text.partition(" ")[::2]) for text in body.busy_lamps or ()]
    kind, _, at = (body.resync or "").partition(" ")
    tls = body.transport == "tls"
    return {
        "id": identity(key, body.mac or ""),
        "mac": identity(key, body.mac or ""),
        "model": body.model or "",
        "name": body.display_name or "",
        "number": body.number or "",
        "tls": tls,
        "exchange": place.exchange,
        "port": place.sips_port if tls else place.udp_port,
        "url": place.url,
        "time_server": place.time_server,
        "voicemail": body.voicemail or "",
        "lamps": lamps[: vendor.busy_lamps],
        "time_zone": vendor.time_zones.get(body.time_zone or "", ""),
        "zone": body.time_zone or "",
        "language": _language(body.language or "", vendor),
        "codecs": [vendor.codecs[name] for name in body.codecs or () if name in vendor.codecs],
        "other_codecs": [
            word for name, word in vendor.codecs.items() if name not in (body.codecs or ())
        ],
        "lldp": bool(body.lldp),
        "nightly": at if kind == "nightly" else "",
        "secret": {slot: _Slot(slot) for slot in _SLOTS},
    } | _clock(body.time_zone or "UTC", vendor)


def _clock(zone: str, vendor: Vendor) -> dict[str, Any]:
    """Return what templates say of the clock: nothing where it is the machine's own."""
    if vendor.machine_clock:
        return {}
    clock = clocks.clock(zone)
    return {
        "offset": clock.offset,
        "hours": abs(clock.offset) // 60,
        "minutes": abs(clock.offset) % 60,
        "east": clock.offset >= 0,
        "summer": _summer(zone, clock, vendor),
    }


def _summer(zone: str, clock: clocks.Clock, vendor: Vendor) -> dict[str, str]:
    """Return the vendor's words for a zone's summer time; none where there is no such time.

    Raises CannotWrite: this vendor has no words for it, or none that are documented.
    """
    if clock.summer is None:
        return {}
    change = f"the clocks of {zone} change during the year, and"
    if vendor.summer is None:
        raise CannotWrite(f"{change} no public source says for sure how this telephone is told")
    try:
        return dict(vendor.summer(clock.summer))
    except CannotWrite as error:
        raise CannotWrite(f"{change} this telephone {error}") from error


def _language(tag: str, vendor: Vendor) -> str:
    """Return the vendor's word for a language: the tag's own, a shorter one's, or the fallback."""
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        found = vendor.languages.get("-".join(parts[:length]))
        if found is not None:
            return found
    return next(iter(vendor.languages.values()))


@cache
def _environment(vendor: str, version: int) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    writer = vendors.vendor(vendor).writer

    def written(value: object) -> str:
        if isinstance(value, _Slot):
            return f"{MARK}{value.name}{MARK}"
        return writer(str(value))

    made = Environment(  # noqa: S701 - `finalize` quotes every value, for this format
        loader=FunctionLoader(lambda file: _source(vendor, version, file)),
        undefined=StrictUndefined,
        finalize=written,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["sip_name"] = sip_name
    return made


def sip_name(text: str) -> str:
    """Quote a display name as SIP has it before an address (RFC 3261 §25.1, quoted-string)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _source(vendor: str, version: int, file: str) -> str | None:
    try:
        return vendors.template(vendor, version, file)
    except FileNotFoundError:
        return None
