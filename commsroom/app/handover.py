"""handover: give people what is theirs to know, each in a file that only their SSH key opens.

Under the estate's lock, so that nothing is renewed meanwhile and two who hand over at once follow one another. What is
about to be read is in the ledger before it is; that it was handed over, once the file is durable. A run killed between
the two leaves a sealed file that counts for nothing, and the next one writes another: twice rather than never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.app.scope import Scope
from commsroom.errors import Exit, UsageError
from commsroom.estate import handover as knowing
from commsroom.estate.handover import Given, Theirs
from commsroom.estate.kinds import SharedMailbox
from commsroom.policy import keys as public
from commsroom.policy.calendar import State, state_of
from commsroom.secrets.recipient import NotSealable, sealed_to

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.secret import Secret
    from commsroom.policy.keys import Keys, PublicKey

#: The ledger's events: before anything is read, when somebody's file is durable, and that their key is in doubt.
BEGUN: Final = "handover begun"
HANDED: Final = "handed over"
WITHHELD: Final = "handover withheld"
#: Where files go when nobody says, in the estate's own folder, which Git ignores.
FOLDER: Final = "handover"
#: Why somebody gets nothing, and the remedy.
_Why = tuple[str, str]
_OTHER_KEY: Final = (
    "has another key than the one they were given things by",
    "once you know that it is theirs: commsroom handover ID --due",
)
_WITHHELD: Final = (
    "may have lost their key with their passwords",
    "once it is sure to be theirs alone: commsroom handover ID --due",
)
#: Seconds to wait for another who works: handing over takes no longer.
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """To whom: `people` (id or login), or everybody whom `due` or `new` concerns.

    Attributes:
        people: Whom; nobody named is everybody.
        due: Only what changed since they were given it last, or they never were.
        new: Only to those who were never given anything.
        again: Also personal secrets that they were given before.
        folder: Where the files go.
    """

    people: tuple[str, ...] = ()
    due: bool = False
    new: bool = False
    again: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that was written (None: would be), `key` the fingerprint of what it is sealed to."""

    person: str
    name: str
    file: Path | None
    key: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it.

    `nothing` are those who had it all, `left` says why others got none, and the remedy. `keyless` counts who was not
    named and has no key: what is theirs they get in some other way.
    """

    handed: tuple[Handed, ...] = ()
    nothing: tuple[str, ...] = ()
    left: Mapping[str, _Why] = field(default_factory=dict)
    keyless: int = 0

    @property
    def exit_code(self) -> Exit:
        """Tell whether everybody got what they were to get."""
        return Exit.ERROR if self.left else Exit.DONE


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What one person is about to be given."""

    person: str
    login: str
    key: PublicKey
    items: tuple[Theirs, ...]

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(place for one in self.items for place in one.places)

    @property
    def told(self) -> dict[str, object]:
        """Say for the ledger what it is: names and generations, never values."""
        return {
            "key": self.key.fingerprint,
            "secrets": list(self.places),
            "generations": {one.ref.path: one.ref.generation for one in self.items},
        }

    def handed(self, estate: Estate, file: Path | None) -> Handed:
        name = estate.policy.person(self.person).name
        return Handed(self.person, name, file, self.key.fingerprint, self.places)

    @property
    def about(self) -> dict[Address, str]:
        return {item.address: one.ref.slot for one in self.items for item in one.resources}


def hand_over(estate: Estate, wish: Wish, progress: Progress) -> Done:
    """Write a sealed file for each person with what is theirs to know.

    Args:
        estate: The estate.
        wish: To whom, and how much.
        progress: Told of each file.

    Raises:
        UsageError: nobody is meant, or somebody is not in the roster.
        LockHeld: an apply or a rotation is at work.
        CommsroomError: policy, ledger or store cannot be used, or a file cannot be written; those written
            before are recorded.
    """
    people = _named(estate, wish)
    estate.require_ledger()
    with estate.ledger.lock(actor(), wait=_PATIENCE, command="handover"):
        parcels, done = _prepared(estate, wish, people)
        written = _written(estate, wish.folder, parcels, progress)
        return replace(done, handed=written.handed, left={**done.left, **written.left})


