"""Until when versions get security fixes from whoever makes them, each with its public source.

Software that comes from a distribution's own archive lives as long as the distribution, which
backports its fixes (Postfix, Dovecot, Prosody): only what has a calendar of its own has a row.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from commsroom.policy.base import Model
from commsroom.policy.scalars import Text

Product = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9+.-]{0,39}$")]
Release = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*$")]


class Lifetime(Model):
    """When security support of one release ends."""

    product: Product = Field(description="Name as the server says it, in small letters: `asterisk`")
    release: Release = Field(description='As many parts of the version as share the date: "22"')
    until: date = Field(description="Last day with security fixes, e.g. 2029-10-16")
    source: Text = Field(description="Where that is published")


_ASTERISK: Final = "https://docs.asterisk.org/About-the-Project/Asterisk-Versions/"
_DEBIAN: Final = "https://wiki.debian.org/LTS"
_UBUNTU: Final = "https://ubuntu.com/about/release-cycle"


def _row(product: str, release: str, until: str, source: str) -> Lifetime:
    return Lifetime(
        product=product, release=release, until=date.fromisoformat(until), source=source
    )


BUILTIN: Final = (
    _row("asterisk", "18", "2025-10-20", _ASTERISK),
    _row("asterisk", "20", "2027-10-19", _ASTERISK),
    _row("asterisk", "21", "2025-10-18", _ASTERISK),
    _row("asterisk", "22", "2029-10-16", _ASTERISK),
    _row("asterisk", "23", "2027-10-15", _ASTERISK),
    _row("debian", "11", "2026-08-31", _DEBIAN),
    _row("debian", "12", "2028-06-30", _DEBIAN),
    _row("debian", "13", "2030-06-30", _DEBIAN),
    _row("ubuntu", "22.04", "2027-04-30", _UBUNTU),
    _row("ubuntu", "24.04", "2029-05-31", _UBUNTU),
)
