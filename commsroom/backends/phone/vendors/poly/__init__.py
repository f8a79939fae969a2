"""Poly (Polycom) VVX and Edge E: parameters as XML attributes, led by a master file."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import LAST, SummerTime, Turn, Vendor, readers, writers


def summer(rule: SummerTime) -> dict[str, str]:
    """Say it by the names after `daylightSavings.`; it knows of one hour only.

    Raises CannotWrite: clocks are turned by another span (Lord Howe's by half an hour).
    """
    if rule.saved != 60:  # noqa: PLR2004 - an hour
        raise writers.CannotWrite(f"can be told of an hour only, not of {rule.saved} minutes")
    return _turn("start", rule.begins) | _turn("stop", rule.ends)


def _turn(name: str, turn: Turn) -> dict[str, str]:
    """The first, second … of a weekday is the one on or after the 1st, the 8th …; weekdays are 1, a Sunday, to 7."""
    last = turn.week == LAST
    day = {} if last else {f"{name}.date": str(7 * turn.week - 6)}
    return {
        f"{name}.month": str(turn.month),
        **day,
        f"{name}.time": str(turn.hour),
        f"{name}.dayOfWeek": str(turn.weekday + 1),
        f"{name}.dayOfWeek.lastInMonth": "1" if last else "0",
    }


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
    summer=summer,
)  # fmt: skip
