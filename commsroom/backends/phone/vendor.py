"""What one maker's telephones understand, as data; the words of its profile are templates beside it.

A vendor is a folder under `vendors/` with a module-level `VENDOR`, its templates in `v1`, `v2` … (a
version each, all kept that some telephone may still have), golden files, and a README that says where
each parameter is documented. Nothing outside the folder changes when one is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from commsroom.backends.phone import readers, writers
from commsroom.backends.phone.clocks import LAST, SummerTime, Turn

#: An account in the URL is all that some can send (RFC 7617 over TLS); others know no Basic at all.
BASIC: Final = "basic"
URL: Final = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One maker's telephones.

    `files` maps each name they ask for to its template; the first is the profile proper, whose fetch is
    what counts. Names may hold `{mac}` (12 digits, lower case), `{MAC}` (upper), `{model}` and `{id}`
    (the MAC, or the asset tag of what has none). `languages` maps BCP 47 tags to the vendor's own
    words, the first being the fallback; `codecs` likewise by our names. `time_zones` maps IANA names where
    the vendor has a list of its own; a template that only knows an offset uses `offset`. `summer` has
    a zone's summer time in the vendor's words, by names that the template knows, and raises CannotWrite for
    what they cannot say; None where no public source tells for sure. `machine_clock` is for programs: time
    and zone are their machine's, and their templates hear nothing of them. `resync` is the Event of a NOTIFY
    that makes them fetch, "" where none does. `busy_lamps` is how many keys a profile may
    set. `credential` is how they show who they are. `reader` reads a file as they do, parameter by
    parameter: what tests hold every profile against.
    """

    title: str
    writer: Callable[[str], str]
    reader: Callable[[str], Sequence[tuple[str, str]]]
    files: Mapping[str, str]
    languages: Mapping[str, str]
    codecs: Mapping[str, str]
    resync: str
    busy_lamps: int
    time_zones: Mapping[str, str] = field(default_factory=dict)
    summer: Callable[[SummerTime], Mapping[str, str]] | None = None
    machine_clock: bool = False
    credential: str = BASIC
    needs_mac: bool = True


__all__ = ["BASIC", "LAST", "URL", "SummerTime", "Turn", "Vendor", "readers", "writers"]
