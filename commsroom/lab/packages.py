"""The package archive of the lab: what its hosts need, fetched once, installed from without a network.

This machine's own apt does the fetching, with its proxies, certificates, credentials and signature
checks, but with a state of its own, as if for an empty Debian trixie. What comes is laid out as
an archive of two suites, `trixie` and `sid`, so that a host of the lab installs exactly as a host
in production does, and `apt-get update` works there too.
"""

from __future__ import annotations

import hashlib
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from commsroom.lab import machine, sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from commsroom.lab.commands import Commands
    from commsroom.lab.home import Home

#: A server as one would rent it: systemd, SSH, Python for Ansible.
BASE: Final = (
    "ca-certificates", "dbus", "iproute2", "libpam-systemd", "openssh-server", "openssl", "procps",
    "python3", "python3-apt", "systemd", "systemd-sysv",
)  # fmt: skip
#: What the roles install, by the suite it comes from. Stable Debian has no Asterisk.
ROLES: Final[Mapping[str, Sequence[str]]] = {
    "trixie": (
        "cryptsetup-bin", "dovecot-imapd", "dovecot-lmtpd", "dovecot-managesieved", "dovecot-sieve", "hdparm",
        "lua-dbi-sqlite3", "logrotate", "lua-sec", "lua-unbound", "nftables", "nginx-light", "nvme-cli", "postfix", "postfix-lmdb",
        "prosody", "rsync", "sg3-utils", "sqlite3",
    ),
    "sid": ("asterisk", "asterisk-core-sounds-en-gsm", "asterisk-modules"),
}  # fmt: skip
#: What debootstrap installs of every Debian, however small.
_SMALLEST: Final = ("?essential", "?priority(required)", "apt")
_FETCH: Final = 900.0  # seconds
_EPOCH: Final = re.compile(r"_\d+%3a")
_FIELD: Final = re.compile(r"^(Package|Version|Architecture): (.+)$", re.MULTILINE)
_FILENAME: Final = re.compile(r"^Filename: .*$", re.MULTILINE)
_INSTALLED: Final = "Status: install ok installed\n"


def wanted() -> str:
    """Return a digest of what the archive has to hold; another one means it has to be made anew."""
    return hashlib.sha256(repr((BASE, sorted(ROLES.items()))).encode()).hexdigest()[:16]


def fetch(home: Home, run: Commands) -> str:
    """Fill the archive and return a digest of the packages and versions in it.

    Raises:
        LabUnavailable: this machine's apt knows no archive of Debian.
        LabFailed: a package is not to be had.
    """
    apt = _with_lists(home, run)
    status, empty = home.apt / "status", home.apt / "none"
    trixie = _download(apt, empty, [*_SMALLEST, *BASE, *ROLES["trixie"]])
    # Resolved as on a host that has all that installed: from sid comes what Asterisk needs, no more.
    status.write_text("".join(f"{each}{_INSTALLED}\n" for each in trixie.values()), "utf-8")
    sid = _download(apt, empty, ["-t", "sid", *ROLES["sid"]])
    _publish(home, {"trixie": trixie, "sid": sid})
    return hashlib.sha256("\n".join([*trixie, *sid]).encode()).hexdigest()[:16]


def fetch_trixie(home: Home, run: Commands, names: Sequence[str]) -> None:
    """Fill an archive of trixie alone with the smallest Debian, packages, and what they depend on.

    Raises LabUnavailable and LabFailed as `fetch` does.
    """
    apt = _with_lists(home, run)
    _publish(home, {"trixie": _download(apt, home.apt / "none", [*_SMALLEST, *names])})


def _with_lists(home: Home, run: Commands) -> Commands:
    """Return apt as on a machine that has nothing installed, its lists read anew."""
    apt = _apt(home, run)
    (home.apt / "status").write_text("", "utf-8")
    apt("apt-get", "update", "-q", "--error-on=any", step="reading package lists", timeout=_FETCH)
    return apt


