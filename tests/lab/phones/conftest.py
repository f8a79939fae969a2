"""The company with telephones on the lab."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from office import NAME, SOFT, SOFT_PHONES, devices, secret, until
from soft_phones import Linphone

INVENTORY = Path(__file__).parent / "inventory"


@pytest.fixture(scope="module")
def office(company):
    """The company with telephones: prov1 on pbx1's machine, and soft phones for two people instead of a desk's."""
    root = company.root
    kept = root / "before"
    kept.mkdir()
    for name in ("inventory", "policies"):
        shutil.copytree(root / name, kept / name)
    shutil.copy(INVENTORY / "hosts.yml", root / "inventory" / "phones.yml")
    for name in ("phones.yml", "provisioning.yml"):
        shutil.copy(INVENTORY / name, root / "inventory" / "group_vars" / name)
    replaced = {"LH-P007", "LH-P010"}
    devices(
        root, lambda rows: [row for row in rows if row["asset_tag"] not in replaced] + SOFT_PHONES
    )
    company.run("commsroom", "lab", "up", timeout=900)
    company.commsroom("apply", "--yes")
    yield company
    devices(root, lambda _rows: [])
    company.commsroom(
        "apply", "--yes", "--allow-removal", "prov1:phone_profile", "--allow-removal", "total"
    )
    assert company.on("pbx1", "ls /var/lib/commsroom/provisioning/devices") == ""
    company.on(
        "pbx1",
        "systemctl disable --now nginx && rm -r /var/lib/commsroom/provisioning"
        " /etc/nginx/conf.d/commsroom-provisioning.conf",
    )
    numbers = (root / "policies" / "allocations.lock").read_bytes()
    for name in ("inventory", "policies"):
        shutil.rmtree(root / name)
        shutil.copytree(kept / name, root / name)
    shutil.rmtree(kept)
    (root / "policies" / "allocations.lock").write_bytes(numbers)
    company.run("commsroom", "lab", "up", timeout=900)
    company.commsroom("apply", "--yes")


@pytest.fixture
def linphone(office, tmp_path):
    url = f"https://{NAME}/t/{secret(office, SOFT, 'fetch')}/{SOFT.lower()}.xml"
    phone = Linphone(office, tmp_path / "phone", url)
    yield phone
    phone.stop()


@pytest.fixture
def md5_only(office):
    """An exchange for old telephones (`pbx_digest_algorithms: [MD5]`): baresip 1.0 gives up on any other challenge."""
    file, line = "/etc/asterisk/pjsip.conf", "default_auth_algorithms_uas="
    office.on(
        "pbx1",
        f"cp -p {file} /tmp/kept && sed -i 's/^{line}.*/{line}MD5/' {file} && systemctl restart asterisk",
    )
    until(lambda: office.on("pbx1", "asterisk -rx 'core show uptime'", check=False))
    yield
    office.on("pbx1", f"cp -p /tmp/kept {file} && rm /tmp/kept && systemctl restart asterisk")
    until(lambda: office.on("pbx1", "asterisk -rx 'core show uptime'", check=False))
