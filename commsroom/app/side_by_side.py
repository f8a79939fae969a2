"""The same work on many things, on all cores: for what keeps a core busy for seconds each."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

#: Of so few it is done before another process has begun.
_ALONE: Final = 3
#: Processes at most: each has memory of its own.
_MOST: Final = 8


def side_by_side(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Yield what `work`, a function of a module, makes of each item, in their order."""
    if len(items) <= _ALONE:
        yield from map(work, items)
        return
    # Not forked: this process may have threads that hold locks.
    context = get_context("spawn")
    workers = min(_MOST, len(os.sched_getaffinity(0)), len(items))
    with ProcessPoolExecutor(workers, context, initializer=_quiet) as pool:
        try:
            yield from pool.map(work, items)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _quiet() -> None:
    """Leave it to the first process to end when somebody types Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
