"""What runs on a server: it reads what tools and the kernel really say, and sends no secret back."""

import contextlib
import ctypes.util
import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from commsroom.backends import on_target_host as host
from commsroom.backends import on_target_security as security
from commsroom.backends.asterisk import on_target_inspection as exchange
from commsroom.backends.host import offset
from commsroom.backends.on_target import TargetError
from commsroom.backends.postfix_dovecot import on_target_inspection as mail
from commsroom.backends.prosody import on_target_inspection as chat

pytestmark = pytest.mark.slow

HASH = "$6$salt$"


def test_one_part_that_fails_hides_no_other(monkeypatch):
    def hang():
        raise TargetError("failed", "systemctl gave no answer within 20 s")

    def burst():
        raise ValueError("a value nobody may see")

    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # the program sets it for its tools: this puts it back
    monkeypatch.setattr(host, "_units", hang)
    monkeypatch.setattr(host, "_reboot", burst)
    found = host.inspect({"files": {}, "passwords": [], "packages": [], "own": None})
    assert found["units"] == {"unknown": "systemctl gave no answer within 20 s"}
    assert found["reboot"] == {"unknown": "unexpected ValueError"}
    assert found["disks"]
    assert found["clock"]["begin"] <= found["clock"]["end"]
    json.dumps(found)


def test_a_file_system_is_told_once_and_odd_names_are_read(tmp_path):
    odd = tmp_path / "a b\tc"
    odd.mkdir()
    written = str(odd).replace(" ", r"\040").replace("\t", r"\011")
    mounts = (
        f"x {written} ext4 rw 0 0\nx {written} ext4 rw 0 0\nproc /proc proc rw 0 0\n"
        f"y {tmp_path}/gone ext4 rw 0 0\nz {tmp_path} iso9660 rw 0 0\nr {tmp_path} ext4 ro,noatime 0 0\n"
    )
    (found,) = host._disks(mounts)
    assert found["place"] == str(odd)
    assert 0 < found["free"] <= found["blocks"]


def test_a_file_system_that_hangs_is_unknown_and_waited_for_only_so_long(monkeypatch, tmp_path):
    monkeypatch.setattr(host, "_STAT_SECONDS", 0.1)
    released = threading.Event()

    def hang(_place):
        released.wait(10)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "statvfs", hang)
    began = time.monotonic()
    (found,) = host._disks(f"nfs {tmp_path} nfs4 rw 0 0\n")
    assert found["unknown"] == "no answer within 0.1 s"
    assert time.monotonic() - began < 5
    released.set()


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000", "0.0.0.0"),
        ("0B07C612", "18.198.7.11"),
        ("00000000000000000000000001000000", "::1"),
        ("B80D0120000000000000000001000000", "2001:db8::1"),
    ],
)
def test_addresses_are_read_as_the_kernel_writes_them(raw, written):
    assert security.address(raw) == written


def test_a_listener_is_found_with_the_program_that_holds_it():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        (found,) = [item for item in security.sockets()["open"] if item["port"] == port]
    assert (found["transport"], found["address"]) == ("tcp", "127.0.0.1")
    assert found["programs"] == [Path("/proc/self/comm").read_text("utf-8").strip()]


def test_files_are_told_when_more_people_may_touch_them_than_allowed(tmp_path):
    for name, mode in (("good.key", 0o640), ("better.key", 0o400), ("bad.key", 0o644)):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(mode)
    pattern = str(tmp_path / "*.key")
    me = security._user(os.getuid())
    found = security.files(
        {pattern: {"mode": "0640", "owner": me}, "/none/*": {"mode": "0600", "owner": me}}
    )
    assert found["/none/*"] == {"files": 0, "wrong": [], "more": 0}
    assert found[pattern]["files"] == 3
    assert found[pattern]["wrong"] == [
        {"path": str(tmp_path / "bad.key"), "mode": "0644", "owner": me}
    ]


@pytest.fixture
def accounts(monkeypatch, tmp_path):
    """Ask about accounts of a made-up /etc."""

    def call(shadow, passwd="root:x:0:0::/root:/bin/sh\n", guesses=("hunter2",)):
        for name, text in (("shadow", shadow), ("passwd", passwd)):
            (tmp_path / name).write_text(text)
            monkeypatch.setattr(security, name.upper(), tmp_path / name)
        return security.accounts(list(guesses))

    return call


def test_accounts_anybody_may_log_in_to_are_named_and_no_hash_is_sent(accounts):
    library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    guessed, own, sound = (
        library.crypt(word, HASH.encode()).decode() for word in (b"hunter2", b"eve", b"kX9!w")
    )
    found = accounts(
        f"root:*:1::::::\nopen::1::::::\nweak:{guessed}:1::::::\neve:{own}:1::::::\nann:{sound}:1::::::\n"
        "locked:!$6$salt$x:1::::::\nodd\n",
        "root:x:0:0::/:/bin/sh\nold::7:7::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n",
    )
    assert found["empty"] == ["odd", "old", "open"]
    assert found["default"] == ["weak", "eve"]
    assert found["with_password"] == 3
    assert found["masters"] == ["root", "toor"]
    assert "$6$" not in json.dumps(found)


def test_where_nothing_can_be_tried_that_is_said(accounts, monkeypatch):
    def none(_name):
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", none)
    found = accounts(f"ann:{HASH}x:1::::::\n")
    assert (found["default"], found["tried"]) == ([], "none: there is no crypt(3) on this server")