def preview(estate: Estate, wish: Wish) -> Done:
    """Say what `hand_over` would do; nothing is read from the store, and nothing recorded."""
    parcels, done = _prepared(estate, wish, _named(estate, wish))
    return replace(done, handed=tuple(parcel.handed(estate, None) for parcel in parcels))


def _named(estate: Estate, wish: Wish) -> tuple[str, ...]:
    if not wish.people and (wish.again or not (wish.due or wish.new)):
        raise UsageError("to whom?", remedy="name people by id or login, or say --due or --new")
    return tuple(dict.fromkeys(planning.resolved(estate, Scope(wish.people)).people))


def _prepared(estate: Estate, wish: Wish, people: Sequence[str]) -> tuple[list[_Parcel], Done]:
    """Say who is given what, and of the others why not; nobody named is everybody who has anything."""
    books = _Books.opened(estate, planning.compile_policy(estate, Scope()).desired)
    wanted, nothing, left, keyless = {}, [], {}, 0
    for person in people or sorted(books.found):
        items = books.wanted(person, wish)
        gone = books.gone(person) if items or people else None
        if gone is None and not items and person in books.found:
            nothing.append(person)
        elif (why := gone or books.why_not(person, asked=bool(people))) is None:
            wanted[person] = items
        elif people or books.keys.knows(person) or any(map(_kept, items)):
            left[person] = why
        elif gone is None:
            keyless += 1
    done = Done(nothing=tuple(nothing), left=left, keyless=keyless)
    return books.parcels(wanted), done


def after_rotation(
    estate: Estate,
    desired: Sequence[Resource],
    paths: Collection[str],
    progress: Progress,
) -> Done:
    """Hand over what was renewed to those whose it is to know it; the caller holds the lock.

    Args:
        estate: The estate.
        desired: What policy asks for.
        paths: Secrets that were renewed.
        progress: Told of each file.
    """
    books = _Books.opened(estate, desired)
    wanted, left = {}, {}
    for person, everything in books.found.items():
        items = tuple(
            one
            for one in everything
            if one.ref.path in paths and knowing.is_due(person, one, books.last)
        )
        if not items or books.gone(person):
            continue
        why = books.why_not(person, asked=False)
        if why is None:
            wanted[person] = items
        else:
            left[person] = why
    done = _written(estate, None, books.parcels(wanted), progress)
    return replace(done, left={**left, **done.left})


def withhold(estate: Estate, people: Sequence[str]) -> None:
    """Remember that people's keys may be where their passwords are: nothing is sealed to them unasked.

    It holds until somebody hands over to that very person again.
    """
    if people:
        estate.ledger.record(WITHHELD, {"people": list(people)}, actor=actor())


def known(estate: Estate, desired: Iterable[Resource]) -> dict[str, list[Theirs]]:
    """Return by person what is theirs to know, at the generations that are current."""
    wanted = planning.pinned(estate, tuple(desired))
    return knowing.theirs(wanted, ids(estate), estate.ledger.known().owned)


def ids(estate: Estate) -> dict[str, str]:
    """Return people's ids by their logins."""
    from commsroom.policy import allocations

    return {one.login: one.id for one in allocations.load(estate.home)}


def given(estate: Estate) -> tuple[Given, ...]:
    """Return what was handed over, ever, oldest first."""
    return tuple(
        Given(event.data["person"], path, int(generation), event.at, event.data["key"], event.seq)
        for event in estate.ledger.events(kind=HANDED)
        for path, generation in event.data["generations"].items()
    )


