"""SIMULATOR of a Catalyst's command line (IOS 15.2 / IOS XE), as strict as the real one. No switch.

What is refused, and in which words, is from Cisco's public documents:
- "Using the Command-Line Interface" (Catalyst 2960-X configuration guide): `% Invalid input detected at
  '^' marker.`, `% Incomplete command.`, `% Ambiguous command:`;
- Command Reference, Cisco IOS Release 15.2(2)E (Catalyst 2960-X): switchport access vlan (a VLAN that is
  not there is created, and said), switchport voice vlan, switchport port-security (a dynamic port is
  refused; the maximum is 1 to 4097; not fewer than there are addresses), vlan (1002 to 1005 are reserved,
  1 cannot be deleted), power inline, lldp run, lldp med-tlv-select;
- Cisco IOS SNMP Command Reference: snmp-server user is not shown in the running configuration;
- "Configuration Rollback Confirmed Change" (Managing Configuration Files Configuration Guide): configure
  terminal revert timer needs an archive with a path, 1 to 120 minutes; nobody confirms: the running
  configuration, and only that, is as before (VLANs of VTP and SNMPv3 users are no part of it);
  show archive config rollback timer. The words of its refusals are not in that guide, but in what reads
  them: NAPALM's IOS driver and its tests (`%No Rollback Confirmed Change pending`), Cisco NSO's IOS NED
  (`%Turn config archive on before using Rollback Confirmed Change`);
- IOS Security Command Reference, "username", "algorithm-type" (type 9: scrypt with N 16384, r 1, p 1, a salt of 14
  letters). That a user has a password or a secret, and that `no username` asks, in words that public code quotes from
  real ones (netmiko users' and the Ansible collection cisco.ios). How a wrong hash is refused, as we remember it.
"""

import base64
import copy
import hashlib
import re
import secrets

import ios_erasing
from grammar import CommandLine, Refusal, parse, parse_within, put
from users import PASSWORD, USER, Users

#: What `vendors` finds here.
BACKEND = "cisco_ios"
PORTS = "Gi1/0/{}"
NTP = "ntp server 192.0.2.50"
GOLDEN = {
    "catalyst-2960x": ("Gi1/0/1", "Gi1/0/4", "Gi1/0/5"),
    "catalyst-3850": ("Gi1/0/10", "Gi1/0/4", "Gi1/0/1"),
}
REFUSED = (
    (["conf t", "interface GigabitEthernet1/0/99"], "Invalid input"),
    (["conf t", "int gi1/0/1", "switchport access vlan 4095"], "Invalid input"),
    (["conf t", "int gi1/0/1", "switchport port-security"], "dynamic port"),
    (["conf t", "int gi1/0/1", "switchport"], "Incomplete"),
    (["conf t", "int gi1/0/1", "sw vo vlan"], "Incomplete"),
    (["conf t", "int gi1/0/1", "s"], "Ambiguous"),
    (["switchport access vlan 10"], "Invalid input"),
    (["conf t", "no vlan 1"], "may not be deleted"),
    (["conf t", "int gi1/0/1", "switchport access vlan 77"], "Creating vlan 77"),
    (["conf t", "username old privilege 15 password 0 simple-word",
      "username old privilege 15 algorithm-type scrypt secret another-word"], "both a user password and a user secret"),
    (["conf t", "username netadmin privilege 15 secret 9 $9$short"], "not a valid encrypted secret"),
    (["conf t", "username netadmin privilege 16"], "Invalid input"),
)  # fmt: skip

