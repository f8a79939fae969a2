"""Starting an estate: init, validate, schema."""

import configparser
import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from commsroom.lab.plan import servers as lab_servers
from commsroom.runs import ansible

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _own_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_new_estate_is_valid_and_its_key_is_not_in_it(run, tmp_path):
    done = run("init", tmp_path / "lianhe", "--json")
    assert done.code == 0
    written = done.document["written"]
    assert all(path.startswith(str(tmp_path)) for path in written)
    assert written[-1].startswith(str(tmp_path / "config"))
    checked = run("validate", "--estate", tmp_path / "lianhe")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("Valid: people ")


def test_every_policy_file_of_a_new_estate_names_its_schema_and_examples_name_its_people(
    run, tmp_path
):
    run("init", tmp_path / "lianhe")
    policies = tmp_path / "lianhe/policies"
    ids = re.findall(r"^(\w+),", (policies / "people.csv").read_text("utf-8"), re.MULTILINE)
    for file in policies.glob("*.yml"):
        said = file.read_text("utf-8")
        assert said.startswith(
            f"# yaml-language-server: $schema=../schemas/{file.stem}.schema.json\n"
        )
        assert set(re.findall(r"owner: (\w+)", said)) <= set(ids)


def test_a_second_init_is_refused_and_changes_nothing(run, tmp_path):
    run("init", tmp_path / "lianhe")
    file = tmp_path / "lianhe/policies/company.yml"
    file.write_text("mine")
    done = run("init", tmp_path / "lianhe")
    assert done.code == 1
    assert "there is an estate here already" in done.err
    assert file.read_text() == "mine"


def test_the_key_itself_is_never_shown(run, tmp_path):
    done = run("init", tmp_path / "lianhe")
    key = next((tmp_path / "config").rglob("*.key")).read_text().strip()
    assert key not in done.out + done.err


def test_a_schema_for_each_policy_file_is_written(run, tmp_path):
    run("init", tmp_path / "lianhe")
    done = run("schema", tmp_path / "schemas", "--json")
    assert done.code == 0
    for path in done.document["written"]:
        schema = json.loads((tmp_path / "schemas" / path).read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
    names = {path.stem for path in (tmp_path / "lianhe/policies").glob("*.yml")}
    assert {path.name.split(".")[0] for path in (tmp_path / "schemas").iterdir()} == names


def test_init_says_where_the_key_is_what_it_is_for_and_what_comes_next(run, tmp_path):
    done = run("init", tmp_path / "lianhe")
    key = str(next((tmp_path / "config").rglob("*.key")))
    after = done.out.partition(f"Key: {key}\n")[2]
    assert "Back it up, apart from the estate" in after
    steps = [line.strip().partition("  ")[0] for line in after.partition("Next:\n")[2].splitlines()]
    assert steps == [
        f"cd {tmp_path}/lianhe",
        "commsroom validate",
        "commsroom show",
        "commsroom plan --simulate .commsroom/trial",
        "$EDITOR inventory/hosts.yml",
        "ansible-playbook playbooks/site.yml",
        "commsroom plan",
        "commsroom apply",
        "commsroom prove",
    ]


def test_a_key_given_by_the_environment_is_not_explained(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSROOM_KEY", "A" * 43 + "=")
    assert "Key:" not in run("init", tmp_path / "lianhe").out


def test_an_estate_for_the_lab_has_its_addresses_and_names_lab_up(run, tmp_path):
    done = run("init", "--lab", tmp_path / "lianhe")
    assert "    commsroom lab up " in done.out
    assert "site.yml" not in done.out.partition("Next:")[2]
    listing = ansible.inventory(tmp_path / "lianhe")
    hosts = listing["_meta"]["hostvars"]
    assert {name: found["ansible_host"] for name, found in hosts.items()} == {
        "im1": "198.18.7.13",
        "mail1": "198.18.7.12",
        "pbx1": "198.18.7.11",
    }
    servers = lab_servers(tmp_path / "lianhe")
    assert [server.dns_name for server in servers] == [
        "im1.example.com",
        "mail1.example.com",
        "pbx1.example.com",
    ]


@pytest.mark.parametrize("name", [file.name for file in sorted((ROOT / "playbooks").glob("*.yml"))])
def test_a_new_estates_playbooks_are_ours(run, tmp_path, name):
    """Save for the ids in their comments, and that roles are named with their collection."""
    run("init", tmp_path / "lianhe")
    written = (tmp_path / "lianhe/playbooks" / name).read_text("utf-8")
    ours = (ROOT / "playbooks" / name).read_text("utf-8")
    for id_, here in {
        "L041": "P003",
        "L042": "P004",
        "L002": "P001",
        "L007": "P002",
        "L008": "P003",
    }.items():
        ours = ours.replace(id_, here)
    assert written == re.sub(r"(roles: \[|role: )(\w+)", r"\1commsroom.core.\2", ours)


def test_a_new_estates_ansible_settings_are_ours_without_the_checkouts_paths(run, tmp_path):
    run("init", tmp_path / "lianhe")
    ours, theirs = configparser.ConfigParser(), configparser.ConfigParser()
    ours.read(ROOT / "ansible.cfg")
    theirs.read(tmp_path / "lianhe/ansible.cfg")
    for path in ("roles_path", "collections_path"):
        assert ours.remove_option("defaults", path)
    assert theirs == ours


@pytest.mark.slow
def test_the_playbooks_work_in_an_estate_anywhere(run, tmp_path):
    """`onboard.yml` finds the collection by the ansible-playbook that runs it, and *this* estate."""
    estate = tmp_path / "lianhe"
    run("init", estate)
    (estate / "inventory/group_vars/all.yml").write_text("commsroom_simulated: true\n")

    def play(*words):
        return subprocess.run(
            [ansible.executable("ansible-playbook"), *words],
            cwd=estate, env=ansible.environment(estate), capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = play("playbooks/onboard.yml", "-e", "person=P002")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "P002 " in (estate / "policies/allocations.lock").read_text("utf-8")
    assert play("playbooks/site.yml", "--syntax-check").returncode == 0
