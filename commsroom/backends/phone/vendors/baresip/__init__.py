"""baresip, the soft phone for the console: one line of its `accounts` file."""

from __future__ import annotations

import re
from typing import Final

from commsroom.backends.phone.vendor import Vendor, readers, writers


def quoted(text: str) -> str:
    """Write a part of the line; what would end a name or begin a parameter cannot be quoted there."""
    found = re.search(r'["<>;,\\]', text)
    if found:
        raise writers.CannotWrite(f"it holds {found[0]}, which baresip has no way to quote")
    return writers.setting(text)


def account(text: str) -> readers.Settings:
    """Read the line as baresip does: `"NAME" <URI>;PARAMETER=VALUE;…`."""
    whole = re.fullmatch(r'"([^"]*)" <([^>]*)>((?:;[^;\n]*)*)\n', text)
    if whole is None:
        return []
    pairs = (part.partition("=") for part in whole[3].split(";")[1:])
    return [("display_name", whole[1]), ("uri", whole[2]), *((a, b) for a, _, b in pairs)]


VENDOR: Final = Vendor(
    title="baresip",
    writer=quoted,
    reader=account,
    files={"accounts": "accounts.j2"},
    languages={"en": "en"},
    codecs={
        "opus": "opus/48000/2",
        "g722": "G722/16000/1",
        "pcma": "PCMA/8000/1",
        "pcmu": "PCMU/8000/1",
    },
    resync="",
    busy_lamps=0,
    machine_clock=True,
    needs_mac=False,
)
