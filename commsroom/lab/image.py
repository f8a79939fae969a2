"""The image every host of the lab starts from: a plain Debian trixie with systemd and SSH."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Final

from commsroom.lab import packages
from commsroom.lab.errors import LabUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commsroom.lab.commands import Commands
    from commsroom.lab.engine import Engine
    from commsroom.lab.home import Home

#: Where an instance finds what is its own (see `instances`): mounted, never in an image.
OWN: Final = "/etc/commsroom/lab"
#: Where the roles put a server's TLS key: on an instance a mount too, for the same reason.
TLS: Final = "/etc/commsroom/tls"

#: Files of the image, by path. All of them are about being in a container, on a network with no outside.
_FILES: Final = {
    # No flushing to disk for each file: an image is made whole or thrown away.
    "etc/dpkg/dpkg.cfg.d/lab": (
        "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n"
        "path-exclude=/usr/share/locale/*\npath-exclude=/usr/share/info/*\n"
    ),
    "etc/apt/apt.conf.d/lab": (
        'APT::Install-Recommends "false";\nAcquire::Languages "none";\nAPT::Sandbox::User "root";\n'
        'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\nDPkg::Use-Pty "false";\n'
    ),
    "etc/apt/preferences.d/lab": packages.PREFERENCES,
    "etc/apt/sources.list": "",
    # The archive was fetched with its signatures checked; what we laid out from it is not signed.
    "etc/apt/sources.list.d/lab.sources": (
        "Types: deb\nURIs: file:/srv/packages\nSuites: trixie sid\nComponents: main\nTrusted: yes\n"
    ),
    "etc/ssh/sshd_config.d/lab.conf": (
        f"HostKey {OWN}/ssh_host_ed25519_key\nAuthorizedKeysFile {OWN}/authorized_keys\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUseDNS no\nMaxStartups 100\n"
        "MaxSessions 100\nPerSourcePenalties no\nPrintMotd no\n"
    ),
    "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\n",
    "etc/machine-id": "",
    "etc/hostname": "lab\n",
}
#: Units that would act on the machine below, or wait for something a container has not.
_MASKED: Final = (
    "apt-daily-upgrade.timer", "apt-daily.timer", "console-getty.service", "dev-hugepages.mount",
    "dpkg-db-backup.timer", "fstrim.timer", "getty.target", "kmod-static-nodes.service",
    "sys-fs-fuse-connections.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount", "systemd-binfmt.service", "systemd-firstboot.service",
    "systemd-hwdb-update.service", "systemd-logind.service", "systemd-modules-load.service",
    "systemd-networkd-wait-online.service", "systemd-pstore.service", "systemd-sysctl.service",
    "systemd-udev-trigger.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
)  # fmt: skip
_DISK_BYTES: Final = 2 << 30
_DEBOOTSTRAP_SECONDS: Final = 900.0


def name() -> str:
    """Return the image's name; its tag changes with what is in it."""
    recipe = repr((packages.wanted(), sorted(_FILES.items()), _MASKED, OWN, 3))
    return f"commsroom-base:{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def make(home: Home, run: Commands, engine: Engine, told: Callable[[str, str], None]) -> None:
    """Fetch the packages, install the base system and import it; replaces one of the same name.

    `told` hears of each step.

    Raises:
        LabUnavailable: there is no room for it, or no Debian to be had.
        LabFailed: a step failed.
    """
    free = shutil.disk_usage(home.path).free
    if free < _DISK_BYTES:
        raise LabUnavailable(
            f"the lab needs {_DISK_BYTES >> 30} GiB in {home.path}, and {free >> 20} MiB are free",
            remedy="make room, or name another folder with COMMSROOM_LAB_HOME",
        )
    told("packages", "fetching them with this machine's apt")
    home.note(packages=packages.fetch(home, run))
    root = home.path / "rootfs"
    run("rm", "-rf", "--one-file-system", root, step="clearing the last image")
    told("image", "installing Debian trixie")
    _write(root, {path: _FILES[path] for path in ("etc/dpkg/dpkg.cfg.d/lab",)})
    run(
        "debootstrap", "--variant=minbase", "--no-check-gpg", f"--include={','.join(packages.BASE)}",
        "trixie", root, f"file://{home.packages}", _script(), step="installing Debian trixie",
        timeout=_DEBOOTSTRAP_SECONDS,
    )  # fmt: skip
    _finish(root)
    _read_lists(run, home, root)
    told("image", "importing it")
    tarball = home.path / "rootfs.tar"
    run("tar", "-C", root, "--numeric-owner", "-cf", tarball, ".", step="packing the image")
    run("rm", "-rf", "--one-file-system", root, step="clearing up")
    change = 'CMD ["/sbin/init"]'
    engine.podman(
        "import", "--change", change, "--change", "STOPSIGNAL SIGRTMIN+3", tarball, name(),
        step="importing the image",
    )  # fmt: skip
    tarball.unlink()


def _finish(root: Path) -> None:
    """Make the fresh system an image: our files, nothing unique, nothing that acts on the machine."""
    for path in (root / "etc/ssh").glob("ssh_host_*"):
        path.unlink()
    shutil.rmtree(root / "var/cache/apt/archives")
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    for leftover in ("etc/resolv.conf", "var/lib/dbus/machine-id"):
        (root / leftover).unlink(missing_ok=True)
    _write(root, _FILES)
    (root / "srv/packages").mkdir(exist_ok=True)
    (root / OWN.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (root / "etc/hosts").unlink(missing_ok=True)
    (root / "etc/hosts").symlink_to(f"{OWN}/hosts")
    units = root / "etc/systemd/system"
    for unit in _MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")


def _read_lists(run: Commands, home: Home, root: Path) -> None:
    """Let apt read the archive's lists now, so that they are as new as the image itself says."""
    step = "reading the package lists into the image"
    shown = root / "srv/packages"
    run("cp", "-al", f"{home.packages}/.", shown, step=step)
    run("chroot", root, "apt-get", "update", "-q", step=step)
    run("find", shown, "-mindepth", "1", "-delete", step=step)


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).unlink(missing_ok=True)
        (root / path).write_text(text, "utf-8")


def _script() -> str:
    """Return debootstrap's script: trixie's, or on an older host sid's, of which it is a copy."""
    from pathlib import Path

    folder = Path("/usr/share/debootstrap/scripts")
    return str(next((folder / name for name in ("trixie", "sid") if (folder / name).exists()), ""))
