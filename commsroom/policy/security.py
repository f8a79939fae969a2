"""security.yml: dates round joining and leaving, guards, TLS, and the rules for secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

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


_STRONG: Final = "fewer can be guessed, given time"
#: Characters that are enough and that every system takes. 80 bits are the least (`secrets.generate`); Poly's
#: telephones take an administrator's password of up to 32 characters (Poly UC Software, sec.pwd.length.admin),
#: SNMPv3 wants 8 or more (RFC 3414, 11.2).
LIMITS: Final[dict[str, tuple[int, int, str]]] = {
    "sip": (14, 64, _STRONG),
    "mailbox": (16, 64, _STRONG),
    "chat": (16, 64, _STRONG),
    "voicemail_pin": (4, 16, "a PIN is typed on a keypad"),
    "conference_pin": (4, 16, "a PIN is typed on a keypad"),
    "contact_mailbox": (16, 64, _STRONG),
    "archive": (16, 64, _STRONG),
    "notifier": (16, 64, _STRONG),
    "phone_admin": (15, 32, "more than 32 Poly's telephones refuse"),
    "phone_fetch": (14, 64, _STRONG),
    "switch_snmp": (16, 64, _STRONG),
    "switch_login": (16, 25, "more than 25 not every switch takes"),
}


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
    switch_login: SecretRule = SecretRule(length=20)

    @model_validator(mode="after")
    def _within_limits(self) -> SecretRules:
        for name, (least, most, why) in LIMITS.items():
            rule: SecretRule = getattr(self, name)
            if not least <= rule.length <= most:
                raise ValueError(
                    f"{name}: {rule.length} characters; {least} to {most} are taken: {why}"
                )
        return self


class Tls(Section):
    """What the servers offer (clause 5.1)."""

    minimum: Literal["1.2", "1.3"] = "1.2"


class Approvals(Section):
    """What needs the signatures of two people, beside what always does once approvers stand."""

    plans: tuple[Literal["over-limit", "protected"], ...] = Field(
        default=(),
        description="Plans that go over `removal_limit`, or touch what is `protected`: allowed by an"
        " option, and signed by two people as well",
    )


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
    approvals: Approvals = Approvals()
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
