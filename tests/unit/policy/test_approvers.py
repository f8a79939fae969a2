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
