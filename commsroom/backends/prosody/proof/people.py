"""Proofs about one account: its own password, a wrong one, sharing files; a leaver's refusal."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from commsroom.backends.prosody.proof.trial import attempt, untried
from commsroom.estate.kinds import Account
from commsroom.estate.secret import Custody

if TYPE_CHECKING:
    from commsroom.backends.prosody.proof.chat import Chat, Person
    from commsroom.estate.backend import Proof, ProofRequest


def password_of(request: ProofRequest) -> str | None:
    """Return the password we hold for an account, or None."""
    ref = request.resource.secret("password")
    value = request.secret(ref) if ref is not None else None
    return None if value is None else value.reveal()


async def greet(chat: Chat, request: ProofRequest) -> tuple[list[Proof], Person | None]:
    """Log in with the right password, then with a wrong one; return who stays logged in."""
    address = request.resource.address
    password = password_of(request)
    if password is None:
        return [untried(address, "login", "accepted", "its password is not held here")], None
    trial = await attempt(address, "login", chat.login(address.key, password))
    if trial.result is None:
        return [_perhaps_changed(request, trial.proof)], None
    wrong = await attempt(
        address,
        "wrong password",
        _in_and_out(chat, address.key, secrets.token_urlsafe(16)),
        allowed=False,
    )
    return [replace(trial.proof, login=True), wrong.proof], trial.result


def _perhaps_changed(request: ProofRequest, proof: Proof) -> Proof:
    """A personal password may have been changed by its owner: its refusal is not a fault."""
    ref = request.resource.secret("password")
    if proof.ok is False and ref is not None and ref.custody is Custody.PERSONAL:
        return replace(proof, ok=None, note="unproven: the owner may have changed the password")
    return proof


async def share(request: ProofRequest, person: Person, *, fetch: bool) -> list[Proof]:
    """Try to share a file, if policy says whether this account may."""
    body = request.resource.body
    if not isinstance(body, Account) or body.file_sharing is None:
        return []
    use = "share a file and fetch it" if fetch and body.file_sharing else "upload slot"
    trial = await attempt(
        request.resource.address, use, person.share(fetch=fetch and body.file_sharing),
        works="granted", allowed=body.file_sharing,
    )  # fmt: skip
    return [trial.proof]


async def turn_away(chat: Chat, request: ProofRequest) -> Proof:
    """Try a closed account's last password: it must be refused, and must have worked before."""
    address = request.resource.address
    password = password_of(request)
    if password is None:
        return untried(address, "login", "refused", "its password is not held here")
    trial = await attempt(address, "login", _in_and_out(chat, address.key, password), allowed=False)
    if trial.proof.ok and not request.accepted_before:
        note = f"{trial.proof.note}; but this password was never seen to be accepted"
        return replace(trial.proof, ok=None, note=note)
    return trial.proof


async def _in_and_out(chat: Chat, login: str, password: str) -> None:
    person = await chat.login(login, password)
    await person.leave()
