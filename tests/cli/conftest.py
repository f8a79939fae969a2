"""The real command line, run in this process (fast) or as a process of its own (streams, time)."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from command_lines import COMMAND, must_be_as_published

from commsroom.cli import main as entry

HERE = Path(__file__).parent
DAY = ("--as-of", "2026-03-02")
DESKS = """\
    prov1:
      ansible_host: 127.0.0.1
      commsroom_backend: phone
      commsroom_machine: pbx1
      phone_exchange: pbx1.small.example
    sw1:
      ansible_host: 127.0.0.1
      commsroom_backend: cisco_ios
"""
NETWORK = "---\nsites: {home: {data: {id: 10, name: data}, voice: {id: 20, name: voice}}}\n"


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Run a command line in this process; nobody sits at the keyboard. What it gives has its published form."""

    def call(*words):
        capsys.readouterr()
        code = entry.main([str(word) for word in words])
        said = capsys.readouterr()
        must_be_as_published([str(word) for word in words], said.out)
        return Ended(code, said.out, said.err)

    return call


@pytest.fixture
def spawn():
    """Run a command line as a process of its own."""

    def call(*words, **settings):
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **settings}
        command = given.pop("program", COMMAND)
        done = subprocess.run([*command, *map(str, words)], check=False, text=True, **given)
        return Ended(done.returncode, done.stdout or "", done.stderr or "")

    return call


class Estate:
    """A small estate in a folder of its own, all its systems simulated."""

    def __init__(self, path, run):
        self.path = path
        self._run = run

    def __call__(self, *words, simulated=True):
        simulate = ["--simulate", self.path] if simulated else []
        return self._run("--estate", self.path, *simulate, *words)

    def policy(self, name, old, new):
        """Change a text of a policy file."""
        file = self.path / "policies" / name
        content = file.read_text("utf-8")
        assert old in content
        file.write_text(content.replace(old, new), "utf-8")

    def wire(self, devices, hosts=""):
        """Let there be a provisioning server and a switch (and more hosts), and these devices; apply it."""
        (self.path / "policies/devices.csv").write_text(devices)
        (self.path / "policies/network.yml").write_text(NETWORK)
        (self.path / "policies/phones.yml").write_text("---\n{}\n")
        inventory = self.path / "inventory/hosts.yml"
        inventory.write_text(inventory.read_text() + DESKS + hosts)
        done = self("apply", "--yes", "--allow-removal", "total", *DAY)
        assert done.code == 0, done.err

    def leave(self, *people):
        """Take people out of the roster."""
        file = self.path / "policies/people.csv"
        rows = file.read_text("utf-8").splitlines(keepends=True)
        file.write_text("".join(row for row in rows if row[:2] not in people), "utf-8")

    def by_hand(self, change):
        """Change what the chat server holds, behind commsroom's back."""
        file = self.path / "im1.json"
        held = json.loads(file.read_text("utf-8"))
        change(held)
        file.write_text(json.dumps(held), "utf-8")

    def held(self):
        """What the chat server holds."""
        return (self.path / "im1.json").read_bytes()


@pytest.fixture(scope="session")
def applied(tmp_path_factory):
    """An estate to copy, applied once."""
    base = tmp_path_factory.mktemp("applied")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(base / "config"))
        patch.delenv("COMMSROOM_LEDGER", raising=False)
        shutil.copytree(HERE / "estate", base / "estate")
        words = ["apply", "--json", "--yes", "--estate", base / "estate", *DAY]
        simulate = ["--simulate", base / "estate"]
        assert entry.main([str(word) for word in [*words, *simulate]]) == 0
        yield base / "estate"


@pytest.fixture
def estate(applied, tmp_path, run):
    return Estate(shutil.copytree(applied, tmp_path / "estate"), run)


