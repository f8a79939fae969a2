"""GitLab's pipeline, run: by gitlab-ci-local, which reads it as GitLab does, over simulated servers.

Every job is run, and each from its first line to its last; none but the two fakes below it stands
for anything: servers in files, and a forge that takes a comment.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RUNNER = ROOT / ".venv/node/node_modules/.bin/gitlab-ci-local"
PIPELINE = ROOT / "docs/pipelines/gitlab-ci.yml"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not RUNNER.exists() or shutil.which("rsync") is None,
        reason="gitlab-ci-local is not there: packaging/setup.sh --tests",
    ),
]


class GitLab:
    """One checkout, and pipelines run in it."""

    def __init__(self, checkout, variables, home):
        self.checkout = checkout
        self._variables = variables
        self._home = home
        self.ran = set()

    def run(self, source, **more):
        """Run the pipeline an event makes; return how each job ended, and what was said.

        The runner's own exit code is of no use: it is 0 where a job has `allow_failure:exit_codes`,
        whichever the job ended with.
        """
        given = {**self._variables, "CI_PIPELINE_SOURCE": source, **more}
        words = [word for name, text in given.items() for word in ("--variable", f"{name}={text}")]
        done = subprocess.run(
            [RUNNER, "--force-shell-executor", "--no-color", *words],
            cwd=self.checkout, env=self._environment, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
        )  # fmt: skip
        found = re.findall(
            r"^ (PASS|WARN|FAIL)  (\w+)(?: +pre_script)? *$", done.stdout, re.MULTILINE
        )
        ended = {name: result for result, name in found}
        self.ran |= set(ended)
        return ended, done.stdout

    @property
    def _environment(self):
        kept = {"PATH": os.environ["PATH"], "HOME": str(self._home), "LANG": "C.UTF-8"}
        pip = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        return {**kept, **pip, "PIP_NO_COMPILE": "1"}  # for these few runs it would not pay


@pytest.fixture(scope="module")
def gitlab(company, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gitlab")
    checkout = company.checkout(folder / "estate")
    shutil.copy(PIPELINE, checkout / ".gitlab-ci.yml")
    (folder / "home").mkdir()
    (folder / "known_hosts").write_text("pbx1.small.example ssh-ed25519 AAAA\n")
    (folder / "pgpass").write_text("db:5432:*:reader:secret-of-the-database\n")
    variables = {
        "COMMSROOM_SOURCE": source.repository,
        "COMMSROOM_COMMIT": source.commit,
        "COMMSROOM_FINGERPRINT_KEY": company.folder / "ci.key",
        "COMMSROOM_SSH_KEY": company.folder / "wei",
        "COMMSROOM_KNOWN_HOSTS": folder / "known_hosts",
        "COMMSROOM_PGPASS": folder / "pgpass",
    }
    return GitLab(checkout, variables, folder / "home")


def test_a_merge_request_is_validated_planned_and_commented(gitlab, forge, tmp_path):
    address, taken = forge
    header = tmp_path / "header"
    header.write_text("PRIVATE-TOKEN: secret-of-the-forge\n")
    policy = gitlab.checkout / "policies/messaging.yml"
    before = policy.read_text("utf-8")
    policy.write_text(before.replace("title: ", "title: New ", 1), "utf-8")
    more = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "3"}
    ended, said = gitlab.run(
        "merge_request_event", COMMSROOM_COMMENT_HEADER=header, CI_MERGE_REQUEST_ID="1", **more
    )
    policy.write_text(before, "utf-8")
    assert ended == {"validate": "PASS", "plan": "PASS"}, said
    plan = (gitlab.checkout / "plan.md").read_text("utf-8")
    assert plan.startswith("### commsroom plan: ")
    assert "\n! update im1:room/" in plan
    [(path, token, body)] = taken
    assert path == "/projects/7/merge_requests/3/notes"
    assert token == "secret-of-the-forge"
    assert parse_qs(body)["body"] == [plan]
    assert "secret-of-the-" not in said


def test_a_policy_that_is_wrong_stops_the_merge_request_at_its_line(gitlab):
    policy = gitlab.checkout / "policies/messaging.yml"
    before = policy.read_text("utf-8")
    policy.write_text(before + "nonsense: true\n", "utf-8")
    ended, said = gitlab.run("merge_request_event")
    policy.write_text(before, "utf-8")
    assert ended == {"validate": "FAIL"}
    assert "policies/messaging.yml:" in said


def test_a_night_without_drift_is_green_and_leaves_valid_reports(gitlab, valid):
    ended, said = gitlab.run("schedule")
    assert ended == {"drift": "PASS"}, said
    assert valid(gitlab.checkout)["findings"] == []
    assert (gitlab.checkout.parent / "home/.ssh/known_hosts").read_text().count("pbx1") >= 1


@pytest.mark.parametrize(("chosen", "result"), [("fail", "FAIL"), ("warn", "WARN")])
def test_a_difference_fails_the_night_or_warns_as_was_chosen(
    gitlab, valid, drifted, chosen, result
):
    drifted(gitlab.checkout)
    ended, said = gitlab.run("schedule", COMMSROOM_ON_DIFFERENCE=chosen)
    assert ended == {"drift": result}, said
    kinds = [item["kind"] for item in valid(gitlab.checkout)["findings"]]
    assert kinds == ["drift"]


def test_what_is_unknown_fails_the_night_even_where_differences_only_warn(gitlab, valid):
    (gitlab.checkout / ".commsroom/simulated/pbx1.json").write_text("not JSON")
    ended, said = gitlab.run("schedule", COMMSROOM_ON_DIFFERENCE="warn")
    assert ended == {"drift": "FAIL"}, said
    assert "unknown" in [item["kind"] for item in valid(gitlab.checkout)["findings"]]


def test_a_commit_that_is_none_installs_nothing(gitlab):
    ended, said = gitlab.run("schedule", COMMSROOM_COMMIT="main")
    assert ended == {"drift": "FAIL"}
    assert "COMMSROOM_COMMIT: 40 digits of a commit" in said


def test_no_job_of_the_pipeline_was_left_out_above(gitlab):
    told = yaml.safe_load(PIPELINE.read_text("utf-8"))
    jobs = {name for name, job in told.items() if isinstance(job, dict) and "script" in job}
    assert gitlab.ran == jobs
