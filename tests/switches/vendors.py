"""The vendors whose command lines are simulated here, found by looking: a module that names its BACKEND is one.

What tests need of a vendor stands in its own simulator: BACKEND (the folder in commsroom/backends), PORTS (a port's short name,
by number; the last of 24 is the uplink), NTP (a line of the configuration that nothing else depends on), REFUSED (what is said to a
fresh device, and what it must answer), GOLDEN (by golden file: a port with a phone, one without power, one as from the factory).
"""

import importlib
import inspect
from pathlib import Path

from commsroom.backends.network_cli.dialect import Dialect

HERE = Path(__file__).parent

#: Simulators, by back end.
VENDORS = {
    module.BACKEND: module
    for module in (
        importlib.import_module(path.stem)
        for path in sorted(HERE.glob("*.py"))
        if "\nBACKEND = " in path.read_text("utf-8")
    )
}


def cli(backend):
    """Return what a back end's command line is like."""
    return importlib.import_module(f"commsroom.backends.{backend}.client").CLI


def dialect(backend):
    """Return a new dialect of a back end."""
    module = importlib.import_module(f"commsroom.backends.{backend}.dialect")
    (kind,) = (
        item
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, Dialect) and item.__module__ == module.__name__
    )
    return kind()
