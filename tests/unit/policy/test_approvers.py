"""Who may approve is read as strictly as ssh-keygen(1) is lenient: what it passes over is told."""

import base64

import pytest

from commsroom.policy import approvers


def key(number):
    """Return an ed25519 key by its number, as a public key's file has it."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "policies").mkdir()

    def call(content):
        if content is not None:
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / "policies/approvers").write_bytes(raw)
        problems = []
        found = approvers.read(tmp_path, problems)
        return found, [str(problem) for problem in problems]

    return call


def test_without_the_file_nothing_is_wrong_and_nobody_approves(read):
    assert read(None) == ((), [])


def test_each_form_that_ssh_keygen_takes_for_one_person_is_read(read):
    found, problems = read(
        f'# who may buy\n\nL001 namespaces="commsroom-approval" {key(1)} wei@desk\n'
        f'"L002" {key(2)}\r\n\tL001 valid-before="20300101",namespaces="a,commsroom-*"  {key(3)}\n'
        f'L003 namespaces="commsroom-baseline" {key(4)}\n'
    )
    assert problems == []
    certify = [item.person for item in found if item.allows(approvers.CERTIFICATES)]
    assert certify == ["L002", "L001"]  # who may sign for anything, or for commsroom-*
    assert [(item.person, item.line, item.approves) for item in found] == [
        ("L001", 3, True), ("L002", 4, True), ("L001", 5, True), ("L003", 6, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe\0g", "policies/approvers:1: is not UTF-8"),
        (f"# one\nL001 {key(1)}\ngarbage", "policies/approvers:3: is no line of ALLOWED SIGNERS"),
        ("L001 ssh-ed25519 AAAA", "policies/approvers:1: is no line of ALLOWED SIGNERS"),
        (f"* {key(1)}", "policies/approvers:1:1: '*' does not name one person"),
        (f"L001,L002 {key(1)}", "policies/approvers:1:1: 'L001,L002' does not name one person"),
        (
            f"L001 cert-authority {key(1)}",
            "policies/approvers:1: a certificate authority signs for whom it likes",
        ),
        (
            f"L001 {key(1)}\nL003 {key(3)}\nL002 {key(1)}",
            "policies/approvers:3: L002 has the key of L001 (line 1)",
        ),
        (f"\ufeffL001 {key(1)}", "policies/approvers:1:1: begins with a byte order mark"),
    ],
    ids=["bytes", "garbage", "key", "anybody", "two", "authority", "shared", "mark"],
)
def test_what_might_let_nobody_or_anybody_approve_is_told_at_its_line(read, content, line):
    _, problems = read(content)
    assert len(problems) == 1
    assert problems[0].startswith(line)


def test_a_folder_of_that_name_is_told(tmp_path, read):
    (tmp_path / "policies/approvers").mkdir()
    assert read(None)[1] == ["policies/approvers: is not a regular file but a folder"]


def number(value):
    """Return a part of a key's blob: how long it is, and it."""
    return len(value).to_bytes(4, "big") + value


def rsa(zeros=0):
    """Return one RSA key, its exponent written with so many zeros before it."""
    blob = number(b"ssh-rsa") + number(b"\0" * zeros + b"\1\0\1") + number(b"\0" + b"\xc5" * 256)
    return f"ssh-rsa {base64.b64encode(blob).decode()}"


def test_one_rsa_key_in_two_spellings_is_not_two_people_s(read):
    assert read(f"L001 {rsa()}")[1] == []
    found, problems = read(f"L001 {rsa()}\nL002 {rsa(zeros=1)}")
    assert [item.person for item in found] == ["L001"]
    assert problems[0].startswith("policies/approvers:2: is no line of ALLOWED SIGNERS")


def test_a_certificate_of_a_key_is_nobody_s_key(read):
    kind = "ssh-ed25519-cert-v01@openssh.com"
    blob = base64.b64encode(number(kind.encode()) + number(b"n" * 32) + number(b"k" * 32)).decode()
    found, problems = read(f"L001 {key(1)}\nL002 {kind} {blob}")
    assert [item.person for item in found] == ["L001"]
    assert problems[0].startswith(
        "policies/approvers:2: a certificate of a key is not that key: one person could sign with both"
    )


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\x0b", "\x0c", "\x85"])
def test_what_ssh_keygen_takes_for_a_name_is_no_comment(read, space):
    assert read(f"L001 {key(1)}\n{space}#,L002 {key(2)}")[1][0].startswith(
        "policies/approvers:2: is no line of ALLOWED SIGNERS"
    )
