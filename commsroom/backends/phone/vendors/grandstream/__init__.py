"""Grandstream GRP and GXP: P-values as XML."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import SummerTime, Turn, Vendor, readers, writers


def summer(rule: SummerTime) -> dict[str, str]:
    """Say it as POSIX does after the zone's name and offset: name, offset (west positive), both turns."""
    hours, minutes = divmod(abs(rule.offset), 60)
    half = f":{minutes:02}" if minutes else ""
    sign = "-" if rule.offset >= 0 else "+"
    return {"rule": f"LDT{sign}{hours}{half},{_turn(rule.begins)},{_turn(rule.ends)}"}


def _turn(turn: Turn) -> str:
    hour, minute, second = turn.time
    return f"M{turn.month}.{turn.week}.{turn.weekday}/{hour:02}:{minute:02}:{second:02}"


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
    summer=summer,
)  # fmt: skip