def test_apt_is_read_by_origin_and_by_the_age_of_its_lists(monkeypatch):
    said = {
        "apt-get": "Inst openssl [3.5.0] (3.5.1 Debian-Security:13/stable-security [amd64])\n"
        "Inst vim [2:9.1] (2:9.2 Debian:13.2/stable [amd64]) []\nInst new (1.0 Debian:13/stable [all])\n"
        "Conf openssl (3.5.1 Debian-Security:13/stable-security [amd64])\n",
        "apt-cache": " 500 http://x trixie-security/main\n     release v=13,o=Debian,a=stable-security\n",
    }
    monkeypatch.setattr(host, "run", lambda argv, **_: said[argv[0]])
    found = host._updates()
    assert [(item["package"], item["security"]) for item in found["pending"]] == [
        ("openssl", True), ("vim", False), ("new", False),
    ]  # fmt: skip
    assert (found["security_archive"], found["archives"]) == (True, 1)


def test_time_services_are_read_from_systemd(monkeypatch):
    said = {
        "systemctl": "Id=chrony.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n\n"
        "Id=ntp.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n",
        "timedatectl": "Timezone=Asia/Taipei\nNTPSynchronized=no\n",
    }

    def run(argv, **_):
        if argv[0] == "systemd-detect-virt":
            raise TargetError("failed", "none")
        return said[argv[0]]

    monkeypatch.setattr(host, "run", run)
    assert host._sync() == {
        "keepers": {"chrony.service": {"active": False, "enabled": True}},
        "synchronised": False, "zone": "Asia/Taipei", "container": "",
    }  # fmt: skip


# ── the clock ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ahead", [-40.0, 0.0, 0.5])
def test_the_clocks_offset_is_within_its_uncertainty_however_lopsided_the_way(ahead):
    # The way there takes 0.8 s, the work 3 s, the way back 0.1 s.
    clock = {"begin": 1000.8 + ahead, "end": 1003.8 + ahead}
    found = offset(1000.0, 1003.9, clock)
    assert abs(found["ahead"] - ahead) <= found["uncertain"] + 1e-9
    assert found["uncertain"] == pytest.approx(0.45)


@pytest.mark.parametrize("clock", [None, {}, {"begin": "now", "end": 1}, []])
def test_a_server_that_does_not_tell_its_time_has_an_unknown_clock(clock):
    assert offset(1.0, 2.0, clock) == {"unknown": "the server did not tell its time"}


# ── the back ends' parts ────────────────────────────────────────────────────────────────────


def line(**message):
    return json.dumps({"queue_name": "deferred", "arrival_time": 100, "sender": "a@b", **message})


def test_the_queue_is_counted_and_what_somebody_holds_does_not_age_it():
    lines = [line(), line(arrival_time=400), line(queue_name="hold", arrival_time=1), "", "  "]
    assert mail.queue(lines, 500.0) == {"length": 2, "held": 1, "oldest": 400.0}
    assert mail.queue([], 500.0) == {"length": 0, "held": 0, "oldest": 0.0}


@pytest.mark.parametrize("said", ["no json", "[]", '{"queue_name": "active"}', "null"])
def test_a_queue_that_makes_no_sense_is_unknown(said, monkeypatch):
    monkeypatch.setattr(mail, "run", lambda *_, **__: said)
    assert mail.inspect({})["queue"] == {"unknown": "its tool's answer made no sense"}


def test_dovecots_services_at_their_limit_or_failing_are_named():
    block = "name: {}\nprocess_count: {}\nprocess_avail: {}\nprocess_limit: {}\nthrottle_secs: {}\nexit_failures_in_sec: 0\n"
    rows = [("imap", 5, 0, 5, 0), ("log", 1, 0, 1, 0), ("lmtp", 1, 1, 5, 30), ("auth", 5, 2, 5, 0)]
    text = "\n".join(block.format(*row) for row in rows)
    assert mail.dovecot(text) == {"services": 4, "full": ["imap"], "failing": ["lmtp"]}


def test_channels_are_counted_with_the_age_of_the_oldest():
    row = "PJSIP/2101-0001!c!2102!1!Up!Dial!x!2101!!!3!{}!b!u"
    assert exchange.channels(f"{row.format(7)}\n{row.format(9000)}\n") == {
        "count": 2,
        "oldest": 9000,
    }
    assert exchange.channels("") == {"count": 0, "oldest": 0}
    assert "unknown" in exchange.channels("PJSIP/x!broken")


def test_trunks_that_are_not_registered_are_named():
    text = (
        " <Registration/ServerURI....>  <Auth...>  <Status...>\n====\n"
        " trunk-a/sip:a.example  trunk-a  Registered  (exp. 25s)\n"
        " trunk-b/sips:b.example  trunk-b  Rejected  (exp. 0s)\n\nObjects found: 2\n"
    )
    assert exchange.trunks(text) == {"count": 2, "down": ["trunk-b"]}
    assert exchange.trunks("No objects found.") == {"count": 0, "down": []}


def test_weak_pins_are_found_and_never_told():
    assert exchange.weak([("2101", "2101"), ("2102", "1234"), ("2103", "907155"), ("2104", "")]) == [
        "2101", "2102", "2104",
    ]  # fmt: skip


def test_prosodys_count_is_read_or_refused():
    assert chat.counted("OK: Total: 12 clients") == 12
    with pytest.raises(TargetError):
        chat.counted("Error: no such command")
