"""Ledgers to test with: SQLite always; PostgreSQL, marked `lab`, where its server is installed."""

import os
import shutil
import signal
import subprocess
import tempfile
import textwrap
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from commsroom.estate.backend import Outcome, Status
from commsroom.estate.kinds import Account
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.estate.secret import SecretRef
from commsroom.ledger import Ledger

_SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
collect_ignore = [] if _SERVERS else ["test_postgresql.py"]
_WAYS = ["sqlite"]
if _SERVERS:
    _WAYS.append(pytest.param("postgresql", marks=pytest.mark.lab))


@pytest.fixture(scope="session")
def postgresql():
    """Start a PostgreSQL server of our own, reachable by a Unix socket only; yield its URL."""
    programs = _SERVERS[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="commsroom-pg-", dir="/tmp"))
    who = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "nobody", "nogroup")
        who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    folder.chmod(0o755)
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=folder, timeout=90, **who,
    )  # fmt: skip
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **who,
    )  # fmt: skip
    try:
        ready = [programs / "pg_isready", "-q", "-h", folder, "-t", "1"]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                break
            assert server.poll() is None, "PostgreSQL did not start"
        yield f"postgresql+psycopg://tester@/{{}}?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)  # do not wait for clients
        server.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(params=_WAYS)
def url(request, tmp_path):
    """Give the URL of a ledger that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/ledger.db"
    import psycopg

    server = request.getfixturevalue("postgresql")
    name = f"t{uuid.uuid4().hex}"
    plain = server.format("postgres").replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.format(name)


@pytest.fixture
def ledger(url):
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def sql(url):
    """Run statements on the ledger's database as somebody beside commsroom would."""
    from sqlalchemy import create_engine, text

    def run(*statements):
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in statements:
                found = connection.execute(text(statement))
        rows = found.all() if found.returns_rows else []
        engine.dispose()
        return rows

    return run


@dataclass(frozen=True)
class Estate:
    """A little world of accounts on one server, and a ledger that hears about them."""

    ledger: Ledger

    def address(self, login):
        return Address("im1", "account", login)

    def resource(self, login, *, generation=1, protected=False, custody="managed", name=None):
        ref = SecretRef(f"{login}/xmpp", "password", custody=custody, generation=generation)
        return Resource(
            self.address(login),
            Account(display_name=name or login.title()),
            (ref,),
            person=login,
            protected=protected,
        )

    def change(self, action, login, *, secret=True, **state):
        resource = self.resource(login, **state)
        fields = ("display_name", *(["secret:password"] if secret else []))
        if action is Action.DELETE:
            return Change(action, resource.address, resource, None)
        before = None if action is Action.CREATE else self.resource(login, name="Before")
        return Change(action, resource.address, before, resource, fields)

    def begin(self, *changes, system="im1"):
        with self.ledger.lock("lin@ops1") as lease:
            return self.ledger.begin(
                "run-1", system, "grant", changes, actor="lin@ops1", fence=lease.fence
            )

    def do(self, *changes, status=Status.DONE, fingerprint="f" * 32):
        """Go through a whole batch, every change ending alike."""
        batch = self.begin(*changes)
        verifiers = {"password": fingerprint} if fingerprint and status is Status.DONE else {}
        outcomes = [Outcome(item.address, status, "", verifiers) for item in changes]
        self.ledger.finish(batch, outcomes, changes)
        return batch


@pytest.fixture
def estate(ledger):
    return Estate(ledger)


@pytest.fixture
def program(tmp_path):
    """Write a Python program that tests run as a process of its own."""

    def write(source):
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return path

    return write
