"""Ask a fresh station what commsroom asks: what is attached, why a disk would be refused, and a job to its end.

The disk is one that is not there: what a job writes is nowhere, and it may not end in PASS.
"""

import argparse
import sys
import time
from pathlib import Path

from commsroom.backends.wipe_station import BACKEND
from commsroom.estate.backend import Target, Tools
from commsroom.estate.retiring.verdict import Result
from commsroom.estate.retiring.wiping import Job

SYSTEM = "wipe-test"
SECONDS = 60.0
JOB = Job(
    name="molecule-1", path="/dev/no-such-disk", device="/dev/no-such-disk", serial="NONE",
    bytes=2**30, method="overwrite", members=(), header_backups=(), sampled=False,
)  # fmt: skip


def main() -> None:
    """Ask it all."""
    parser = argparse.ArgumentParser()
    for name in ("address", "ssh-config"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    ssh = ("-F", given.ssh_config, "-l", "root")
    target = Target(SYSTEM, given.address, SYSTEM, Path.cwd(), ssh_arguments=ssh)
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    provider.look(())
    if not provider.refusals([JOB])[0]:
        sys.exit("a disk that is not there would not be refused")
    end = time.monotonic() + SECONDS
    while (standing := provider.start([JOB])[JOB.name]).verdict is None:
        if time.monotonic() > end:
            sys.exit(f"the job does not end: {standing}")
        time.sleep(0.5)
    if standing.verdict.result is not Result.UNKNOWN:
        sys.exit(f"a disk that is not there was wiped: {standing}")


if __name__ == "__main__":
    main()
