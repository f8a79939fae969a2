"""The store that `ansible-vault` opens: the real program reads what we write, and we what it writes."""

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret, SecretRef
from commsroom.secrets.stores import ansible_box, ansible_document
from commsroom.secrets.stores.ansible_vault import AnsibleVaultStore

PASSWORD = b"correct horse battery staple"
PROGRAM = Path(sys.executable).with_name("ansible-vault")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "secrets.vault.yml"


def ansible_vault(folder, *words, given=None):
    secret = folder / "password"
    secret.write_bytes(PASSWORD + b"\n")
    done = subprocess.run(
        [PROGRAM, *words, "--vault-id", f"commsroom@{secret}"],
        check=False, capture_output=True, input=given, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_real_program_views_what_we_wrote(file):
    with_odd = "h7Kq: 'x' \"y\" # \\ {{ z }} 分機 \U0001f600\ttab"
    store = AnsibleVaultStore.open(file, PASSWORD)
    store.put("wei.wang/sip", 1, Secret(with_odd))
    store.put("王偉/pin", 1, Secret("0070"))
    assert file.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;commsroom\n")
    assert max(map(len, file.read_text().splitlines())) == 80
    shown = ansible_vault(file.parent, "view", file).decode()
    assert '  "王偉/pin":\n    1: "0070"\n' in shown
    assert ansible_document.read(shown.encode(), file)["wei.wang/sip"] == {1: with_odd}


def test_we_read_what_the_real_program_wrote_and_it_what_we_changed(file):
    plain = b'commsroom_secrets:\n  wei.wang/sip:\n    1: "first"\n    2: second one\n'
    file.write_bytes(ansible_vault(file.parent, "encrypt", "--output", "-", given=plain))
    store = AnsibleVaultStore.open(file, PASSWORD)
    assert store.get("wei.wang/sip", 2).reveal() == "second one"
    store.put("wei.wang/sip", 3, Secret("third"))
    assert b'3: "third"' in ansible_vault(file.parent, "view", file)


def test_a_file_without_a_vault_id_is_read_too(file):
    box = ansible_box.sealed(b'commsroom_secrets: {a: {1: "x"}}', PASSWORD, "")
    file.write_bytes(box.replace(b";1.2;AES256;", b";1.1;AES256"))
    assert AnsibleVaultStore.open(file, PASSWORD).get("a", 1).reveal() == "x"


def test_ten_thousand_are_stored_by_one_encryption(file, monkeypatch):
    store = AnsibleVaultStore.open(file, PASSWORD)
    real, boxes = ansible_box.sealed, []
    monkeypatch.setattr(ansible_box, "sealed", lambda *given: boxes.append(1) or real(*given))
    opened, openings = ansible_box.opened, []
    monkeypatch.setattr(ansible_box, "opened", lambda *given: openings.append(1) or opened(*given))
    refs = [SecretRef(f"p{number}/sip", "password", generation=1) for number in range(10_000)]
    assert store.ensure(refs, lambda _: Secret("x" * 24)) == 10_000
    assert len(store.get_many([(ref.path, 1) for ref in refs])) == 10_000
    assert all(store.get(ref.path, 1) for ref in refs)
    assert (len(boxes), len(openings)) == (1, 1)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"commsroom_secrets: {a: {1: 0070}}", "text, in quotes"),
        (b"commsroom_secrets: {a: {1: yes}}", "text, in quotes"),
        (b'commsroom_secrets: {a: {1: "x", 1: "y"}}', "there twice"),
        (b'commsroom_secrets: {a: {1: "x"}, a: {2: "y"}}', "there twice"),
        (b'commsroom_secrets: {a: {01: "x"}}', "plain number"),
        (b'commsroom_secrets: {a: {"1": "x"}}', "a number"),
        (b"commsroom_secrets: {a: canary}", "a mapping"),
        (b"db_password: canary", "a file of its own"),
        (b"- canary", "a mapping"),
        (b"", "a mapping"),
        (b'a: "canary', "no YAML"),
    ],
)
def test_what_was_edited_into_nonsense_is_told_without_a_value(file, document, why):
    file.write_bytes(ansible_box.sealed(document, PASSWORD, "commsroom"))
    with pytest.raises(CommsroomError, match=why) as error:
        AnsibleVaultStore.open(file, PASSWORD)
    assert "canary" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"plain: text\n", b"$ANSIBLE_VAULT;1.0;AES\n00\n", b"$ANSIBLE_VAULT;1.2;AES256;x\nzz\n"],
)
def test_a_file_that_is_none_of_ansible_vault_is_told(file, raw):
    file.write_bytes(raw)
    with pytest.raises(CommsroomError, match=r"no file of Ansible Vault|is damaged"):
        AnsibleVaultStore.open(file, PASSWORD)


def test_no_part_of_the_box_can_be_changed_or_moved(file):
    store = AnsibleVaultStore.open(file, PASSWORD)
    store.put("a/x", 1, Secret("one"))
    raw = file.read_bytes()
    head, _, body = raw.partition(b"\n")
    for at in range(0, len(body) - 1, 97):
        changed = body[:at] + (b"3" if body[at : at + 1] != b"3" else b"4") + body[at + 1 :]
        file.write_bytes(head + b"\n" + changed)
        with pytest.raises(CommsroomError):
            AnsibleVaultStore.open(file, PASSWORD)


def test_a_file_replaced_by_somebody_else_is_read_again(file):
    store = AnsibleVaultStore.open(file, PASSWORD)
    store.put("a/x", 1, Secret("one"))
    ansible_vault(file.parent, "view", file)
    other = AnsibleVaultStore.open(file, PASSWORD)
    other.put("b/x", 1, Secret("two"))
    assert store.get("b/x", 1).reveal() == "two"
    file.unlink()
    with pytest.raises(CommsroomError, match="is gone"):
        store.get("a/x", 1)


def test_every_character_survives_the_document(file):
    odd = "".join(
        chr(code) for code in [*range(0x100), 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1F600]
        if unicodedata.category(chr(code)) != "Cs"
    )  # fmt: skip
    content = {odd.replace("\0", ""): {1: odd, 10: "null", 2: "", 3: "~", 4: "0070", 5: " x\n\n"}}
    assert ansible_document.read(ansible_document.written(content), file) == content
