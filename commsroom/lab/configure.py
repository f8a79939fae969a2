"""Make a host of the lab what it is: a run of `playbooks/site.yml` for it alone."""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
from typing import TYPE_CHECKING, Final

from commsroom.lab import instances
from commsroom.lab.errors import LabFailed
from commsroom.runs import ansible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commsroom.lab.home import Home

    Told = Callable[[str, str], None]

#: Tasks that place what is an instance's own (TLS keys) carry this tag; a saved server needs no others.
INSTANCE_TAG: Final = "instance"
_TASK: Final = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \*+$")
_SECONDS: Final = 900.0


def configure(estate: Path, home: Home, host: str, tag: str, told: Told) -> None:
    """Run `site.yml` for one host, with `tag` only tasks of that tag.

    Raises:
        LabFailed: it did not end well; says what was wrong first, in Ansible's words.
    """
    log = home.path / f"site-{host}.log"
    argv = [
        ansible.executable("ansible-playbook"), "-i", str(estate / "inventory"), "--limit", host,
        *(["--tags", tag] if tag else []), str(estate / "playbooks" / "site.yml"),
    ]  # fmt: skip
    environment = {**ansible.environment(estate), "ANSIBLE_STDOUT_CALLBACK": "default"}
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(  # noqa: S603 - a list, no shell
            argv, cwd=estate, env=environment, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process,
    ):  # fmt: skip
        alarm = threading.Timer(_SECONDS, process.kill)
        alarm.start()
        try:
            for line in process.stdout or ():
                kept.write(line)
                found = _TASK.match(line)
                if found:
                    told(host, found[1])
        finally:
            alarm.cancel()
    code = process.returncode
    if code:
        raise LabFailed(f"lab: {host}: site.yml failed: {_reason(log)}", remedy=f"read {log}")


def _reason(log: Path) -> str:
    """Return the first thing that went wrong, in Ansible's words."""
    lines = log.read_text("utf-8").splitlines()
    wrong = [line for line in lines if line.startswith(("fatal:", "[ERROR]", "ERROR!"))]
    return " ".join((wrong or lines[-1:] or ["it said nothing"])[0].split())[:300]


def identity(estate: Path, host: str) -> str:
    """Return a digest of the TLS files meant for a host; another one means they have to be placed."""
    folder = estate / ".commsroom" / "ca"
    digest = hashlib.sha256()
    for name in (f"{host}.crt", "ca.crt"):
        path = folder / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:16]


def placed(home: Home, host: str) -> bool:
    """Tell whether the host has TLS files at all, from its last life."""
    folder = instances.tls_folder(home, host)
    return folder.is_dir() and bool(list(folder.iterdir()))