def _download(apt: Commands, empty: Path, names: Sequence[str]) -> dict[str, str]:
    """Fetch packages with all they depend on; return apt's record of each by its file's name."""
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends"]
    # Into an empty folder, so that what is in the cache already is named too: 'URI' FILE SIZE HASH
    fresh = [*install, "-o", f"Dir::Cache::archives={empty}", "--print-uris", *names]
    plan = apt(*fresh, step="resolving packages")
    apt(*install, "--download-only", *names, step="fetching packages", timeout=_FETCH)
    files = [line.split()[1] for line in plan.splitlines() if line.startswith("'")]
    exact = ["=".join(unquote(file).split("_")[:2]) for file in files]
    shown = apt("apt-cache", "show", *exact, step="reading package records")
    records = (f"{each.strip()}\n" for each in re.split(r"\n\s*\n", shown) if each.strip())
    return dict(sorted((_file(record), record) for record in records))


def _file(record: str) -> str:
    """Return how apt calls the package's file in its cache: NAME_VERSION_ARCHITECTURE.deb."""
    fields = dict(_FIELD.findall(record))
    version = fields["Version"].replace(":", "%3a")
    return f"{fields['Package']}_{version}_{fields['Architecture']}.deb"


def _apt(home: Home, run: Commands) -> Commands:
    """Return a way to run apt with a state of its own, on top of this machine's settings."""
    state = home.apt
    for folder in (
        state / "lists" / "partial",
        state / "none" / "partial",
        state / "archives" / "partial",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    (state / "debian.sources").write_text(sources.debian().stanzas(), "utf-8")
    (state / "preferences").write_text(PREFERENCES, "utf-8")
    settings = {
        "Dir::State": state, "Dir::State::status": state / "status",
        "Dir::State::lists": state / "lists", "Dir::State::extended_states": state / "extended",
        "Dir::Cache": state, "Dir::Cache::archives": state / "archives",
        "Dir::Etc::main": state / "none", "Dir::Etc::parts": state / "none",
        "Dir::Etc::sourcelist": state / "debian.sources", "Dir::Etc::sourceparts": state / "none",
        "Dir::Etc::preferences": state / "preferences", "Dir::Etc::preferencesparts": state / "none",
        "APT::Architecture": machine.architecture(), "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }  # fmt: skip
    host = run("apt-config", "dump", step="reading this machine's apt settings").splitlines()
    reach = [line for line in host if line.startswith("Acquire::")]  # proxies, certificates, …
    ours = [f'{name} "{value}";' for name, value in settings.items()]
    file = state / "apt.conf"
    file.write_text("\n".join([*reach, "#clear Acquire::Languages;", *ours, ""]), "utf-8")
    return run.inside(APT_CONFIG=str(file))


#: Both here and on the lab's hosts: sid only for what is asked from it by name, and its needs.
PREFERENCES: Final = "Package: *\nPin: release n=sid\nPin-Priority: 100\n"


def _publish(home: Home, suites: Mapping[str, Mapping[str, str]]) -> None:
    """Lay the packages out as an archive with an index for each suite; drop what none holds."""
    pool, kept = home.packages / "pool", set()
    pool.mkdir(parents=True, exist_ok=True)
    for suite, records in suites.items():
        entries = []
        for file, record in records.items():
            name = _EPOCH.sub("_", file)  # an archive's file names carry no epoch
            kept.add(name)
            if not (pool / name).exists():
                (pool / name).hardlink_to(home.apt / "archives" / file)
            entries.append(_FILENAME.sub(f"Filename: pool/{name}", record) + "\n")
        _index(home.packages / "dists" / suite, suite, "".join(entries).encode())
    for path in pool.iterdir():
        if path.name not in kept:
            path.unlink()


def _index(folder: Path, suite: str, packages: bytes) -> None:
    """Write `Packages` and the `Release` that vouches for it. Format: Debian wiki, DebianRepository/Format."""
    where = f"main/binary-{machine.architecture()}/Packages"
    (folder / where).parent.mkdir(parents=True, exist_ok=True)
    (folder / where).write_bytes(packages)
    digest = hashlib.sha256(packages).hexdigest()
    (folder / "Release").write_text(
        f"Origin: commsroom lab\nSuite: {suite}\nCodename: {suite}\nArchitectures: {machine.architecture()}\n"
        f"Components: main\nDate: {formatdate(usegmt=True)}\nSHA256:\n {digest} {len(packages)} {where}\n",
        "utf-8",
    )
