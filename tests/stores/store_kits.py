"""Every kind of store, with what a test must be able to do to it from outside.

A kit opens the same store again and again, with the right key or another's; damages one secret, or moves
one to another's place, with the means somebody has who can write where it lies; and tells what lies there.
"""

import itertools
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import traceback
import warnings
from contextlib import closing
from pathlib import Path

import hvac
import pyrage

from commsroom.secrets.sealed import SealedStore
from commsroom.secrets.stores import age_keys
from commsroom.secrets.stores.age import AgeStore
from commsroom.secrets.stores.age import _name as age_name
from commsroom.secrets.stores.ansible_vault import AnsibleVaultStore
from commsroom.secrets.stores.vault import VaultStore
from commsroom.secrets.stores.vault import _key as vault_key
from commsroom.secrets.stores.vault_client import Kv, Place

KEY = bytes(range(32))
#: Calls that a kill can fall before or after.
STEPS = [
    (os, "fsync"),
    (os, "replace"),
    (os, "rename"),
    (os, "link"),
    (os, "unlink"),
    (os, "open"),
    (os, "mkdir"),
]
STEPS += [(Path, "replace"), (Path, "unlink"), (Path, "mkdir")]


class Kit:
    """What is common: stores in a folder of their own."""

    #: Whether many secrets are stored in one step. Vault has none such.
    at_once = True
    #: Whether one secret can be moved by somebody without the key.
    movable = True

    def __init__(self, folder, server=None):
        self.folder = folder / "state"
        self.server = server

    def tell_boundaries(self, store, reached):
        """Call `reached` before and after each step that a kill can fall between."""
        for owner, name in STEPS:
            around(owner, name, reached)

    def at_rest(self):
        """Everything that lies on this machine: names and contents."""
        return b"".join(
            str(file).encode() + (file.read_bytes() if file.is_file() else b"")
            for file in self.folder.rglob("*")
            if not file.name.endswith("-shm")  # SQLite's locks: every reader writes there
        )


class Sealed(Kit):
    """The file of SQLite."""

    @property
    def file(self):
        return self.folder / "secrets.db"

    def open(self, *, key=KEY, **how):
        return SealedStore.open(self.file, key, **how)

    def open_as_another(self):
        return self.open(key=b"\x01" * 32, read_only=True)

    def tell_boundaries(self, store, reached):
        store._connection.set_trace_callback(lambda _statement: reached())

    def _run(self, statement, *values):
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement, values)

    def damage(self, path, generation=1):
        self._run(
            "UPDATE sealed SET box = substr(box, 1, 20) WHERE path = ? AND generation = ?",
            path,
            generation,
        )

    def move(self, path, generation, to, to_generation):
        self._run(
            "UPDATE sealed SET box = (SELECT box FROM sealed WHERE path = ? AND generation = ?)"
            " WHERE path = ? AND generation = ?", path, generation, to, to_generation,
        )  # fmt: skip


class AnsibleVault(Kit):
    """One file under Ansible Vault."""

    movable = False  # one box, authenticated as a whole: see test_ansible_vault.py

    @property
    def file(self):
        return self.folder / "secrets.vault.yml"

    def open(self, *, password=b"correct horse battery staple", **how):
        return AnsibleVaultStore.open(self.file, password, **how)

    def open_as_another(self):
        return self.open(password=b"wrong", read_only=True)

    def damage(self, path, generation=1):
        lines = self.file.read_bytes().splitlines(keepends=True)
        lines[-2] = lines[-2].replace(b"3", b"4")
        self.file.write_bytes(b"".join(lines))


class Age(Kit):
    """A folder of age files."""

    ME = pyrage.x25519.Identity.generate()
    ANOTHER = pyrage.x25519.Identity.generate()

    def open(self, *, identity=None, **how):
        listed = self.folder.parent / "recipients"
        listed.write_text(f"# us\n{self.ME.to_public()}\n")
        return AgeStore.open(self.folder, age_keys.recipients(listed), [identity or self.ME], **how)

    def open_as_another(self):
        return self.open(identity=self.ANOTHER, read_only=True)

    def damage(self, path, generation=1):
        file = self.folder / age_name(path, generation)
        file.write_bytes(file.read_bytes()[:-3])

    def move(self, path, generation, to, to_generation):
        (self.folder / age_name(path, generation)).replace(
            self.folder / age_name(to, to_generation)
        )


