"""One server hangs in the middle of an answer, one talks nonsense: the third is reported whole, in time.

In each round another server has the trouble, and real drift on the sound one must be named. A stand-in
listens in the place of the server's own socket; a login shell that never stops printing is a round too.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]

#: Seconds: the longest time limit of a read is 60, and the rest of the report comes after it.
BOUND = 85

LISTENER = """
import os, socket, sys, time
place, way, greeting, half = sys.argv[1], sys.argv[2], *(part.encode().decode("unicode_escape").encode() for part in sys.argv[3:])
listening = socket.create_server(("127.0.0.1", int(place))) if place.isdigit() else socket.socket(socket.AF_UNIX)
if not place.isdigit():
    os.umask(0); listening.bind(place); listening.listen()
while True:
    link, _ = listening.accept()
    if os.fork() == 0:
        try:
            link.sendall(greeting); link.recv(65536); link.sendall(half)
            if way == "noise":
                link.sendall(os.urandom(100000)); link.close()
            else:
                time.sleep(300)
        finally:
            os._exit(0)
    link.close()
"""
#: Where a server answers commsroom, its first words, half of an answer; how to make and give up the place.
PLACES = {
    "pbx1": ("5038", "Asterisk Call Manager/9.0\\r\\n", "Response: Success\\r\\nActionID: 0\\r\\nMess",
             "systemctl stop asterisk", "systemctl start asterisk"),
    "mail1": ("/run/dovecot/auth-userdb", "VERSION\\t1\\t0\\n", "USER\\t1\\tsomebody",
              "mv /run/dovecot/auth-userdb /run/dovecot/kept",
              "rm -f /run/dovecot/auth-userdb; mv /run/dovecot/kept /run/dovecot/auth-userdb"),
    "im1": ("/run/prosody/prosody.sock", "", "<response xmlns='urn:commsroom:1'>{&quot;ok",
            "mv /run/prosody/prosody.sock /run/prosody/kept",
            "rm -f /run/prosody/prosody.sock; mv /run/prosody/kept /run/prosody/prosody.sock"),
}  # fmt: skip
#: Drift made on each server by its own tools, and the address it is at.
BY_HAND = {
    "pbx1": (
        r"""
        file=/etc/asterisk/commsroom/pjsip.conf
        number=$(grep -om1 '^\[[0-9]*\](commsroom-endpoint)' $file | tr -dc 0-9)
        sed -i "/^\[$number\](commsroom-endpoint)/,/^\[/ s/^context=.*/context=commsroom-class-internal/" $file
        asterisk -rx 'module reload res_pjsip.so' >/dev/null
        """,
        "pbx1:extension/",
    ),
    "mail1": (
        """
        hash=$(doveadm pw -s SHA512-CRYPT -p by-hand)
        sed -i "s|^hong.pham@lianhe.example:[^:]*|hong.pham@lianhe.example:$hash|" /etc/dovecot/commsroom/users
        """,
        "mail1:mailbox/hong.pham@lianhe.example",
    ),
    "im1": (
        """prosodyctl shell 'muc:room("sales@rooms.lianhe.example"):set_affiliation(true, "hong.pham@lianhe.example", nil)'""",
        "im1:member/sales/hong.pham",
    ),
}


@contextmanager
def trouble(company, host, way):
    """Have a stand-in answer in the place of a server's own socket."""
    place, greeting, half, make, give_up = PLACES[host]
    company.on(host, f"{make}; cat >/run/standin.py <<'END'\n{LISTENER}\nEND\n")
    words = f"'{place}' {way} '{greeting}' '{half}'"
    company.on(host, f"systemd-run -q --unit=standin python3 /run/standin.py {words}; sleep 0.5")
    try:
        yield
    finally:
        company.on(host, f"systemctl stop standin; {give_up}; rm -f /run/standin.py")


@contextmanager
def chatter(company, host):
    """Have a login shell print 200 MB before it does anything: more than is listened to, and an end for us."""
    line = "[ -e /run/chatter ] && yes chatter | head -c 200000000 # by a test"
    company.on(host, f"sed -i '1i {line}' /root/.bashrc; touch /run/chatter")
    try:
        yield
    finally:
        company.on(host, "sed -i '/# by a test$/d' /root/.bashrc; rm -f /run/chatter")


def settled(company):
    """Wait until every server answers, then put policy back."""
    for _ in range(40):
        if not json.loads(company.commsroom("plan", "--json", expect=None))["unknown"]:
            break
        time.sleep(0.5)
    company.commsroom("apply", "--yes")
    assert company.json("plan")["changes"] == []


def told(company, sound, *troubled):
    """Make drift on the sound server; insist that it and every trouble is named, and nothing else."""
    script, address = BY_HAND[sound]
    company.on(sound, script)
    began = time.monotonic()
    report = company.json("drift", expect=4)
    assert time.monotonic() - began < BOUND
    findings = report["findings"]
    (drift,) = [one for one in findings if one["system"] == sound]
    assert drift["kind"] in {"drift", "missing"}
    assert drift["address"].startswith(address)
    unknown = {one["system"]: one["text"] for one in findings if one["kind"] == "unknown"}
    assert len(findings) == 1 + len(unknown)
    assert set(unknown) == set(troubled)
    return unknown


@pytest.mark.parametrize(
    ("silent", "noisy", "sound"),
    [("pbx1", "im1", "mail1"), ("mail1", "pbx1", "im1"), ("im1", "mail1", "pbx1")],
)
def test_a_hang_in_the_middle_and_nonsense_leave_the_third_whole(company, silent, noisy, sound):
    with trouble(company, silent, "silence"), trouble(company, noisy, "noise"):
        unknown = told(company, sound, silent, noisy)
    assert all("Traceback" not in text and text for text in unknown.values())
    settled(company)


def test_a_login_shell_that_never_stops_talking_is_unknown_at_once(company):
    with chatter(company, "mail1"):
        unknown = told(company, "im1", "mail1")
    assert "talks on and on" in unknown["mail1"]
    settled(company)
