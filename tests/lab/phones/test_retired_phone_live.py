"""A telephone that is retired for good: its profile is gone, its credentials open nothing, its certificate holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

import pytest
from desk_phone import Desk, NotLetInError
from office import DESK, NAME, SOFT, fetch, listed, number, registered, secret, until
from soft_phones import Linphone

pytestmark = [
    pytest.mark.lab,
    pytest.mark.phones,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not shutil.which("linphonec"), reason="linphonec is not installed: make setup-tests"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="a telephone gets names of its own as root only"),
]

#: How long a telephone that is refused goes on trying before we believe that it is.
TRIES = 20.0


@pytest.fixture(scope="module")
def signers(office, tmp_path_factory):
    """Keys of three people who may sign, and stand for all tests here; who asks is a fourth."""
    tmp_path = tmp_path_factory.mktemp("signers")
    people = ("L001", "L002", "L004")
    for who in people:
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", tmp_path / who]
        subprocess.run(words, check=True)
    spaces = 'namespaces="commsroom-approval,commsroom-certificate"'
    text = "".join(f"{who} {spaces} {(tmp_path / f'{who}.pub').read_text()}" for who in people)
    (office.root / "policies" / "approvers").write_text(text)
    sign(office, tmp_path, "policies/approvers")
    return tmp_path


def sign(office, keys, what):
    for who in ("L001", "L002"):
        office.commsroom("approve", what, "--by", who, "--key", str(keys / who), "--yes")


def wiped(office, keys, tag):
    """Have a telephone retired, reset by hand before a witness; return its certificate's file."""
    how = ("--fate", "stays", "--category", "low")
    name = office.json("decommission", tag, "--by", "L003", *how)["request"]["request"]
    sign(office, keys, name)
    office.commsroom("decommission", name)
    office.commsroom("decommission", name, "--witnessed", tag, "--by", "L003", "--witness", "L001")
    key = str(keys / "L004")
    office.commsroom("decommission", name, "--validate", "--by", "L004", "--key", key)
    return next((office.root / "records" / "certificates").glob(f"{tag}*.json"))


def test_a_wiped_soft_phone_is_given_nothing_and_its_certificate_is_true(
    office, signers, tmp_path
) -> None:
    mine, word = number(office, "L007"), secret(office, SOFT, "fetch")
    url = f"https://{NAME}/t/{word}/{SOFT.lower()}.xml"
    phone = Linphone(office, tmp_path / "before", url)
    try:
        phone.online(mine)
    finally:
        phone.stop()
    certificate = wiped(office, signers, SOFT)
    assert fetch(office, f"/t/{word}/{SOFT.lower()}.xml")[0] in {401, 403, 404}
    assert office.on("pbx1", "ls /var/lib/commsroom/provisioning/devices").count(SOFT.lower()) == 0
    until(lambda: mine not in registered(office), 60)
    reset = Linphone(office, tmp_path / "after", url)  # nothing but the URL is left in it
    try:
        end = time.monotonic() + TRIES
        while time.monotonic() < end:
            assert mine not in registered(office)
            time.sleep(1)
    finally:
        reset.stop()
    office.commsroom("certificate", "verify", str(certificate))


def test_what_a_wiped_desk_phone_had_is_refused_once_it_is_renewed(office, signers) -> None:
    row = next(row for row in listed(office.root) if row["asset_tag"] == DESK)
    mac, mine = re.sub("[^0-9a-f]", "", row["mac"].lower()), number(office, "L008")
    old = {slot: secret(office, DESK, slot) for slot in ("fetch", "sip")}
    Desk(office, row["mac"], mine, old["sip"], lambda: None).close()
    wiped(office, signers, DESK)
    assert fetch(office, f"/{mac}.cfg", mac, old["fetch"])[0] in {401, 404}
    office.commsroom("rotate", "--compromised", "L008", "--yes")
    with pytest.raises(NotLetInError, match="401 Unauthorized"):
        Desk(office, row["mac"], mine, old["sip"], lambda: None)
