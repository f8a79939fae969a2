"""tls: the certificates of the estate's own authority, renewed before they end, and its root with overlap.

Servers are Ansible's: what is made here lies in `.commsroom/ca/` until a run of `site.yml` puts it on them,
and the certificate that they show until then stays good. Only what a server was seen to show counts.
"""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.certificates import Certificate, Renewed, Standing, Step
from commsroom.secrets.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commsroom.app.estate import Estate
    from commsroom.runs.inventory import System

_LOOK_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Bearer:
    """A certificate of the inventory: the name of its files, whom it is for, and who shows it."""

    name: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    systems: tuple[System, ...]


def standing(estate: Estate) -> Standing:
    """Return how it is; makes nothing.

    Raises:
        UsageError: the estate has no authority of its own.
        CommsroomError: it cannot be read.
    """
    authority = _authority(estate)
    bearers, others = _bearers(estate)
    return Standing(
        step=authority.step,
        until=authority.root.not_valid_after_utc,
        file=authority.certificate,
        certificates={name: _held(authority, one) for name, one in bearers.items()},
        others=others,
    )


def _held(authority: Authority, bearer: Bearer) -> Certificate:
    until, current = authority.issued(bearer.name) or (None, False)
    return Certificate(bearer.names, tuple(one.name for one in bearer.systems), until, current)


def renew(estate: Estate, systems: Iterable[str]) -> Renewed:
    """Make new certificates: of the named systems whatever there is, else of those that are due.

    Raises:
        UsageError: a named system is not in the inventory, its certificate is another authority's, or this
            is a simulation.
    """
    _require_real(estate)
    wanted = set(systems)
    bearers, others = _bearers(estate)
    for name in sorted(wanted):
        if name not in estate.systems:
            raise UsageError(
                f"{name} is not in the inventory", remedy=f"one of {', '.join(estate.systems)}"
            )
        if name in others:
            raise UsageError(
                f"the certificate of {name} is another authority's: {others[name]}",
                remedy="renew it there, then ansible-playbook playbooks/site.yml --tags instance",
            )
    _authority(estate)
    with estate.ledger.lock(actor()), _written(estate):
        return _issue(estate, _authority(estate), bearers.values(), wanted)


def renew_root(estate: Estate) -> Renewed:
    """Take the next step of the root's renewal; the last one only when every server shows the new one.

    Raises:
        UsageError: the estate has no authority of its own, or this is a simulation.
    """
    _require_real(estate)
    _authority(estate)  # said before anything is waited for
    bearers, _ = _bearers(estate)
    with estate.ledger.lock(actor()), _written(estate):
        authority = _authority(estate)  # as it is now that nobody else takes a step
        began = authority.step
        if began is Step.SETTLED:
            authority.introduce()
            done = Renewed()
        else:
            if began is Step.INTRODUCED:
                authority.move()
            done = _issue(estate, authority, bearers.values(), ())
            if began is Step.MOVED and not done.made:
                _seen(authority, bearers.values(), done)
                if not done.exit_code:
                    authority.settle()
        done.began, done.step = began, authority.step
        if done.step is not began:
            estate.ledger.record("root certificate", {"step": str(done.step)}, actor=actor())
    return done


def _issue(
    estate: Estate, authority: Authority, bearers: Iterable[Bearer], wanted: Iterable[str]
) -> Renewed:
    done = Renewed(step=authority.step, began=authority.step)
    chosen = set(wanted)
    for one in bearers:
        named = not chosen.isdisjoint(system.name for system in one.systems)
        if (named or not chosen) and authority.server(
            one.name, one.names, addresses=one.addresses, anew=named
        ):
            done.made.append(one.name)
    if done.made:
        estate.ledger.record("certificate made", {"names": done.made}, actor=actor())
    return done


def _seen(authority: Authority, bearers: Iterable[Bearer], done: Renewed) -> None:
    """Look at every service, trusting nothing but the root that signs now."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from commsroom.backends import outside

    with TemporaryDirectory(prefix="commsroom-") as folder:
        alone = Path(folder) / "root.crt"
        alone.write_bytes(authority.root.public_bytes(Encoding.PEM))
        for system in (one for bearer in bearers for one in bearer.systems if not one.simulated):
            services = [one for one in system.backend.services(system.target) if one.encrypted]
            if not services:  # what cannot be seen must not count as seen
                done.unknown[system.name] = "it has no service that shows a certificate"
            target = replace(system.target, ca=alone)
            found = outside.look(target, services, ports=(), forbidden=(), seconds=_LOOK_SECONDS)
            for service in services:
                fact: Any = found[service.place]
                if "unknown" in fact:
                    done.unknown[system.name] = f"{service.place}: {fact['unknown']}"
                elif not fact["verified"]:
                    done.old.append(f"{system.name} {service.place}")


@contextlib.contextmanager
def _written(estate: Estate) -> Iterator[None]:
    """Say in one line why a file of the authority could not be written; each is whole or as it was."""
    try:
        yield
    except OSError as error:
        raise CommsroomError(
            f"{_folder(estate)} cannot be written: {error.strerror}",
            remedy="make room or mend its permissions, then run the same command again",
        ) from error


def _require_real(estate: Estate) -> None:
    if estate.simulate is not None:
        raise UsageError(
            "certificates are the estate's own, and simulated servers show none",
            remedy="leave out --simulate",
        )


def _authority(estate: Estate) -> Authority:
    folder = _folder(estate)
    if not (folder / "ca.crt").exists():
        raise UsageError(
            f"{folder} is not there: this estate has no authority of its own",
            remedy="commsroom lab up makes one for the lab; else renew certificates where they come from",
        )
    return Authority(folder)


def _folder(estate: Estate) -> Path:
    return estate.path / ".commsroom" / "ca"


def _bearers(estate: Estate) -> tuple[dict[str, Bearer], dict[str, str]]:
    """Return the certificates that are this authority's by name, and the files of those that are not."""
    from commsroom.runs import inventory

    found: dict[str, Bearer] = {}
    others: dict[str, str] = {}
    for name, system in estate.systems.items():
        variables = system.target.variables
        text = inventory.constant(name, variables, "commsroom_tls_certificate")
        if not text:
            continue
        path = (estate.path / text).resolve()
        if path.parent != _folder(estate).resolve() or path.suffix != ".crt":
            others[name] = text
            continue
        one = found.get(path.stem, Bearer(path.stem, (), (), ()))
        given = variables.get("commsroom_tls_names", ())
        if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
            raise CommsroomError(
                f"inventory: {name}: commsroom_tls_names: {given!r} is not a list of names"
            )
        found[path.stem] = Bearer(
            path.stem,
            tuple(dict.fromkeys([*one.names, system.target.tls_name, *given])),
            tuple(dict.fromkeys([*one.addresses, *_address(system.target.host)])),
            (*one.systems, system),
        )
    return found, others


def _address(host: str) -> tuple[str, ...]:
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        return ()


def now() -> datetime:
    """Return the time, aware."""
    return datetime.now(UTC)
