"""How an S-series switch erases itself.

Sources: Huawei, *S Series Switches Command Reference* (`display device manufacture-info`, `display esn`, `display startup`, `display
saved-configuration`, `reset saved-configuration`, `dir /all`, `delete /unreserved /quiet`, `reset recycle-bin /f`, `rsa`, `dsa` and `ecc
local-key-pair destroy`, `display rsa local-key-pair public`, `pki rsa local-key-pair destroy`, `reset factory-configuration`,
`reboot`); "How to restore the factory settings of switches" in Huawei's support forum, which quotes the dialogues.
"""

from __future__ import annotations

from typing import Final

from commsroom.backends.network_cli.dialogue import Answer
from commsroom.backends.network_cli.erasing import Erasing, Part
from commsroom.backends.network_cli.flash import Files

_NOT_HERE: Final = r"Error: ?(?:Unrecognized|Incomplete|Wrong|Too many)"
_NEXT: Final = r"Next startup saved-configuration file: *"
_CLEAR: Final = ("reset saved-configuration",)
#: What is said where no key is there: the words differ by version, and none of them names a key.
_NO_KEY: Final = r"(?:(?:Info|Error|Warning): ?)?[^\n]*(?:not exist|[Nn]o [^\n]*key)[^\n]*|"


def _keys(kind: str) -> Part:
    return Part(
        name=f"{kind.upper()} key",
        read=f"display {kind} local-key-pair public",
        held=r"^ *Key [Nn]ame *: *(\S+)",
        gone=_NO_KEY,
        erase=("system-view", f"{kind} local-key-pair destroy", "return"),
        lacking=_NOT_HERE,
    )


ERASING: Final = Erasing(
    serials=(
        # A line for each member of a stack; below it cards and power supplies, which have a `Sub` of their own.
        ("display device manufacture-info", r"^ *\d+ +- +(\S+) +\d{4}-\d\d-\d\d"),
        ("display esn", r"^ *ESN of slot \d+ *: *(\S+)"),
    ),
    configuration=(
        Part(
            name="file to start with",
            read="display startup",
            held=rf"{_NEXT}(?!(?:NULL|null) *$)(\S+)",
            gone=rf".*{_NEXT}(?:NULL|null) *(?:\n.*|)",
            erase=_CLEAR,
        ),
        Part(
            name="saved configuration",
            read="display saved-configuration",
            held=r"^(?:!Software Version|#|sysname )",
            gone=r"(?:(?:Info|Error): ?)?There is no correct configuration file[^\n]*",
            erase=_CLEAR,
        ),
    ),
    files=Files(
        roots=("flash:",),
        list="dir /all FOLDER",
        entry=r" *\d+ +(?P<folder>d)?[-rwx]{3,4} +(?P<size>[\d,]+|-) .*?(?P<name>\S+)",
        other=r"Directory of \S+|Idx +Attr .*|[\d,]+ (?:KB|bytes) total.*|Info: File can't be found.*",
        software=r"flash:/(?:[^/]*\.(?:cc|pat|mod|7z)|\$_default\.cfg|lic[^/]*\.dat)",
        image=r".*\.cc",
        delete="delete /unreserved /quiet FILE",
        bin="reset recycle-bin /f",
    ),
    keys=(
        Part(
            name="PKI key",
            read="display pki rsa local-key-pair public",
            held=r"^ *Key [Nn]ame *: *(\S+)",
            gone=_NO_KEY,
            erase=("system-view", "pki rsa local-key-pair destroy NAME", "return"),
            lacking=_NOT_HERE,
        ),
        _keys("dsa"),
        _keys("ecc"),
        _keys("rsa"),
    ),
    answers=(Answer(r"(?i)\[y(?:es)?/[^\]\n]*\] ?:? ?$", "y"),),
    # The first deletes once more whatever the others could not see, and restarts by itself; not every version has it.
    restart=(
        (
            "reset factory-configuration",
            (
                Answer(r"(?s)delete all the configurations.*\[Y/N\] ?:? ?$", "y"),
                Answer(r"(?s)will reboot.*\[Y/N\] ?:? ?$", "y"),
            ),
        ),
        (
            "reboot",
            (
                Answer(r"(?s)saved to .*\[Y/N\] ?:? ?$", "n"),
                Answer(r"(?s)will reboot.*\[Y/N\] ?:? ?$", "y"),
            ),
        ),
    ),
    refusal=r"^ *Error: ?.*",
)
