"""Cisco multiplatform telephones (7800, 8800 3PCC) and the SPA 5xx: `flat-profile` as XML."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import LAST, SummerTime, Turn, Vendor, readers, writers


def summer(rule: SummerTime) -> dict[str, str]:
    """Say it as `start=…;end=…;save=…`."""
    hours, minutes = divmod(rule.saved, 60)
    save = f"{hours}:{minutes}:0"
    return {"rule": f"start={_turn(rule.begins)};end={_turn(rule.ends)};save={save}"}


def _turn(turn: Turn) -> str:
    """Return month, day, weekday from Monday on, time: a weekday on or after that day; day -1 is the last.

    A time before or beyond the day is one of another day then: Saturday at 24:00 is Sunday at 0:00.
    """
    days, seconds = divmod(turn.seconds, 24 * 3600)
    day = _first_day(turn, days)
    weekday = (turn.weekday + days) % 7 or 7
    return f"{turn.month}/{day}/{weekday}/{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}"


def _first_day(turn: Turn, later: int) -> int:
    """Return the day of the month from which on a weekday is looked for, `later` days on."""
    if turn.week == LAST and not later:
        return -1
    length = 30 if turn.month in {4, 6, 9, 11} else 31
    day = (length - 6 if turn.week == LAST else 7 * turn.week - 6) + later
    if not 1 <= day <= length - 6 or (turn.week == LAST and turn.month == 2):  # noqa: PLR2004 - February
        raise writers.CannotWrite("can be told days of one month only, and these fall in two")
    return day


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
    summer=summer,
)  # fmt: skip
