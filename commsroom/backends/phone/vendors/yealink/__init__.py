"""Yealink T series (firmware V84 and later): lines `name = value` under a version header."""

from __future__ import annotations

from typing import Final

from commsroom.backends.phone.vendor import SummerTime, Turn, Vendor, readers, writers


def summer(rule: SummerTime) -> dict[str, str]:
    """Say it "by week": month, week (5 is the last), weekday from Monday on, full hour."""
    return {"start": _turn(rule.begins), "end": _turn(rule.ends), "offset": str(rule.saved)}


def _turn(turn: Turn) -> str:
    return f"{turn.month}/{turn.week}/{turn.from_monday}/{turn.hour}"


VENDOR: Final = Vendor(
    title="Yealink",
    writer=writers.setting,
    reader=readers.lines,
    files={"{mac}.cfg": "profile.cfg.j2", "{mac}.boot": "boot.j2", "y000000000000.boot": "boot.j2"},
    languages={
        "en": "English", "zh-Hant": "Chinese_T", "zh": "Chinese_S", "de": "German", "fr": "French",
        "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    },
    codecs={"opus": "opus", "g722": "g722", "g729": "g729", "pcma": "pcma", "pcmu": "pcmu"},
    resync="check-sync;reboot=false",
    busy_lamps=9,
    summer=summer,
)  # fmt: skip
