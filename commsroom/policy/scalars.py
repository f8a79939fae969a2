"""Typed values of the policy files: what a word means there, and what else it must not be.

Every one is written as text in YAML, so that a leading zero is never lost and `12:30` is no number.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from commsroom.policy import characters
from commsroom.policy.words import did_you_mean, quoted

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 365 * 86400}
_DURATION: Final = r"^[0-9]+ ?[smhdwy]$"
#: Longer than any record is kept; a date with the longest added must still be one.
_LONGEST: Final = timedelta(days=200 * 365)
_LARGEST: Final = 2**60
#: Digits; more need not even be counted out.
_DIGITS: Final = 18
_SIZES: Final = {
    "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
}  # fmt: skip
_SIZE: Final = r"^([0-9]+ ?([KMGT]i?)?B|unlimited)$"
_DAY: Final = "(mon|tue|wed|thu|fri|sat|sun)"
_CLOCK: Final = "([01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS: Final = f"^{_DAY}(-{_DAY})? {_CLOCK}-({_CLOCK}|24:00)$"
_DAYS: Final = f"^{_DAY}(-{_DAY})?$"
_MINUTE: Final = f"^({_CLOCK}|24:00)$"
_FIELD: Final = r"^(secret:)?[a-z][a-z0-9_]*$"
#: ISO 3166 codes of places without telephone numbers of their own, which phonenumbers leaves out.
_UNCONNECTED: Final = frozenset({"AQ", "BV", "GS", "HM", "PN", "TF", "UM"})
_LABEL: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def _one_line(text: str) -> str:
    if found := characters.refused(text):
        raise ValueError(f"{found} may not be part of a text")
    if text != text.strip():
        raise ValueError("spaces at the beginning or end are not part of a text")
    return text


def duration(text: object) -> timedelta:
    """Read `90d`, `36h`, `3m` (minutes), `2w`, `7y` (years of 365 days)."""
    if not isinstance(text, str) or not re.fullmatch(_DURATION, text):
        raise ValueError(f"{quoted(text)} is not a duration: write 30d, 12h, 15m, 20s, 2w or 7y")
    digits = text[:-1].strip().lstrip("0") or "0"
    if len(digits) > _DIGITS or int(digits) * _UNITS[text[-1]] > _LONGEST.total_seconds():
        raise ValueError(f"{quoted(text)} is too long: at most 200y")
    return timedelta(seconds=int(digits) * _UNITS[text[-1]])


def size(text: object) -> int:
    """Read `10 GiB` (1024³) or `10 GB` (1000³) as bytes; `unlimited` is 0."""
    if not isinstance(text, str) or not re.fullmatch(_SIZE, text):
        raise ValueError(f"{quoted(text)} is not a size: write 25 MiB, 10 GiB or unlimited")
    if text == "unlimited":
        return 0
    unit = text.lstrip("0123456789").strip()
    digits = text.removesuffix(unit).strip().lstrip("0") or "0"
    if len(digits) > _DIGITS or int(digits) * _SIZES[unit] > _LARGEST:
        raise ValueError(f"{quoted(text)} is too large: at most {_LARGEST >> 40} TiB")
    return int(digits) * _SIZES[unit]


def share(text: object) -> float:
    """Read `30 %` as 0.3."""
    match = re.fullmatch(r"([0-9]{1,3}) ?%", text) if isinstance(text, str) else None
    if match is None or int(match[1]) > 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{quoted(text)} is not a share: write 30 %")
    return int(match[1]) / 100


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Consecutive internal numbers of one length, both ends included."""

    first: str
    last: str

    def __len__(self) -> int:
        """Count the numbers."""
        return int(self.last) - int(self.first) + 1

    def __contains__(self, number: str) -> bool:
        """Tell whether a number lies in the range."""
        return len(number) == len(self.first) and self.first <= number <= self.last

    def __iter__(self) -> Iterator[str]:
        """Give the numbers upwards, with their leading zeros."""
        width = len(self.first)
        return (f"{n:0{width}}" for n in range(int(self.first), int(self.last) + 1))

    def __str__(self) -> str:
        """Give the form of the policy file."""
        return f"{self.first}-{self.last}"


