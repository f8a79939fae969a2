"""What this machine is like: whether it can hold containers, and what has to be worked round."""

from __future__ import annotations

import platform
import shutil
from functools import cache
from pathlib import Path
from typing import Final

from commsroom.lab.errors import LabUnavailable

_CAP_SYS_RESOURCE: Final = 24
_DEBIAN_NAMES: Final = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64el"}
#: Programs the lab runs and the package each one is in.
_PROGRAMS: Final = {
    "podman": "podman", "crun": "crun", "debootstrap": "debootstrap", "apt-get": "apt", "ip": "iproute2",
    "nsenter": "util-linux", "unshare": "util-linux", "ssh-keygen": "openssh-client",
}  # fmt: skip


@cache
def architecture() -> str:
    """Return this machine's architecture as Debian calls it."""
    name = platform.machine()
    return _DEBIAN_NAMES.get(name, name)


def needs_own_cgroups() -> bool:
    """Tell whether the cgroup tree is v1 or hybrid, which today's container runtimes refuse."""
    return not Path("/sys/fs/cgroup/cgroup.controllers").exists()


def may_raise_limits() -> bool:
    """Tell whether root here still has CAP_SYS_RESOURCE; some sandboxes drop it."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)
    return True


def require_programs() -> None:
    """Raise LabUnavailable, naming the packages, when a program the lab runs is missing."""
    missing = sorted({package for name, package in _PROGRAMS.items() if not shutil.which(name)})
    if missing:
        raise LabUnavailable(
            f"the lab needs {', '.join(missing)}", remedy="make setup installs what is missing"
        )
