"""Telephones on desks: what the device itself is told to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from commsroom.estate.resource import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneProfile(Kind):
    """What one telephone fetches at its start. Key: the device's asset tag.

    `template` is the version of the vendor's profile it is written by; `ring` is `canary` for those
    that get a new one first, else `general`. `number` is its line and
    `voicemail` the number its message key dials ("" for none); `busy_lamps` are `NUMBER NAME`, a key
    each. `transport` is `tls` (with SRTP) or `udp`. `resync` says when it looks for a new profile:
    `at once`, `nightly HH:MM`, or `at start`.

    `as_rendered` is true while the files served are, byte for byte, what these values render to.
    `fetched` (`never`, `older`, `current`) and `registered` are only seen, never asked for: what the
    telephone last took from the server, and whether the exchange knows it since.
    """

    kind: ClassVar[str] = "phone_profile"
    slots: ClassVar[tuple[str, ...]] = ("admin", "fetch", "sip")

    vendor: str | None = None
    model: str | None = None
    mac: str | None = None
    template: int | None = None
    ring: str | None = None
    display_name: str | None = None
    number: str | None = None
    transport: str | None = None
    voicemail: str | None = None
    busy_lamps: tuple[str, ...] | None = None
    time_zone: str | None = None
    language: str | None = None
    codecs: tuple[str, ...] | None = None
    lldp: bool | None = None
    resync: str | None = None
    as_rendered: bool | None = None
    fetched: str | None = None
    registered: bool | None = None
