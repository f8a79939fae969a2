"""What an inspection sees of a simulated system: all as it should be, unless a file beside it says otherwise.

`im1.inspection.json` beside a twin's `im1.json` holds the facts that differ, in the shape of
`estate.inspection.Seen`: `{"host": {"clock": {"ahead": 30}}, "own": …, "outside": …}`. A mapping goes into
what is there, anything else replaces it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from commsroom.estate.inspection import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from commsroom.estate.inspection import Facts, Service


def seen(services: Sequence[Service], own: Facts, wanted: Facts, state: Path | None) -> Seen:
    """Return what would be seen; `state` is the file the twin lives in."""
    facts: Facts = {
        "host": _host(services, wanted),
        "own": own,
        "outside": _outside(services),
    }
    beside = state.with_suffix(".inspection.json") if state else None
    if beside is not None and beside.exists():
        facts = _merged(facts, json.loads(beside.read_text("utf-8")))
    return Seen(facts["host"], facts["own"], facts["outside"])


def _host(services: Sequence[Service], wanted: Facts) -> Facts:
    disk = {"place": "/", "kind": "ext4", "blocks": 1000, "free": 700, "block_bytes": 2**20}
    return {
        "disks": [{**disk, "inodes": 1000, "inodes_free": 900}],
        "clock": {"ahead": 0.0, "uncertain": 0.01},
        "units": {"failed": []},
        "sync": {
            "keepers": {"chrony.service": {"active": True, "enabled": True}},
            "synchronised": True, "zone": "Etc/UTC", "container": "",
        },
        "updates": {"age": 3600.0, "archives": 2, "security_archive": True, "pending": []},
        "versions": {"system": {"product": "debian", "release": "13"}, "packages": {}},
        "reboot": {"required": False, "because": []},
        "sockets": {
            "open": [
                {"transport": service.transport, "address": "0.0.0.0", "port": service.port,  # noqa: S104 - a fact, no listener
                 "programs": [service.name]}
                for service in services if not service.on_demand
            ]
        },
        "files": {path: {"files": 1, "wrong": [], "more": 0} for path in wanted["files"]},
        "accounts": {
            "empty": [], "default": [], "tried": "all", "with_password": 0, "masters": ["root"],
        },
        "sshd": {
            "passwordauthentication": "no", "kbdinteractiveauthentication": "no",
            "permitrootlogin": "without-password", "permitemptypasswords": "no",
        },
    }  # fmt: skip


def _outside(services: Sequence[Service]) -> Facts:
    good = {
        "name": "simulated", "verified": True, "why": "", "days": 300,
        "until": (datetime.now(UTC) + timedelta(days=300)).date().isoformat(),
        "version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "clear": [],
        "old": {"1.0": "refused", "1.1": "refused", "1.2": "refused"},
        "weak": {"offered": 30, "accepted": [], "unknown": ""},
    }  # fmt: skip
    tcp = [service.port for service in services if service.transport == "tcp"]
    found: Facts = {service.place: dict(good) for service in services if service.encrypted}
    return {**found, "ports": {"looked": 60, "open": tcp, "silent": []}}


def _merged(base: Any, over: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{name: _merged(base.get(name), value) for name, value in over.items()}}
