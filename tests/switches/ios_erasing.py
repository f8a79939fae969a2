"""SIMULATOR of what a Catalyst does when it is erased (IOS 15.2), as strict as the real one. No switch.

Where each form and wording was looked up:
- `write erase`, `delete`, `reload` and their questions, `%Error deleting … (No such file or directory)`, `startup-config is not
  present`: as public transcripts of 2960s quote them; `/force` deletes without asking (Cisco, *IOS Configuration Fundamentals
  Command Reference*, "delete");
- that `nvram:` lists `startup-config` and `private-config` with 0 bytes after `write erase`, and `persistent-data` still: a
  transcript of a 2960 with 15.2(7)E;
- `crypto key zeroize rsa`: its lines and `[yes/no]`; the SSH server is disabled with it (Catalyst 3560 configuration guide,
  "Configuring the Switch for Secure Shell"). That a session under way goes on is a guess, and `key_cuts` the other one.
"""

import re

from flash import CUT, RESTART, Flash

EXEC = (
    "write erase", "erase startup-config", "show file systems", "dir", "dir WORD", "delete WORD", "delete /force WORD",
    "show crypto key mypubkey rsa", "reload",
)  # fmt: skip
CONFIG = ("crypto key zeroize rsa",)
FILES = {
    "flash:/c2960x-universalk9-mz.152-7.E4/c2960x-universalk9-mz.152-7.E4.bin": 24582144,
    "flash:/vlan.dat": 616,
    "flash:/multiple-fs": 3096,
    "flash:/crashinfo_ext/crashinfo_ext_1.txt": 70112,
    "flash:/archive-Nov-26-10-00-00-0": 5412,
    "flash:/old/running.cfg": 5410,
    "nvram:/private-config": 1914,
    "nvram:/persistent-data": 71,
}
_SYSTEMS = """\
File Systems:

     Size(b)     Free(b)      Type  Flags  Prefixes
*   122185728    96595968     flash     rw   flash:
           -           -    opaque     rw   system:
           -           -    opaque     rw   tmpsys:
      524288      518374     nvram     rw   nvram:
           -           -   network     rw   tftp:
"""
_USB = "     1024000      102400      disk     rw   usbflash0:\n"
YES = {"", "y"}


def flash(name):
    return Flash(f"FOC{name}", FILES, {"rsa": [f"{name}.lab.example"]})


def version(held):
    text = "Cisco IOS Software, C2960X (SIMULATED), Version 15.2(7)E4\n"
    return text + "".join(
        f"\nSwitch 0{n}\n---------\nSystem serial number            : {serial}\n"
        for n, serial in enumerate(held.serials, 1)
    )


class Erasable:
    """The part of a session that erases. `then` takes the answer to a question."""

    then = None

    def ask(self, text, then):
        self.then = then
        return text

    def answered(self, line):
        then, self.then = self.then, None
        return then(line.strip().lower())

    def erasing(self, words):
        held, device = self.device.flash, self.device
        match words:
            case ["write", "erase"] | ["erase", "startup-config"]:
                return self.ask(
                    "Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]",
                    self._nvram,
                )
            case ["show", "file", "systems"]:
                plugged = any(path.startswith("usbflash0:") for path in held.files)
                return _SYSTEMS + (_USB if plugged else "")
            case ["dir", *where]:
                return self._dir(where[0] if where else "flash:/")
            case ["delete", "/force", path]:
                return self._delete(path)
            case ["delete", path]:
                name = path.rpartition("/")[2].rpartition(":")[2]
                return self.ask(
                    f"Delete filename [{name}]? ",
                    lambda _name: self.ask(
                        f"Delete {_whole(path)}? [confirm]",
                        lambda said: self._delete(path) if said in YES else "",
                    ),
                )
            case ["show", "crypto", "key", "mypubkey", "rsa"]:
                return "\n".join(
                    f"% Key pair was generated at: 09:00:00 UTC Nov 26 2026\nKey name: {name}\nKey type: RSA KEYS\n"
                    " Storage Device: private-config\n Usage: General Purpose Key\n Key is not exportable.\n Key Data:\n"
                    "  30820122 300D0609 2A864886 F70D0101 01050003 82010F00\n"
                    for name in held.keys["rsa"]
                )
            case ["crypto", "key", "zeroize", "rsa"]:
                return self._zeroize()
            case ["reload"]:
                if device.running() != device.saved:
                    return self.ask(
                        "\nSystem configuration has been modified. Save? [yes/no]: ", self._save
                    )
                return self.ask("Proceed with reload? [confirm]", self._reload)
        return ""

    def _nvram(self, said):
        if said not in YES:
            return ""
        if not self.device.flash.keeps_startup:
            self.device.saved = ""
            self.device.flash.files.pop("nvram:/private-config", None)
        return "[OK]\nErase of nvram: complete"

    def _dir(self, where):
        held, folder = self.device.flash, _whole(where).rstrip("/") + "/"
        if not re.match(r"(?:flash|nvram|usbflash0):/", folder) or not held.has(folder):
            return f"%Error opening {where} (No such file or directory)"
        rows = held.within(folder)
        if folder == "nvram:/":
            size = len(self.device.saved)
            rows = {"startup-config": size, "private-config": 0, "ifIndex-table": 0} | rows
        shown = [
            f"  {n:3}  {'drwx' if size is None else '-rwx'}  {512 if size is None else size:10}  Mar 1 1993 00:03:10 +00:00  {name}"
            for n, (name, size) in enumerate(rows.items(), 2)
        ]
        listed = shown or ["No files in directory"]
        return "\n".join(
            [
                f"Directory of {folder}",
                "",
                *listed,
                "",
                "122185728 bytes total (96595968 bytes free)",
            ]
        )

    def _delete(self, path):
        if not self.device.flash.delete(_whole(path)):
            return f"%Error deleting {path} (No such file or directory)"
        return ""

    def _zeroize(self):
        if not self.device.flash.keys["rsa"]:
            return "% No Signature RSA Keys found in configuration."
        return self.ask(
            "% All RSA keys will be removed.\n% All router certs issued using these keys will also be removed.\n"
            "Do you really want to remove these keys? [yes/no]: ",
            self._gone,
        )

    def _gone(self, said):
        if said not in {"yes", "no", "y", "n"}:
            return self.ask("% Please answer 'yes' or 'no'.\n[yes/no]: ", self._gone)
        if said.startswith("n"):
            return ""
        self.device.flash.keys["rsa"] = []
        return CUT if self.device.flash.key_cuts else ""

    def _save(self, said):
        if said not in {"yes", "no", "y", "n"}:
            return self.ask("% Please answer 'yes' or 'no'.\n[yes/no]: ", self._save)
        if said.startswith("y"):
            self.device.saved = self.device.running()
        return self.ask("Proceed with reload? [confirm]", self._reload)

    def _reload(self, said):
        if said not in YES:
            return ""
        if self.device.flash.stubborn:
            return "% Reload is not possible: a software upgrade is in progress"
        self.device.flash.restarted = True
        return RESTART


def _whole(path):
    """Write `flash:vlan.dat` as `flash:/vlan.dat`, `vlan.dat` likewise."""
    system, colon, rest = path.rpartition(":")
    return f"{system if colon else 'flash'}:/{rest.lstrip('/')}"
