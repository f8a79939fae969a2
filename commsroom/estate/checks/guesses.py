"""Passwords an attacker tries first: vendors' defaults, and the most common of those ever leaked.

Sources: the vendors' own manuals for the defaults; for the rest, what heads every public list of leaked
passwords (UK NCSC and Have I Been Pwned, "PwnedPasswordsTop100k"). An account's own name is tried too.
"""

from __future__ import annotations

from typing import Final

GUESSES: Final = (
    "123456", "12345678", "123456789", "1234", "0000", "111111", "password", "Password1",
    "P@ssw0rd", "passw0rd", "qwerty", "abc123", "letmein", "welcome", "admin", "admin123",
    "administrator", "root", "toor", "guest", "user", "test", "default", "changeme", "changeit",
    "secret", "debian", "ubuntu", "raspberry", "asterisk", "cisco", "ubnt", "vagrant",
)  # fmt: skip
