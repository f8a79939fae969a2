"""Signatures by SSH keys: what is signed, by whom, for what; each of them must match."""

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commsroom.errors import CommsroomError
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

LONG_AGO = 'me valid-before="20010101" {}\n'


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture
def check(tmp_path, key):
    def call(document=b"text", line="me {}\n", identity="me", namespace="use", at=None):
        signature = tmp_path / "text.sig"
        signature.write_bytes(ssh_signature.sign(b"text", key, namespace="use"))
        (tmp_path / "signers").write_text(line.format(public(key)))
        return ssh_signature.check(
            document,
            signature,
            signers=tmp_path / "signers",
            identity=identity,
            namespace=namespace,
            at=at,
        )

    return call


def public(key):
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def test_a_signature_names_the_public_key_that_made_it(key):
    signature = ssh_signature.sign(b"text", key, namespace="use")
    assert ssh_signature.public_key(signature) == public(key)


def test_many_are_signed_by_a_passphrase_that_is_asked_for_once(tmp_path, monkeypatch):
    """`ssh-keygen` asks by the program that SSH_ASKPASS names, as ssh(1) says."""
    key, asked = tmp_path / "key", tmp_path / "asked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open it", "-f", key], check=True)
    program = tmp_path / "askpass"
    program.write_text(f"#!/bin/sh\necho once >> '{asked}'\necho 'open it'\n")
    program.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    documents = [f"text {number}".encode() for number in range(20)]
    signatures = ssh_signature.sign_all(documents, key, namespace="use")
    assert asked.read_text() == "once\n"
    for document, signature in zip(documents, signatures, strict=True):
        (tmp_path / "sig").write_bytes(signature)
        assert ssh_signature.is_of(document, tmp_path / "sig", namespace="use")
    assert len(set(signatures)) == 20


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.GOOD),
        ({"document": b"texts"}, Verdict.BROKEN),
        ({"namespace": "other"}, Verdict.BROKEN),
        ({"line": "# nobody\n"}, Verdict.STRANGER),
        ({"line": LONG_AGO}, Verdict.STRANGER),
        ({"identity": "you"}, Verdict.ELSEWHERE),
        ({"line": 'me namespaces="other" {}\n'}, Verdict.ELSEWHERE),
    ],
    ids=str,
)
def test_only_the_right_document_key_purpose_and_name_are_good(check, given, verdict):
    assert check(**given) is verdict


@pytest.mark.parametrize("zone", ["UTC", "Asia/Taipei", "America/New_York"])
@pytest.mark.parametrize(
    ("hour", "verdict"), [(9, Verdict.STRANGER), (11, Verdict.GOOD), (13, Verdict.STRANGER)]
)
def test_a_key_with_an_end_is_judged_at_the_moment_that_is_named(
    check, monkeypatch, zone, hour, verdict
):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    local = [datetime(2020, 6, 1, one, tzinfo=UTC).astimezone() for one in (10, 12)]
    since, until = (f"{one:%Y%m%d%H%M}" for one in local)
    line = f'me valid-after="{since}",valid-before="{until}" {{}}\n'
    try:
        assert check(line=line, at=datetime(2020, 6, 1, hour, tzinfo=UTC)) is verdict
        assert check(line=line) is Verdict.STRANGER
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", [b"", b"x\n", b"-----\nAAAA\n-----", b"-----\n!!\n-----"])
def test_what_is_no_signature_names_no_key(text):
    with pytest.raises(ValueError, match="SSHSIG"):
        ssh_signature.public_key(text)


def test_a_key_that_cannot_sign_is_one_line_with_a_remedy(tmp_path):
    (tmp_path / "key").write_text("no key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(CommsroomError, match=r"does not sign: .*name a private SSH key") as caught:
        ssh_signature.sign(b"text", tmp_path / "key", namespace="use")
    assert "\n" not in str(caught.value)


def test_a_private_key_that_others_may_read_is_refused_with_how_to_mend_it(key, tmp_path):
    open_to_all = tmp_path / "my key"
    open_to_all.write_bytes(key.read_bytes())
    open_to_all.chmod(0o644)
    with pytest.raises(CommsroomError, match=r"others may read .*chmod 600 '.*my key'"):
        ssh_signature.sign(b"text", open_to_all, namespace="use")


def test_a_key_of_anothers_that_we_may_read_signs_as_ssh_keygen_has_it(key, tmp_path, monkeypatch):
    """A credential that systemd hands over is root's, and readable to the service by an access list."""
    given = tmp_path / "credential"
    given.write_bytes(key.read_bytes())
    given.chmod(0o440)
    monkeypatch.setattr(os, "getuid", lambda: given.stat().st_uid + 1)
    ssh_signature._require_usable(given)


def test_what_is_no_file_is_refused_at_once_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, why in (
        ("/dev/zero", "/dev/zero: is no file"),
        (tmp_path / "pipe", "pipe: is no file"),
        (tmp_path, "is no file"),
        (tmp_path / "loop", "loop: cannot be read: Too many levels of symbolic links"),
        (tmp_path / "none", "none: cannot be read: No such file"),
        ("", "no key is named"),
    ):
        with pytest.raises(CommsroomError, match=f"{why}.*name a private SSH key"):
            ssh_signature.sign(b"text", Path(name), namespace="use")


def test_without_ssh_keygen_its_package_is_named(monkeypatch, key):
    monkeypatch.setattr(ssh_signature, "_PROGRAM", "no-such-ssh-keygen")
    with pytest.raises(CommsroomError, match="apt install openssh-client"):
        ssh_signature.sign(b"text", key, namespace="use")


@pytest.mark.parametrize("made", ["", "hello", "\xff", "-----BEGIN SSH SIGNATURE-----\nAAAA\n"])
def test_another_program_called_ssh_keygen_signs_nothing(tmp_path, monkeypatch, key, made):
    program = tmp_path / "bin/ssh-keygen"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor file; do :; done\nprintf %s "$MADE" > "$file.sig"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("MADE", made)
    with pytest.raises(CommsroomError, match="does not sign: ssh-keygen made no signature"):
        ssh_signature.sign(b"text", key, namespace="use")


SIGNS = """
import fcntl, signal, sys, termios
from pathlib import Path
from commsroom.secrets import ssh_signature
def terminated(*_given):
    sys.exit(143)
signal.signal(signal.SIGTERM, terminated)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
ssh_signature._SIGN_SECONDS = float(sys.argv[2])
ssh_signature.sign(b"text", Path(sys.argv[1]), namespace="use")
"""


@pytest.mark.parametrize("seconds", [60, 3], ids=["terminated", "out of time"])
def test_a_terminal_has_its_echo_back_however_the_passphrase_s_prompt_ends(
    tmp_path, monkeypatch, seconds
):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open it", "-f", key], check=True)
    for name in ("SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    ours, theirs = pty.openpty()

    def echoes():
        return bool(termios.tcgetattr(theirs)[3] & termios.ECHO)

    command = [sys.executable, "-c", SIGNS, key, str(seconds)]
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen(command, start_new_session=True, **streams) as child:
        while echoes() and child.poll() is None:
            time.sleep(0.02)
        assert child.poll() is None, os.read(ours, 4096)
        if seconds == 60:
            child.send_signal(signal.SIGTERM)
        assert child.wait(30)
    assert echoes()
    os.close(theirs)
    os.close(ours)
