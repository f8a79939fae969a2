"""The only place that talks to a real VRP: its command line over SSH, by netmiko."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.huawei_vrp.dialect import RUNNING
from commsroom.backends.switch_session import Cli, RealClient
from commsroom.backends.switch_settings import Settings

if TYPE_CHECKING:
    from commsroom.estate.backend import Deadlines, Target

CLI: Final = Cli(
    device_type="huawei",
    prompt=r"[<\[][~*]?NAME[^>\]\n]*[>\]]",
    refusal=r"^ *Error: ?.*",
    reads=(RUNNING,),
    whole=r"(?m)^return\s*\Z",
    startup="display saved-configuration",
    enter="system-view",
    leave="return",
    save=(("save", r"\[Y/N\]:? ?$"), ("y", "")),
    saved=r"successfully",
)


def client(target: Target, deadlines: Deadlines) -> RealClient:
    """Return the way to one switch; nothing is connected yet."""
    return RealClient(target, Settings.of(target), deadlines, CLI)
