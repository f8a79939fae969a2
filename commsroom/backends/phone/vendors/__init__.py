"""Makers of telephones: one folder each, found by looking, never listed by hand."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from commsroom.backends.phone.vendor import Vendor


@cache
def names() -> tuple[str, ...]:
    """Return the vendors there are, as devices.csv has them in small letters."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


@cache
def vendor(name: str) -> Vendor:
    """Return a vendor; raises KeyError where there is none of that name."""
    if name not in names():
        raise KeyError(name)
    found: Vendor = importlib.import_module(f"{__name__}.{name}").VENDOR
    return found


@cache
def versions(name: str) -> tuple[int, ...]:
    """Return the versions of a vendor's template, oldest first; none of a vendor there is not."""
    if name not in names():
        return ()
    found = (re.fullmatch("v([1-9][0-9]*)", item.name) for item in folder(name).iterdir())
    return tuple(sorted(int(match[1]) for match in found if match))


def folder(name: str) -> Traversable:
    """Return a vendor's folder."""
    return files(f"{__name__}.{name}")


@cache
def template(name: str, version: int, file: str) -> str:
    """Return a template's text; raises FileNotFoundError."""
    return folder(name).joinpath(f"v{version}", file).read_text("utf-8")
