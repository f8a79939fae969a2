"""SIMULATOR of what an S-series switch does when it is erased (VRP V200R019), as strict as the real one. No switch.

Where each form and wording was looked up:
- `reset saved-configuration`, `reset factory-configuration` (two questions, and it restarts by itself), `reboot`: Huawei's support
  forum, "How to restore the factory settings of switches", and the *Command Reference*;
- `rsa local-key-pair destroy`, `reset recycle-bin /f`, `delete /unreserved /quiet`, `dir /all` (with what is in the recycle bin,
  in brackets): the *Command Reference*; `display startup` with NULL: the same;
- `There is no correct configuration file in FLASH`: public transcripts. What is said where no key is, of an empty folder and of a file
  that is not there is a guess.
"""

from flash import CUT, RESTART, Flash
from grammar import Refusal

USER = (
    "display device manufacture-info", "display startup", "display esn", "dir /all WORD", "dir WORD", "delete WORD",
    "delete /unreserved /quiet WORD", "reset recycle-bin /f", "reset recycle-bin", "reset saved-configuration",
    "reset factory-configuration", "reboot", "display rsa local-key-pair public", "display dsa local-key-pair public",
    "display ecc local-key-pair public",
)  # fmt: skip
SYSTEM = (
    "rsa local-key-pair destroy",
    "dsa local-key-pair destroy",
    "ecc local-key-pair destroy",
)
FILES = {
    "flash:/s5720-v200r019c10spc500.cc": 104857600,
    "flash:/vrpcfg.zip": 1411,
    "flash:/private-data.txt": 1260,
    "flash:/logfile/2026-11-26.log": 10224,
    "flash:/security/ca/ours.pem": 1704,
}


def flash(name):
    held = Flash(f"2102{name}", FILES, {"rsa": ["Host", "Server"], "dsa": [], "ecc": []})
    held.binned = {"flash:/backup.cfg": 1390}
    #: Older systems cannot reset all at once.
    held.young = not name.endswith("2")
    return held


class Erasable:
    """The part of a session that erases. `then` takes the answer to a question."""

    then = None

    def ask(self, text, then):
        self.then = then
        return text

    def answered(self, line):
        then, self.then = self.then, None
        if line.strip().lower() == "y":
            return then()
        return self._unsaved() if then == self._saved else ""

    def erasing(self, words):
        held = self.device.flash
        match words:
            case ["display", "device", "manufacture-info"]:
                rows = [
                    f"{n}     -    {serial}   2019-12-26" for n, serial in enumerate(held.serials)
                ]
                return "\n".join(["Slot  Sub  Serial-number          Manu-date", "- - - - - - - - -", *rows,
                                  "      1    21023PSU0001           2019-12-14"])  # fmt: skip
            case ["display", "startup"]:
                file = "flash:/vrpcfg.zip" if self.device.saved else "NULL"
                return (
                    "MainBoard:\n  Startup system software:                   flash:/s5720-v200r019c10spc500.cc\n"
                    "  Startup saved-configuration file:          flash:/vrpcfg.zip\n"
                    f"  Next startup saved-configuration file:     {file}\n"
                    "  Startup license file:                      default"
                )
            case ["dir", *_, folder]:
                return self._dir(folder, everything="/all" in words)
            case ["delete", "/unreserved", "/quiet", path]:
                return self._delete(path)
            case ["delete", path]:
                return self.ask(f"Delete {path}?[Y/N]:", lambda: self._bin(path))
            case ["reset", "recycle-bin", *_]:
                return self.ask(
                    "Info: Are you sure to clear all file in recycle bin? [Y/N]:", self._emptied
                )
            case ["reset", "saved-configuration"]:
                return self.ask(
                    "Warning: The action will delete the saved configuration on the device.\n"
                    "The configuration will be erased to reconfigure.Continue? [Y/N]:",
                    self._cleared,
                )
            case ["reset", "factory-configuration"]:
                if not held.young:
                    raise Refusal("invalid", len("reset "))
                return self.ask(
                    "Warning: The command will delete all the configurations and files (except the startup, patch, module,"
                    " and license files) from the device. Continue? [Y/N]:",
                    lambda: self.ask(
                        "Warning: The system will reboot after configurations and files are deleted. Continue? [Y/N]:",
                        self._away,
                    ),
                )
            case ["reboot"]:
                return self._reboot()
            case ["display", kind, "local-key-pair", "public"]:
                return "\n".join(
                    f"=====Host key=====\nTime of Key pair created : 13:22:1 2026/11/26\nKey name : {name}\n"
                    "Key type : RSA Encryption Key\n==========\nKey code:\n3047 0240 BF7C 0A\n"
                    for name in held.keys[kind]
                )
            case [kind, "local-key-pair", "destroy"]:
                if not held.keys[kind]:
                    raise Refusal("The local key pair does not exist.")
                return self.ask(
                    "% The name for the keys which will be destroyed is Host.\n"
                    "% Confirm to destroy these keys. Continue? [Y/N]:",
                    lambda: self._destroyed(kind),
                )
        return ""

    def _dir(self, folder, *, everything):
        held = self.device.flash
        if not folder.startswith("flash:/") or not held.has(folder):
            return f"Error: No such file or directory: {folder}"
        rows = held.within(folder)
        if everything:
            rows |= {f"[{name}]": size for name, size in held.within(folder, held.binned).items()}
        shown = [
            f"{n:5}  {'drw-' if size is None else '-rw-'}  {'-' if size is None else format(size, ','):>13}  Nov 26 2026 05:52:24   {name}"
            for n, (name, size) in enumerate(rows.items())
        ]
        head = "  Idx  Attr     Size(Byte)  Date        Time       FileName"
        return "\n".join(
            [f"Directory of {folder}", "", head, *shown, "", "515,904 KB total (302,256 KB free)"]
        )

    def _delete(self, path):
        if not self.device.flash.delete(path):
            return "Error: The file does not exist."
        return f"Info: Deleting file {path}...succeeded."

    def _bin(self, path):
        held = self.device.flash
        held.binned[path] = held.files.pop(path)
        return f"Info: Deleting file {path}...succeeded."

    def _emptied(self):
        held = self.device.flash
        held.binned = {path: size for path, size in held.binned.items() if path in held.stay}
        return "Info: Clearing all file in recycle bin...Done."

    def _cleared(self):
        if not self.device.flash.keeps_startup:
            self.device.saved = ""
        return (
            "Warning: Now clearing the configuration on the device.\n"
            "Info: Succeeded in clearing the configuration on the device."
        )

    def _destroyed(self, kind):
        self.device.flash.keys[kind] = []
        return CUT if self.device.flash.key_cuts and kind == "rsa" else ""

    def _reboot(self):
        text = "Info: The system is now comparing the configuration, please wait.\n"
        if self.device.saved != self.device.running():
            return self.ask(
                f"{text}Warning: The configuration has been modified, and it will be saved to the next startup"
                " saved-configuration file flash:/vrpcfg.zip. Continue? [Y/N]:",
                self._saved,
            )
        return self.ask(f"{text}System will reboot! Continue?[Y/N]:", self._away)

    def _unsaved(self):
        """Go on after a no: only the reboot's first question has a second."""
        return self.ask("System will reboot! Continue?[Y/N]:", self._away)

    def _saved(self):
        self.device.saved = self.device.running()
        return self._unsaved()

    def _away(self):
        if self.device.flash.stubborn:
            return "Error: The system is upgrading."
        self.device.flash.restarted = True
        return RESTART
