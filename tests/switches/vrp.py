"""SIMULATOR of an S5700's command line (VRP V200R005), as strict as the real one. No switch.

What is refused, and in which words, is from Huawei's public documents:
- *S Series Switches, Configuration Guide, Basic Configuration*, "Command Line Error Messages": `Error:
  Unrecognized command found at '^' position.`, `Error: Incomplete command found at '^' position.`,
  `Error: Ambiguous command found at '^' position.`, `Error: Wrong parameter found at '^' position.`;
- *Command Reference*: port link-type ("Error: Please renew the default configurations." while the VLAN
  settings of another type are left), port default vlan (the VLAN must exist), port-security max-mac-num
  and mac-address sticky (only where port-security enable is), voice-vlan enable (the VLAN must exist),
  undo vlan (1 cannot be deleted), save (asks [Y/N]); local-user password irreversible-cipher (8 to 128 characters of
  two sorts, or the ciphertext as it is shown), privilege level, service-type; local-aaa-user wrong-password: three refusals
  lock a user, until the clock is put forward. In which words a weak password and an unknown user are refused is a guess.
"""

import hashlib
import re
import secrets

import vrp_erasing
from grammar import Refusal, parse, put
from users import PASSWORD, Users
from users import USER as ADMIN

#: What `vendors` finds here.
BACKEND = "huawei_vrp"
PORTS = "GE0/0/{}"
NTP = "ntp-service unicast-server 192.0.2.50"
GOLDEN = {"s5700": ("GE0/0/1", "GE0/0/2", "GE0/0/5"), "s5735": ("GE0/0/1", "GE0/0/2", "GE0/0/3")}
REFUSED = (
    (["system-view", "interface GigabitEthernet0/0/1", "port link-type access",
           "port default vlan 77"], "does not exist"),
    (["system-view", "interface GigabitEthernet0/0/1", "port-security max-mac-num 2"],
     "not enabled"),
    (["display current-config uration"], "Unrecognized command"),
    (["system-view", "vlan 10", "quit", "interface GigabitEthernet0/0/1",
           "port hybrid pvid vlan 10", "port link-type access"], "renew the default"),
    (["system-view", "undo vlan 1"], "cannot be deleted"),
    (["port link-type access"], "Unrecognized command"),
    (["system-view", "aaa", "local-user new password irreversible-cipher short"], "The password is invalid"),
    (["system-view", "aaa", "local-user new privilege level 15"], "does not exist"),
    (["system-view", "local-user new privilege level 15"], "Unrecognized command"),
)  # fmt: skip

NAME = "GigabitEthernet"
USER = (
    "display current-configuration", "display saved-configuration", "display version",
    "screen-length <0-512> temporary", "system-view", "save", "quit", "return", *vrp_erasing.USER,
)  # fmt: skip
SYSTEM = (
    "sysname WORD", "interface LINE", "vlan <1-4094>", "undo vlan <1-4094>", "vlan batch LINE",
    "user-interface vty <0-14> <0-14>", "lldp enable", "undo lldp enable",
    "ntp-service unicast-server A.B.C.D", "undo ntp-service unicast-server A.B.C.D",
    "info-center loghost A.B.C.D", "undo info-center loghost A.B.C.D", "acl <2000-2999>",
    "stelnet server enable", "aaa", "quit", "return", *vrp_erasing.SYSTEM,
)  # fmt: skip
INTERFACE = (
    "description LINE", "undo description", "port link-type access", "port link-type hybrid",
    "port link-type trunk", "undo port link-type",
    "port default vlan <1-4094>", "undo port default vlan",
    "port hybrid pvid vlan <1-4094>",
    "undo port hybrid pvid vlan",
    "port hybrid untagged vlan <1-4094>", "port hybrid tagged vlan <1-4094>",

    "undo port hybrid vlan <1-4094>", "voice-vlan <1-4094> enable",
    "undo voice-vlan enable", "lldp tlv-enable med-tlv network-policy",
    "undo lldp tlv-enable med-tlv network-policy", "poe enable", "undo poe enable",
    "port-security enable", "undo port-security enable", "port-security max-mac-num <1-4096>",
    "undo port-security max-mac-num",
    "port-security mac-address sticky", "undo port-security mac-address sticky",
    "port-security mac-address sticky H-H-H vlan <1-4094>",
    "undo port-security mac-address sticky H-H-H vlan <1-4094>", "stp edged-port enable",
    "undo stp edged-port enable", "shutdown", "undo shutdown", "quit", "return",
)  # fmt: skip
VLAN = ("name WORD", "undo name", "description LINE", "quit", "return")
LINE = ("protocol inbound ssh", "protocol inbound telnet", "protocol inbound all",
        "undo protocol inbound", "quit", "return")  # fmt: skip