@dataclass(frozen=True, slots=True)
class _Books:
    """What decides who is given what, read once.

    `found` is what is theirs to know, `last` what they were given of it, `before` the last thing given to each,
    `withheld` those whose key is in doubt since.
    """

    estate: Estate
    found: Mapping[str, Sequence[Theirs]]
    keys: Keys
    last: Mapping[tuple[str, str], Given]
    before: Mapping[str, Given]
    withheld: frozenset[str]

    @classmethod
    def opened(cls, estate: Estate, desired: Iterable[Resource]) -> _Books:
        ever = given(estate)
        keys = public.read(estate.path, estate.policy.by_id)
        before = {one.person: one for one in ever}
        withheld = frozenset(
            person
            for event in estate.ledger.events(kind=WITHHELD)
            for person in event.data["people"]
            if person not in before or before[person].event < event.seq
        )
        last = knowing.latest(ever)
        return cls(estate, known(estate, desired), keys, last, before, withheld)

    def wanted(self, person: str, wish: Wish) -> tuple[Theirs, ...]:
        if wish.new and person in self.before:
            return ()
        return tuple(
            one
            for one in self.found.get(person, ())
            if knowing.is_due(person, one, self.last)
            or wish.again
            or not (wish.due or wish.new or one.personal)
        )

    def gone(self, person: str) -> _Why | None:
        """Say that somebody is here no more; None while they are, or are yet to come."""
        who = self.estate.policy.by_id.get(person)
        if who is None:
            return "is gone from the roster", "nothing is theirs to know"
        day = planning.day_at(self.estate, Scope(), who.site)
        state = state_of(who, self.estate.policy.security, day)
        if state in {State.CLOSED, State.PURGED}:
            return f"left on {who.end}", "nothing is theirs to know"
        return None

    def why_not(self, person: str, *, asked: bool) -> _Why | None:
        """Say why somebody cannot be given anything, and the remedy; None where they can.

        Only where somebody asked for this very person is anything sealed to a key that is in doubt, or is not the one
        used before: one that was put in another's place would otherwise be sent the next password by night.
        """
        if person not in self.found:
            return "nothing of theirs is there yet", "commsroom apply makes it"
        if person in self.keys.problems:
            problem = self.keys.problems[person]
            return f"{problem.file}: {problem.message}", problem.remedy
        if person not in self.keys.held:
            return "has no key to seal to", f"put their public SSH key into {public.FOLDER}/ID.pub"
        if person in self.withheld and not asked:
            return _WITHHELD
        before = self.before.get(person)
        if before and before.key != self.keys.held[person].fingerprint and not asked:
            return _OTHER_KEY
        return None

    def parcels(self, wanted: Mapping[str, tuple[Theirs, ...]]) -> list[_Parcel]:
        logins = {person: login for login, person in ids(self.estate).items()}
        return [
            _Parcel(person, logins.get(person, person), self.keys.held[person], items)
            for person, items in wanted.items()
        ]


def _kept(one: Theirs) -> bool:
    return any(isinstance(item.body, SharedMailbox) for item in one.resources)


def _written(
    estate: Estate,
    folder: Path | None,
    parcels: Sequence[_Parcel],
    progress: Progress,
) -> Done:
    """Record, read, seal, write, record: in this order."""
    if not parcels:
        return Done()
    into = folder or estate.state / FOLDER
    files.make_folder(into, mode=0o700, called=f"--to: {into}" if folder else "")
    about = {address: slot for parcel in parcels for address, slot in parcel.about.items()}
    told = {parcel.person: parcel.told for parcel in parcels}
    estate.ledger.record(BEGUN, {"people": told}, actor=actor(), about=about)
    pairs = {(one.ref.path, one.ref.generation) for parcel in parcels for one in parcel.items}
    secrets = estate.secrets.get_many(pairs)
    handed, left = [], {}
    progress.begin("Sealing", len(parcels))
    for parcel in parcels:
        progress.advance(parcel.login)
        lost = [one for one in parcel.items if (one.ref.path, one.ref.generation) not in secrets]
        if lost:
            why = f"{lost[0].places[0]} is not in the store of secrets"
            left[parcel.person] = (why, "commsroom apply makes it, or restore secrets.db")
            continue
        try:
            handed.append(_sealed(estate, into, parcel, secrets))
        except NotSealable as error:
            left[parcel.person] = (error.message, error.remedy)
    progress.end()
    return Done(tuple(handed), left=left)


def _sealed(
    estate: Estate, folder: Path, parcel: _Parcel, secrets: Mapping[tuple[str, int], Secret]
) -> Handed:
    from commsroom.app import letters

    text = letters.letter(estate, parcel.person, parcel.items, secrets)
    sealed = sealed_to(parcel.key.line, text)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    file = files.write_new(folder / f"{parcel.login}-{stamp}.age", sealed)
    digest = hashlib.sha256(sealed).hexdigest()
    data = {"person": parcel.person, **parcel.told, "file": file.name, "sha256": digest}
    estate.ledger.record(HANDED, data, actor=actor(), about=parcel.about)
    return parcel.handed(estate, file)
