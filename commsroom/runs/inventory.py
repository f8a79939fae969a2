"""The inventory exactly as Ansible sees it, and the systems in it.

The facts come from `ansible-inventory --list`, so Ansible and Nornir cannot disagree. Asking
costs most of a second; the answer is kept beside the ledger as long as the source files are
static and unchanged.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom import backends, files
from commsroom.errors import CommsroomError
from commsroom.estate.backend import Backend, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STATIC: Final = frozenset({".yml", ".yaml", ".json", ".ini", ""})
#: Bytes; what is larger is left to Ansible each time.
_LARGEST: Final = 64 * 2**20
_NOT_IN_NAMES: Final = re.compile(r"[:/\s]")


@dataclass(frozen=True, slots=True)
class System:
    """One installed thing in the inventory: where it is, what kind it is, whether it is simulated.

    `sites` are the sites it serves; empty means all. `state` is where a simulated one keeps
    what it holds.
    """

    name: str
    backend: Backend
    target: Target
    sites: tuple[str, ...] = ()
    state: Path | None = None

    @property
    def simulated(self) -> bool:
        """Tell whether a fake stands in for the real server."""
        return self.state is not None


def listing(estate: Path) -> dict[str, Any]:
    """Return what `ansible-inventory --list` prints for the estate, from its cache when valid.

    Raises:
        CommsroomError: there is no inventory, or Ansible cannot read it.
    """
    source = estate / "inventory"
    if not source.exists():
        raise CommsroomError(
            f"{source}: there is no inventory", remedy="commsroom init DIR makes one to start from"
        )
    digest = _digest(estate, source)
    cache = estate / ".commsroom" / "inventory.json"
    if digest and cache.is_file():
        held = _read_cache(cache)
        if held.get("digest") == digest:
            found: dict[str, Any] = held["listing"]
            return found
    from commsroom.runs import ansible  # costs 0.1 s, and only a changed inventory needs it

    found = ansible.inventory(estate)
    if digest:
        _write_cache(cache, {"digest": digest, "listing": found})
    return found


def systems(estate: Path, *, simulate: Path | None = None) -> dict[str, System]:
    """Return the systems of the inventory by name: every host with a `commsroom_backend`.

    With `simulate`, all are fakes that keep their state in that folder; a host with
    `commsroom_simulated: true` always is one.
    """
    hostvars = listing(estate).get("_meta", {}).get("hostvars", {})
    constants = {"inventory_dir": str(estate / "inventory")}
    found = {
        name: _system(
            estate, name, {**constants, "inventory_hostname": name, **variables}, simulate
        )
        for name, variables in sorted(hostvars.items())
        if "commsroom_backend" in variables
    }
    if not found:
        raise CommsroomError(
            f"{estate / 'inventory'}: no host has a commsroom_backend",
            remedy="set commsroom_backend: asterisk, postfix_dovecot or prosody on your servers",
        )
    return found


def _system(estate: Path, name: str, variables: Mapping[str, Any], simulate: Path | None) -> System:
    if _NOT_IN_NAMES.search(name):
        raise CommsroomError(
            f"inventory: {name!r} cannot be the name of a system: it is part of addresses",
            remedy="a name holds no colon, slash or space",
        )
    state = simulate / f"{name}.json" if simulate else None
    if state is None and variables.get("commsroom_simulated") is True:
        state = estate / ".commsroom" / "simulated" / f"{name}.json"
    ca = constant(name, variables, "commsroom_ca_certificate")
    domain = constant(name, variables, "commsroom_domain")
    target = Target(
        system=name,
        host=constant(name, variables, "ansible_host") or name,
        tls_name=constant(name, variables, "commsroom_tls_name")
        or (f"{name}.{domain}" if domain else name),
        estate=estate,
        ssh_arguments=tuple(_ssh_arguments(name, variables)),
        become=variables.get("ansible_become") is True,
        variables=variables,
        ca=estate / ca if ca else None,
    )
    backend = backends.backend(str(variables["commsroom_backend"]))
    return System(name, backend, target, _sites(name, variables.get("commsroom_sites")), state)


def _sites(name: str, given: Any) -> tuple[str, ...]:
    """Return the sites a system serves; one may be written without the list round it."""
    found = [given] if isinstance(given, str) else given or []
    if not isinstance(found, list) or not all(isinstance(site, str) for site in found):
        raise CommsroomError(
            f"inventory: {name}: commsroom_sites: {given!r} is not a list of sites",
            remedy="write commsroom_sites: [taipei, kaohsiung], or leave it out for all",
        )
    return tuple(found)


def _ssh_arguments(name: str, variables: Mapping[str, Any]) -> Iterable[str]:
    """Give what Ansible itself would hand to ssh, in its order."""
    for option in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
        text = constant(name, variables, option)
        try:
            yield from shlex.split(text)
        except ValueError as error:
            raise CommsroomError(
                f"inventory: {name}: {option}: a quote does not end",
                remedy="an estate's own path may hold no quotes where this option names it",
            ) from error
    flags = {"ansible_port": "-p", "ansible_user": "-l", "ansible_ssh_private_key_file": "-i"}
    for option, flag in flags.items():
        value = constant(name, variables, option)
        if value:
            yield from (flag, value)


def constant(host: str, variables: Mapping[str, Any], name: str) -> str:
    """Return a variable as text; of templates, only the two constants of a host are filled in.

    Raises:
        CommsroomError: it is another template, which only Ansible could fill in.
    """
    value = str(variables.get(name, ""))
    for constant in ("inventory_dir", "inventory_hostname"):
        for spelling in (f"{{{{ {constant} }}}}", f"{{{{{constant}}}}}"):
            value = value.replace(spelling, str(variables[constant]))
    if "{{" in value or "{%" in value:
        raise CommsroomError(
            f"inventory: {host}: {name} is a template; commsroom reads it without running Ansible",
            remedy="write the value itself; only inventory_dir and inventory_hostname are filled in",
        )
    return value


def _digest(estate: Path, source: Path) -> str:
    """Hash every file the inventory is made of; empty when some of it is dynamic."""
    digest = hashlib.sha256()
    roots = [source] if source.is_file() else sorted(source.rglob("*"))
    found = [path for path in [*roots, estate / "ansible.cfg"] if path.is_file()]
    policies = estate / "policies"
    for path in [*found, *sorted(policies.glob("*.yml"))]:
        if path.suffix not in {*_STATIC, ".cfg"} or (path in roots and os.access(path, os.X_OK)):
            return ""
        try:
            content = files.read(path, most=_LARGEST)
        except (FileNotFoundError, files.FileUnusable):
            return ""
        digest.update(f"{path.relative_to(estate)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _read_cache(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _write_cache(path: Path, content: Mapping[str, Any]) -> None:
    """Keep the answer, where the estate has a folder for it already and that may be written."""
    if not path.parent.is_dir():
        return  # only looking at an estate leaves nothing behind in it
    beside = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(content), "utf-8")
        beside.rename(path)
