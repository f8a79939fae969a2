"""Made secrets: their shape, their strength, and what a PIN must not be."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from commsroom.errors import UsageError
from commsroom.estate.secret import Shape
from commsroom.policy.security import LIMITS, SecretRules
from commsroom.secrets import generate
from commsroom.secrets.generate import Rules

MANY = 300
#: As the compiler asks for them.
SHAPES = {
    **dict.fromkeys(LIMITS, Shape.PASSWORD),
    **dict.fromkeys(("sip", "phone_fetch"), Shape.SIP),
    **dict.fromkeys(("voicemail_pin", "conference_pin"), Shape.PIN),
    "phone_admin": Shape.TYPED,
}
USUAL = Rules()


def made(shape, rules=USUAL, count=MANY):
    return [generate.secret(shape, rules).reveal() for _ in range(count)]


def test_sip_passwords_are_24_letters_and_digits():
    assert all(re.fullmatch(r"[A-Za-z0-9]{24}", value) for value in made(Shape.SIP))


def test_passwords_come_in_groups_without_characters_that_look_alike():
    for value in made(Shape.PASSWORD):
        assert re.fullmatch(r"[^-]{4}(-[^-]{4}){3}", value)
        assert not set(value) & set("0Oo1lIi2Zz5Ss8B")


def test_what_is_typed_at_a_device_has_neither_dashes_nor_characters_that_look_alike():
    for value in made(Shape.TYPED):
        assert re.fullmatch(r"[A-Za-z0-9]{20}", value)
        assert not set(value) & set("0Oo1lIi2Zz5Ss8B")


@pytest.mark.parametrize(
    ("shape", "length", "made_as"),
    [
        (Shape.SIP, 14, r"[A-Za-z0-9]{14}"),
        (Shape.SIP, 64, r"[A-Za-z0-9]{64}"),
        (Shape.TYPED, 32, r"[A-Za-z0-9]{32}"),
        (Shape.PIN, 4, r"[0-9]{4}"),
        (Shape.PIN, 8, r"[0-9]{8}"),
        (Shape.PASSWORD, 20, r"(\w{4}-){3}\w{4}"),
        (Shape.PASSWORD, 25, r"(\w{4}-){4}\w{4}"),
        (Shape.PASSWORD, 0, r"(\w{4}-){3}\w{4}"),
    ],
)
def test_each_kind_has_the_length_that_policy_asks_of_it(shape, length, made_as):
    for value in made(shape, Rules.of(length), count=20):
        assert re.fullmatch(made_as, value)


def test_every_kind_of_secret_has_its_limits():
    assert set(LIMITS) == set(SecretRules.model_fields) - {"clause"}


@pytest.mark.parametrize("name", LIMITS)
def test_what_policy_accepts_can_be_made_and_what_it_refuses_is_weak_or_not_taken(name):
    least, most, _ = LIMITS[name]
    shape = SHAPES[name]
    for length in (least, most):
        generate.secret(shape, Rules.of(length))
    assert shape is Shape.PIN or generate.entropy(shape, Rules.of(least)) >= 80
    for length in (least - 1, most + 1):
        with pytest.raises(ValidationError, match=rf"{name}.*"):
            SecretRules.model_validate({name: {"length": length}})


def test_passwords_hold_a_small_letter_a_capital_and_a_digit():
    for value in made(Shape.PASSWORD):
        assert re.search("[a-z]", value)
        assert re.search("[A-Z]", value)
        assert re.search("[0-9]", value)


def test_passwords_are_worth_at_least_80_bits():
    assert generate.entropy(Shape.PASSWORD) >= 80
    assert generate.entropy(Shape.SIP) >= 80


def test_the_stated_entropy_is_counted_not_guessed(monkeypatch):
    """With an alphabet of three characters, one of each class, all strings can be listed."""
    monkeypatch.setattr(generate, "_CLASSES", ("a", "B", "3"))
    monkeypatch.setattr(generate, "_READABLE", "aB3")
    # Of length 4, one character comes twice: 4!/2! orders for each of 3 characters.
    assert math.isclose(
        generate.entropy(Shape.PASSWORD, Rules(password_groups=2, password_group=2)), math.log2(36)
    )


def test_every_permitted_character_is_used_and_no_two_secrets_are_equal():
    values = made(Shape.PASSWORD, count=1500)
    assert set("".join(values)) == set(generate._READABLE + "-")
    assert len(set(values)) == 1500
    assert set("".join(made(Shape.PIN, count=1500))) == set("0123456789")


def test_few_pins_are_refused_so_that_what_is_left_is_worth_nearly_all_its_digits():
    """All of four digits, counted; of six there are more left in proportion."""
    left = sum(not generate.is_obvious(f"{number:04}") for number in range(10_000))
    assert 0.9 < left / 10_000 < 1
    sample = sum(not generate.is_obvious(f"{number:06}") for number in range(0, 10**6, 97))
    assert sample / len(range(0, 10**6, 97)) > 0.9


def test_pins_keep_their_leading_zeros():
    values = made(Shape.PIN, count=2000)
    assert all(re.fullmatch(r"\d{6}", value) for value in values)
    assert any(value.startswith("0") for value in values)


@pytest.mark.parametrize(
    "pin",
    [
        "000000", "111111", "123456", "654321", "987654", "135791", "890123", "121212", "123123",
        "112211", "481184", "119911", "198403", "031985", "202611", "112026", "147258", "963852", "159357", "789456", "369147", "2580", "0852", "1397", "0000", "1234", "4321", "1999", "2468",
    ],
)  # fmt: skip
def test_pins_that_everybody_tries_first_are_obvious(pin):
    assert generate.is_obvious(pin)


@pytest.mark.parametrize("pin", ["482913", "073526", "9174", "604827"])
def test_ordinary_pins_are_not_obvious(pin):
    assert not generate.is_obvious(pin)


@pytest.mark.parametrize(
    ("number", "pin"),
    [("2107", "421078"), ("2107", "470128"), ("+886 2 5550 2107", "502107"), ("482913", "482913")],
)
def test_a_pin_does_not_hold_its_owners_number_or_part_of_it(number, pin):
    assert generate.is_obvious(pin, frozenset({number}))
    assert not generate.is_obvious("694837", frozenset({number}))


@given(st.sets(st.from_regex(r"[0-9]{3,5}", fullmatch=True), max_size=3))
def test_no_made_pin_is_obvious(numbers):
    avoid = frozenset(numbers)
    for value in made(Shape.PIN, Rules(avoid=avoid), count=5):
        assert not generate.is_obvious(value, avoid)
        assert not any(number in value for number in numbers)


@pytest.mark.parametrize(
    ("shape", "rules"),
    [
        (Shape.PASSWORD, Rules(password_groups=3)),
        (Shape.PASSWORD, Rules(password_groups=1, password_group=2)),
        (Shape.PASSWORD, Rules(password_groups=0)),
        (Shape.SIP, Rules(sip_length=10)),
        (Shape.TYPED, Rules(typed_length=10)),
        (Shape.PIN, Rules(pin_length=3)),
    ],
)
def test_rules_that_ask_for_too_little_are_refused(shape, rules):
    with pytest.raises(UsageError, match="usual"):
        generate.secret(shape, rules)


def test_a_secret_that_somebody_else_made_is_never_made_here():
    with pytest.raises(UsageError, match="given by somebody else"):
        generate.secret(Shape.GIVEN)


@pytest.mark.parametrize("shape", [shape for shape in Shape if shape is not Shape.GIVEN])
def test_what_is_made_does_not_show_itself(shape):
    secret = generate.secret(shape)
    assert secret.reveal() not in repr(secret)
    assert secret.reveal() not in f"{secret}"
