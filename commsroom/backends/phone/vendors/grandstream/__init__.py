"""Grandstream GRP and GXP: P-values as XML."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import Vendor, readers, writers

VENDOR: Final = Vendor(
    title="Grandstream",
    writer=writers.xml,
    reader=readers.elements,
    files={"cfg{mac}.xml": "cfg.xml.j2"},
    languages={
        "en": "en", "zh-Hant": "zh-tw", "zh": "zh", "de": "de", "fr": "fr", "es": "es", "it": "it",
        "nl": "nl",
    },
    codecs={"opus": "123", "g722": "9", "g729": "18", "pcma": "8", "pcmu": "0"},
    resync="check-sync",
    busy_lamps=24,
)  # fmt: skip
