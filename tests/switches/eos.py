"""SIMULATOR of an Arista campus switch's command line (EOS 4.2x), as strict as the real one. No switch.

What is refused, and in which words, is from Arista's public documents and from what reads them:
- *EOS User Manual*, "Command-Line Interface": keywords may be cut short while they stay unique; modes; `% Invalid
  input`, `% Incomplete command`, `% Ambiguous command`, since EOS 4.2x with the token (pyeapi's and NAPALM's tests);
- "VLANs": 1 to 4094, 1 cannot be deleted, names of at most 32 letters; switchport modes, phone trunks;
- "Port Security": 1 to 1000 addresses, learned and never configured; "LLDP": on unless `no lldp run`;
- the configurations of aristanetworks/avd (Apache-2.0): three blanks of indent, what is the factory's is not shown.
"""

import re

from grammar import Refusal, parse

EXEC = (
    "show running-config", "show startup-config", "show version", "show privilege", "configure terminal",
    "write memory", "terminal length <0-32767>", "terminal width <10-32767>", "enable", "disable", "exit",
)  # fmt: skip
CONFIG = (
    "hostname WORD", "interface LINE", "vlan <1-4094>", "no vlan <1-4094>", "management telnet",
    "lldp run", "no lldp run", "ntp server A.B.C.D", "no ntp server A.B.C.D", "logging host A.B.C.D",
    "no logging host A.B.C.D", "alias WORD LINE", "no alias WORD", "exit", "end",
)  # fmt: skip
INTERFACE = (
    "description LINE", "no description", "switchport mode access", "switchport mode trunk",
    "switchport mode trunk phone", "no switchport mode", "switchport access vlan <1-4094>",
    "no switchport access vlan", "switchport trunk native vlan <1-4094>", "switchport trunk native vlan tag",
    "no switchport trunk native vlan", "switchport phone vlan <1-4094>", "no switchport phone vlan",
    "switchport phone trunk tagged", "switchport phone trunk untagged", "no switchport phone trunk",
    "switchport port-security", "no switchport port-security",
    "switchport port-security mac-address maximum <1-1000>", "no switchport port-security mac-address maximum",
    "poe disabled", "no poe disabled", "spanning-tree portfast", "no spanning-tree portfast",
    "shutdown", "no shutdown", "exit", "end",
)  # fmt: skip
VLAN = ("name WORD", "no name", "exit", "end")
TELNET = ("shutdown", "no shutdown", "exit", "end")
VIEWS = {"exec": EXEC, "config": CONFIG, "if": INTERFACE, "vlan": VLAN, "telnet": TELNET}
SINGLE = (
    "description", "switchport mode", "switchport access vlan", "switchport trunk native vlan",
    "switchport phone vlan", "switchport phone trunk", "switchport port-security mac-address maximum",
)  # fmt: skip
#: What is so from the factory, and not shown.
FACTORY = ("switchport mode access", "switchport port-security mac-address maximum 1", "switchport phone trunk tagged",
           "switchport access vlan 1", "switchport trunk native vlan 1")  # fmt: skip


class Device:
    """One switch: 24 ports, the last a trunk."""

    kind = "eos"

    def __init__(self, name="SW", ports=24):
        self.name = name
        self.globals = ["spanning-tree mode mstp"]
        self.vlans = {1: ""}
        self.ports = {f"Ethernet{n}": ["spanning-tree portfast"] for n in range(1, ports)}
        self.ports[f"Ethernet{ports}"] = ["description uplink", "switchport mode trunk"]
        self.telnet = True
        self.saved = self.running()
        self.log = []

    def running(self):
        out = [
            "! Command: show running-config",
            f"! device: {self.name} (CCS-720XP-24ZY4, EOS-4.28.3M) SIMULATED",
            "!",
        ]
        out += [line for item in self.globals for line in (item, "!")]
        out += [f"hostname {self.name}", "!"]
        unnamed = sorted(number for number, name in self.vlans.items() if number != 1 and not name)
        if unnamed:
            out += ["vlan " + ",".join(map(str, unnamed)), "!"]
        for number, name in sorted(self.vlans.items()):
            if name:
                out += [f"vlan {number}", f"   name {name}", "!"]
        for section, lines in self.ports.items():
            out += [f"interface {section}", *(f"   {line}" for line in lines), "!"]
        out += ["management telnet", "   no shutdown", "!"] if self.telnet else []
        return "\n".join([*out, "end", ""])


