"""`lab` on the command line; the lab itself is stood in for, tests/lab has the real one."""

import json
from pathlib import Path

import jsonschema
import pytest

from commsroom import lab

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/reference/documents.schema.json").read_text("utf-8")
)
HOSTS = {
    "pbx1": {
        "address": "198.18.7.11",
        "ssh_port": 22,
        "ssh_user": "root",
        "ssh_key": "/estate/.commsroom/lab/id_ed25519",
    }
}
UP = lab.Status(
    hosts=HOSTS, services={"sips": ("198.18.7.11", 5061)}, ca=Path("/estate/ca.crt"), up=True
)
DOWN = lab.Status(hosts={}, services={}, ca=Path("/estate/ca.crt"), up=False)


def conforms(document, name):
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"}).validate(document)
    return document


@pytest.fixture
def told(monkeypatch, tmp_path):
    """What the lab was asked to do."""
    calls = []

    def up(estate, *, progress, **options):
        calls.append(("up", estate, options))
        progress("image", "building")
        return UP

    monkeypatch.setattr(lab, "up", up)
    monkeypatch.setattr(lab, "status", lambda estate: UP)
    monkeypatch.setattr(
        lab, "down", lambda estate, **options: calls.append(("down", estate, options))
    )
    monkeypatch.chdir(tmp_path)
    return calls


def test_up_tells_each_step_and_how_to_get_in(run, told, tmp_path):
    done = run("lab", "up", "--fresh")
    assert done.code == 0
    assert told == [("up", tmp_path, {"fresh": True})]
    assert "image: building\n" in done.err
    assert "ssh root@198.18.7.11 -p 22 -i /estate/.commsroom/lab/id_ed25519" in done.out
    assert "sips  198.18.7.11:5061" in done.out


@pytest.mark.parametrize("verb", ["up", "status", "down"])
def test_the_labs_documents_keep_their_contract(run, told, verb):
    done = run("lab", verb, "--json")
    assert (done.code, done.err) == (0, "")
    conforms(done.document, f"lab%20{verb}")


def test_a_lab_that_is_down_says_so(run, told, monkeypatch):
    monkeypatch.setattr(lab, "status", lambda estate: DOWN)
    done = run("lab", "status")
    assert done.code == 0
    assert "The lab is down." in done.out


def test_down_keeps_what_was_built_unless_told_otherwise(run, told, tmp_path):
    run("lab", "down")
    run("lab", "down", "--purge")
    assert [options for _, _, options in told] == [{"purge": False}, {"purge": True}]


def test_a_machine_that_cannot_hold_a_lab_is_told_why_in_one_line(run, monkeypatch):
    def up(estate, *, progress, **options):
        raise lab.LabUnavailable("no root and no containers here", remedy="use --simulate")

    monkeypatch.setattr(lab, "up", up)
    done = run("lab", "up")
    assert done.code == 1
    assert done.err == "error: no root and no containers here (use --simulate)\n"
