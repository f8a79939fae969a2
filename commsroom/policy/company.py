"""company.yml: the company, its sites and its departments."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from commsroom.policy.base import Section
from commsroom.policy.scalars import Country, Id, Language, PersonId, Text, TimeZone


class UdpException(Section):
    """A site where telephones may speak SIP over UDP without encryption, and why (clause 5.1)."""

    reason: Text = Field(description="Why encryption is not possible there, for the auditor")


class Site(Section):
    """A place with people. Its time zone decides when a last working day ends."""

    name: Text
    country: Country = Field(description="ISO 3166 code")
    time_zone: TimeZone | None = Field(
        default=None, description="IANA name; default: the company's"
    )
    udp_exception: UdpException | None = Field(
        default=None, description="Allows SIP over UDP here; leave it out and SIP is TLS with SRTP"
    )

    @property
    def sip_transport(self) -> str:
        """Return `tls`, or `udp` where the exception is stated."""
        return "udp" if self.udp_exception else "tls"


class Department(Section):
    """A department, perhaps part of another."""

    name: Text
    manager: PersonId | None = Field(default=None, description="Roster id of who leads it")
    parent: Id | None = Field(default=None, description="Id of the department above")


class Company(Section):
    """company.yml."""

    name: Text
    short_name: Text = Field(pattern=r"^[ -~]+$", description="In ASCII, for systems that need it")
    language: Language = Field(description="Default language of people and reports")
    time_zone: TimeZone = Field(description="IANA name, e.g. Asia/Taipei; days begin and end by it")
    sites: Mapping[Id, Site] = Field(min_length=1)
    departments: Mapping[Id, Department] = Field(min_length=1)

    def time_zone_of(self, site: str) -> str:
        """Return the time zone whose midnight ends a day for people of a site."""
        found = self.sites.get(site)
        return (found.time_zone if found else None) or self.time_zone
