"""Snom D series (firmware 10): settings as XML, locked for the user by `perm="R"`."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import SummerTime, Turn, Vendor, readers, writers


def summer(rule: SummerTime) -> dict[str, str]:
    """Say it as seconds ahead, then twice month.week.weekday and time; week 5 is the last, day 7 a Sunday."""
    return {"rule": f"{rule.saved * 60} {_turn(rule.begins)} {_turn(rule.ends)}"}


def _turn(turn: Turn) -> str:
    hour, minute, second = turn.time
    day = f"{turn.month:02}.{turn.week:02}.{turn.from_monday:02}"
    return f"{day} {hour:02}:{minute:02}:{second:02}"


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
    summer=summer,
)  # fmt: skip