ACL = ("description LINE", "undo description", "quit", "return")
AAA = (
    "local-user WORD password irreversible-cipher WORD", "local-user WORD privilege level <0-15>",
    "local-user WORD service-type ssh", "undo local-user WORD", "quit", "return",
)  # fmt: skip
CIPHER = r"\$1c\$\w{16}\$\w{64}\$"


def cipher(password, salt):
    return f"$1c${salt}${hashlib.sha256((salt + password).encode()).hexdigest()}$"


def hashed(password):
    return cipher(password, secrets.token_hex(8))


def fits(shown, password):
    return shown == cipher(password, shown.split("$")[2])


WORDS = {
    "invalid": "Unrecognized command",
    "incomplete": "Incomplete command",
    "ambiguous": "Ambiguous command",
}


class Device:
    """One switch: 24 ports, the last a trunk."""

    kind = "vrp"

    def __init__(self, name="SW", ports=24):
        self.name = name
        self.globals = ["stp mode rstp", "stelnet server enable"]
        self.vlans = {1: []}
        self.ports = {f"{NAME}0/0/{n}": ["stp edged-port enable"] for n in range(1, ports)}
        self.ports[f"{NAME}0/0/{ports}"] = ["description uplink", "port link-type trunk"]
        self.lines = {
            "user-interface vty 0 4": ["authentication-mode aaa", "protocol inbound telnet"]
        }
        self.acls = {}
        self.users = Users(hashed, fits)
        self.users.put(ADMIN, level=15, shown=hashed(PASSWORD), service="ssh")
        self.users.lock_after = 3
        self.saved = self.running()
        self.flash = vrp_erasing.flash(name)
        self.log = []

    def running(self):
        out = ["!Software Version V200R005C00 SIMULATED", "#", f"sysname {self.name}", "#"]
        others = sorted(number for number in self.vlans if number != 1)
        if others:
            out += ["vlan batch " + _ranges(others), "#"]
        out += [*self.globals, "#"]
        sections = [(f"acl number {number}", lines) for number, lines in self.acls.items()]
        sections += [
            (f"vlan {number}", lines) for number, lines in sorted(self.vlans.items()) if lines
        ]
        sections += [(f"interface {name}", lines) for name, lines in self.ports.items()]
        sections += [("aaa", ["authentication-scheme default", *self.local_users()])]
        sections += list(self.lines.items())
        for section, lines in sections:
            out += [section, *(f" {line}" for line in lines), "#"]
        return "\n".join([*out, "return"])

    def local_users(self):
        for name, one in self.users.by_name.items():
            yield f"local-user {name} password irreversible-cipher {one['shown']}"
            yield f"local-user {name} privilege level {one['level']}"
            if "service" in one:
                yield f"local-user {name} service-type {one['service']}"


def _ranges(numbers):
    """Write 10 20 21 22 as VRP does: `10 20 to 22`."""
    groups = []
    for number in numbers:
        if groups and number == groups[-1][1] + 1:
            groups[-1][1] = number
        else:
            groups.append([number, number])
    return " ".join(str(a) if a == b else f"{a} to {b}" for a, b in groups)


