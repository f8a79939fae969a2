"""`make bench-drift`: what a drift check of 10,000 people costs, on the lab's servers.

The sample estate first, then with 10,000 more: wall time, CPU and memory of the controller, CPU of each
server and how often it was logged in to. The number of logins must not grow with the company.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Final

from estate import BIN, ESTATE, ROOT, commsroom, environ, hire, prepare

HOSTS: Final = ("pbx1", "mail1", "im1")
PEOPLE: Final = 10_000
ROUNDS: Final = 3
#: Asked of a server in one go: CPU in microseconds, and the logins its SSH server ever accepted.
_ASK: Final = (
    "grep ^usage_usec /sys/fs/cgroup/cpu.stat | cut -d' ' -f2;"
    " journalctl -u ssh -o cat | grep -c Accepted"
)


def main() -> int:
    """Measure, print a table, write benchmarks/scale.json; 1 where more people mean more logins."""
    prepare()
    rules = ESTATE / "policies" / "telephony.yml"
    text = rules.read_text("utf-8")
    assert '"3100-3999"' in text
    rules.write_text(text.replace('"3100-3999"', '"3100-3999", "40000-59999"'), "utf-8")
    commsroom("lab", "up")
    commsroom("apply", "--yes")
    few = _measured("sample")
    hire("s", PEOPLE, site="kaohsiung")
    started = time.monotonic()
    commsroom("apply", "--yes")
    applied = time.monotonic() - started
    print(f"applied to {PEOPLE:,} more people in {applied:.0f} s", flush=True)
    many = _measured(f"{PEOPLE:,} more")
    commsroom("lab", "down")
    found = {"people": PEOPLE, "apply_s": applied, "sample": few, "large": many}
    (ROOT / "benchmarks" / "scale.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0 if few["logins"] == many["logins"] else 1


def _measured(title: str) -> dict[str, Any]:
    runs = sorted((_drift() for _ in range(ROUNDS)), key=lambda one: one["wall_s"])
    found = runs[ROUNDS // 2]
    servers = ", ".join(f"{name} {found['server_cpu_s'][name]:.1f} s" for name in HOSTS)
    print(
        f"drift, {title}: {found['wall_s']:.1f} s; here {found['cpu_s']:.1f} s CPU,"
        f" {found['peak_mib']:.0f} MiB; CPU of {servers}; logins {found['logins']}",
        flush=True,
    )
    return found


def _drift() -> dict[str, Any]:
    """Check once; it must find nothing. Its own logins are counted, not those of the question."""
    before = {name: _asked(name) for name in HOSTS}
    started = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / "commsroom"), "drift", "--no-record"], cwd=ESTATE, env=environ(),
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"drift ended with {process.returncode}: there must be none here")
    after = {name: _asked(name) for name in HOSTS}
    return {
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
        "server_cpu_s": {name: (after[name][0] - before[name][0]) / 1e6 for name in HOSTS},
        "logins": {name: after[name][1] - before[name][1] - 1 for name in HOSTS},
    }


def _asked(host: str) -> tuple[int, int]:
    done = subprocess.run(
        ["ssh", "-F", ".commsroom/lab/ssh_config", host, _ASK], cwd=ESTATE, check=True,
        stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    usage, logins = done.stdout.split()
    return int(usage), int(logins)


if __name__ == "__main__":
    sys.exit(main())
