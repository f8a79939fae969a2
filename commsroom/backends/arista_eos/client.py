"""What EOS' command line is like over SSH, for the session that all switches share."""

from typing import Final

from commsroom.backends.arista_eos.dialect import RUNNING
from commsroom.backends.network_cli.session import Cli

CLI: Final = Cli(
    device_type="arista_eos",
    prompt=r"NAME\S*[#>]",
    refusal=r"^% .*",  # what begins with `!` is news, no refusal
    reads=(RUNNING,),
    whole=r"(?m)^end\s*\Z",
    startup="show startup-config",
    enter="configure terminal",
    leave="end",
    save=(("write memory", ""),),
    saved=r"Copy completed successfully",
)
