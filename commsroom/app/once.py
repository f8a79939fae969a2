"""Properties that are worked out once, whoever asks first."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    once = cached_property
else:

    class once(cached_property):  # noqa: N801 - reads as the decorator it is
        """A `cached_property` that two threads may ask for: the second waits, as all did before 3.12.

        Its object has the lock: `_opening`, a `threading.RLock`.
        """

        def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
            with instance._opening:  # noqa: SLF001 - the lock of what it is part of
                return super().__get__(instance, owner)
