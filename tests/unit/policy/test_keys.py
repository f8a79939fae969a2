"""People's public keys: what cannot be sealed to is told with its place, and never quoted."""

import base64
import struct
import subprocess

import pytest

from commsroom import policy
from commsroom.policy import keys

PEOPLE = ("L001", "L007", "L039")


def part(content):
    return struct.pack(">I", len(content)) + content


def line(kind, *parts):
    blob = base64.b64encode(b"".join(map(part, (kind.encode(), *parts)))).decode()
    return f"{kind} {blob} somebody@laptop\n"


def rsa(bits):
    return line("ssh-rsa", b"\x01\x00\x01", b"\x00" + (1 << (bits - 1) | 1).to_bytes(bits // 8))


ED25519 = line("ssh-ed25519", bytes(range(32)))


@pytest.fixture
def put(tmp_path):
    """Write a file among the keys; return what the keys then are."""
    (tmp_path / "policies/keys").mkdir(parents=True)

    def write(text, name="L007.pub"):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "policies/keys" / name).write_bytes(content)
        return keys.read(tmp_path, PEOPLE)

    return write


@pytest.mark.parametrize(
    "text",
    [ED25519, rsa(2048), rsa(4096), f"# of the new laptop\n\n{ED25519}\r\n", ED25519.rstrip()],
    ids=["ed25519", "rsa 2048", "rsa 4096", "comments", "no end of line"],
)
def test_a_key_is_held_and_named_as_ssh_keygen_names_it(put, tmp_path, text):
    found = put(text)
    assert (dict(found.problems), found.strangers) == ({}, ())
    key = found.held["L007"]
    file = tmp_path / "policies/keys/L007.pub"
    told = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True, check=True)
    assert key.fingerprint == told.stdout.split()[1]
    assert key.line in text


BROKEN = {
    "nothing": ("", "L007.pub: no key is in it (copy"),
    "prose": ("my key is at home\n", "L007.pub:1:1: not a public SSH key"),
    "cut": (ED25519[:40], "L007.pub:1:1: not a public SSH key"),
    "no base64": ("ssh-ed25519 ???? x", "L007.pub:1:1: not a public SSH key"),
    "kind alone": ("ssh-ed25519", "L007.pub:1:1: not a public SSH key"),
    "another inside": (
        "ssh-rsa " + ED25519.partition(" ")[2],
        "L007.pub:1:1: not a public SSH key",
    ),
    "short point": (line("ssh-ed25519", bytes(31)), "L007.pub:1:1: not a public SSH key"),
    "too long a part": (
        "ssh-ed25519 " + base64.b64encode(b"\xff\xff\xff\xffx").decode(),
        "L007.pub:1:1: not a public SSH key",
    ),
    "more parts": (line("ssh-ed25519", bytes(32), b"x"), "L007.pub:1:1: not a public SSH key"),
    "options": (f"no-pty {ED25519}", "L007.pub:1:1: not a public SSH key"),
    "token": (
        line("sk-ssh-ed25519@openssh.com", bytes(32)),
        "a key on a token signs, and opens no",
    ),
    "ecdsa": (line("ecdsa-sha2-nistp256", b"x"), "no file can be sealed to such a key (ssh-keygen"),
    "dsa": (line("ssh-dss", b"x"), "no file can be sealed to such a key"),
    "certificate": (
        line("ssh-ed25519-cert-v01@openssh.com", b"x"),
        "is a certificate (put the key",
    ),
    "short rsa": (
        rsa(1024),
        "L007.pub:1:1: an RSA key of 1024 bits is too short (2048 or more; ssh",
    ),
    "long rsa": (rsa(8192), "an RSA key of 8192 bits is too long (4096 at most; ssh"),
    "two": (ED25519 + "\n" + rsa(2048), "L007.pub:3:1: two keys are in it (keep the one"),
    "no text": (b"\xff\xfe\x00", "L007.pub: not a public SSH key (it is one line of text)"),
    "large": (b"#" * 20_000, "L007.pub: larger than a public key may be"),
    "private": (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n",
        "L007.pub: this is a private key (take it out of Git and its history",
    ),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_sealed_to_is_told_with_place_and_remedy_and_not_quoted(put, text, said):
    found = put(text)
    assert dict(found.held) == {}
    told = str(found.problems["L007"])
    assert told.startswith("policies/keys/L007.pub")
    assert said in told
    assert "SECRET" not in told
    assert len(told) < 250


def test_a_folder_or_a_pipe_is_no_key_and_nobody_waits_for_it(put, tmp_path):
    (tmp_path / "policies/keys/L001.pub").mkdir()
    found = put(ED25519)
    assert list(found.held) == ["L007"]
    assert "not a regular file" in str(found.problems["L001"])


def test_two_with_one_key_are_refused_both(put):
    put(ED25519, "L001.pub")
    found = put(ED25519.replace("laptop", "desk"), "L039.pub")
    assert dict(found.held) == {}
    assert {person: problem.message for person, problem in found.problems.items()} == {
        "L001": "L039 has the same key",
        "L039": "L001 has the same key",
    }


def test_a_key_of_nobody_is_a_warning_and_a_broken_one_an_error(sample):
    folder = sample.path / "policies/keys"
    folder.mkdir()
    (folder / ".gitkeep").touch()
    (folder / "L07.pub").write_text(ED25519)
    (folder / "README").write_text("keys")
    found = policy.validate(sample.path)
    assert found.problems == ()
    told = [str(one) for one in found.warnings if "keys" in one.file]
    assert len(told) == 2
    assert told[0].startswith("policies/keys/L07.pub: there is no person 'L07' in the roster (did")
    assert told[1].startswith("policies/keys/README: nobody reads this file")
    (folder / "L007.pub").write_text("ssh-ed25519 AAAA")
    [told] = sample.problems
    assert told.startswith(
        "policies/keys/L007.pub:1:1: not a public SSH key (one line as ssh-keygen"
    )


def test_a_broken_key_keeps_no_plan_from_being_made(sample):
    (sample.path / "policies/keys").mkdir()
    (sample.path / "policies/keys/L007.pub").write_text("broken")
    assert sample.load().people