@pytest.fixture
def fresh(applied, tmp_path, run):
    """The same, never applied; with the inventory's answer kept, since Ansible takes a second."""
    path = shutil.copytree(HERE / "estate", tmp_path / "fresh")
    (path / ".commsroom").mkdir(mode=0o700)
    shutil.copy(applied / ".commsroom/inventory.json", path / ".commsroom")
    return Estate(path, run)


class Ordering:
    """`commsroom device …` in an estate where people sign orders with keys of their own."""

    HEADER = "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port\n"
    NAMESPACE = 'namespaces="commsroom-approval"'

    def __init__(self, estate, keys):
        self.estate = estate
        self.keys = keys
        self.policies = estate.path / "policies"

    def __call__(self, *words):
        done = self.estate("device", *words, simulated=False)
        assert "Traceback" not in done.err
        return done

    def equip(self, rows, equipment="currency: TWD\nrenewal: {phone: {age: 6y}}\n"):
        """Let these be the devices, and this the policy about them."""
        (self.policies / "devices.csv").write_text(self.HEADER + rows)
        (self.policies / "equipment.yml").write_text(f"---\n{equipment}")

    def rows(self):
        """Return what devices.csv says of each device, by its tag."""
        lines = (self.policies / "devices.csv").read_text().splitlines()[1:]
        return {line.partition(",")[0]: line for line in lines}

    def entitle(self, text):
        """Let clerks, who are all there are, have this equipment."""
        self.estate.policy("positions.yml", "title: Clerk", f"title: Clerk\n    equipment: {text}")

    def allow(self, *people):
        """Let just these approve orders."""
        lines = [
            f"{name} {self.NAMESPACE} {(self.keys / f'{name}.pub').read_text()}" for name in people
        ]
        (self.policies / "approvers").write_text("".join(lines))

    def approve(self, name, by, key=None):
        """Have somebody sign, with their own key or another."""
        return self("approve", name, "--by", by, "--key", self.keys / (key or by))

    def approved(self, *words):
        """Propose an order as P3, have P1 and P2 sign it, and return its name."""
        done = self("order", "--by", "P3", "--json", *words)
        assert done.code == 0, done.err
        name = done.document["order"]
        assert [self.approve(name, by).code for by in ("P1", "P2")] == [0, 0]
        return name

    def orders(self, *more):
        """Return the orders there are."""
        return self("orders", "--json", *more).document["orders"]


@pytest.fixture(scope="session")
def approvers_keys(tmp_path_factory):
    """Keys of four people, by roster id."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("P1", "P2", "P3", "P4"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / name]
        subprocess.run(words, check=True)
    return folder


@pytest.fixture
def ordering(fresh, approvers_keys):
    """An estate, never applied, of which P1, P2 and P4 may approve orders."""
    found = Ordering(fresh, approvers_keys)
    found.allow("P1", "P2", "P4")
    return found


@pytest.fixture(scope="session")
def left(applied, approvers_keys, tmp_path_factory):
    """An estate to copy: P6 is gone from the roster and closed; P1, P2 and P4 may sign, and stand."""
    path = shutil.copytree(applied, tmp_path_factory.mktemp("left") / "estate")

    def call(*words):
        assert (
            entry.main([str(word) for word in (*words, "--estate", path, "--simulate", path)]) == 0
        )

    lines = [
        f"{name} {Ordering.NAMESPACE} {(approvers_keys / f'{name}.pub').read_text()}"
        for name in ("P1", "P2", "P4")
    ]
    (path / "policies/approvers").write_text("".join(lines))
    Estate(path, None).leave("P6")
    call("apply", "--yes", *DAY)
    for name in ("P1", "P2"):
        words = ("--by", name, "--key", approvers_keys / name, "--yes")
        call("approve", "policies/approvers", *words)
    return path


class Signing(Estate):
    """An estate where people sign on the command line."""

    def __init__(self, path, run, keys):
        super().__init__(path, run)
        self.keys = keys
        self.file = path / "purge.plan"

    def approve(self, what, by, *words):
        """Have somebody sign."""
        done = self("approve", what, "--by", by, "--key", self.keys / by, "--yes", *words)
        assert "Traceback" not in done.err
        return done

    def save(self, *words, by="P3"):
        """Save a plan for a day on which P6's retention has passed."""
        done = self("plan", "--out", self.file, "--by", by, "--as-of", "2026-12-02", *words)
        assert done.code == 0, done.err
        return done

    def there(self):
        """Tell whether P6's mailbox and chat account are."""
        text = "".join((self.path / f"{name}.json").read_text("utf-8") for name in ("im1", "mail1"))
        return "di@small.example" in text


