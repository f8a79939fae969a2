"""What VRP's command line is like over SSH, for the session that all switches share."""

from typing import Final

from commsroom.backends.huawei_vrp.dialect import RUNNING
from commsroom.backends.network_cli.session import Cli

CLI: Final = Cli(
    device_type="huawei",
    prompt=r"[<\[][~*]?NAME[^>\]\n]*[>\]]",
    refusal=r"^ *Error: ?.*",
    reads=(RUNNING,),
    whole=r"(?m)^return\s*\Z",
    startup="display saved-configuration",
    enter="system-view",
    back="quit",
    leave="return",
    save=(("save", r"\[Y/N\]:? ?$"), ("y", "")),
    saved=r"successfully",
)
