"""GitLab's nightly job from a clean checkout over real servers: by key and host keys, no ledger."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNNER = ROOT / ".venv/node/node_modules/.bin/gitlab-ci-local"
THROUGH_LAB = re.compile(r"ansible_ssh_common_args: .*")
BY_KEY = """\
ansible_ssh_common_args: >-
  -o StrictHostKeyChecking=yes -o UserKnownHostsFile="{{ inventory_dir }}/../known_hosts"
ansible_user: root"""

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not RUNNER.exists() or shutil.which("rsync") is None,
        reason="gitlab-ci-local is not there: packaging/setup.sh --tests",
    ),
]


def git(folder, *words):
    who = ("-c", "user.name=Test", "-c", "user.email=test@small.example")
    done = subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(clean, tmp_path):
    """A clone of the estate as Git has it; the servers are reached as a pipeline reaches them."""
    origin, key = tmp_path / "origin", tmp_path / "signer"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    origin.mkdir()
    for name in ("inventory", "policies"):
        shutil.copytree(clean.root / name, origin / name)
    shutil.copyfile(clean.root / "ansible.cfg", origin / "ansible.cfg")
    shutil.copyfile(ROOT / "docs/pipelines/gitlab-ci.yml", origin / ".gitlab-ci.yml")
    shutil.copyfile(clean.root / ".commsroom/lab/known_hosts", origin / "known_hosts")
    for file in (origin / "inventory").rglob("*.yml"):
        file.write_text(THROUGH_LAB.sub(lambda _: BY_KEY, file.read_text("utf-8")), "utf-8")
    told = clean.json(
        "ledger", "export", "--baseline", str(origin / "baseline.json"), "--sign", str(key),
        "--fingerprint-key", str(tmp_path / "ci.key"),
    )  # fmt: skip
    (origin / "policies/baseline-signers").write_text(told["signers_line"] + "\n")
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "The estate")
    git(tmp_path, "clone", "-q", origin, "checkout")
    return tmp_path / "checkout"


def night(clean, checkout):
    """Run the nightly job; return how it ended, and its report."""
    variables = {
        "CI_PIPELINE_SOURCE": "schedule",
        "COMMSROOM_SOURCE": ROOT,
        "COMMSROOM_COMMIT": git(ROOT, "rev-parse", "HEAD"),
        "COMMSROOM_FINGERPRINT_KEY": checkout.parent / "ci.key",
        "COMMSROOM_SSH_KEY": clean.root / ".commsroom/lab/id_ed25519",
    }
    words = [word for name, text in variables.items() for word in ("--variable", f"{name}={text}")]
    environment = {
        name: text
        for name, text in clean.environ.items()
        if not name.startswith(("COMMSROOM_", "ANSIBLE_", "SSH_"))
    }
    done = subprocess.run(
        [RUNNER, "--force-shell-executor", "--no-color", *words],
        cwd=checkout, env={**environment, "HOME": str(checkout.parent)}, check=False, timeout=600,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    ended = re.findall(r"^ (PASS|WARN|FAIL)  drift(?: +pre_script)? *$", done.stdout, re.MULTILINE)
    assert ended, done.stdout
    assert (checkout / "drift.json").is_file(), done.stdout
    document = json.loads((checkout / "drift.json").read_text("utf-8"))
    return ended[0], document, done.stdout


def test_the_nightly_pipeline_sees_a_changed_right_and_a_changed_password(clean, checkout):
    ended, document, said = night(clean, checkout)
    assert ended == "PASS", said
    assert [item for item in document["findings"] if item["severity"] == "error"] == []
    login = next(
        item["address"].removeprefix("im1:account/")
        for item in clean.json("show", "im1:account/*")["resources"]
    )
    where = f"{login}@lianhe.example"
    clean.on("im1", f"prosodyctl shell user password {where} changed-by-hand-1")
    ended, document, said = night(clean, checkout)
    assert ended == "FAIL", said
    found = {item["address"]: item for item in document["findings"] if item["severity"] == "error"}
    assert set(found) == {f"im1:account/{login}"}
    assert [part["name"] for part in found[f"im1:account/{login}"]["differences"]] == [
        "secret:password"
    ]
    assert "changed-by-hand-1" not in said
