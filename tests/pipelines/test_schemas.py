"""The ready pipelines are of the forms that GitLab and GitHub publish, and keep our own promises."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs/pipelines"
GITLAB, GITHUB = FOLDER / "gitlab-ci.yml", FOLDER / "github-workflow.yml"


def loaded(file):
    return yaml.safe_load(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("file", "schema"), [(GITLAB, "gitlab-ci"), (GITHUB, "github-workflows")], ids=lambda it: it
)
def test_a_pipeline_is_of_the_public_form(file, schema):
    form = json.loads((HERE / f"schemas/{schema}.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(form)
    assert [error.message for error in validator.iter_errors(loaded(file))] == []
    broken = {**loaded(file), "jobs": 7, "stages": 7}
    assert not validator.is_valid(broken)


@pytest.mark.parametrize("file", [GITLAB, GITHUB], ids=lambda it: it.name)
def test_nothing_waits_for_ever_and_no_two_ask_the_systems_at_once(file):
    text = file.read_text("utf-8")
    assert re.search(r"^ +timeout(-minutes)?: 30", text, re.MULTILINE)
    for line in text.splitlines():
        assert "git clone" not in line or "timeout 300 git clone" in line
    told = loaded(file)
    if file is GITHUB:
        assert all(job["concurrency"]["group"] for job in told["jobs"].values())
    else:
        assert told["plan"]["resource_group"] == told["drift"]["resource_group"]


@pytest.mark.parametrize("file", [GITLAB, GITHUB], ids=lambda it: it.name)
def test_every_secret_a_pipeline_takes_is_explained_and_none_is_an_argument(file):
    head, _, body = file.read_text("utf-8").partition("\nworkflow:")
    if not body:
        head, _, body = head.partition("\nname:")
    for name in re.findall(r"COMMSROOM_[A-Z_]*(?:KEY|HOSTS|PGPASS|HEADER)\b", body):
        assert name in head
    secret = r"\$\{?(FINGERPRINT_KEY|SSH_KEY|PGPASS|GH_TOKEN|COMMSROOM_SSH_KEY)\b"
    for line in body.splitlines():
        if re.search(secret, line):
            assert re.match(r" +(printf|if \[|install -m 600|ssh-add -q - <|unset|export)", line), (
                line
            )


def test_actions_are_pinned_by_commit_save_the_one_that_says_why_not():
    steps = [step for job in loaded(GITHUB)["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    loose = [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)]
    assert loose == ["github/codeql-action/upload-sarif@v4"]
    assert "could be verified" in GITHUB.read_text("utf-8")