def number_range(text: object) -> NumberRange:
    """Read `2100-2199`."""
    match = re.fullmatch("([0-9]{2,8})-([0-9]{2,8})", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{quoted(text)} is not a number range: write "2100-2199"')
    first, last = match.groups()
    if len(first) != len(last):
        raise ValueError(f"both ends of the range {text} must have the same number of digits")
    if first > last:
        raise ValueError(f"the range {text} ends before it begins: write {last}-{first}")
    return NumberRange(first, last)


@lru_cache(maxsize=1024)
def e164(text: str) -> str:
    """Return a telephone number as ITU-T E.164 writes it; raises for one that cannot exist."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise ValueError(
            f"{quoted(text)} is not an international telephone number: write +886 2 5550 2100"
        ) from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"{quoted(text)} has too many or too few digits for its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _country(code: str) -> str:
    import phonenumbers

    if code not in phonenumbers.SUPPORTED_REGIONS and code not in _UNCONNECTED:
        raise ValueError(f"no country has the code {quoted(code)}: write TW, VN or GB (ISO 3166)")
    return code


#: Files beside the zones of the IANA database: this machine's own setting, and other ways to count.
_NO_ZONE: Final = re.compile(r"localtime|posixrules|Factory|(?:posix|right)/.*")


def _time_zone(name: str) -> str:
    if not _NO_ZONE.fullmatch(name):
        with contextlib.suppress(KeyError, ValueError, OSError):
            ZoneInfo(name)
            return name
    zones = (zone for zone in available_timezones() if not _NO_ZONE.fullmatch(zone))
    hint = did_you_mean(name, zones)
    raise ValueError(f"no time zone is called {quoted(name)}" + (f"; {hint}" if hint else ""))


#: Names things in the policy: `sales`, `meeting-room-1`. ASCII, so that it can be part of an address.
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=40)]
#: The `id` column of the roster.
PersonId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_one_line)]
#: A shell-style glob over addresses; over places on servers too, whose names hold spaces.
Glob = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_one_line)]
#: A field of an object as plans and reports name it; `secret:password` for a secret.
FieldName = Annotated[str, StringConstraints(pattern=_FIELD)]
ClauseRef = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*[a-z]?$")]
#: Digits as dialled, e.g. a prefix.
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}$")]
#: A number inside the company.
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")]
ServiceCode = Annotated[str, StringConstraints(pattern=r"^\*?[0-9]{2,6}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
#: A currency by its code of ISO 4217; which are in use changes, so that only the form is checked.
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Domain = Annotated[
    str, StringConstraints(pattern=rf"^({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$")
]
#: The account a telephone company gave: what can stand before the @ of a SIP address without escapes.
SipUser = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+][A-Za-z0-9._+-]{0,63}$")]
E164 = Annotated[
    str,
    StringConstraints(pattern=r"^\+[0-9 ()-]{7,24}$"),
    AfterValidator(e164),
]
#: The first digits of international numbers of one site; an extension completes it.
E164Prefix = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{2,12}$")]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Hours = Annotated[str, StringConstraints(pattern=_HOURS)]
DayRange = Annotated[str, StringConstraints(pattern=_DAYS)]
Minute = Annotated[str, StringConstraints(pattern=_MINUTE)]
Count = Annotated[int, Field(ge=1, le=1000)]
Duration = Annotated[
    timedelta, BeforeValidator(duration), WithJsonSchema({"type": "string", "pattern": _DURATION})
]
Size = Annotated[int, BeforeValidator(size), WithJsonSchema({"type": "string", "pattern": _SIZE})]
Share = Annotated[
    float,
    BeforeValidator(share),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,3} ?%$"}),
]
Range = Annotated[
    NumberRange,
    BeforeValidator(number_range),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{2,8}-[0-9]{2,8}$"}),
]

#: A path on a Vault server, without what a URL or a policy there reads in its own way.
VAULT_PATH: Final = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"
#: What a pattern above means, in the words of a message.
MEANING: Final = {
    VAULT_PATH: "a path such as secret or teams/voice: ASCII letters, digits, `.`, `_`, `-`",
    r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$": "small ASCII letters, digits, dashes, beginning with a letter",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "an id of the roster: ASCII letters, digits, `.`, `_`, `-`",
    r"^[0-9]+(\.[0-9]+)*[a-z]?$": 'a clause number such as "4.1.2"',
    r"^[0-9]{1,15}$": "digits only, as dialled",
    r"^[0-9]{2,8}$": "two to eight digits",
    r"^\*?[0-9]{2,6}$": 'a service code such as "*97"',
    r"^[A-Z]{2}$": "a country code of two capitals, as in TW (ISO 3166)",
    r"^[A-Z]{3}$": "a currency of three capitals, as in TWD (ISO 4217)",
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": "a language tag such as zh-Hant (BCP 47)",
    r"^\+[0-9 ()-]{7,24}$": "an international number such as +886 2 5550 2100",
    r"^\+[1-9][0-9]{2,12}$": "the first digits of an international number, as in +8862555",
    r"^[A-Za-z0-9+][A-Za-z0-9._+-]{0,63}$": "a login of a SIP account: ASCII letters, digits, `.`, `_`, `+`, `-`",
    _HOURS: "hours such as mon-fri 08:00-19:00",
    _DAYS: "a day or days such as sun or mon-fri",
    _MINUTE: 'a time of day such as "22:00"',
    _FIELD: "a field such as dialling_class or secret:password",
    rf"^({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$": "a domain name such as lianhe.example",
}
