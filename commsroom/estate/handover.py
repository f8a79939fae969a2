"""Whose it is to know a secret, and what of it they have been given. Pure.

A person's own password, wherever no device of ours fetches it for them; of a shared mailbox, its custodian's alone
(clause 4.6.2). What was given is remembered by generation: one that moved on is to be given again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from commsroom.estate.inspection import Check, Standard
from commsroom.estate.kinds import PhoneProfile, SharedMailbox
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Custody, SecretRef, Shape

#: Name of the checks, and what stands before the slash of their addresses.
CHECK: Final = "handover"


@dataclass(frozen=True, slots=True)
class Theirs:
    """One secret that somebody is to know: where it is used, and which generation is current."""

    resources: tuple[Resource, ...]
    ref: SecretRef

    @property
    def places(self) -> tuple[str, ...]:
        """Name where it is used as the ledger does: `mail1:mailbox/ann@small.example password`."""
        return tuple(f"{item.address} {self.ref.slot}" for item in self.resources)

    @property
    def personal(self) -> bool:
        """Tell whether it is its owner's to change once they have it."""
        return self.ref.custody is Custody.PERSONAL


@dataclass(frozen=True, slots=True)
class Given:
    """A generation of a secret that was sealed to somebody's key; `at` is when (UTC, as events say it).

    `event` is its number in the ledger.
    """

    person: str
    path: str
    generation: int
    at: str
    key: str
    event: int = 0


def theirs(
    desired: Iterable[Resource], logins: Mapping[str, str], owned: Collection[Address]
) -> dict[str, list[Theirs]]:
    """Return what each person is to know, by their id, in the order of addresses.

    Args:
        desired: What policy asks for, with the current generations.
        logins: Id by login: a mailbox names its custodian so.
        owned: What was made: before that there is nothing to log in to.
    """
    everything = list(desired)
    fetched = {
        ref.path
        for item in everything
        if item.body.kind == PhoneProfile.kind and item.address in owned
        for ref in item.secrets
    }
    found: dict[str, dict[str, Theirs]] = {}
    for item in sorted(everything, key=lambda one: one.address):
        person = knower(item, logins)
        if not person or item.address not in owned or item.body.kind == PhoneProfile.kind:
            continue
        for ref in item.secrets:
            if ref.slot in item.body.spare or ref.shape is Shape.GIVEN:
                continue
            if ref.path in fetched and ref.custody is not Custody.PERSONAL:
                continue  # the telephone on their desk has it, and they need not
            mine = found.setdefault(person, {})
            before = mine[ref.path].resources if ref.path in mine else ()
            mine[ref.path] = Theirs((*before, item), ref)
    return {person: list(items.values()) for person, items in found.items()}


def knower(item: Resource, logins: Mapping[str, str]) -> str:
    """Return who is to know an object's secrets, by id: its custodian, else whom it exists for; "" for nobody."""
    if isinstance(item.body, SharedMailbox):
        return logins.get(item.body.custodian or "", "")
    return item.person


def latest(given: Iterable[Given]) -> dict[tuple[str, str], Given]:
    """Return the newest generation of each path that each person was given."""
    found: dict[tuple[str, str], Given] = {}
    for one in given:
        at = (one.person, one.path)
        if at not in found or one.generation >= found[at].generation:
            found[at] = one
    return found


def is_due(person: str, one: Theirs, last: Mapping[tuple[str, str], Given]) -> bool:
    """Tell whether somebody has not been given the current generation."""
    had = last.get((person, one.ref.path))
    return had is None or had.generation < one.ref.generation


def checks(
    standards: Mapping[str, Standard],
    boxes: Iterable[Resource],
    given: Iterable[Given],
    logins: Mapping[str, str],
    keys: Collection[str],
) -> Iterator[Check]:
    """Yield whether each shared mailbox's current password was given to its custodian, and to nobody else.

    Where it was never sealed to anybody and the custodian has no key, it is given in some other way, of which
    nothing is known here and nothing is said.

    Args:
        standards: By system, those whose mailboxes are looked at.
        boxes: What policy asks for and was made, with the current generations.
        given: What was handed over, ever.
        logins: Id by login.
        keys: Who has a key to seal to.
    """
    handed = list(given)
    for item in boxes:
        standard = standards.get(item.address.system)
        ref = item.secret("password")
        if standard is None or ref is None or not isinstance(item.body, SharedMailbox):
            continue
        custodian = knower(item, logins)
        ever = [one for one in handed if one.path == ref.path]
        if not ever and custodian not in keys:
            continue
        yield _check(standard, item, ref, custodian, ever)


def _check(
    standard: Standard, item: Resource, ref: SecretRef, custodian: str, ever: Iterable[Given]
) -> Check:
    knowing = {one.person: one for one in ever if one.generation == ref.generation}
    others = sorted(knowing.keys() - {custodian})
    remedy = f"commsroom handover {custodian} --due" if custodian else "name one in mail.yml"
    if others:
        got = f"{', '.join(others)} has it, and is not its custodian"
        remedy = f"commsroom rotate '{item.address}'"
    elif custodian in knowing:
        got = f"given to {custodian} on {knowing[custodian].at[:10]}"
    else:
        got = f"{custodian or 'nobody at work'} has not been given the current one"
    name = item.address.key.partition("@")[0]
    return standard.check(
        CHECK,
        item.address.key,
        expected="its custodian, and nobody else, has its current password",
        got=got,
        ok=not others and custodian in knowing,
        because=standard.stated("mail", "contact_mailboxes", name, "custodian", clause="4.6.2"),
        remedy=remedy,
    )
