"""Runs on a server: everything an inspection wants to know of the machine itself, in one go.

Sent over SSH as source; standard library of Python 3.9 only. Each part is looked at on its own: what
fails is `{"unknown": why}`, and the rest is still told. Nothing secret is sent back: of files their
modes, of accounts their names.

Sources: proc(5), statvfs(3), systemctl(1), timedatectl(1), apt-get(8), RFC 5905 for the clock.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends import on_target_security as security
from commsroom.backends.on_target import TargetError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Json = dict[str, Any]

#: Services that keep a clock, by the names Debian and its kin give them.
_KEEPERS: Final = ("chrony", "chronyd", "systemd-timesyncd", "ntpsec", "ntp", "ntpd", "openntpd")
#: File systems that hold nothing of ours, or that cannot run full.
_NOT_STORES: Final = frozenset(
    [
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fusectl",
        "hugetlbfs",
        "iso9660",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "ramfs",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "squashfs",
        "sysfs",
        "tracefs",
    ]
)
_TOOL_SECONDS: Final = 20.0
_STAT_SECONDS: Final = 3.0
_INST: Final = re.compile(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ([^\[\)]*)")
_LISTS: Final = ("/var/lib/apt/lists", "/var/lib/apt/lists/partial", "/var/lib/apt/periodic")


def inspect(data: Mapping[str, Any]) -> Json:
    """Return all facts.

    Args:
        data: `files` (glob → mode, owner), `passwords` (defaults to try), `packages` (names whose
            version is wanted), `own` (module, function and data of the back end's part, or None).

    Returns:
        By name, each part's facts or `{"unknown": why}`. `clock` has `begin` and `end` by this
        machine's clock; what is between them is not the network's time.
    """
    os.environ["LC_ALL"] = "C.UTF-8"  # tools shall say what is expected below
    begin = time.time()
    parts: dict[str, Callable[[], Any]] = {
        "disks": lambda: list(_disks(Path("/proc/self/mounts").read_text("utf-8", "replace"))),
        "units": _units,
        "sync": _sync,
        "updates": _updates,
        "versions": lambda: _versions(data["packages"]),
        "reboot": _reboot,
        "sockets": security.sockets,
        "files": lambda: security.files(data["files"]),
        "accounts": lambda: security.accounts(data["passwords"]),
        "sshd": security.sshd,
    }
    found = {name: _attempt(part) for name, part in parts.items()}
    own = data["own"]
    if own is not None:
        part = getattr(sys.modules[own["module"]], own["function"])
        found["own"] = _attempt(lambda: part(own["data"]))
    found["clock"] = {"begin": begin, "end": time.time()}
    return found


def _attempt(part: Callable[[], Any]) -> Any:
    try:
        return part()
    except TargetError as error:
        return {"unknown": error.message}
    except OSError as error:
        return {"unknown": f"{error.filename or ''}: {error.strerror}".lstrip(": ")}
    except Exception as error:  # noqa: BLE001 - one part's failure hides no other; its text could hold a value
        return {"unknown": f"unexpected {type(error).__name__}"}


def _disks(mounts: str) -> Iterator[Json]:
    """Tell of each file system once, at the first place it is mounted, how full it is."""
    seen = set()
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split(" ")
        # proc(5): space, tab, newline and backslash are written in octal.
        place = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)
        if kind in _NOT_STORES or "ro" in options.split(","):
            continue
        if place.startswith(("/dev/", "/proc/", "/sys/")) or not Path(place).is_dir():
            continue
        fact = _bounded(place)
        device = fact.pop("device", place)
        if device not in seen and fact.get("blocks") != 0:
            seen.add(device)
            yield {"place": place, "kind": kind, **fact}


def _bounded(place: str) -> Json:
    """Ask a file system, which may be a server's that went away, for no longer than it takes."""
    found: Json = {"unknown": f"no answer within {_STAT_SECONDS:g} s"}

    def ask() -> None:
        try:
            said = os.statvfs(place)
            found.update(
                blocks=said.f_blocks, free=said.f_bavail, block_bytes=said.f_frsize,
                inodes=said.f_files, inodes_free=said.f_favail, device=Path(place).stat().st_dev,
            )  # fmt: skip
            del found["unknown"]
        except OSError as error:
            found["unknown"] = str(error.strerror)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_STAT_SECONDS)
    return dict(found)


