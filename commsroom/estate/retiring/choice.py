"""Which method wipes a medium: the least that is enough; what is impossible falls to a stronger one."""

from __future__ import annotations

from dataclasses import dataclass

from commsroom.errors import UsageError
from commsroom.estate.retiring.media import MediaKind, Medium, Strength, needed
from commsroom.estate.retiring.methods import BY_NAME, METHODS, By, Method
from commsroom.policy.retirement import Category, Fate
from commsroom.policy.words import did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class Choice:
    """The method for one medium, what was needed, and why it is not the one that was to be expected."""

    method: Method
    need: Strength
    notes: tuple[str, ...] = ()


def choose(medium: Medium, category: Category, fate: Fate, wish: str = "") -> Choice:
    """Choose for a medium; a wish that is too weak, or impossible on it, falls to the next stronger.

    A person's own mobile is not the company's to wipe: only the work profile goes, whatever is needed.

    Args:
        medium: What is to be wiped.
        category: Of the data on it.
        fate: What becomes of it.
        wish: Name of a method, "" for none.

    Raises:
        UsageError: there is no method of that name, or none for such a medium.
    """
    need = needed(category, fate)
    wished = _named(wish, medium) if wish else None
    if medium.kind is MediaKind.PERSONAL_MOBILE:
        lacking = f"{need} is not ours to do: it is not the company's"
        return Choice(BY_NAME["mdm-profile"], need, () if need is Strength.CLEAR else (lacking,))
    if wished is None and medium.kind is MediaKind.MOBILE and "mdm" in medium.can:
        wished = BY_NAME["mdm-erase"]  # rather than by hand, before a witness
    if wished is None:
        return _least(medium, need, need, ())
    if wished.strength < need:
        return _least(
            medium, need, need, (f"{wished.name} is {wished.strength}, {need} is needed",)
        )
    if reason := impossible(wished, medium):
        return _least(medium, need, wished.strength, (f"{wished.name} is impossible: {reason}",))
    return Choice(wished, need, (wished.rests_on,) if wished.rests_on else ())


def _least(medium: Medium, need: Strength, least: Strength, notes: tuple[str, ...]) -> Choice:
    """Return the weakest method that is possible and no weaker than `least`."""
    for method in METHODS:
        if method.strength < least or method.on_request or impossible(method, medium):
            continue
        if method.strength > least:
            notes = (*notes, f"no {least} is possible on it: {method.strength} by {method.name}")
        return Choice(method, need, notes)
    raise UsageError(f"nothing wipes {medium.kind}", remedy="; ".join(notes))


def impossible(method: Method, medium: Medium) -> str:
    """Return why a method cannot wipe a medium, "" when it can."""
    if medium.kind not in method.media:
        return f"it is not for {medium.kind}"
    if method.ability and method.ability not in medium.can:
        return "the device does not offer it"
    if method.by is By.STATION and not medium.path:
        return "it is in no wipe station"
    return ""


def _named(name: str, medium: Medium) -> Method:
    found = BY_NAME.get(name)
    if found is None:
        fit = [method.name for method in METHODS if medium.kind in method.media]
        raise UsageError(
            f"there is no method {quoted(name)}", remedy=did_you_mean(name, fit) or ", ".join(fit)
        )
    return found
