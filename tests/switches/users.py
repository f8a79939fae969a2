"""Local users of a simulated switch: one password each, kept as the vendor's hash, and checked at every SSH login.

A hash that is typed as it was shown is the password again, as on the real ones.
"""

import copy

#: By whom every simulated switch is configured at first.
USER, PASSWORD = "netadmin", "simulated-only"


class Users:
    """Users by name: the level, what is shown after it, and other words of theirs."""

    def __init__(self, hashing, fits):
        self.by_name = {}
        self.hashing, self.fits = hashing, fits
        #: Logins refused since the last that was let in, and in all, by name.
        self.refused, self.failed = {}, {}
        #: So many refusals lock a user until the clock is put forward; 0: never.
        self.lock_after = 0
        #: It keeps another password than it is told, as one does that cuts them short.
        self.mangles = False

    def held(self):
        return copy.deepcopy(self.by_name)

    def put(self, name, **words):
        self.by_name[name] = {"level": 1, "shown": "", **self.by_name.get(name, {}), **words}

    def kept(self, password):
        """Return what is shown of a password that somebody types."""
        return self.hashing(password[:-1] if self.mangles else password)

    def locked(self, name):
        return 0 < self.lock_after <= self.refused.get(name, 0)

    def lets_in(self, name, password):
        """Check a login as AAA does."""
        user = self.by_name.get(name)
        if user and not self.locked(name) and self.fits(user["shown"], password):
            self.refused[name] = 0
            return True
        self.refused[name] = self.refused.get(name, 0) + 1
        self.failed[name] = self.failed.get(name, 0) + 1
        return False