def _units() -> Json:
    text = run(
        ["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full"],
        timeout=_TOOL_SECONDS,
    )
    return {"failed": [line.split()[0] for line in text.splitlines() if line.strip()]}


def _sync() -> Json:
    """Tell which service keeps the clock, whether the kernel calls it synchronised, and who is below."""
    names = ["Id", "LoadState", "ActiveState", "UnitFileState", "ConditionResult"]
    text = run(
        ["systemctl", "show", *(f"--property={name}" for name in names), "--"]
        + [f"{name}.service" for name in _KEEPERS],
        timeout=_TOOL_SECONDS,
    )
    keepers = {}
    for block in text.split("\n\n"):
        unit = dict(line.partition("=")[::2] for line in block.strip().splitlines())
        if unit.get("LoadState") == "loaded":
            keepers[unit["Id"]] = {
                "active": unit["ActiveState"] == "active",
                "enabled": unit["UnitFileState"] in {"enabled", "enabled-runtime"},
            }
    shown = run(["timedatectl", "show"], timeout=_TOOL_SECONDS)
    said = dict(line.partition("=")[::2] for line in shown.splitlines())
    try:
        container = run(["systemd-detect-virt", "--container"], timeout=_TOOL_SECONDS).strip()
    except TargetError:  # its way to say no
        container = ""
    return {
        "keepers": keepers,
        "synchronised": said.get("NTPSynchronized") == "yes",
        "zone": said.get("Timezone", ""),
        "container": container,
    }


def _updates() -> Json:
    """Tell what apt would install, by its own reckoning from the archives it is configured for."""
    times = [Path(place).stat().st_mtime for place in _LISTS if Path(place).exists()]
    times += [path.stat().st_mtime for path in Path("/var/lib/apt/periodic").glob("update-*stamp")]
    text = run(
        ["apt-get", "--simulate", "--quiet=2", "-o", "Debug::NoLocking=1", "dist-upgrade"],
        timeout=_TOOL_SECONDS,
    )
    pending = [found.groups() for line in text.splitlines() if (found := _INST.match(line))]
    archives = run(["apt-cache", "policy"], timeout=_TOOL_SECONDS)
    releases = re.findall(r"^\s+release (.*)$", archives, re.MULTILINE)
    return {
        "age": time.time() - max(times) if times else None,
        "archives": sum("o=" in line and "a=now" not in line for line in releases),
        "security_archive": any("security" in line.lower() for line in releases),
        "pending": [
            {"package": name, "version": version, "security": "security" in origin.lower()}
            for name, version, origin in pending
        ],
    }


def _versions(wanted: list[str]) -> Json:
    release = dict(
        line.partition("=")[::2]
        for line in Path("/etc/os-release").read_text("utf-8", "replace").splitlines()
    )
    text = run(
        ["dpkg-query", "--show", "--showformat=${Package}\\t${Version}\\t${db:Status-Abbrev}\\n"],
        timeout=_TOOL_SECONDS,
    )
    rows = (line.split("\t") for line in text.splitlines())
    installed = {name: version for name, version, state in rows if state.startswith("ii")}
    return {
        "system": {
            "product": release.get("ID", "").strip('"'),
            "release": release.get("VERSION_ID", "").strip('"'),
        },
        "packages": {name: installed[name] for name in wanted if name in installed},
    }


def _reboot() -> Json:
    flag = Path("/run/reboot-required")
    why = Path("/run/reboot-required.pkgs")
    names = why.read_text("utf-8", "replace").split() if why.exists() else []
    return {"required": flag.exists(), "because": sorted(set(names))[:20]}
