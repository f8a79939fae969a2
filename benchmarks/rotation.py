"""`make bench-rotation`: 10,000 SIP passwords renewed on the lab's exchange, beside a bare rewrite of the same file.

The bare one is what an administrator would write: a program on the server puts a new password into every
section and reloads. It stores nothing first, keeps no old one beside, and tries none. Its passwords are put
right again by an apply before ours are renewed, and nothing else is at work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Final

from estate import BIN, ESTATE, ROOT, commsroom, environ, hire, prepare

PEOPLE: Final = 10_000
ROUNDS: Final = 3
_BARE: Final = r"""
import re, secrets, subprocess
path = "/etc/asterisk/commsroom/pjsip.conf"
text = open(path, encoding="utf-8").read()
text = re.sub(r"^password=.*$", lambda _: "password=" + secrets.token_hex(12), text, flags=re.M)
with open(path + ".new", "w", encoding="utf-8") as file:
    file.write(text)
subprocess.run(["sh", "-c", f"chown --reference={path} {path}.new && chmod --reference={path} {path}.new"], check=True)
import os
os.rename(path + ".new", path)
subprocess.run(["asterisk", "-rx", "module reload res_pjsip.so"], check=True, stdout=subprocess.DEVNULL)
subprocess.run(["asterisk", "-rx", "pjsip show auths"], check=True, stdout=subprocess.DEVNULL)
"""


def main() -> int:
    """Measure, print, write benchmarks/rotation.json."""
    prepare()
    rules = ESTATE / "policies" / "telephony.yml"
    text = rules.read_text("utf-8")
    rules.write_text(text.replace('"3100-3999"', '"3100-3999", "40000-59999"'), "utf-8")
    security = ESTATE / "policies" / "security.yml"
    with security.open("a", encoding="utf-8") as file:
        file.write("rotation: {grace: 1d}\n")
    commsroom("lab", "up")
    hire("r", PEOPLE, site="kaohsiung")
    commsroom("apply", "--yes")
    bare = sorted(_bare() for _ in range(ROUNDS))[ROUNDS // 2]
    commsroom("apply", "--yes")  # the passwords are ours again
    ours = _rotated()
    commsroom("lab", "down")
    found = {"secrets": ours["renewed"], "bare_s": bare, "rotate": ours}
    ratio = ours["wall_s"] / bare
    print(
        f"{ours['renewed']:,} SIP passwords: rotate {ours['wall_s']:.1f} s ({ours['cpu_s']:.1f} s CPU here,"
        f" {ours['peak_mib']:.0f} MiB), bare rewrite {bare:.1f} s: {ratio:.1f} times",
        flush=True,
    )
    (ROOT / "benchmarks" / "rotation.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def _bare() -> float:
    started = time.monotonic()
    subprocess.run(
        ["ssh", "-F", ".commsroom/lab/ssh_config", "pbx1", "python3", "-"],
        cwd=ESTATE, input=_BARE, text=True, check=True,
    )  # fmt: skip
    return time.monotonic() - started


def _rotated() -> dict[str, Any]:
    """Renew all; every one must have been accepted by a login."""
    started = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / "commsroom"), "rotate", "pbx1:extension/*", "--yes", "--json"],
        cwd=ESTATE, env=environ(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    told = json.load(process.stdout)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    phases = {one["phase"] for one in told["rotations"]}
    if process.returncode or phases != {"grace"}:
        raise SystemExit(f"rotate ended with {process.returncode}: {sorted(phases)}")
    return {
        "renewed": len(told["rotations"]),
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    sys.exit(main())
