"""Runs on the mail server: what waits in the queue, and whether Postfix and Dovecot can keep up.

Sent over SSH as source; standard library of Python 3.9 only. Who writes to whom is nobody's business
here: only numbers and ages are sent back.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Json = dict[str, Any]
_SECONDS: Final = 20.0


def inspect(data: Mapping[str, Any]) -> Json:
    """Return the facts of `queue`, `postfix` and `dovecot`; `{"unknown": why}` for what fails."""
    return {
        "queue": _attempt(
            lambda: queue(run(["postqueue", "-j"], timeout=_SECONDS).splitlines(), time.time())
        ),
        "postfix": _attempt(_postfix),
        "dovecot": _attempt(
            lambda: dovecot(run(["doveadm", "service", "status"], timeout=_SECONDS))
        ),
    }


def _attempt(part: Callable[[], Json]) -> Json:
    try:
        return part()
    except TargetError as error:
        return {"unknown": error.message}
    except (KeyError, TypeError, ValueError):
        return {"unknown": "its tool's answer made no sense"}


def queue(lines: Iterable[str], now: float) -> Json:
    """Count what `postqueue -j` lists, a message a line (Postfix 3.1, JSON object format)."""
    counted: Counter[str] = Counter()
    oldest = 0.0
    for line in lines:
        if line.strip():
            message = json.loads(line)
            counted[str(message["queue_name"])] += 1
            # Held mail waits because somebody said so.
            if message["queue_name"] != "hold":
                oldest = max(oldest, now - float(message["arrival_time"]))
    waiting = sum(count for name, count in counted.items() if name != "hold")
    return {"length": waiting, "held": counted["hold"], "oldest": oldest}


def _postfix() -> Json:
    run(["postfix", "status"], timeout=_SECONDS)  # fails where it does not run
    return {"running": True}


def dovecot(text: str) -> Json:
    """Read `doveadm service status`: which services have no process left to give, or keep failing."""
    full, failing, count = [], [], 0
    for block in text.split("\n\n"):
        service = dict(line.partition(": ")[::2] for line in block.strip().splitlines())
        if not service:
            continue
        count += 1
        if int(service["process_count"]) >= int(service["process_limit"]) > 1 and not int(
            service["process_avail"]
        ):
            full.append(service["name"])
        if int(service["exit_failures_in_sec"]) or int(service["throttle_secs"]):
            failing.append(service["name"])
    if not count:
        raise ValueError
    return {"services": count, "full": full, "failing": failing}
