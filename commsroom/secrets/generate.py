"""Making secrets: by the system's random source, in a shape that suits who must use them."""

from __future__ import annotations

import math
import secrets
import string
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from commsroom.errors import UsageError
from commsroom.estate.secret import Secret, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIP: Final = string.ascii_letters + string.digits
#: For people: nothing that looks like another (0 O o, 1 l I i, 2 Z z, 5 S s, 8 B), by class.
_CLASSES: Final = ("abcdefghjkmnpqrtuvwxy", "ACDEFGHJKLMNPQRTUVWXY", "34679")
_READABLE: Final = "".join(_CLASSES)
_SEPARATOR: Final = "-"
#: A telephone's keys in straight lines, and its corners: what fingers find by themselves.
_KEYPAD_LINES: Final = frozenset(
    way
    for line in ("123", "456", "789", "147", "258", "369", "159", "357")
    for way in (line, line[::-1])
)
_KEYPAD_FOURS: Final = frozenset(
    way for line in ("2580", "1397", "1379", "1739", "7139", "3179") for way in (line, line[::-1])
)
#: Bits below which no password is made. NIST SP 800-63B asks far less of one the user may choose.
PASSWORD_BITS: Final = 80
_YEARS: Final = ("19", "20")
_SHORT_PIN: Final = 4
#: Fewer digits of a number to avoid tell nobody anything.
_TELLING: Final = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """Lengths of what is made, and digits a PIN must not contain (its owner's number, say)."""

    sip_length: int = 24
    password_groups: int = 4
    password_group: int = 4
    pin_length: int = 6
    typed_length: int = 20
    avoid: frozenset[str] = frozenset()

    @classmethod
    def of(cls, length: int, avoid: frozenset[str] = frozenset()) -> Rules:
        """Return the rules for a length that policy asks for (0: as usual), dashes of a password included."""
        if not length:
            return cls(avoid=avoid)
        groups = -(-length // (cls().password_group + len(_SEPARATOR)))
        return cls(length, groups, cls().password_group, length, length, avoid)


_DEFAULT: Final = Rules()


def secret(shape: Shape, rules: Rules = _DEFAULT) -> Secret:
    """Make a secret.

    SIP passwords are letters and digits, for machines: every vendor's telephone takes those. Passwords
    for people come in groups (`h7Kq-…`), hold a lower-case letter, a capital and a digit, and have no two
    characters that look alike; what is typed at a device is the same without the dashes. PINs are digits,
    without the ones that everybody tries first.

    Raises:
        UsageError: the rules ask for less than is safe.
    """
    _check(shape, rules)
    match shape:
        case Shape.SIP:
            return Secret(_drawn(_SIP, rules.sip_length))
        case Shape.PASSWORD:
            return Secret(_password(rules))
        case Shape.PIN:
            return Secret(_pin(rules))
        case Shape.TYPED:
            return Secret(_drawn(_READABLE, rules.typed_length))
        case Shape.GIVEN:
            raise UsageError(
                "this secret was given by somebody else", remedy="commsroom secret enter"
            )


def entropy(shape: Shape, rules: Rules = _DEFAULT) -> float:
    """Return how many bits a secret of this shape is worth to somebody who knows how it is made.

    For PINs the refused ones are not counted off: they are few, and which ones depends on the owner.
    """
    match shape:
        case Shape.SIP:
            return rules.sip_length * math.log2(len(_SIP))
        case Shape.PASSWORD:
            return math.log2(_count_passwords(rules.password_groups * rules.password_group))
        case Shape.PIN:
            return rules.pin_length * math.log2(10)
        case Shape.TYPED:
            return rules.typed_length * math.log2(len(_READABLE))
        case Shape.GIVEN:
            return 0.0  # nobody here knows how it was made


def is_obvious(pin: str, avoid: frozenset[str] = frozenset()) -> bool:
    """Tell whether a PIN is among the first guesses.

    Obvious: fewer than three different digits, one pattern repeated (123123), a steady row (135790 or
    987654), a palindrome, lines or corners of the keypad (2580, 147369), a year in it, or the digits to avoid (either way round, or it within them).
    """
    digits = [int(character) for character in pin]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    half = len(pin) // 2
    return (
        len(set(pin)) < min(3, len(pin))
        or len(steps) == 1
        or pin[:half] == pin[half:]
        or pin == pin[::-1]
        or _on_the_keypad(pin)
        or _holds_year(pin)
        or any(_related(pin, "".join(filter(str.isdecimal, number))) for number in avoid)
    )


def _check(shape: Shape, rules: Rules) -> None:
    if shape is Shape.SIP and entropy(shape, rules) < PASSWORD_BITS:
        raise UsageError(
            f"SIP passwords of {rules.sip_length} characters are too short", remedy="24 is usual"
        )
    if shape is Shape.TYPED and entropy(shape, rules) < PASSWORD_BITS:
        raise UsageError(
            f"passwords of {rules.typed_length} characters are too short", remedy="20 is usual"
        )
    if shape is Shape.PASSWORD:
        length = rules.password_groups * rules.password_group
        bits = entropy(shape, rules) if length >= len(_CLASSES) else 0
        if bits < PASSWORD_BITS:
            raise UsageError(
                f"passwords of {length} characters are worth {bits:.0f} bits, at least {PASSWORD_BITS} are needed",
                remedy="4 groups of 4 are usual",
            )
    if shape is Shape.PIN and rules.pin_length < _SHORT_PIN:
        raise UsageError(f"PINs of {rules.pin_length} digits are too short", remedy="6 are usual")


def _password(rules: Rules) -> str:
    length = rules.password_groups * rules.password_group
    while True:  # two tries of three succeed
        drawn = _drawn(_READABLE, length)
        if all(any(character in kind for character in drawn) for kind in _CLASSES):
            size = rules.password_group
            return _SEPARATOR.join(drawn[start : start + size] for start in range(0, length, size))


def _pin(rules: Rules) -> str:
    while True:  # nine of ten succeed
        drawn = _drawn(string.digits, rules.pin_length)
        if not is_obvious(drawn, rules.avoid):
            return drawn


def _drawn(alphabet: Sequence[str], length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _count_passwords(length: int) -> int:
    """Count the strings with a character of each class (inclusion and exclusion)."""
    sizes = [len(kind) for kind in _CLASSES]
    return sum(
        (-1) ** left_out * (len(_READABLE) - sum(gone)) ** length
        for left_out in range(len(sizes) + 1)
        for gone in combinations(sizes, left_out)
    )


def _on_the_keypad(pin: str) -> bool:
    thirds = [pin[start : start + 3] for start in range(0, len(pin), 3)]
    return all(part in _KEYPAD_LINES for part in thirds) or pin[:4] in _KEYPAD_FOURS


def _holds_year(pin: str) -> bool:
    return any(pin[start : start + 2] in _YEARS for start in range(len(pin) - 3))


def _related(pin: str, number: str) -> bool:
    if len(number) < _TELLING:
        return False
    return any(part in pin or pin in part for part in (number, number[::-1]))
