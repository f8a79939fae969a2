"""Certificates to test with, an estate that has a ledger, and keys of who may sign."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from commsroom.app import attesting
from commsroom.app.estate import open_estate
from commsroom.cli import main as entry
from commsroom.estate.retiring.certificate import (
    Attested,
    BackedUp,
    Batch,
    Certificate,
    Destination,
    Device,
    Evidence,
    Medium,
    Method,
    Person,
    Result,
    Technique,
    Verified,
)
from commsroom.estate.retiring.document import Document

ESTATE = Path(__file__).parents[2] / "cli/estate"


def at(hour):
    return datetime(2026, 3, 2, hour, 30, tzinfo=UTC)


def person(key="P1", name="Ann Lee", **more):
    given = {
        "id": key, "name": name, "title": "Administrator", "organisation": "Small", "place": "Taipei",
        "phone": "+886 2 5550 1234", "mail": "ann@small.example",
    }  # fmt: skip
    return Person(**{**given, **more})


def medium(**more):
    given = {
        "type": "flash", "manufacturer": "Macronix", "model": "MX30", "serial": "F1", "property_number": "",
        "source": "PH-0001", "classification": "internal", "backed_up": BackedUp.NO, "backup_place": "",
        "method": Method.CLEAR, "technique": Technique.FACTORY_RESET, "details": "menu", "tool": "firmware",
        "tool_version": "108.86", "evidence": Evidence(Verified.SAMPLED, "read by SSH", 299, 95, ()),
        "result": Result.PASS, "classification_after": "none", "destination": Destination.RECYCLING,
        "destination_details": "王記", "notes": "never run on hardware",
    }  # fmt: skip
    return Medium(**{**given, **more})


def certificate(estate="e-1", tag="PH-0001", **more):
    given = {
        "estate": estate, "company": "Small 聯合",
        "device": Device(tag, "phone", "Yealink", "SIP-T46U", "S1", "N-7"),
        "media": (medium(), medium(type="SIM", serial="8988")),
        "performed": Attested(person("P2", "王伟"), at(1)),
        "verified": Attested(person("P3", "王伟"), at(2)),
        "validated": Attested(person(), at(3)), "simulated": False, "notes": "",
    }  # fmt: skip
    return Certificate(**{**given, **more})


def batch(estate, *issued, **more):
    given = {
        "estate": estate, "company": "Small 聯合", "name": "spring", "notes": "",
        "assets": tuple(sorted((item.listed for item in issued), key=lambda item: item.asset_tag)),
        "validated": Attested(person(), at(4)), "simulated": False,
    }  # fmt: skip
    return Batch(**{**given, **more})


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("P1", "P2", "eve"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(words, check=True)
    return folder


@pytest.fixture
def papers(monkeypatch):
    """Draw no paper: that takes seconds, and is tested by itself."""
    from commsroom.reports import certificate as paper

    def drawn(certificate, *, signer, language):
        return f"%PDF {certificate.number} {signer} {language}".encode()

    monkeypatch.setattr(paper, "pdf", drawn)


class World:
    """An estate on disk, whose P1 and P2 may sign certificates."""

    def __init__(self, path, keys):
        self.path, self.keys = path, keys
        self.folder = path / attesting.FOLDER
        self.signers = path / "policies/approvers"
        self.allow("P1", "P2")
        with self.open() as estate:
            self.id = estate.ledger.estate_id

    def allow(self, *people, namespace="commsroom-certificate"):
        lines = [
            f'{name} namespaces="{namespace}" {(self.keys / f"{name}.pub").read_text()}'
            for name in people
        ]
        self.signers.write_text("".join(lines))

    def open(self, boundary=None):
        return open_estate(self.path, environ={}, on_boundary=boundary)

    def certificate(self, tag="PH-0001", **more):
        return certificate(self.id, tag, **more)

    def issue(self, made=None, key="P1", validator="P1", boundary=None):
        with self.open(boundary) as estate:
            made = made or self.certificate()
            return attesting.issue(estate, made, self.keys / key, validator)

    def issue_batch(self, *issued, **more):
        return self.issue(batch(self.id, *issued, **more))

    def events(self, kind):
        with self.open() as estate:
            return list(estate.ledger.events(kind=kind))


@pytest.fixture
def world(tmp_path, keys, papers, monkeypatch):
    monkeypatch.delenv("COMMSROOM_LEDGER", raising=False)
    return World(shutil.copytree(ESTATE, tmp_path / "estate"), keys)


@pytest.fixture
def run(world, capsys):
    """Run `commsroom certificate …` in the estate."""

    def call(*words):
        capsys.readouterr()
        code = entry.main(["--estate", str(world.path), "certificate", *map(str, words)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture(scope="session")
def sample():
    """A whole file, though signed by nobody."""
    armour = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
    return Document(certificate(), armour)


@pytest.fixture
def build():
    """Give the builders, for tests of values."""
    return SimpleNamespace(
        at=at, person=person, medium=medium, certificate=certificate, batch=batch
    )
