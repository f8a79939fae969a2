"""Linphone, the soft phone: its configuration as XML from the URL in `misc/config-uri`."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import URL, Vendor, readers, writers

VENDOR: Final = Vendor(
    title="Linphone",
    writer=writers.xml,
    reader=readers.entries,
    files={"{id}.xml": "linphone.xml.j2"},
    languages={"en": "en", "zh-Hant": "zh_TW", "zh": "zh_CN", "de": "de", "fr": "fr", "ja": "ja"},
    codecs={"opus": "opus/48000", "g722": "G722/8000", "pcma": "PCMA/8000", "pcmu": "PCMU/8000"},
    resync="",
    busy_lamps=0,
    machine_clock=True,
    credential=URL,
    needs_mac=False,
)
