"""What is done by hand, step by step, for whoever does it and whoever watches."""

from __future__ import annotations

from typing import Final

#: By method. Menus are the makers' own words; where they differ by model the manual decides.
STEPS: Final = {
    "phone-reset": (
        "compare the serial number on its label with the register",
        "reset it as administrator, by its own menu or the maker's key combination (its manual names them)",
        "see it start without a number, a name, a directory or a call list",
        "leave it unplugged: plugged in, it would ask for its profile again",
    ),
    "switch-reset": (
        "compare the serial number it shows (show inventory, display device manufacture-info) with the register",
        "erase what it starts from: write erase | reset saved-configuration",
        "delete VLANs (vlan.dat), keys (crypto key zeroize rsa | rsa local-key-pair destroy) and certificates",
        "delete crash files, logs and other copies of its configuration on flash (dir all-filesystems)",
        "reload it without saving, and see the maker's first dialogue",
    ),
    "mobile-reset": (
        "compare serial number or IMEI with the register",
        "sign out of its maker's account, or it stays locked to it",
        "erase all content and settings; take out SIM and memory card: they are items of their own",
        "see it start with its first greeting",
    ),
    "destroy": (
        "compare the serial number on its label with the register",
        "take out batteries; destroy the memory itself, not only the case",
        "see that no piece is larger than the standard allows for what was on it (ISO/IEC 21964)",
    ),
    "shred-paper": (
        "count the sheets or folders against the list",
        "shred to particles of 1 mm by 5 mm or less, or burn",
    ),
}
