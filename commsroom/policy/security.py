"""security.yml: dates round joining and leaving, guards, TLS, and the rules for secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from commsroom.policy.base import Audience, Section
from commsroom.policy.rotation import RotationRules
from commsroom.policy.scalars import Duration, Share
from commsroom.policy.stores import StorePlace

if TYPE_CHECKING:
    from commsroom.policy.people import Person

AddressGlob = Annotated[str, StringConstraints(pattern=r"^[^:/\s]+:[a-z_*]+/\S+$")]


class SecretRule(Section):
    """How one kind of secret is made and kept.

    A *managed* secret is held by us: its use is proven by login, it rotates, and a change behind
    our back is drift. A *personal* one is set by us once; then it is its owner's.
    """

    length: int = Field(ge=4, le=64, description="Characters (PINs: digits)")
    custody: Literal["managed", "personal"] = "managed"
    personal_for: Audience = Field(
        default=Audience(),
        description="People who hold this secret themselves though it is managed",
    )
    rotate: Duration | None = Field(
        default=None, description="Renewed so often; people's own passwords never by calendar"
    )

    def custody_of(self, person: Person | None) -> Literal["managed", "personal"]:
        """Return who holds the secret of a person (None: of a task)."""
        if person is not None and self.personal_for.includes(person):
            return "personal"
        return self.custody


class SecretRules(Section):
    """A rule for each kind of secret."""

    sip: SecretRule = SecretRule(length=24)
    mailbox: SecretRule = SecretRule(length=20)
    chat: SecretRule = SecretRule(length=20)
    voicemail_pin: SecretRule = SecretRule(length=6, custody="personal")
    conference_pin: SecretRule = SecretRule(length=6)
    contact_mailbox: SecretRule = SecretRule(length=20)
    archive: SecretRule = SecretRule(length=20)
    notifier: SecretRule = SecretRule(length=20)
    phone_admin: SecretRule = SecretRule(length=20)
    phone_fetch: SecretRule = SecretRule(length=24)
    switch_snmp: SecretRule = SecretRule(length=20)


class Tls(Section):
    """What the servers offer (clause 5.1)."""

    minimum: Literal["1.2", "1.3"] = "1.2"


class Security(Section):
    """security.yml."""

    lead_days: int = Field(ge=0, le=90, description="Accounts exist, closed, so many days before")
    retention: Duration = Field(description="A leaver's closed accounts are kept so long, e.g. 90d")
    quarantine: Duration = Field(description="A number freed is given to nobody else so long")
    removal_limit: Share = Field(
        default=0.3, description="A plan that removes or closes more than this stops"
    )
    protected: tuple[AddressGlob, ...] = Field(
        default=(), description="Addresses or globs never removed or closed without a word"
    )
    tls: Tls = Tls()
    secrets: SecretRules = SecretRules()
    rotation: RotationRules = RotationRules()
    store: StorePlace = Field(
        default=StorePlace(), description="Where secrets are kept: the sealed file in `.commsroom/`"
    )

    @property
    def lead(self) -> timedelta:
        """Return `lead_days` as a time span."""
        return timedelta(days=self.lead_days)
