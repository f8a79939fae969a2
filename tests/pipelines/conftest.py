"""An estate as a company has it, the checkout a pipeline gets of it, and commsroom's own source.

The servers are simulated, by the inventory itself; so the pipelines run with not a word changed.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMSROOM = [Path(sys.executable).with_name("commsroom")]
WHO = ("-c", "user.name=Test", "-c", "user.email=test@small.example")


def git(folder, *words):
    done = subprocess.run(
        ["git", "-C", folder, *WHO, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass
class Company:
    """A controller that has applied its estate, the repository of it, and what CI is given."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self):
        return self.folder / "estate"

    def run(self, *words):
        return subprocess.run(
            [*COMMSROOM, *map(str, words)],
            cwd=self.repository, env=self.environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def checkout(self, folder):
        """Clone it, as a pipeline begins; the servers, which are none of Git's, are beside it."""
        git(self.folder, "clone", "-q", self.repository, folder)
        assert not (folder / ".commsroom").exists()
        shutil.copytree(self.repository / ".commsroom/simulated", folder / ".commsroom/simulated")
        return folder


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    made = Company(tmp_path_factory.mktemp("company"))
    made.environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("COMMSROOM_")},
        "XDG_CONFIG_HOME": str(made.folder / "config"),
    }
    made.repository.mkdir()
    made.run("init", ".")
    shared = made.repository / "inventory/group_vars/commsroom.yml"
    with shared.open("a", encoding="utf-8") as file:
        file.write("\ncommsroom_simulated: true\n")
    made.run("apply", "--yes")
    key = made.folder / "wei"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    words = ("--sign", key, "--expires", "30d", "--fingerprint-key", made.folder / "ci.key")
    told = json.loads(made.run("ledger", "export", "--json", "--baseline", "baseline.json", *words))
    signers = made.repository / "policies/baseline-signers"
    signers.write_text(f"{told['signers_line']}\n", "utf-8")
    git(made.repository, "init", "-q", "-b", "main")
    git(made.repository, "add", ".")
    git(made.repository, "commit", "-q", "-m", "The estate")
    return made


@dataclass(frozen=True)
class Source:
    """commsroom as it is here, as a repository of its own, and the commit to install."""

    repository: Path
    commit: str


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in names:
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "-q", "-m", "As it is here")
    return Source(folder, git(folder, "rev-parse", "HEAD"))


@pytest.fixture
def forge():
    """A GitLab that only takes comments; gives its address and what it was sent."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, self.headers["PRIVATE-TOKEN"], body.decode()))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    server.server_close()


def drifted(checkout):
    """Change an account on the chat server behind commsroom's back."""
    file = checkout / ".commsroom/simulated/im1.json"
    held = json.loads(file.read_text("utf-8"))
    next(iter(held["accounts"].values()))["display_name"] = "Somebody"
    file.write_text(json.dumps(held), "utf-8")


@pytest.fixture(name="drifted")
def _drifted():
    return drifted


@pytest.fixture(scope="session")
def valid():
    """Hold the artifacts of a nightly run to the public schemas of their forms."""
    import jsonschema
    from lxml import etree

    theirs = ROOT / "tests/unit/reports/schemas"
    sarif = json.loads((theirs / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
    junit = etree.XMLSchema(etree.parse(theirs / "junit-10.xsd"))
    ours = json.loads((ROOT / "docs/reference/documents.schema.json").read_text("utf-8"))

    def check(folder):
        jsonschema.validate(json.loads((folder / "drift.sarif").read_text("utf-8")), sarif)
        junit.assertValid(etree.parse(folder / "drift.xml"))
        document = json.loads((folder / "drift.json").read_text("utf-8"))
        jsonschema.Draft202012Validator({**ours, "$ref": "#/$defs/drift"}).validate(document)
        assert (folder / "drift.html").read_text("utf-8").lower().startswith("<!doctype html>")
        return document

    return check
