"""Poly (Polycom) VVX and Edge E: parameters as XML attributes, led by a master file."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import Vendor, readers, writers

VENDOR: Final = Vendor(
    title="Poly",
    writer=writers.xml,
    reader=readers.attributes,
    files={"{mac}-profile.cfg": "profile.cfg.j2", "{mac}.cfg": "master.cfg.j2", "000000000000.cfg": "master.cfg.j2"},
    languages={
        "en": "English_United_States", "zh-Hant": "Chinese_Taiwan", "zh": "Chinese_China",
        "de": "German_Germany", "fr": "French_France", "es": "Spanish_Spain",
        "it": "Italian_Italy", "ja": "Japanese_Japan",
    },
    codecs={"opus": "Opus", "g722": "G722", "g729": "G729_AB", "pcma": "G711_A", "pcmu": "G711_Mu"},
    resync="check-sync",
    busy_lamps=11,
)  # fmt: skip
