"""What a simulated switch keeps beside its configuration: files and keys; and in which ways it keeps more than it says."""


class Flash:
    """Files by their whole path, with sizes; keys by kind. `serials` are those of a stack's members, the first its own.

    `stay` are files it says nothing about and keeps, `keeps_startup` answers OK and erases nothing, `key_cuts` ends the
    session with the host key, `stubborn` does not restart, `mute` restarts without ending the connection.
    """

    def __init__(self, serial, files, keys):
        self.serials = [serial]
        self.files = dict(files)
        self.keys = {kind: list(names) for kind, names in keys.items()}
        self.stay, self.binned = set(), {}
        self.keeps_startup = self.key_cuts = self.stubborn = self.mute = False
        #: It restarted: nobody is there any more.
        self.restarted = False

    @property
    def closed(self):
        """Tell whether SSH lets nobody in any more: it has no key, or it is gone."""
        return self.restarted or not self.keys["rsa"]

    def delete(self, path):
        """Delete a file; tell whether there was one."""
        found = path in self.files
        if path not in self.stay:
            self.files.pop(path, None)
        return found

    def within(self, folder, files=None):
        """Return what a folder shows: names and sizes, None as size of a folder."""
        rows = {}
        for path, size in (self.files if files is None else files).items():
            if path.startswith(folder):
                name, slash, _ = path.removeprefix(folder).partition("/")
                rows[name] = None if slash else size
        return rows

    def has(self, folder):
        """Tell whether there is such a folder."""
        return folder.endswith(":/") or any(path.startswith(folder) for path in self.files)

    def tell(self, words):
        """Be made otherwise: `stay PATH`, `file PATH`, `member SERIAL`, or a fault by its name."""
        match words:
            case ["stay", path]:
                self.stay.add(path)
            case ["file", path]:
                self.files[path] = 99
            case ["member", serial]:
                self.serials.append(serial)
            case [name]:
                setattr(self, name, True)


#: What a session answers when it ends with a restart, and when only the connection ends.
RESTART, CUT = object(), object()