class Vault(Kit):
    """Keys on a real OpenBao server; the folder's name is the prefix."""

    at_once = False

    def __init__(self, folder, server):
        super().__init__(folder, server)
        self.prefix = f"t{secrets.token_hex(6)}/estate"

    def tell_boundaries(self, store, reached):
        around(store._kv, "create", reached)

    def kv(self, *, token=None, mount="secret", url=None, **limits):
        place = Place(
            url or self.server.url, mount, self.prefix, authorities=str(self.server.authorities)
        )
        return Kv(place, token or self.server.token, **limits)

    def open(self, *, token=None, **how):
        return VaultStore.open(self.kv(token=token), **how)

    def open_as_another(self):
        return self.open(token="s.another", read_only=True)

    def _write(self, path, generation, data):
        self.server.client.secrets.kv.v2.create_or_update_secret(
            f"{self.prefix}/{vault_key((path, generation))}", data
        )

    def damage(self, path, generation=1):
        self._write(path, generation, {"value": 7})

    def move(self, path, generation, to, to_generation):
        key = f"{self.prefix}/{vault_key((path, generation))}"
        held = self.server.client.secrets.kv.v2.read_secret_version(
            key, raise_on_deleted_version=True
        )
        self._write(to, to_generation, held["data"]["data"])


def around(owner, name, reached):
    real = getattr(owner, name)

    def told(*given, **named):
        reached()
        answer = real(*given, **named)
        reached()
        return answer

    setattr(owner, name, told)


def killed_at(boundary, work):
    """Do `work(reached)` in a process of its own that is killed at its so-many-th boundary; tell whether it was."""
    with warnings.catch_warnings():
        # Python 3.12 warns of threads that a child has not: this one opens what it needs itself.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        code = 1
        try:
            left = itertools.count(boundary, -1)

            def reached():
                if next(left) == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            work(reached)
            code = 0
        except BaseException:
            traceback.print_exc()  # nobody sees a child's otherwise
            raise
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


KITS = {"sealed": Sealed, "ansible_vault": AnsibleVault, "age": Age, "vault": Vault}


class Server:
    """A real OpenBao server of our own, with TLS, that keeps everything in memory."""

    def __init__(self, folder):
        self.token = secrets.token_hex(12)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.authorities = folder / "vault-ca.pem"
        self.log = (folder / "bao.log").open("wb")
        self._process = subprocess.Popen(
            [
                Path(sys.executable).with_name("bao"), "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={folder}",
                f"-dev-root-token-id={self.token}", "-dev-no-store-token",
                f"-dev-listen-address=127.0.0.1:{self.port}",
            ],
            stdout=self.log, stderr=subprocess.STDOUT,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        )  # fmt: skip
        self._wait()
        self.client = hvac.Client(self.url, token=self.token, verify=str(self.authorities))

    def _wait(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                probe = hvac.Client(self.url, token=self.token, verify=str(self.authorities))
                if "secret/" in probe.sys.list_mounted_secrets_engines()["data"]:
                    return
            except (OSError, hvac.exceptions.VaultError):
                assert self._process.poll() is None, Path(self.log.name).read_text()
            time.sleep(0.1)
        raise TimeoutError(Path(self.log.name).read_text())

    def close(self):
        self._process.kill()
        self._process.wait()
        self.client.session.close()
        self.log.close()


def described(kit):
    """A kit as arguments of `store_process.py`, which opens the same store in another process."""
    server = kit.server
    return json.dumps(
        {
            "kind": next(name for name, one in KITS.items() if type(kit) is one),
            "folder": str(kit.folder.parent),
            "prefix": getattr(kit, "prefix", ""),
            "me": str(Age.ME),
            "server": {
                "url": server.url,
                "token": server.token,
                "authorities": str(server.authorities),
            }
            if server
            else None,
        }
    )


def from_description(text):
    """Return the kit that `described` describes."""
    said = json.loads(text)
    server = type("Described", (), said["server"]) if said["server"] else None
    Age.ME = pyrage.x25519.Identity.from_str(said["me"])
    kit = KITS[said["kind"]](Path(said["folder"]), server)
    if said["prefix"]:
        kit.prefix = said["prefix"]
    return kit