NAME = "GigabitEthernet"
NO_CHANGE = "%No Rollback Confirmed Change pending"
EXEC = (
    "show running-config", "show startup-config", "show vlan brief", "show snmp user", "show version",
    "show archive config rollback timer", "show privilege", "configure terminal", "configure terminal revert timer <1-120>",
    "configure confirm", "configure revert now", "write memory", "terminal length <0-512>",
    "terminal width <0-512>", "enable", "disable", "exit", "end", *ios_erasing.EXEC,
)  # fmt: skip
CONFIG = (
    "hostname WORD", "interface LINE", "vlan <1-4094>", "no vlan <1-4094>", "line vty <0-15> <0-15>",
    "lldp run", "no lldp run", "ntp server A.B.C.D", "no ntp server A.B.C.D", "logging host A.B.C.D",
    "no logging host A.B.C.D", "alias exec WORD LINE", "no alias exec WORD LINE",
    "snmp-server group WORD v3 priv", "no snmp-server group WORD v3 priv",
    "snmp-server user WORD WORD v3 auth sha WORD priv aes 128 WORD",
    "no snmp-server user WORD WORD v3", "username WORD privilege <0-15>",
    "username WORD privilege <0-15> algorithm-type scrypt secret WORD",
    "username WORD privilege <0-15> secret 9 WORD", "username WORD privilege <0-15> password 0 WORD",
    "no username WORD", "exit", "end", *ios_erasing.CONFIG,
)  # fmt: skip
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_CISCO = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def scrypt(password, salt):
    """Make a hash of type 9."""
    raw = hashlib.scrypt(password.encode(), salt=salt.encode(), n=16384, r=1, p=1, dklen=32)
    text = base64.b64encode(raw).decode().rstrip("=").translate(str.maketrans(_PLAIN, _CISCO))
    return f"$9${salt}${text}"


def hashed(password):
    return f"secret 9 {scrypt(password, secrets.token_hex(7))}"


def fits(shown, password):
    kind, _, rest = shown.partition(" ")
    if kind == "password":
        return rest == f"0 {password}"
    return kind == "secret" and rest == f"9 {scrypt(password, rest.split('$')[2])}"


INTERFACE = (
    "description LINE", "no description", "no description LINE", "switchport mode access",
    "switchport mode trunk", "no switchport mode", "no switchport mode access",
    "no switchport mode trunk", "switchport access vlan <1-4094>", "no switchport access vlan",
    "no switchport access vlan <1-4094>", "switchport voice vlan <1-4094>",
    "no switchport voice vlan", "no switchport voice vlan <1-4094>", "switchport port-security",
    "no switchport port-security", "switchport port-security maximum <1-4097>",
    "no switchport port-security maximum", "no switchport port-security maximum <1-4097>",
    "switchport port-security mac-address H.H.H", "switchport port-security mac-address H.H.H vlan voice",
    "no switchport port-security mac-address H.H.H",
    "no switchport port-security mac-address H.H.H vlan voice",
    "switchport port-security violation restrict", "power inline auto", "power inline never",
    "no power inline", "no power inline never", "lldp med-tlv-select network-policy",
    "no lldp med-tlv-select network-policy", "spanning-tree portfast", "no spanning-tree portfast",
    "shutdown", "no shutdown", "exit", "end",
)  # fmt: skip
VLAN = ("name WORD", "no name", "no name WORD", "exit", "end")
LINE = (
    "transport input ssh", "transport input telnet ssh", "transport input none",
    "no transport input", "no transport input telnet ssh", "no transport input ssh", "exit", "end",
)  # fmt: skip


