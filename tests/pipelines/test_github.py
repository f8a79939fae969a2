"""GitHub's workflow, run step by step: no runner of it is to be had, so this is one.

It knows exactly what the workflow uses of GitHub's language; whatever else is written there fails the
test. The actions and `gh` are stood in for, each by what it would do with what it is given.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

WORKFLOW = Path(__file__).parents[2] / "docs/pipelines/github-workflow.yml"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GH = """#!/usr/bin/env bash
# As `gh pr comment` with a file: keep the comment, and who may make it.
[ "$1 $2" = "pr comment" ] && [ "$GH_TOKEN" = token-of-the-job ] || exit 9
printf '%s\\n' "$@" >"$COMMENTS/arguments"
while [ "$1" != --body-file ]; do shift; done
cp "$2" "$COMMENTS/body.md"
"""


class GitHub:
    """One company's workflow, and jobs run of it."""

    def __init__(self, company, source, folder):
        self.owner = company
        self.folder = folder
        self.job = yaml.safe_load(WORKFLOW.read_text("utf-8"))
        self.ran = set()
        self.variables = {"COMMSROOM_SOURCE": source.repository, "COMMSROOM_COMMIT": source.commit}
        self.secrets = {
            "COMMSROOM_FINGERPRINT_KEY": (company.folder / "ci.key").read_text().strip(),
            "COMMSROOM_SSH_KEY": (company.folder / "wei").read_text().strip(),
            "COMMSROOM_KNOWN_HOSTS": "pbx1.small.example ssh-ed25519 AAAA",
            "COMMSROOM_PGPASS": "db:5432:*:reader:secret-of-the-database",
        }
        (folder / "bin").mkdir()
        (folder / "bin/gh").write_text(GH)
        (folder / "bin/gh").chmod(0o755)

    @property
    def steps(self):
        ((_, job),) = self.job["jobs"].items()
        return job["steps"]

    def run(self, event, *, between=lambda checkout: None, **variables):
        """Run the job as an event does; `between` is called when the estate is checked out."""
        return _Run(self, event, {**self.variables, **variables}, between)


class _Run:
    """One job: what each step gave on, how it ended, and what was said."""

    def __init__(self, github, event, variables, between):
        self.github = github
        self.event = event
        self.place = Path(github.folder) / f"{event}-{len(list(github.folder.iterdir()))}"
        self.estate = self.place / "estate"
        self.temp = self.place / "temp"
        for name in ("temp", "home", "comments", "artifacts"):
            (self.place / name).mkdir(parents=True)
        self.said, self.uploaded, self.summary = "", "", ""
        self._between, self._variables = between, variables
        self._kept, self._path = {}, []
        self.failed = ""
        for step in github.steps:
            if self._wanted(step.get("if", "success()")):
                github.ran.add(step["name"])
                if not self._do(step) and not self.failed:
                    self.failed = step["name"]

    def _wanted(self, condition):
        if condition == "always()":
            return True
        of_event = {
            "success()": True,
            "github.event_name == 'pull_request'": self.event == "pull_request",
            "github.event_name != 'pull_request'": self.event != "pull_request",
        }
        return of_event[condition] and not self.failed

    def _do(self, step):
        if "run" in step:
            return self._shell(step)
        action, given = step["uses"].split("@")[0], step["with"]
        if action == "actions/checkout":
            self.github.owner.checkout(self.estate)
            self._between(self.estate)
        elif action == "actions/upload-artifact":
            assert any((self.estate / given["path"]).iterdir())
            self.uploaded = shutil.copytree(
                self.estate / given["path"], self.place / "artifacts/it"
            )
        elif action == "github/codeql-action/upload-sarif":
            assert (self.estate / given["sarif_file"]).is_file()
        else:
            pytest.fail(f"nothing stands in for {action}")
        return True

    def again(self, name, **environment):
        """Do one step once more, with something else in its environment."""
        (step,) = (step for step in self.github.steps if step["name"] == name)
        return self._shell({**step, "env": {**step.get("env", {}), **environment}})

    def _shell(self, step):
        files = {name: self.temp / f"_{name}" for name in ("ENV", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        own = {**self.github.job["env"], **self._kept, **step.get("env", {})}
        environment = {
            "PATH": ":".join([*self._path, str(self.github.folder / "bin"), os.environ["PATH"]]),
            "HOME": str(self.place / "home"),
            "LANG": "C.UTF-8",
            "COMMENTS": str(self.place / "comments"),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_REPOSITORY": "small/estate",
            "PIP_NO_COMPILE": "1",  # for these few runs it would not pay
            **{key: value for key, value in os.environ.items() if key.startswith("PIP_")},
            **{f"GITHUB_{name}": str(file) for name, file in files.items()},
            **{name: self._filled(text) for name, text in own.items()},
        }
        script = self.temp / "_script.sh"
        script.write_text(self._filled(step["run"]))
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.estate, env=environment, check=False, timeout=600,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said += done.stdout
        self._kept |= dict(line.split("=", 1) for line in files["ENV"].read_text().splitlines())
        self._path = [*files["PATH"].read_text().splitlines(), *self._path]
        self.summary += files["STEP_SUMMARY"].read_text()
        return done.returncode == 0

    def _filled(self, text):
        """Fill in expressions: a name, or a name and what stands for it where it is empty."""
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda match: str(self._value(match[1])), str(text))

    def _value(self, expression):
        name, _, otherwise = expression.partition(" || ")
        room, _, key = name.partition(".")
        rooms = {
            "vars": self._variables,
            "secrets": self.github.secrets,
            "github": {"token": "token-of-the-job", "event.number": "3"},
        }
        found = rooms[room].get(key, "") if room != "github" else rooms[room][key]
        return found or otherwise.strip("'")


@pytest.fixture(scope="module")
def github(company, source, tmp_path_factory):
    return GitHub(company, source, tmp_path_factory.mktemp("github"))


def test_a_pull_request_is_validated_planned_and_commented(github):
    def change(checkout):
        policy = checkout / "policies/messaging.yml"
        policy.write_text(policy.read_text("utf-8").replace("title: ", "title: New ", 1), "utf-8")

    done = github.run("pull_request", between=change)
    assert done.failed == "", done.said
    comment = (done.place / "comments/body.md").read_text("utf-8")
    assert comment.startswith("### commsroom plan: ")
    assert "\n! update im1:room/" in comment
    assert comment == done.summary
    assert (done.place / "comments/arguments").read_text().splitlines()[2] == "3"
    assert "secret-of-the-database" not in done.said
    assert not (done.temp / "secrets").exists()


def test_a_night_with_drift_fails_and_leaves_valid_reports(github, drifted, valid):
    done = github.run("schedule", between=drifted)
    assert done.failed == "Say how it ended", done.said
    assert [item["kind"] for item in valid(done.uploaded)["findings"]] == ["drift"]
    assert done.summary.startswith("# Drift: ")
    assert not (done.temp / "secrets").exists()
    # The rest does not read what was chosen: with the other choice only this step ends otherwise.
    assert "::warning" not in done.said
    assert WORKFLOW.read_text("utf-8").count("$COMMSROOM_ON_DIFFERENCE") == 1
    assert done.again("Say how it ended", COMMSROOM_ON_DIFFERENCE="warn")
    assert "::warning" in done.said
    assert not done.again("Say how it ended", code="4", COMMSROOM_ON_DIFFERENCE="warn")


def test_no_step_of_the_workflow_was_left_out_above(github):
    assert github.ran == {step["name"] for step in github.steps}
