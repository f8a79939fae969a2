"""The role's hardened unit runs the real program at night, as a user of its own, against real servers.

The controller is a server of the lab for as long as these tests: what is installed there is the wheel
of this checkout with the lock's packages, and an estate copied from the company's.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
HOST, ESTATE, UNIT = "im1", "/srv/lianhe", "commsroom-schedule"
COPIED = (
    "inventory",
    "policies",
    "roles",
    "playbooks",
    "plugins",
    "meta",
    "galaxy.yml",
    "ansible.cfg",
    ".commsroom",
)
#: The lab logs in as root and its servers have no sudo.
GIVEN = {
    "schedule_estate": ESTATE,
    "schedule_key": "/etc/commsroom.key",
    "schedule_notify": False,
    "ansible_become": False,
}
SITE = f"{ESTATE}/.venv/lib/python3.13/site-packages"

INSTALL = f"""set -eu
mount --make-rshared / # as on a machine: in the lab's containers credentials would not come through
id commsroom >/dev/null 2>&1 || useradd --system --home-dir /var/lib/commsroom --create-home commsroom
mkdir -p {ESTATE} && tar -xf /tmp/controller.tar -C {ESTATE} && rm /tmp/controller.tar
python3 -m venv --without-pip {ESTATE}/.venv
cp -a {ESTATE}/packages/. {SITE}/ && rm -rf {ESTATE}/packages
mv {SITE}/bin/* {ESTATE}/.venv/bin/
sed -i '1s|^#!.*|#!{ESTATE}/.venv/bin/python3|' {ESTATE}/.venv/bin/commsroom {ESTATE}/.venv/bin/ansible*
for place in {ESTATE}/.venv/collections {SITE}; do
  mkdir -p $place/ansible_collections/commsroom && ln -s {ESTATE} $place/ansible_collections/commsroom/core
done
sed -i 's|"[^"]*/\\.commsroom/|"{ESTATE}/.commsroom/|' {ESTATE}/.commsroom/lab/ssh_config
rm -rf {ESTATE}/.commsroom/runner
chown -R commsroom: {ESTATE} && chmod 0600 /etc/commsroom.key
"""
REMOVE = f"""systemctl disable --now {UNIT}.timer 2>/dev/null
rm -rf {ESTATE} /etc/commsroom.key /usr/local/lib/commsroom /etc/systemd/system/{UNIT}.* /var/lib/{UNIT}
systemctl daemon-reload
userdel -r commsroom 2>/dev/null
true
"""


@pytest.fixture(scope="module")
def controller(company, tmp_path_factory) -> Iterator[object]:
    """Return a way to run the night's unit: its exit status, and what it said."""
    folder = tmp_path_factory.mktemp("controller")
    packages, archive = folder / "packages", folder / "controller.tar"
    uv = [sys.executable, "packaging/uv.py", "pip", "install", "-q", "--no-deps", "--target", packages,
          "--python-version", "3.13"]  # fmt: skip
    for words in (["--require-hashes", "--only-binary", ":all:", "-r", "requirements.lock"], ["."]):
        subprocess.run([*uv, *words], cwd=ROOT, check=True, timeout=300)
    with tarfile.open(archive, "w", dereference=True) as tar:
        tar.add(packages, "packages")
        for name in COPIED:
            place = company.root / name
            tar.add(place if place.exists() else ROOT / name, name, filter=_kept)
    shutil.rmtree(packages)
    (folder / "commsroom.key").write_text(company.environ["COMMSROOM_KEY"] + "\n", "utf-8")
    hosts = folder / "controllers.yml"
    hosts.write_text(json.dumps({"controllers": {"hosts": {HOST: {}}}}), "utf-8")
    try:
        _send(company, archive, "/tmp/controller.tar")
        _send(company, folder / "commsroom.key", "/etc/commsroom.key")
        archive.unlink()
        company.on(HOST, INSTALL)
        company.run(
            "ansible-playbook", "playbooks/schedule.yml", "-i", "inventory", "-i", str(hosts),
            "-e", json.dumps(GIVEN),
        )  # fmt: skip
        yield lambda: company.on(
            HOST,
            f"systemctl start {UNIT}.service; systemctl show -P ExecMainStatus {UNIT}.service;"
            f" journalctl -u {UNIT}.service -o cat -I",
        )
    finally:
        company.on(HOST, REMOVE)


def _kept(item: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in item.name or "/runner/" in item.name else item


def _send(company, file: Path, place: str) -> None:
    with file.open("rb") as stream:
        subprocess.run(
            ["ssh", "-F", ".commsroom/lab/ssh_config", HOST, f"umask 077; cat > {place}"],
            cwd=company.root, stdin=stream, check=True, timeout=120,
        )  # fmt: skip


def found(company) -> str:
    """Return what the night's report says, without its form."""
    page = company.on(HOST, f"cat /var/lib/{UNIT}/drift-*.html")
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(text))


def test_the_hardened_unit_reaches_every_server_and_finds_nothing(company, controller) -> None:
    said = controller()
    status, *lines = said.splitlines()
    assert status == "0", said + found(company)
    assert (
        "apply --due ended with 0, rotate --due with 0, drift with 0, the checkpoint with" in said
    )
    assert company.environ["COMMSROOM_KEY"] not in said
    assert any(line.startswith("Checking servers: done") for line in lines)
    assert "Drift: none" in said
    assert "聯合科技" in found(company)


def test_the_hardened_unit_tells_an_account_and_a_server_that_changed(company, controller) -> None:
    login = "stranger-of-the-night"
    company.on(HOST, f"prosodyctl register {login} lianhe.example made-by-hand-1")
    company.on("mail1", "chmod o+w /etc/postfix/main.cf")
    try:
        said = controller()
        assert said.splitlines()[0] == "2", said + found(company)
        assert "apply --due ended with 0, rotate --due with 0, drift with 2" in said
        report = company.on(HOST, f"cat /var/lib/{UNIT}/drift-*.html")
        assert f"im1:account/{login}" in report
        assert "/etc/postfix/main.cf" in report
    finally:
        company.on("mail1", "chmod o-w /etc/postfix/main.cf")
        company.on(HOST, f"prosodyctl deluser {login}@lianhe.example")
