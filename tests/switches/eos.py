"""SIMULATOR of an Arista campus switch's command line (EOS 4.2x), strict where its documents are. No switch.

Where each form and wording was looked up:
- `% Invalid input (at token N: 'word')`, `Incomplete command (at token N: 'word')`, N from 0: aristanetworks/anta (Apache-2.0),
  `anta/constants.py`, which lists what real switches said; `Ambiguous command (at token N: 'word')` so in public Go code
  that quotes cEOS 4.36. Older systems leave the bracket away (*Arista Warrior*, 2nd ed., "Aristacisms");
- sessions: *EOS User Manual*, "Configure Session", "Session Management Commands" (`commit timer hh:mm:ss` back to `switch#`;
  what is not confirmed goes back); the words of the EXEC form as NAPALM sends them (`napalm/eos/eos.py`, 5.2.0);
  `… detail | json` as napalm-automation/napalm#2166 quotes it before and from 4.32;
- VLANs: the manual's "Virtual LANs" (1 to 4094; 1 is there by default); three blanks of indent, what is the factory's is
  not shown: the configurations of aristanetworks/avd (Apache-2.0).
- local users: the manual's "User Security" and the configurations of aristanetworks/avd (`secret sha512`, a hash of crypt(3));
In no document we found, and so as we remember or guess them: `Copy completed successfully.` after `write memory` (where a switch says
otherwise, apply calls the change made but not saved), how VLAN 1 and a session that is over are refused (any `% ` is a
refusal to us), the 32 letters of a name, how a hash that is none is refused, 1000 addresses of port security.
"""

import copy
import json
import re
import secrets
import subprocess

from grammar import CommandLine, Refusal, parse, parse_within, put
from users import PASSWORD, USER, Users

#: What `vendors` finds here.
BACKEND = "arista_eos"
PORTS = "Et{}"
NTP = "ntp server 192.0.2.50"
GOLDEN = {"ccs-720xp": ("Et1", "Et4", "Et5"), "ccs-722xpm": ("Et1", "Et2", "Et3")}
REFUSED = (
    (["configure terminal", "interface Ethernet99"], "% Invalid input (at token 1: 'Ethernet99')"),
    (["conf t", "int et1", "switchport access vlan 4095"], "% Invalid input (at token 3: '4095')"),
    (["conf t", "int et1", "switchport"], "% Incomplete command (at token 0: 'switchport')"),
    (["conf t", "int et1", "s"], "% Ambiguous command (at token 0: 's')"),
    (["switchport access vlan 10"], "% Invalid input (at token 0: 'switchport')"),
    (["conf t", "no vlan 1"], "% VLAN 1 cannot be deleted"),
    (["conf t", "username netadmin privilege 15 role network-admin secret sha512 $6$short"], "% Invalid sha512"),
    (["conf t", "username netadmin privilege 15 role network-admin"], "% Incomplete command (at token 5: 'network-admin')"),
    (["conf t", "int et1", "switchport port-security mac-address maximum 0"], "% Invalid input (at token 4: '0')"),
)  # fmt: skip

