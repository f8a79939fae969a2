"""Fanvil X series (firmware 2.2.10 and later): `sysConf` as XML."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import Vendor, readers, writers

VENDOR: Final = Vendor(
    title="Fanvil",
    writer=writers.xml,
    reader=readers.elements,
    files={"{mac}.cfg": "sysconf.xml.j2"},
    languages={
        "en": "en",
        "zh-Hant": "tc",
        "zh": "cn",
        "de": "de",
        "fr": "fr",
        "es": "es",
        "it": "it",
    },
    codecs={"opus": "opus", "g722": "G722", "g729": "G729", "pcma": "PCMA", "pcmu": "PCMU"},
    resync="check-sync",
    busy_lamps=29,
)
