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
    confirm="configure session CHANGE",
    commit=("commit timer 00:05:00", "commit"),
    confirmed="configure session CHANGE commit",
    abandoned="configure session CHANGE abort",
    pending="show configuration sessions detail | json",
    # Since 4.32 the name of what waits, before that a state of each session.
    minutes=r'"state":\s*"(pendingCommitTimer)|"commitTimerSessionName":\s*"([^"]+)"',
    reverted="configure session CHANGE abort",
    save=(("write memory", ""),),
    saved=r"Copy completed successfully",
)
