"""The regular inspection of a machine (clause 3.2.2): disk, clock, services, versions."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.checks.topic import Topic, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

_GIB: Final = 2**30
_MIB: Final = 2**20


def disks(fact: list[Facts], standard: Standard) -> Iterator[Check]:
    """Judge free space and inodes of every file system that is written to."""
    for item in fact:
        place = str(item["place"])
        for name, free, total, least in (
            ("disk", "free", "blocks", standard.rules.thresholds.disk_free),
            ("inodes", "inodes_free", "inodes", standard.rules.thresholds.inodes_free),
        ):
            because = standard.because("thresholds", f"{name}_free")
            expected = f"at least {least:.0%} free"
            if "unknown" in item:
                got, ok = str(item["unknown"]), None
            elif not int(item[total]):  # a file system that makes inodes as it needs them
                continue
            else:
                share = int(item[free]) / int(item[total])
                ok = share >= least
                size = (
                    f" ({_size(int(item[free]) * int(item['block_bytes']))})"
                    if name == "disk"
                    else ""
                )
                got = f"{share:.0%} free{size}"
            yield standard.check(
                name, place, expected=expected, got=got, ok=ok, because=because,
                remedy=f"make room below {place}, or give it more",
            )  # fmt: skip


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.1f} MiB"


def clock(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge a clock's distance from the controller's; what lies within the uncertainty is not told."""
    limit = standard.rules.thresholds.clock_offset
    ahead, uncertain = float(fact["ahead"]), float(fact["uncertain"])
    distance = abs(ahead)
    ok = None
    if distance + uncertain <= limit:
        ok = True
    elif distance - uncertain > limit:
        ok = False
    yield standard.check(
        "clock", "offset",
        expected=f"within {limit:g} s of the controller's clock",
        got=f"{ahead:+.3f} s, give or take {uncertain:.3f} s",
        ok=ok,
        because=standard.because("thresholds", "clock_offset"),
        remedy="look at the time-synchronisation service, there and on the controller",
    )  # fmt: skip


def sync(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge whether something keeps the clock. In a container that is its host's affair."""
    if not standard.rules.thresholds.time_sync:
        return
    keepers = fact["keepers"]
    running = sorted(name for name, unit in keepers.items() if unit["active"])
    stopped = sorted(
        name for name, unit in keepers.items() if unit["enabled"] and not unit["active"]
    )
    container = str(fact["container"])
    expected = "a time-synchronisation service runs"
    if running:
        synchronised = fact["synchronised"] is True or bool(container)
        ok, got = synchronised, f"{names(running)} runs"
        got += "" if synchronised else ", and the clock is not synchronised"
    elif stopped:
        ok, got = False, f"{names(stopped)} is enabled and does not run"
    elif container:
        ok, got = True, f"it is a container ({container}): its clock is its host's"
    else:
        ok, got = False, "there is none"
    yield standard.check(
        "time-sync", "service", expected=expected, got=got, ok=ok,
        because=standard.because("thresholds", "time_sync"),
        remedy=f"systemctl enable --now {(stopped or ['systemd-timesyncd'])[0]}",
    )  # fmt: skip


def units(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Name every systemd unit that failed."""
    because = standard.because("thresholds", "ignored_units")
    ignored = standard.rules.thresholds.ignored_units
    failed = [
        str(name)
        for name in fact["failed"]
        if not any(fnmatchcase(str(name), pattern) for pattern in ignored)
    ]
    for name in failed:
        yield standard.check(
            "unit", name, expected="has not failed", got="failed", ok=False, because=because,
            remedy=f"journalctl -u {name}, then systemctl restart {name}",
        )  # fmt: skip
    if not failed:
        yield standard.check(
            "unit", "*", expected="no unit has failed", got="none has", ok=True, because=because
        )


def reboot(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Tell of a restart the system asks for."""
    if not standard.rules.thresholds.reboot:
        return
    required = fact["required"]
    if not isinstance(required, bool):
        raise TypeError
    why = names(map(str, fact["because"]))
    yield standard.check(
        "reboot", "system", expected="no restart is waited for",
        got=f"a restart is required{f' by {why}' if why else ''}" if required else "none is",
        ok=not required,
        because=standard.because("thresholds", "reboot"),
        remedy="restart it in a maintenance window",
    )  # fmt: skip


def versions(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge how long the operating system, and what has a calendar of its own, still gets fixes."""
    system = fact["system"]
    found = [(str(system["product"]), str(system["release"]), str(system["release"]))]
    for product, version in sorted(fact["packages"].items()):
        found.append((product, _upstream(str(version)), str(version)))
    for product, release, shown in found:
        yield _lifetime(product, release, shown, standard)


def _upstream(version: str) -> str:
    """Return the maker's part of a Debian version: `1:22.10.1~dfsg-3` is 22.10.1."""
    found = re.match(r"(?:[0-9]+:)?([0-9]+(?:\.[0-9]+)*)", version)
    return found[1] if found else ""


def _lifetime(product: str, release: str, shown: str, standard: Standard) -> Check:
    row = standard.rules.lifetime(product, release)
    days = standard.rules.thresholds.lifetime_days
    because = standard.because("thresholds", "lifetime_days")
    place = f"{product} {row.release if row else release}".strip()
    if row is None:
        return standard.check(
            "lifetime", place, expected="a version whose end of support is known",
            got=f"nobody told when support of {shown or product or 'it'} ends", ok=None,
            because=because, remedy="add it to lifetimes in policies/inspection.yml",
        )  # fmt: skip
    left = (row.until - standard.day).days
    return standard.check(
        "lifetime", place, expected=f"supported for {days} days more",
        got=f"{shown}: supported until {row.until} ({left} days; {row.source})",
        ok=left >= days, because=because, remedy=f"plan the successor of {place}",
    )  # fmt: skip


def _threshold(name: str) -> Any:
    def because(standard: Standard) -> Provenance:
        return standard.because("thresholds", name)

    return because


TOPICS: Final = (
    Topic("disks", "disk", "*", "free space on every file system", _threshold("disk_free"), disks),
    Topic("clock", "clock", "offset", "the controller's time", _threshold("clock_offset"), clock),
    Topic("sync", "time-sync", "service", "a time-synchronisation service runs",
          _threshold("time_sync"), sync),
    Topic("units", "unit", "*", "no unit has failed", _threshold("ignored_units"), units),
    Topic("reboot", "reboot", "system", "no restart is waited for", _threshold("reboot"), reboot),
    Topic("versions", "lifetime", "*", "versions that get fixes", _threshold("lifetime_days"), versions),
)  # fmt: skip
