"""prove: use every account as its owner would, and every closed one as its owner must not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, Exit, UsageError
from commsroom.estate.backend import Proof, ProofRequest
from commsroom.reports.model import kinds_of_use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.estate.backend import Provider
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.secret import Secret, SecretRef


#: Companions for each thing shared, and of each kind of account.
_COMPANIONS: Final = 2

_RENEWING: Final = (
    "its password is being renewed, and which one is in force is not decided yet: commsroom rotate"
)


@dataclass(frozen=True, slots=True)
class ProveResult:
    """All proofs, and the systems that could not be asked. `seconds` is wall time per system."""

    proofs: tuple[Proof, ...]
    unknown: Mapping[str, str]
    simulated: frozenset[str]

    @property
    def ok(self) -> bool:
        """Tell whether everything was proven as expected."""
        return self.exit_code is Exit.DONE

    @property
    def exit_code(self) -> Exit:
        """Give the exit code: a system or a proof left unknown beats a difference."""
        if self.unknown or any(proof.ok is None for proof in self.proofs):
            return Exit.INCOMPLETE
        return Exit.DIFFERENCE if any(proof.ok is False for proof in self.proofs) else Exit.DONE


def prove(
    estate: Estate,
    scope: Scope,
    progress: Progress,
) -> ProveResult:
    """Prove what policy promises for the scope, by use.

    Active accounts must be accepted with the right credential and refused with a wrong one, and
    must reach each other; suspended ones must be refused. A refusal only counts where the ledger
    remembers that the very same credential was accepted before: else it is *unknown*. Accounts
    of people who have not started yet are left out, since theirs never were.

    Args:
        estate: The estate.
        scope: What to prove.
        progress: Told of each system.

    Raises:
        UsageError: the scope names nothing.
    """
    wanted, companions, never = requests(estate, scope)
    if not wanted and not estate.ledger.known().owned:
        raise UsageError("nothing has been applied yet", remedy="commsroom apply, then prove")
    if not wanted:
        raise UsageError(
            "nothing of this scope has been applied yet, or it is not due",
            remedy="commsroom plan tells what would be made",
        )
    progress.begin("Proving", len(wanted))

    def work(system: str, provider: Provider) -> tuple[Proof, ...]:
        return tuple(provider.prove(wanted[system]))

    limits = estate.deadlines
    results = estate.fleet.each(
        work,
        on=list(wanted),
        deadline=limits.connect + limits.prove + 5,
        done=lambda name, _: progress.advance(name),
    )
    progress.end()
    found = {name: item for name, item in results.items() if not isinstance(item, CommsroomError)}
    doubtful = _renewing(estate)
    result = ProveResult(
        tuple(
            replace(proof, ok=None, note=_RENEWING)
            if proof.ok is False and proof.got == "refused" and proof.address in doubtful
            else proof
            for name in sorted(found)
            for proof in found[name]
            if proof.address not in companions
        ),
        {
            **_missing(estate, scope),
            **never,
            **{
                name: str(item)
                for name, item in results.items()
                if isinstance(item, CommsroomError)
            },
        },
        estate.simulated & set(wanted),
    )
    _remember(estate, wanted, result, whole=scope.whole and scope.as_of is None)
    return result


def _renewing(estate: Estate) -> frozenset[Address]:
    """Return the objects of which nobody knows yet which password is in force."""
    turns = estate.ledger.rotations().values()
    return frozenset(
        held.place.address for turn in turns if turn.undecided for held in turn.holders
    )


def _missing(estate: Estate, scope: Scope) -> dict[str, str]:
    """Tell of systems out of the inventory on which somebody of the scope still has something."""
    _, mine = planning.resolved(estate, scope).narrow([], {}, estate.ledger.known())
    return planning.missing(estate, mine)


def requests(
    estate: Estate, scope: Scope
) -> tuple[dict[str, Sequence[ProofRequest]], frozenset[Address], dict[str, str]]:
    """Return what is to be proven, by system, and the addresses that are there to help only.

    The third are systems on which policy wants something and nothing is ours yet: unknown.

    Proven is what we own and what is due to exist. Nobody can be called, written to or be the
    control of a refusal alone, so a narrow scope brings companions: what it needs, some who share
    a room or mailbox with it, and two accounts of each kind. Of theirs nothing is reported.
    """
    compiled = planning.compile_policy(estate, scope)
    owned = estate.ledger.known().owned
    narrow = planning.resolved(estate, scope)
    coming = {item.id for item in estate.policy.people if item.start > compiled.as_of}
    wanted = [
        item
        for item in planning.pinned(estate, compiled.desired)
        if not (item.person in coming and _closed(item))
    ]
    used = {need for item in wanted for need in item.needs}
    due = [
        item
        for item in wanted
        if item.address in owned
        and not (item.body.proven_through_users and item.address not in used)
    ]
    chosen = [item for item in due if narrow.holds(item)]
    company = _companions(chosen, due) if chosen and not scope.whole else []
    secret = _lender(estate, [*chosen, *company])
    seen = _accepted(estate)
    helpers = frozenset(item.address for item in company)
    found: dict[str, list[ProofRequest]] = {}
    for item in [*chosen, *company]:
        before = bool(item.secrets) and all(_name(ref) in seen for ref in item.secrets)
        request = ProofRequest(
            item,
            secret,
            refused=_closed(item),
            accepted_before=before,
            helping=item.address in helpers,
        )
        found.setdefault(item.address.system, []).append(request)
    by_system: dict[str, Sequence[ProofRequest]] = {
        name: tuple(items) for name, items in found.items()
    }
    return by_system, helpers, _never_applied(wanted, owned) if scope.whole else {}


def _never_applied(wanted: Sequence[Resource], owned: frozenset[Address]) -> dict[str, str]:
    ours = {address.system for address in owned}
    asked = Counter(item.address.system for item in wanted if item.address.system not in ours)
    return {
        name: f"{name}: policy asks for {number:,} objects there, and nothing was applied yet"
        for name, number in sorted(asked.items())
    }


def _companions(chosen: Sequence[Resource], due: Sequence[Resource]) -> list[Resource]:
    """Choose who helps to prove `chosen`, from all that is due; see `requests`."""
    by_address = {item.address: item for item in due}
    found = {item.address: item for item in chosen}
    needed = _needs(chosen, by_address)
    sharing: Counter[Address] = Counter()
    # Those with the greater affiliation (admin, before member) first: in a moderated room they speak.
    for item in sorted(due, key=lambda item: (str(item.body.values()), item.address)):
        shared = [need for need in item.needs if need in needed and sharing[need] < _COMPANIONS]
        if shared and item.address not in found:
            sharing.update(shared)
            found[item.address] = item
    kinds: Counter[tuple[str, str]] = Counter()
    for item in due:
        place = (item.address.system, item.address.kind)
        open_account = bool(item.body.closes) and bool(item.secrets) and not _closed(item)
        if open_account and item.address not in found and kinds[place] < _COMPANIONS:
            kinds[place] += 1
            found[item.address] = item
    for need in _needs(list(found.values()), by_address):
        found.setdefault(need, by_address[need])
    systems = {item.address.system for item in chosen}
    mine = {item.address for item in chosen}
    return [
        item
        for item in found.values()
        if item.address not in mine and item.address.system in systems
    ]


def _needs(items: Sequence[Resource], among: Mapping[Address, Resource]) -> dict[Address, None]:
    """Return all that the items need, directly or not, as an ordered set."""
    found: dict[Address, None] = {}
    waiting = list(items)
    while waiting:
        for need in sorted(waiting.pop().needs):
            if need in among and need not in found:
                found[need] = None
                waiting.append(among[need])
    return found


def _closed(item: Resource) -> bool:
    return getattr(item.body, "suspended", None) is True


def _name(ref: SecretRef) -> str:
    return f"{ref.path}@{ref.generation}"


def _accepted(estate: Estate) -> set[str]:
    """Return the credentials (path@generation) ever seen to be accepted."""
    return {
        name
        for event in estate.ledger.events(kind="accepted")
        for name in event.data["credentials"]
    }


def _remember(
    estate: Estate,
    wanted: Mapping[str, Sequence[ProofRequest]],
    result: ProveResult,
    *,
    whole: bool,
) -> None:
    """Write down the result, and which credentials were seen accepted for the first time."""
    used = {proof.address for proof in result.proofs if proof.login and proof.ok}
    names = {
        _name(ref)
        for requests_ in wanted.values()
        for request in requests_
        if request.resource.address in used
        for ref in request.resource.secrets
    }
    new = sorted(names - _accepted(estate))
    if new:
        estate.ledger.record("accepted", {"credentials": new}, actor=actor())
    estate.ledger.record("proof", _record(result, whole=whole), actor=actor())


def _lender(estate: Estate, resources: Sequence[Resource]) -> _Lender:
    pairs = {(ref.path, ref.generation) for item in resources for ref in item.secrets}
    return _Lender(estate.secrets.get_many(pairs))


@dataclass(frozen=True, slots=True)
class _Lender:
    """Lends the values fetched in one go; None for those we do not hold."""

    held: Mapping[tuple[str, int], Secret]

    def __call__(self, ref: SecretRef) -> Secret | None:
        return self.held.get((ref.path, ref.generation))

    def __repr__(self) -> str:
        return f"<{len(self.held)} secrets>"


def _record(result: ProveResult, *, whole: bool) -> dict[str, object]:
    """Return what the ledger keeps; `uses` (as promised, otherwise, undecided) is evidence if `whole`."""
    return {
        "whole": whole,
        "uses": {name: list(counts) for name, counts in kinds_of_use(result.proofs).items()},
        "proofs": len(result.proofs),
        "failed": [f"{proof.address} {proof.use}" for proof in result.proofs if proof.ok is False],
        "undecided": [
            f"{proof.address} {proof.use}" for proof in result.proofs if proof.ok is None
        ],
        "unknown": sorted(result.unknown),
    }
