"""Cisco multiplatform telephones (7800, 8800 3PCC) and the SPA 5xx: `flat-profile` as XML."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import Vendor, readers, writers

VENDOR: Final = Vendor(
    title="Cisco",
    writer=writers.xml,
    reader=readers.elements,
    files={"{mac}.xml": "flat-profile.xml.j2", "{model}.xml": "start.xml.j2"},
    languages={
        "en": "English-US", "zh-Hant": "Chinese-TW", "zh": "Chinese-CN", "de": "German",
        "fr": "French", "es": "Spanish", "it": "Italian",
    },
    codecs={"opus": "OPUS", "g722": "G722", "g729": "G729a", "pcma": "G711a", "pcmu": "G711u"},
    resync="resync",
    busy_lamps=9,
)  # fmt: skip
