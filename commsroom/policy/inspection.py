"""inspection.yml: what inspections look at, and the limits it must keep (clauses 3.2.2, 5.2.2).

The file is optional: without it everything below holds as written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from commsroom.policy.base import Model, Section
from commsroom.policy.lifetimes import BUILTIN, Lifetime
from commsroom.policy.scalars import Duration, PersonId, Share, Text

Port = Annotated[int, Field(ge=1, le=65535)]
SystemName = Annotated[str, StringConstraints(pattern=r"^[^:/\s]{1,64}$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$", max_length=255)]
#: What an octal mode looks like: `"0640"`.
Mode = Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")]
#: A part of a cipher's name as OpenSSL and RFC 8446 write it.
CipherPart = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{2,40}$")]
UnitName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_.@*?\\-]{1,128}$")]


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{text} is not a network: write 192.0.2.0/24 or 2001:db8::/32") from error


#: A network by its own address and the length of its prefix.
Network = Annotated[str, StringConstraints(max_length=64), AfterValidator(_network)]

#: Names of what no session may be protected with (RFC 9325 §4.1; SWEET32 for 3DES).
WEAK_CIPHERS: Final = (
    "NULL",
    "ANON",
    "ADH",
    "AECDH",
    "EXP",
    "DES",
    "RC2",
    "RC4",
    "IDEA",
    "SEED",
    "MD5",
)


class Thresholds(Section):
    """Limits of the regular inspection (clause 3.2.2)."""

    certificate_days: int = Field(
        default=21, ge=0, le=365, description="A certificate is renewed so many days before it ends"
    )
    queue_length: int = Field(
        default=50, ge=0, le=1_000_000, description="Most messages waiting to be delivered"
    )
    queue_age: Duration = Field(
        default=timedelta(hours=4),
        description="The oldest waiting message is no older, e.g. 4h",
    )
    disk_free: Share = Field(
        default=0.1, description="So much of each file system's space is free, e.g. 10 %"
    )
    inodes_free: Share = Field(
        default=0.1, description="So much of each file system's inodes is free, e.g. 10 %"
    )
    clock_offset: float = Field(
        default=2.0, gt=0, le=3600, description="Seconds a clock may differ from the controller's"
    )
    time_sync: bool = Field(
        default=True, description="A time-synchronisation service keeps the clock"
    )
    reboot: bool = Field(default=True, description="A server that waits for a restart is reported")
    ignored_units: tuple[UnitName, ...] = Field(
        default=(), description="systemd units, or globs of them, that may have failed"
    )
    lifetime_days: int = Field(
        default=90,
        ge=0,
        le=1095,
        description="A version is replaced so many days before its support ends",
    )
    channel_age: Duration = Field(
        default=timedelta(hours=4),
        description="A call that lasts longer is taken for stuck, e.g. 4h",
    )


class AllowedPort(Model):
    """One port, or a range, that may be open beside what the services themselves declare."""

    port: Port
    last: Port | None = Field(default=None, description="The last port of a range")
    transport: Literal["tcp", "udp"] = "tcp"
    why: Text = Field(description="What it is for")


class FileRule(Model):
    """How files that hold secrets are kept."""

    mode: Mode = Field(description='Widest mode they may have, e.g. "0640"')
    owner: Text = Field(default="root", description="User who owns them")


class Ssh(Section):
    """How administrators may log in to a server."""

    port: Port = Field(default=22, description="Where sshd listens")
    password_login: bool = Field(default=False, description="Whether a password is enough")
    root_password_login: bool = Field(
        default=False, description="Whether root may log in with a password"
    )


#: Where keys and passwords are on our servers, with the widest mode each needs. A file that is not there
#: is nothing to check.
SECRET_FILES: Final[Mapping[str, FileRule]] = {
    "/etc/commsroom/tls/*.key": FileRule(mode="0640"),
    "/etc/commsroom/lab/ssh_host_*_key": FileRule(mode="0600"),
    "/etc/ssh/ssh_host_*_key": FileRule(mode="0600"),
    "/etc/shadow": FileRule(mode="0640"),
    "/etc/gshadow": FileRule(mode="0640"),
    "/etc/asterisk/commsroom/*.conf": FileRule(mode="0640"),
    "/etc/asterisk/manager.conf": FileRule(mode="0640"),
    "/etc/dovecot/commsroom/*": FileRule(mode="0640"),
    "/etc/dovecot/users": FileRule(mode="0640"),
    "/etc/prosody/prosody.cfg.lua": FileRule(mode="0640"),
    "/var/lib/prosody/*/accounts/*.dat": FileRule(mode="0640", owner="prosody"),
}


class SecurityCheck(Section):
    """Limits of the security check (clause 5.2.2). The oldest TLS version is in security.yml."""

    forbidden_ciphers: tuple[CipherPart, ...] = Field(
        default=WEAK_CIPHERS, description="Parts of names of ciphers that no service may negotiate"
    )
    ports: Mapping[SystemName, tuple[AllowedPort, ...]] = Field(
        default={},
        description="Ports that may be open beside what the services declare, by system (`*`: all)",
    )
    pending_updates: int = Field(
        default=0, ge=0, le=1000, description="Most security updates that may wait to be installed"
    )
    lists_age: Duration = Field(
        default=timedelta(days=7),
        description="Package lists older than this prove nothing about updates: unknown",
    )
    default_passwords: Literal["builtin", "none"] = Field(
        default="builtin",
        description="`builtin`: vendors' defaults and the most guessed ones are tried on the server itself",
    )
    secret_files: Mapping[AbsolutePath, FileRule] = Field(
        default=SECRET_FILES, description="Files with secrets, by path or glob"
    )
    ssh: Ssh = Ssh()


class Firewall(Section):
    """The host firewall (role firewall); which ports it opens follows from the services."""

    management: tuple[Network, ...] = Field(
        default=(), description="Networks that may reach SSH; empty is everywhere"
    )


class Probes(Section):
    """Accounts an inspection uses, as `prove` does."""

    people: tuple[PersonId, ...] = Field(
        default=(), description="Ids of the roster; empty is a small sample, always the same people"
    )
    sample: int = Field(default=2, ge=1, le=50, description="How many, where nobody is named")


class Inspection(Section):
    """inspection.yml."""

    thresholds: Thresholds = Thresholds()
    security: SecurityCheck = SecurityCheck()
    firewall: Firewall = Firewall()
    probes: Probes = Probes()
    lifetimes: tuple[Lifetime, ...] = Field(
        default=(), description="Ends of support that replace or complete the built-in table"
    )

    def ports_of(self, system: str) -> tuple[AllowedPort, ...]:
        """Return the additional ports of a system."""
        return (*self.security.ports.get("*", ()), *self.security.ports.get(system, ()))

    def lifetime(self, product: str, release: str) -> Lifetime | None:
        """Return the end of support of a product's release (`13.0.1` finds `13.0`, then `13`)."""
        for rows in (self.lifetimes, BUILTIN):
            known = {row.release: row for row in rows if row.product == product}
            parts = release.split(".")
            for length in range(len(parts), 0, -1):
                if found := known.get(".".join(parts[:length])):
                    return found
        return None
