"""Desk telephones as they really are: profiles over HTTPS from the lab's pbx1, and telephones that use them.

Linphone's console client starts with nothing but a URL, is given its profile, registers and is called. It
takes no NOTIFY; that is taken by a small telephone of our own, which registers as one of the company's
desks and fetches when it is told.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest
from desk_phone import Desk
from office import (
    DESK,
    EXCHANGE,
    FETCHES,
    HOST,
    NAME,
    OTHER,
    SECOND,
    SOFT,
    fetch,
    listed,
    number,
    profile,
    proofs,
    registered,
    rings_and_is_answered,
    secret,
    until,
)
from soft_phones import Caller, Names, silence

from commsroom.backends.phone import vendors

pytestmark = [
    pytest.mark.lab,
    pytest.mark.phones,
    pytest.mark.timeout(900),  # the exchange's roles are run once more, and once more after
    pytest.mark.skipif(
        not shutil.which("linphonec"), reason="linphonec is not installed: make setup-tests"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="a telephone gets names of its own as root only"),
]


def test_a_soft_phone_starts_with_a_url_registers_and_takes_a_call_and_follows_its_number(
    office, linphone
):
    mine = number(office, "L007")
    linphone.online(mine)
    rings_and_is_answered(office, mine)
    seen = proofs(office, SOFT)
    assert set(seen.values()) == {True}
    assert {"fetch", "fetch, wrong password", "last fetched", "registered"} <= set(seen)

    file = office.root / "policies" / "allocations.lock"
    file.write_text(file.read_text("utf-8").replace(f" {mine} ", " 2177 "), "utf-8")
    office.commsroom("apply", "--yes")
    told = office.json("drift", expect=2)["findings"]
    text = next(one["text"] for one in told if one["address"].endswith(SOFT))
    assert text.startswith("its telephone last fetched an older profile")
    linphone.stop()  # Linphone takes no NOTIFY: it fetches when it starts
    linphone.start()
    linphone.online("2177")
    assert mine not in registered(office)
    rings_and_is_answered(office, "2177")
    assert set(proofs(office, SOFT).values()) == {True}
    assert not [one for one in office.json("drift")["findings"] if one["system"] == "prov1"]


@pytest.mark.skipif(
    not shutil.which("baresip"), reason="baresip is not installed: make setup-tests"
)
@pytest.mark.skipif("baresip" not in vendors.names(), reason="there is no template for baresip")
def test_baresip_is_given_its_line_and_is_called(office, tmp_path, md5_only):
    word, mine = secret(office, SECOND, "fetch"), number(office, "L010")
    status, accounts = fetch(office, "/accounts", SECOND.lower(), word, agent="curl")
    assert status == 200
    home = tmp_path / "baresip"
    home.mkdir()
    (home / "accounts").write_bytes(accounts.replace(b"answermode=manual", b"answermode=auto"))
    (home / "hosts").write_text(f"127.0.0.1 localhost\n{HOST} {EXCHANGE} {NAME}\n")
    (home / "in.wav").write_bytes(silence())
    ca = office.root / ".commsroom" / "ca" / "ca.crt"
    names = Names()
    modules = "".join(f"module {name}.so\n" for name in ("g711", "g722", "aufile", "srtp"))
    (home / "config").write_text(
        f"poll_method epoll\naudio_source aufile,{home}/in.wav\naudio_player aufile,{home}/out.wav\n"
        f"audio_alert aufile,/dev/null\nsip_cafile {ca}\nsip_verify_server yes\n"
        f"dns_server 127.0.0.1:{names.port}\n"
        f"module_path /usr/lib/baresip/modules\n{modules}module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n"
    )
    script = f"mount --bind {home}/hosts /etc/hosts && exec baresip -f {home}"
    with (home / "said").open("w") as said:
        phone = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(lambda: mine in registered(office))
        rings_and_is_answered(office, mine)
        assert set(proofs(office, SECOND).values()) == {True}
    finally:
        phone.terminate()
        phone.wait(10)
        names.close()


def test_a_telephone_is_given_its_own_files_and_nobody_another_s(office):
    rows = {row["asset_tag"]: row["mac"] for row in listed(office.root)}
    mine, other = (re.sub("[^0-9a-f]", "", rows[tag].lower()) for tag in (DESK, OTHER))
    word = secret(office, DESK, "fetch")
    status, content = fetch(office, f"/{mine}.cfg", mine, word)
    assert (status, b"account.1.user_name" in content) == (200, True)
    assert fetch(office, f"/{mine}.cfg")[0] == 401
    assert fetch(office, f"/{mine}.cfg", mine, word + "x")[0] == 401
    assert fetch(office, f"/cfg{other}.xml", mine, word)[0] == 404
    assert fetch(office, f"/{mine}.cfg", other, secret(office, OTHER, "fetch"))[0] == 404
    for path in ("/", "/profile.json", "/../profile.json", "/..%2fprofile.json", "/htpasswd", f"/devices/{mine}/profile.json",
                 f"/t/{word}/{mine}.cfg", "/.current", "/current"):  # fmt: skip
        assert fetch(office, path, mine, word)[0] in {400, 403, 404}, path


def test_no_secret_is_in_a_log_of_the_server(office, linphone):
    linphone.online(number(office, "L007"))
    logs = office.on("pbx1", f"cat {FETCHES} /var/log/nginx/*.log; journalctl --no-pager -u nginx")
    assert SOFT.lower() in logs
    for tag in (SOFT, DESK):
        for slot in ("admin", "fetch", "sip"):
            assert secret(office, tag, slot) not in logs


def test_a_desk_that_is_told_by_its_exchange_fetches_and_the_apply_says_so(office):
    row = next(row for row in listed(office.root) if row["asset_tag"] == DESK)
    mac = row["mac"].replace(":", "")
    mine, word = number(office, "L008"), secret(office, DESK, "fetch")

    def get():
        assert fetch(office, f"/{mac}.cfg", mac, word, agent="Yealink SIP-T54W")[0] == 200

    rules = office.root / "policies" / "phones.yml"
    before = rules.read_text("utf-8")
    desk = Desk(office, row["mac"], mine, secret(office, DESK, "sip"), get)
    try:
        get()
        assert set(proofs(office, DESK).values()) == {True}
        rules.write_text(before.replace("most: 8", "most: 3"), "utf-8")
        told = office.json("apply", "--yes", "--only", f"prov1:phone_profile/{DESK}")
        assert "was told" not in json.dumps(told), told.get("outcomes", told)
        # Waiting messages are told to whoever registers, too (RFC 3842).
        assert [one for one in desk.events if one != "message-summary"] == [
            "check-sync;reboot=false"
        ]
        assert "its telephone fetched it after" in json.dumps(told)
        assert set(proofs(office, DESK).values()) == {True}
    finally:
        desk.close()
        rules.write_text(before, "utf-8")
        office.commsroom("apply", "--yes")


def test_a_colleague_s_lamp_is_lit_while_he_is_on_the_telephone(office, linphone):
    row = next(row for row in listed(office.root) if row["asset_tag"] == DESK)
    busy = number(office, "L007")
    linphone.online(busy)
    desk = Desk(
        office, row["mac"], number(office, "L008"), secret(office, DESK, "sip"), lambda: None
    )
    try:
        desk.watch(busy)
        until(lambda: desk.lamps and desk.lamps[-1] == "terminated")
        rings_and_is_answered(office, busy)
        until(lambda: "confirmed" in desk.lamps and desk.lamps[-1] == "terminated")
    finally:
        desk.close()


def test_a_profile_edited_behind_our_back_is_drift_and_is_put_right(office):
    office.on(
        "pbx1", "cd /var/lib/commsroom/provisioning/devices/lh-s01/current && echo x >> lh-s01.xml"
    )
    assert [one["address"] for one in office.json("plan")["changes"]] == [
        f"prov1:phone_profile/{SOFT}"
    ]
    office.commsroom("apply", "--yes")
    assert office.json("plan")["changes"] == []


def test_a_soft_phone_takes_calls_all_through_a_rotation_of_its_password(office, linphone, notes):
    mine, first = number(office, "L007"), secret(office, SOFT, "sip")
    linphone.online(mine)
    until(lambda: set(proofs(office, SOFT).values()) == {True})
    caller = Caller(office, mine)
    rotating = subprocess.Popen(
        ["commsroom", "rotate", f"pbx1:extension/{mine}", "--yes", "--wait", "4m", "--json"],
        cwd=office.root, env=office.environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(
        lambda: first not in profile(office), 60
    )  # it waits for the telephone, which has the old one
    still = len(caller.answered)
    until(lambda: len(caller.answered) > still + 2, 60)
    linphone.stop()  # Linphone takes no NOTIFY: it fetches when it starts
    linphone.start()
    linphone.online(mine)
    told = json.loads(rotating.communicate(timeout=240)[0])
    assert rotating.returncode == 0, told
    assert [(one["phase"], len(one["places"])) for one in told["rotations"]] == [("grace", 2)]
    assert secret(office, SOFT, "sip") != first
    assert office.json("plan")["changes"] == []
    longest = caller.longest()
    notes.append(
        f"a soft phone through a rotation: at most {longest:.1f} s without an answered call"
    )
    assert longest < 30  # its own start, on a busy machine
    rings_and_is_answered(office, mine)