class Device:
    """One switch: 24 ports, the last a trunk. `start` is what it was configured with by hand."""

    kind = "ios"

    def __init__(self, name="SW", ports=24):
        self.name = name
        self.globals = ["no ip domain-lookup", "spanning-tree mode rapid-pvst"]
        self.vlans = {1: "default", 1002: "fddi-default", 1003: "token-ring-default"}
        self.ports = {f"{NAME}1/0/{n}": ["spanning-tree portfast"] for n in range(1, ports)}
        self.ports[f"{NAME}1/0/{ports}"] = ["description uplink", "switchport mode trunk"]
        self.lines = {"line vty 0 4": ["transport input telnet ssh"], "line vty 5 15": []}
        self.snmp_users = {}
        self.users = Users(hashed, fits)
        self.users.put(USER, level=15, shown=hashed(PASSWORD))
        self.archive, self.before, self.minutes = name.endswith("1"), None, 0
        self.saved = self.running()
        self.flash = ios_erasing.flash(name)
        self.log = []

    def running(self):
        out = ["version 15.2", "no service pad", f"hostname {self.name}", "!", *self.globals, "!"]
        if self.archive:
            out += ["archive", " path flash:archive", "!"]
        out += [
            f"username {name} privilege {one['level']} {one['shown']}".rstrip()
            for name, one in self.users.by_name.items()
        ]
        for section, lines in [*self.ports.items()]:
            out += [f"interface {section}", *(f" {line}" for line in lines), "!"]
        for section, lines in self.lines.items():
            out += [section, *(f" {line}" for line in lines)]
        text = "\n".join([*out, "!", "end", ""])
        return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}"

    def held(self):
        """Return what the running configuration is made of."""
        return copy.deepcopy((self.globals, self.ports, self.lines, self.users.by_name))

    def go_back(self):
        """Do what the revert timer does when nobody confirms."""
        if self.before is not None:
            self.globals, self.ports, self.lines, self.users.by_name = self.before
            self.before = None

    def forward(self, minutes):
        """Let time pass."""
        self.minutes -= minutes
        if self.minutes <= 0:
            self.go_back()