EXEC = (
    "show running-config", "show startup-config", "show version", "show privilege", "configure terminal",
    "configure session WORD", "configure session WORD commit", "configure session WORD commit timer WORD",
    "configure session WORD abort", "show configuration sessions detail | json",
    "write memory", "terminal length <0-32767>", "terminal width <10-32767>", "enable", "disable", "exit",
)  # fmt: skip
CONFIG = (
    "hostname WORD", "interface LINE", "vlan <1-4094>", "no vlan <1-4094>", "management telnet",
    "lldp run", "no lldp run", "ntp server A.B.C.D", "no ntp server A.B.C.D", "logging host A.B.C.D",
    "no logging host A.B.C.D", "alias WORD LINE", "no alias WORD", "exit", "end",
    "username WORD privilege <0-15> role WORD secret sha512 WORD",
    "username WORD privilege <0-15> role WORD nopassword",
    "username WORD privilege <0-15> secret sha512 WORD", "no username WORD",
)  # fmt: skip
SESSION = (
    *CONFIG, "commit", "commit timer WORD", "abort",
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
VIEWS = {"if": INTERFACE, "vlan": VLAN, "telnet": TELNET}
SINGLE = (
    "description", "switchport mode", "switchport access vlan", "switchport trunk native vlan",
    "switchport phone vlan", "switchport phone trunk", "switchport port-security mac-address maximum",
)  # fmt: skip
#: What is so from the factory, and not shown.
FACTORY = ("switchport mode access", "switchport port-security mac-address maximum 1", "switchport phone trunk tagged",
           "switchport access vlan 1", "switchport trunk native vlan 1")  # fmt: skip


def crypt(password, salt):
    """Ask OpenSSL for crypt(3)'s SHA-512, which is not what the back end makes it with."""
    argv = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
    return subprocess.run(
        argv, input=password, capture_output=True, text=True, check=True
    ).stdout.strip()


def hashed(password):
    return f"secret sha512 {crypt(password, secrets.token_hex(8))}"


def fits(shown, password):
    if shown == "nopassword":
        return True
    return shown.rpartition(" ")[2] == crypt(password, shown.split("$")[2])


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
        self.users = Users(hashed, fits)
        self.users.put(USER, level=15, shown=hashed(PASSWORD), role="network-admin")
        self.saved = self.running()
        self.log = []
        #: Configuration sessions by name: what each would make of us, and its state as 4.31 prints it.
        self.sessions, self.states = {}, {}
        #: The one that waits for a second commit: its name, what was before it, minutes left.
        self.waiting, self.before, self.minutes = "", None, 0

    def held(self):
        """Return what the running configuration is made of."""
        parts = (self.name, self.globals, self.vlans, self.ports, self.telnet, self.users.by_name)
        return copy.deepcopy(parts)

    def take(self, held):
        """Be configured so."""
        held = copy.deepcopy(held)
        self.name, self.globals, self.vlans, self.ports, self.telnet, self.users.by_name = held

    def commit(self, name, minutes=0):
        """Make a session true, for good or for so long."""
        if name != self.waiting:
            self.before = self.held()
            self.take(self.sessions[name].held())
        self.waiting, self.minutes = (name, minutes) if minutes else ("", 0)
        self.states[name] = "pendingCommitTimer" if minutes else "completed"

    def abort(self, name):
        """Forget a session; one that waits for its second commit is taken back."""
        if name == self.waiting:
            self.take(self.before)
            self.waiting = ""
        self.states[name] = "aborted"

    def forward(self, minutes):
        """Let time pass."""
        self.minutes -= minutes
        if self.waiting and self.minutes <= 0:
            self.abort(self.waiting)

    def detail(self):
        """Print the sessions as JSON, as EOS does before 4.32 or from it on."""
        new = self.name.endswith("2")
        sessions = {
            name: {"state": "committed" if new and state in {"pendingCommitTimer", "completed"} else state,
                   "commitUser": "netadmin", "description": "", "instances": {}}
            for name, state in self.states.items() if state != "aborted"
        }  # fmt: skip
        rest = {"commitTimerSessionName": self.waiting, "commitTimerExpireTime": 1739832320.16}
        answer = {"sessions": sessions, "maxSavedSessions": 1, "maxOpenSessions": 5}
        return json.dumps(answer | (rest if new and self.waiting else {}), indent=4)

    def running(self):
        out = [
            "! Command: show running-config",
            f"! device: {self.name} (CCS-720XP-24ZY4, EOS-4.28.3M) SIMULATED",
            "!",
        ]
        out += [line for item in self.globals for line in (item, "!")]
        out += [f"hostname {self.name}", "!"]
        for name, one in self.users.by_name.items():
            role = f" role {one['role']}" if one.get("role") else ""
            out += [f"username {name} privilege {one['level']}{role} {one['shown']}", "!"]
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


class Cli(CommandLine):
    """One session on a device; within a configuration session, its name."""

    greeting = "\nSIMULATED Arista, no real switch\n"
    session = ""

    @property
    def at(self):
        """Return what commands configure: the device, or what a session would make of it."""
        return self.device.sessions[self.session] if self.session else self.device

    @property
    def prompt(self):
        s = f"-s-{self.session[:6]}" if self.session else ""
        where = {"if": f"(config{s}-if-{str(self.section).replace('Ethernet', 'Et')})", "vlan": f"(config{s}-vlan-{self.section})",
                 "telnet": f"(config{s}-mgmt-telnet)", "config": f"(config{s})", "exec": ""}  # fmt: skip
        return f"{self.device.name}{where[self.mode]}#"

    def _refused(self, line, error):
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
        around = SESSION if self.session else CONFIG
        if self.mode in {"exec", "config"}:
            words = parse(line, EXEC if self.mode == "exec" else around)
        else:
            words, outside = parse_within(line, VIEWS[self.mode], around)
            if outside:
                self.mode = "config"
        if words == ["end"] or (words == ["exit"] and self.mode == "config"):
            self.mode, self.session = "exec", ""
            return ""
        if words == ["exit"] and self.mode != "exec":
            self.mode = "config"
            return ""
        return getattr(self, f"_{self.mode}")(words)

    def _exec(self, words):
        match words:
            case ["exit"]:
                return None
            case ["configure", "session", name, *how]:
                return self._session(name, how)
            case ["show", "configuration", "sessions", *_]:
                return self.device.detail()
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

    def _session(self, name, how):
        device, state = self.device, self.device.states.get(name, "")
        if how and state not in {"pending", "pendingCommitTimer"}:
            raise Refusal(f"Cannot {how[0]} session {name}")
        match how:
            case []:
                if state in {"", "pending"}:
                    device.sessions.setdefault(name, copy.deepcopy(device))
                    device.states[name] = "pending"
                    self.mode, self.session = "config", name
                    return ""
                raise Refusal(f"Cannot enter session {name}")
            case ["commit"]:
                device.commit(name)
            case ["commit", "timer", limit]:
                if not re.fullmatch(r"\d+:[0-5]?\d:[0-5]?\d", limit):
                    raise Refusal(
                        "invalid",
                        len(
                            "commit timer "
                            if self.session
                            else f"configure session {name} commit timer "
                        ),
                    )
                hours, minutes, seconds = map(int, limit.split(":"))
                device.commit(name, hours * 60 + minutes + seconds / 60)
            case ["abort"]:
                device.abort(name)
        self.mode, self.session = "exec", ""
        return ""

    def _config(self, words):
        device, line = self.at, " ".join(words)
        match words:
            case ["commit" | "abort", *_]:
                return self._session(self.session, words)
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
                raise Refusal("VLAN 1 cannot be deleted")
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
            case ["username", name, "privilege", level, *rest]:
                if "secret" in rest and not re.fullmatch(r"\$6\$\S{1,16}\$\S{86}", rest[-1]):
                    raise Refusal("Invalid sha512 encrypted password")
                role = {"role": rest[1]} if rest[0] == "role" else {}
                shown = " ".join(rest[2:] if role else rest)
                if device.users.mangles:
                    shown = hashed("another")
                device.users.put(name, level=int(level), shown=shown, **role)
            case ["no", "username", name]:
                device.users.by_name.pop(name, None)
            case ["no", *rest]:
                device.globals[:] = [item for item in device.globals if item != " ".join(rest)]
            case _ if line not in device.globals:
                device.globals.append(line)
        return ""

    def _vlan(self, words):
        if words[0] == "name" and len(words[1]) > 32:
            raise Refusal("invalid", 5)
        self.at.vlans[self.section] = words[1] if words[0] == "name" else ""
        return ""

    def _telnet(self, words):
        self.at.telnet = words == ["no", "shutdown"]
        return ""

    def _if(self, words):
        lines, line = self.at.ports[self.section], " ".join(words)
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
        put(lines, line, SINGLE)
        if line in FACTORY:
            lines.remove(line)
        return ""
