"""Starting an estate: init, validate, schema."""

import json

import jsonschema
import pytest


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