@pytest.fixture
def signing(left, approvers_keys, tmp_path, run):
    return Signing(shutil.copytree(left, tmp_path / "estate"), run, approvers_keys)


@pytest.fixture
def contract(pytestconfig):
    """Check a document against its published form."""
    forms = json.loads(
        (pytestconfig.rootpath / "docs/reference/documents.schema.json").read_text("utf-8")
    )

    def check(name, document):
        form = {**forms, "$ref": f"#/$defs/{name.replace(' ', '%20')}"}
        jsonschema.Draft202012Validator(form).validate(document)

    return check


EQUIPMENT = "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port,media\n"
STATION = """    wipe1:
      ansible_host: 127.0.0.1
      commsroom_backend: wipe_station
"""


class Yard:
    """An estate with a wipe station, some devices and four people who may sign."""

    def __init__(self, estate, keys):
        self.estate, self.keys = estate, keys
        self.path = estate.path
        hosts = self.path / "inventory/hosts.yml"
        text = hosts.read_text().rstrip().removesuffix("...").rstrip()
        hosts.write_text(text + "\n" + STATION)
        (self.path / "policies/approvers").write_text(
            "".join(
                f'{who} namespaces="commsroom-approval,commsroom-certificate" {(keys / f"{who}.pub").read_text()}'
                for who in ("P1", "P2", "P4")
            )
        )
        for who in ("P1", "P2"):
            done = self("approve", "policies/approvers", "--by", who, "--key", keys / who, "--yes")
            assert done.code == 0, done.err

    def __call__(self, *words):
        done = self.estate(*words)
        assert "Traceback" not in done.err
        return done

    def devices(self, rows):
        (self.path / "policies/devices.csv").write_text(EQUIPMENT + rows)

    def attach(self, *disks):
        file = self.path / "wipe1.json"
        held = json.loads(file.read_text()) if file.exists() else {}
        found = [{"path": f"/dev/sd{number}", **disk} for number, disk in enumerate(disks)]
        file.write_text(json.dumps({**held, "disks": found}))

    def ask(self, *words, by="P3"):
        done = self("decommission", *words, "--by", by, "--json")
        assert done.code == 0, done.err
        return done.document["request"]["request"]

    def sign(self, name, *people):
        for who in people or ("P1", "P2"):
            done = self("approve", name, "--by", who, "--key", self.keys / who, "--yes")
            assert done.code == 0, done.err

    def go(self, *words, code=0):
        done = self("decommission", *words, "--json")
        assert done.code == code, done.err or done.out
        return {item["tag"]: item for item in done.document["devices"]}

    def wiped(self, tags, rows):
        """Bring devices with the disks WD1 and WD2 as far as the validation."""
        self.devices(rows)
        self.attach({"serial": "WD1"}, {"serial": "WD2"})
        name = self.ask(*tags.split(), "--fate", "leaves")
        self.sign(name)
        self.go(name)
        return name

    def validate(self, name, who="P4"):
        words = ("--validate", "--by", who, "--key", self.keys / who, "--contact", "ext 9")
        return self("decommission", name, *words, "--json")


@pytest.fixture
def yard(fresh, approvers_keys):
    return Yard(fresh, approvers_keys)