class Cli(ios_erasing.Erasable, CommandLine):
    """One session on a device."""

    #: The user whose removal waits for a yes.
    asked = ""

    def answer(self, line):
        """Take the answer to a question; an empty line is a yes."""
        if self.then:
            self.device.log.append(line)
            return self.answered(line)
        if not self.asked:
            return super().answer(line)
        name, self.asked = self.asked, ""
        if line.strip().lower() in {"", "y"}:
            self.device.users.by_name.pop(name, None)
        return ""

    def _username(self, name, level, rest):
        users = self.device.users
        has = users.by_name.get(name, {}).get("shown", "")
        match rest:
            case []:
                users.put(name, level=level)
                return ""
            case ["algorithm-type", "scrypt", "secret", word]:
                shown = users.kept(word)
            case ["secret", "9", word] if not re.fullmatch(r"\$9\$\S{14}\$\S{43}", word):
                return (
                    "ERROR: The secret you entered is not a valid encrypted secret.\n"
                    "To enter an UNENCRYPTED secret, do not specify type 9 encryption."
                )
            case [*words]:
                shown = " ".join(words)
        if has and has.split()[0] != shown.split()[0]:
            return (
                "ERROR: Can not have both a user password and a user secret.\n"
                "Please choose one or the other."
            )
        users.put(name, level=level, shown=shown)
        return ""

    @property
    def greeting(self):
        return "\nSIMULATED Catalyst, no real switch\n"

    @property
    def prompt(self):
        if self.asked or self.then:
            return ""
        mode = {
            "exec": "",
            "config": "(config)",
            "if": "(config-if)",
            "vlan": "(config-vlan)",
            "line": "(config-line)",
        }
        return f"{self.device.name[:20]}{mode[self.mode]}#"

    def _refused(self, line, error):
        if error.why == "invalid":
            marker = " " * (len(self.prompt) + error.at)
            return f"{marker}^\n% Invalid input detected at '^' marker.\n"
        if error.why == "incomplete":
            return "% Incomplete command.\n"
        if error.why == "ambiguous":
            return f'% Ambiguous command:  "{line.strip()}"'
        return error.why

    def _do(self, line):
        views = {"exec": EXEC, "config": CONFIG, "if": INTERFACE, "vlan": VLAN, "line": LINE}
        if self.mode in {"exec", "config"}:
            words = parse(line, views[self.mode])
        else:
            words, outside = parse_within(line, views[self.mode], CONFIG)
            if outside:
                self.mode, self.section = "config", ""
        return getattr(self, f"_{self.mode}")(words)

    def _exec(self, words):
        device = self.device
        match " ".join(words[:2]):
            case "exit":
                return None
            case "show running-config":
                return device.running()
            case "show startup-config":
                if not device.saved:
                    return "startup-config is not present"
                return f"Using 1024 out of 65536 bytes\n{device.saved}"
            case "show crypto" | "show file" | "write erase":
                return self.erasing(words)
            case "show vlan":
                rows = [
                    f"{number:<4} {name:<32} active    "
                    for number, name in sorted(device.vlans.items())
                ]
                head = (
                    f"\nVLAN {'Name':<32} Status    Ports\n---- {'-' * 32} --------- {'-' * 31}\n"
                )
                return head + "\n".join(rows)
            case "show snmp":
                return "\n".join(
                    f"\nUser name: {name}\nEngine ID: 800000090300\nstorage-type: nonvolatile\t active\n"
                    f"Authentication Protocol: SHA\nPrivacy Protocol: AES128\nGroup-name: {group}"
                    for name, group in device.snmp_users.items()
                )
            case "show version":
                return ios_erasing.version(device.flash)
            case "show privilege":
                return "Current privilege level is 15"
            case "write memory":
                device.saved = device.running()
                return "Building configuration...\n[OK]"
            case "show archive":
                if device.before is None:
                    return NO_CHANGE
                return (
                    "Time configured(or reconfigured): 22:50:48 UTC Thu Nov 26 2026\n"
                    f"Timer type: absolute timer\nTimer value: {device.minutes} min\nUser: netadmin"
                )
            case "configure confirm":
                if device.before is None:
                    return NO_CHANGE
                device.before = None
                return ""
            case "configure revert":
                if device.before is None:
                    return NO_CHANGE
                device.go_back()
                return ""
            case "configure terminal":
                if len(words) > 2:
                    if not device.archive:
                        return "%Turn config archive on before using Rollback Confirmed Change"
                    device.before, device.minutes = device.held(), int(words[4])
                self.mode = "config"
                backup = (
                    "Rollback Confirmed Change: Backing up current running config to flash:archive-0\n\n"
                    if len(words) > 2
                    else ""
                )
                return f"{backup}Enter configuration commands, one per line.  End with CNTL/Z."
        return self.erasing(words)

    def _config(self, words):
        device = self.device
        line = " ".join(words)
        match words:
            case ["exit"] | ["end"]:
                self.mode = "exec"
            case ["hostname", name]:
                device.name = name
            case ["interface", name]:
                match = re.fullmatch(r"(?i)gi(?:g(?:abit(?:ethernet)?)?)?\s*(\d+/\d+/\d+)", name)
                if match is None or f"{NAME}{match[1]}" not in device.ports:
                    raise Refusal("invalid", len("interface "))
                self.mode, self.section = "if", f"{NAME}{match[1]}"
            case ["vlan", number]:
                if 1002 <= int(number) <= 1005:
                    return "Command rejected: Bad VLAN list - VLANs 1002-1005 are reserved."
                device.vlans.setdefault(int(number), f"VLAN{int(number):04}")
                self.mode, self.section = "vlan", int(number)
            case ["no", "vlan", number]:
                if int(number) == 1:
                    return "%Default VLAN 1 may not be deleted."
                device.vlans.pop(int(number), None)
            case ["line", *_]:
                if line not in device.lines:
                    return "% Bad line number - VTY line number is invalid."
                self.mode, self.section = "line", line
            case ["alias", "exec", name, _]:
                device.globals[:] = [
                    item for item in device.globals if not item.startswith(f"alias exec {name} ")
                ]
                device.globals.append(line)
            case ["snmp-server", "user", name, group, *rest]:
                if min(len(rest[3]), len(rest[7])) < 8:
                    return "% SNMPv3 passwords have at least 8 characters"
                device.snmp_users[name] = group
            case ["no", "snmp-server", "user", name, *_]:
                device.snmp_users.pop(name, None)
            case ["username", name, "privilege", level, *rest]:
                return self._username(name, int(level), rest)
            case ["no", "username", name]:
                self.asked = name
                return (
                    "This operation will remove all username related configurations with same name."
                    "Do you want to continue? [confirm]"
                )
            case ["crypto", *_]:
                return self.erasing(words)
            case ["no", *rest]:
                if " ".join(rest) in device.globals:
                    device.globals.remove(" ".join(rest))
            case _ if line not in device.globals:
                device.globals.append(line)
        return ""

    def _vlan(self, words):
        match words:
            case ["name", name]:
                if len(name) > 32:
                    raise Refusal("invalid", 5)
                twin = [
                    number
                    for number, other in self.device.vlans.items()
                    if other == name and number != self.section
                ]
                if twin:
                    return f"%VLAN #{self.section} and #{twin[0]} have an identical name: {name}"
                self.device.vlans[self.section] = name
            case ["no", "name", *_]:
                self.device.vlans[self.section] = f"VLAN{self.section:04}"
            case ["exit"]:
                self.mode = "config"
            case ["end"]:
                self.mode = "exec"
        return ""

    def _line(self, words):
        lines = self.device.lines[self.section]
        match words:
            case ["exit"]:
                self.mode = "config"
            case ["end"]:
                self.mode = "exec"
            case ["no", *_]:
                lines[:] = [item for item in lines if not item.startswith("transport input")]
            case _:
                lines[:] = [item for item in lines if not item.startswith("transport input")]
                lines.append(" ".join(words))
        return ""

    def _if(self, words):
        lines = self.device.ports[self.section]
        line = " ".join(words)
        if line in {"exit", "end"}:
            self.mode = "config" if line == "exit" else "exec"
            return ""
        if words[0] == "no":
            return self._no(lines, words[1:])
        if words[:2] == ["switchport", "port-security"]:
            said = self._security(lines, words)
            if said:
                return said
        single = ("description", "switchport mode", "switchport access vlan", "switchport voice vlan",
                  "power inline", "switchport port-security maximum", "switchport port-security violation")  # fmt: skip
        put(lines, line, single)
        if line.startswith("lldp "):
            lines[:] = [item for item in lines if item not in {line, f"no {line}"}]
        elif line in {
            "power inline auto",
            "switchport access vlan 1",
            "switchport port-security maximum 1",
        }:
            lines.remove(line)
        number = int(words[-1]) if words[-1].isdigit() else 0
        if words[-2:-1] == ["vlan"] and number and number not in self.device.vlans:
            self.device.vlans[number] = f"VLAN{number:04}"
            return f"% {words[1].title()} VLAN does not exist. Creating vlan {number}"
        return ""

    def _no(self, lines, words):
        line = " ".join(words)
        if line == "lldp med-tlv-select network-policy":
            lines.append(f"no {line}")
            return ""
        if line == "switchport port-security":
            lines[:] = [item for item in lines if item != line]
            return ""
        if line.startswith("switchport port-security mac-address"):
            lines[:] = [item for item in lines if item != line]
            return ""
        if line.startswith("switchport mode") and "switchport port-security" in lines:
            return f"Command rejected: {self.section} has port security enabled."
        parts = [item for item in ("description", "switchport mode", "switchport access vlan",
                 "switchport voice vlan", "power inline", "switchport port-security maximum", "spanning-tree portfast", "shutdown")
                 if line.startswith(item)]  # fmt: skip
        lines[:] = [item for item in lines if not (parts and item.startswith(parts[0]))]
        return ""

    def _security(self, lines, words):
        addresses = [
            item.split()[3]
            for item in lines
            if item.startswith("switchport port-security mac-address")
        ]
        top = next(
            (
                int(item.split()[-1])
                for item in lines
                if item.startswith("switchport port-security maximum")
            ),
            1,
        )
        if len(words) == 2 and not {"switchport mode access", "switchport mode trunk"} & set(lines):
            return f"Command rejected: {self.section} is a dynamic port."
        match words[2:]:
            case ["maximum", number] if int(number) < len(addresses):
                return "Maximum is less than number of currently secured mac-addresses."
            case ["mac-address", address, *rest]:
                if address in addresses:
                    return ""
                if rest and not any(item.startswith("switchport voice vlan") for item in lines):
                    return f"Command rejected: Voice vlan is not configured on {self.section}."
                if len(addresses) >= top:
                    return f"Total secure mac-addresses on interface {self.section} has reached maximum limit."
                for port, others in self.device.ports.items():
                    if port != self.section and any(address in item for item in others):
                        return f"Found duplicate mac-address {address}."
        return ""