class Cli:
    """One session on a device."""

    greeting = "\nSIMULATED Arista, no real switch\n"

    def __init__(self, device):
        self.device = device
        self.mode, self.section = "exec", ""

    @property
    def prompt(self):
        where = {"if": f"(config-if-{str(self.section).replace('Ethernet', 'Et')})", "vlan": f"(config-vlan-{self.section})",
                 "telnet": "(config-mgmt-telnet)", "config": "(config)", "exec": ""}  # fmt: skip
        return f"{self.device.name}{where[self.mode]}#"

    def answer(self, line):
        """Return what is printed; None ends the session."""
        self.device.log.append(line)
        if not line.strip() or line.lstrip().startswith("!"):
            return ""
        try:
            return self._do(line)
        except Refusal as error:
            words = line.split()
            token = len(line[: error.at].split())
            if error.why == "incomplete":
                return f"% Incomplete command (at token {len(words) - 1}: '{words[-1]}')"
            if error.why in {"invalid", "ambiguous"}:
                word = words[min(token, len(words) - 1)]
                said = "Invalid input" if error.why == "invalid" else "Ambiguous command"
                return f"% {said} (at token {token}: '{word}')"
            return f"% {error.why}"

    def _do(self, line):
        try:
            words = parse(line, VIEWS[self.mode])
        except Refusal as error:
            if self.mode in {"exec", "config"}:
                raise
            try:  # a command of the global mode is taken within a section, too
                words = parse(line, CONFIG)
            except Refusal:
                raise error from None
            self.mode = "config"
        if words == ["end"] or (words == ["exit"] and self.mode == "config"):
            self.mode = "exec"
            return ""
        if words == ["exit"] and self.mode != "exec":
            self.mode = "config"
            return ""
        return getattr(self, f"_{self.mode}")(words)

    def _exec(self, words):
        match words:
            case ["exit"]:
                return None
            case ["show", "running-config"]:
                return self.device.running()
            case ["show", "startup-config"]:
                return f"! Startup-config last modified at Thu Nov 26 09:00:00 2026 by root\n{self.device.saved}"
            case ["show", "version"]:
                return "Arista CCS-720XP-24ZY4 (SIMULATED)\nSoftware image version: 4.28.3M"
            case ["show", "privilege"]:
                return "Current privilege level is 15"
            case ["terminal", "width", number]:
                return f"Width set to {number} columns."
            case ["terminal", "length", _]:
                return "Pagination disabled."
            case ["write", "memory"]:
                self.device.saved = self.device.running()
                return "Copy completed successfully."
            case ["configure", "terminal"]:
                self.mode = "config"
        return ""

    def _config(self, words):
        device, line = self.device, " ".join(words)
        match words:
            case ["hostname", name]:
                device.name = name
            case ["interface", name]:
                match = re.fullmatch(r"(?i)et(?:h(?:ernet)?)?\s*(\d+(?:/\d+)*)", name)
                if match is None or f"Ethernet{match[1]}" not in device.ports:
                    raise Refusal("invalid", len("interface "))
                self.mode, self.section = "if", f"Ethernet{match[1]}"
            case ["vlan", number]:
                device.vlans.setdefault(int(number), "")
                self.mode, self.section = "vlan", int(number)
            case ["no", "vlan", "1"]:
                raise Refusal("Default VLAN 1 may not be deleted")
            case ["no", "vlan", number]:
                device.vlans.pop(int(number), None)
            case ["management", "telnet"]:
                self.mode, self.section = "telnet", ""
            case ["lldp", "run"]:
                device.globals[:] = [item for item in device.globals if item != "no lldp run"]
            case ["no", "lldp", "run"]:
                device.globals += [] if line in device.globals else [line]
            case ["alias", name, *_] | ["no", "alias", name]:
                device.globals[:] = [
                    item for item in device.globals if not item.startswith(f"alias {name} ")
                ]
                device.globals += [line] if words[0] == "alias" else []
            case ["no", *rest]:
                device.globals[:] = [item for item in device.globals if item != " ".join(rest)]
            case _ if line not in device.globals:
                device.globals.append(line)
        return ""

    def _vlan(self, words):
        if words[0] == "name" and len(words[1]) > 32:
            raise Refusal("invalid", 5)
        self.device.vlans[self.section] = words[1] if words[0] == "name" else ""
        return ""

    def _telnet(self, words):
        self.device.telnet = words == ["no", "shutdown"]
        return ""

    def _if(self, words):
        lines, line = self.device.ports[self.section], " ".join(words)
        if words[0] == "no" and words != ["no", "shutdown"]:
            gone = " ".join(words[1:])
            lines[:] = [
                item
                for item in lines
                if item != gone and not (gone in SINGLE and item.startswith(f"{gone} "))
            ]
            return ""
        if words == ["no", "shutdown"]:
            lines[:] = [item for item in lines if item != "shutdown"]
            return ""
        one = next((item for item in SINGLE if line.startswith(f"{item} ")), "")
        lines[:] = [
            item for item in lines if item != line and not (one and item.startswith(f"{one} "))
        ]
        lines += [] if line in FACTORY else [line]
        return ""