class Cli(vrp_erasing.Erasable):
    """One session on a device."""

    greeting = "\nInfo: SIMULATED S5700, no real switch\n"

    def __init__(self, device):
        self.device = device
        self.mode, self.section, self.asked = "user", "", False

    @property
    def prompt(self):
        name = self.device.name
        if self.asked or self.then:
            return ""
        return {
            "user": f"<{name}>", "system": f"[{name}]", "if": f"[{name}-{self.section}]",
            "vlan": f"[{name}-vlan{self.section}]", "line": f"[{name}-ui-vty0-4]", "acl": f"[{name}-acl-basic-{self.section}]", "aaa": f"[{name}-aaa]",
        }[self.mode]  # fmt: skip

    def answer(self, line):
        """Return what is printed; None ends the session."""
        self.device.log.append(line)
        if self.then:
            return self.answered(line)
        if self.asked:
            self.asked = False
            if line.strip().lower() != "y":
                return ""
            self.device.saved = self.device.running()
            return "Now saving the current configuration to the slot 0.\nSave the configuration successfully.\n"
        if not line.strip() or line[0] in "#!":
            return ""
        try:
            return self._do(line)
        except Refusal as error:
            if error.why not in WORDS:
                return f"Error: {error.why}"
            why = WORDS[error.why]
            words = line[: error.at].split()
            if (
                error.why == "invalid"
                and words
                and re.fullmatch(r"[\d.:-]+", line[error.at :].split()[0])
            ):
                why = "Wrong parameter"
            at = error.at if error.why != "incomplete" else len(line)
            return " " * (len(self.prompt) + at) + f"^\nError: {why} found at '^' position."

    def _do(self, line):
        views = {
            "user": USER,
            "system": SYSTEM,
            "if": INTERFACE,
            "vlan": VLAN,
            "line": LINE,
            "acl": ACL,
            "aaa": AAA,
        }
        try:
            words = parse(line, views[self.mode])
        except Refusal:
            if self.mode in {"user", "system"}:
                raise
            try:  # a command of the system view is taken within a section, too
                words = parse(line, SYSTEM)
            except Refusal:
                words = parse(line, views[self.mode])
            self.mode, self.section = "system", ""
        if words == ["return"]:
            self.mode = "user"
            return ""
        if words == ["quit"]:
            if self.mode == "user":
                return None
            self.mode = "user" if self.mode == "system" else "system"
            return ""
        return getattr(self, f"_{self.mode}")(words)

    def _user(self, words):
        match words:
            case ["display", "current-configuration"]:
                return self.device.running()
            case ["display", "saved-configuration"]:
                return self.device.saved or "  There is no correct configuration file in FLASH"
            case ["system-view"]:
                self.mode = "system"
                return "Enter system view, return user view with Ctrl+Z."
            case ["save"]:
                self.asked = True
                return "The current configuration will be written to the device.\nAre you sure to continue?[Y/N]"
        return self.erasing(words)

    def _system(self, words):
        device, line = self.device, " ".join(words)
        match words:
            case ["sysname", name]:
                device.name = name
            case ["interface", name]:
                match = re.fullmatch(r"(?i)(?:ge|gi|gigabitethernet)\s*(\d+/\d+/\d+)", name)
                if match is None or f"{NAME}{match[1]}" not in device.ports:
                    raise Refusal("Wrong parameter found at '^' position.")
                self.mode, self.section = "if", f"{NAME}{match[1]}"
            case ["vlan", number]:
                device.vlans.setdefault(int(number), [])
                self.mode, self.section = "vlan", int(number)
            case ["undo", "vlan", "1"]:
                raise Refusal("The default VLAN cannot be deleted.")
            case ["undo", "vlan", number]:
                if int(number) not in device.vlans:
                    raise Refusal("The VLAN does not exist.")
                if any(f"voice-vlan {number} enable" in lines for lines in device.ports.values()):
                    raise Refusal("The VLAN is used as a voice VLAN, and cannot be deleted.")
                del device.vlans[int(number)]
            case ["aaa"]:
                self.mode = "aaa"
            case [_, "local-key-pair", "destroy"]:
                return self.erasing(words)
            case ["acl", number]:
                device.acls.setdefault(number, [])
                self.mode, self.section = "acl", number
            case ["user-interface", *_]:
                if line not in device.lines:
                    raise Refusal("Wrong parameter found at '^' position.")
                self.mode, self.section = "line", line
            case ["undo", *rest]:
                if " ".join(rest) in device.globals:
                    device.globals.remove(" ".join(rest))
            case _ if line not in device.globals:
                device.globals.append(line)
        return ""

    def _vlan(self, words):
        self._put(self.device.vlans[self.section], words, ("name", "description"))
        return ""

    def _line(self, words):
        self._put(self.device.lines[self.section], words, ("protocol inbound",))
        return ""

    def _acl(self, words):
        if len(" ".join(words)) > 127 + len("description "):
            raise Refusal("The text is longer than 127 characters.")
        self._put(self.device.acls[self.section], words, ("description",))
        return ""

    def _aaa(self, words):
        users = self.device.users
        match words:
            case ["local-user", name, "password", _, word]:
                sorts = [re.search(sort, word) for sort in ("[a-z]", "[A-Z]", "[0-9]", r"[^\w]")]
                typed = not re.fullmatch(CIPHER, word)
                if typed and (len(word) < 8 or len([one for one in sorts if one]) < 2):
                    raise Refusal("The password is invalid: 8 to 128 characters of two sorts.")
                users.put(name, shown=users.kept(word) if typed else word)
            case ["local-user", name, *_] if name not in users.by_name:
                raise Refusal("The user does not exist.")
            case ["local-user", name, "privilege", _, level]:
                users.put(name, level=int(level))
            case ["local-user", name, "service-type", service]:
                users.put(name, service=service)
            case ["undo", "local-user", name]:
                users.by_name.pop(name, None)
        return ""

    def _put(self, lines, words, single):
        line, body = " ".join(words), " ".join(words[1:])
        if words[0] == "undo" and not body.startswith(("poe ", "lldp ")):
            gone = [item for item in single if body.startswith(item)] or [body]
            lines[:] = [
                item
                for item in lines
                if item != gone[0]
                and not (
                    item.startswith(f"{gone[0]} ")
                    and (body in {gone[0], item} or gone[0] in single)
                )
            ]
            return
        put(lines, line, single)

    def _if(self, words):
        lines, line = self.device.ports[self.section], " ".join(words)
        if line in {"poe enable", "lldp tlv-enable med-tlv network-policy"}:
            lines[:] = [item for item in lines if item != f"undo {line}"]
            return ""
        self._check(lines, words, line)
        if line == "undo port-security mac-address sticky":
            lines[:] = [
                item for item in lines if not item.startswith("port-security mac-address sticky")
            ]
            return ""
        if line == "undo port-security enable":
            lines[:] = [item for item in lines if not item.startswith("port-security")]
            return ""
        if words[:4] == ["undo", "port", "hybrid", "vlan"]:
            lines[:] = [
                item
                for item in lines
                if not re.fullmatch(rf"port hybrid (un)?tagged vlan {words[4]}", item)
            ]
            return ""
        if line == "undo voice-vlan enable":
            lines[:] = [item for item in lines if not item.startswith("voice-vlan")]
            return ""
        single = (
            "description",
            "port link-type",
            "port default vlan",
            "port hybrid pvid vlan",
            "port-security max-mac-num",
            "voice-vlan",
        )
        self._put(lines, words, single)
        if line == "port-security max-mac-num 1":
            lines.remove(line)
        return ""

    def _check(self, lines, words, line):
        number = next((int(word) for word in words if word.isdigit()), 0)
        names_vlan = words[0] == "voice-vlan" or (words[0] == "port" and "vlan" in words[:4])
        if names_vlan and number not in self.device.vlans:
            raise Refusal("The VLAN does not exist.")
        kind = next(
            (item.split()[-1] for item in lines if item.startswith("port link-type")), "hybrid"
        )
        vlans = [
            item for item in lines if item.startswith(("port default", "port hybrid", "port trunk"))
        ]
        if "link-type" in words and vlans and not line.endswith(f" {kind}"):
            raise Refusal("Please renew the default configurations.")
        if words[:2] == ["undo", "port"] and "link-type" in words and vlans:
            raise Refusal("Please renew the default configurations.")
        if words[:2] == ["port", "default"] and kind != "access":
            raise Refusal("The port link-type is not access.")
        if words[:2] == ["port", "hybrid"] and kind != "hybrid":
            raise Refusal("The port link-type is not hybrid.")
        addresses = [item for item in lines if re.search(r"sticky [0-9a-f]", item)]
        if words[0] == "port-security" and line != "port-security enable":
            if "port-security enable" not in lines:
                raise Refusal("Port security is not enabled on the interface.")
            if words[1] == "max-mac-num" and number < len(addresses):
                raise Refusal("The number of MAC addresses exceeds the limit.")
            if len(words) > 3:
                top = next((int(item.split()[-1]) for item in lines if "max-mac-num" in item), 1)
                if "port-security mac-address sticky" not in lines:
                    raise Refusal("The sticky MAC function is not enabled on the interface.")
                if line not in addresses and len(addresses) >= top:
                    raise Refusal("The number of MAC addresses has reached the limit.")
