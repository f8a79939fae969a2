"""Snom D series (firmware 10): settings as XML, locked for the user by `perm="R"`."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import Vendor, readers, writers

VENDOR: Final = Vendor(
    title="Snom",
    writer=writers.xml,
    reader=readers.elements,
    files={"{MAC}.xml": "settings.xml.j2", "snom{model}-{MAC}.htm": "settings.xml.j2"},
    languages={
        "en": "English", "de": "Deutsch", "fr": "Francais", "es": "Espanol", "it": "Italiano",
        "nl": "Dutch",
    },
    codecs={"opus": "opus", "g722": "g722", "g729": "g729", "pcma": "pcma", "pcmu": "pcmu"},
    resync="check-sync;reboot=false",
    busy_lamps=23,
)  # fmt: skip
