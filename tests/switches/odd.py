"""Catalysts that behave oddly, by their number: `ios` with one thing wrong each."""

import ios

#: What is wrong with switch 0, 1, 2 … The last two are sound here: their tests give one another password, and
#: let the other hang.
ODDITIES = (
    "sound",
    "garbage",
    "paging",
    "banner",
    "hash",
    "huge",
    "endless",
    "ports",
    "refuses",
    "hangs",
)
#: Bytes of a configuration that is large, and none the less one.
HUGE = 10 * 1024 * 1024


class Device(ios.Device):
    """A Catalyst with one oddity."""

    def __init__(self, name):
        self.oddity = ODDITIES[int(name[3:]) % len(ODDITIES)]
        super().__init__(name)
        if self.oddity == "hash":
            self.name = "SW#1>core"
        if self.oddity == "ports":
            self.ports |= {
                "Port-channel1": ["switchport mode trunk"],
                "GigabitEthernet1/1/0/99": ["description four numbers"],
                "TwentyFiveGigE1/0/1": ["description fast", "switchport voice vlan none"],
                "AppGigabitEthernet1/0/1": ["description none we know"],
            }

    def running(self):
        text = super().running()
        if self.oddity == "huge":
            line = "access-list 199 permit ip any host 198.51.100.7 log\n"
            entries = "".join(f"ip host h{n:07} 192.0.2.1\n" for n in range(HUGE // 30))
            text = text.replace("!\n", f"!\n{line}{entries}", 1)
        return text


class Cli(ios.Cli):
    """What it says."""

    @property
    def greeting(self):
        if self.device.oddity == "banner":
            return "\nAuthorised use only\nSW999#\nlogin>\nIOS003# show running-config\n"
        return super().greeting

    def answer(self, line):
        found = super().answer(line)
        asked = line.strip().startswith("show running-config")
        if asked and self.device.oddity == "garbage":
            return "\x00\x1b[2J\ufffd{]garbage\nIOS\n" * 50
        if asked and self.device.oddity == "paging":
            return f"{found[:600]}\n --More-- "
        if asked and self.device.oddity == "endless":
            return "!" * (17 * 1024 * 1024)
        return found
