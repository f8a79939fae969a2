"""The store of age files: the real `age` reads them, and nobody is left without a key to what is written."""

import shutil
import subprocess

import pyrage
import pytest

from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret, SecretRef
from commsroom.secrets.stores import age_keys
from commsroom.secrets.stores.age import AgeStore

ME = pyrage.x25519.Identity.generate()
COLLEAGUE = pyrage.x25519.Identity.generate()


@pytest.fixture
def listed(tmp_path):
    def write(*lines):
        file = tmp_path / "recipients"
        file.write_text("".join(f"{line}\n" for line in lines))
        return age_keys.recipients(file)

    return write


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "secrets"


def test_files_lie_as_pass_lays_them_out(folder, listed):
    store = AgeStore.open(folder, listed(ME.to_public()), [ME])
    store.put("wei.wang/sip", 3, Secret("h7Kq"))
    box = (folder / "wei.wang/sip.3.age").read_bytes()
    assert pyrage.decrypt(box, [ME]) == b'h7Kq\n["commsroom 1", "wei.wang/sip", 3]\n'


def test_every_recipient_can_read_and_nobody_else(folder, listed):
    store = AgeStore.open(folder, listed(ME.to_public(), COLLEAGUE.to_public()), [ME])
    store.put("a/x", 1, Secret("one"))
    theirs = AgeStore.open(folder, listed(COLLEAGUE.to_public()), [COLLEAGUE], read_only=True)
    assert theirs.get("a/x", 1).reveal() == "one"
    with pytest.raises(CommsroomError, match="it is another's"):
        AgeStore.open(folder, (), [pyrage.x25519.Identity.generate()], read_only=True)


def test_what_we_could_not_read_back_is_never_written(folder, listed):
    with pytest.raises(CommsroomError, match="none of the recipients"):
        AgeStore.open(folder, listed(COLLEAGUE.to_public()), [ME])
    AgeStore.open(folder, listed(ME.to_public()), [ME])
    with pytest.raises(CommsroomError, match="none of the recipients"):
        AgeStore.open(folder, listed(COLLEAGUE.to_public()), [ME])


def test_an_ssh_key_is_a_recipient_and_an_identity(folder, listed, tmp_path):
    key = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    found = age_keys.identities([key], [key.read_bytes()])
    store = AgeStore.open(folder, listed(key.with_suffix(".pub").read_text().strip()), found)
    store.put("a/x", 1, Secret("one"))
    assert store.get("a/x", 1).reveal() == "one"


def test_a_key_with_a_passphrase_is_told(tmp_path):
    key = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", key], check=True)
    with pytest.raises(CommsroomError, match="without a passphrase"):
        age_keys.identities([key], [key.read_bytes()])


@pytest.mark.parametrize(
    "line",
    ["age1nobody", "ssh-ed25519 AAAA", str(ME), "wei@lianhe.example"],
    ids=["unknown", "cut", "an-identity", "an-address"],
)
def test_a_line_that_names_nobody_is_told_with_its_number(listed, line):
    with pytest.raises(CommsroomError, match=r"recipients:2: is no recipient") as error:
        listed("# ours", line, ME.to_public())
    assert "SECRET" not in str(error.value)


def test_an_empty_list_and_a_missing_one_are_told(listed, tmp_path):
    with pytest.raises(CommsroomError, match="nobody is in it"):
        listed("# nobody yet")
    with pytest.raises(CommsroomError, match="there is no list"):
        age_keys.recipients(tmp_path / "none")
    with pytest.raises(CommsroomError, match="no identity"):
        age_keys.identities([tmp_path / "x"], [b"# public key: age1\n"])


def test_a_batch_that_is_not_spread_yet_is_read_where_it_waits(folder, listed, monkeypatch):
    everybody = listed(ME.to_public())
    store = AgeStore.open(folder, everybody, [ME])

    def killed(_self):
        raise KeyboardInterrupt

    refs = [SecretRef(f"a/x{number}", "password", generation=2) for number in range(3)]
    real = AgeStore._spread
    monkeypatch.setattr(AgeStore, "_place", lambda *_: killed(None))
    with pytest.raises(KeyboardInterrupt):
        store.ensure(refs, lambda ref: Secret(ref.path))
    assert not list(folder.rglob("x*.age"))
    reader = AgeStore.open(folder, (), [ME], read_only=True)
    assert reader.get("a/x1", 2).reveal() == "a/x1"
    assert reader.latest("a/x1") == 2
    assert len(reader.everything()) == 3
    assert not list(folder.rglob("x*.age"))
    monkeypatch.undo()
    assert AgeStore._spread is real
    again = AgeStore.open(folder, everybody, [ME])
    assert len(list(folder.rglob("x*.age"))) == 3
    assert again.ensure(refs, lambda _: Secret("never")) == 0


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("age"), reason="Debian's age is not here: make setup-tests")
def test_the_real_program_reads_our_files_and_we_its(folder, listed, tmp_path):
    key = tmp_path / "key.txt"
    key.write_text(f"# created: today\n{ME}\n")
    store = AgeStore.open(
        folder, listed(ME.to_public()), age_keys.identities([key], [key.read_bytes()])
    )
    store.put("a/x", 1, Secret("one"))
    shown = subprocess.run(
        ["age", "-d", "-i", key, folder / "a/x.1.age"], check=True, capture_output=True
    ).stdout
    assert shown.splitlines()[0] == b"one"
    theirs = b'two\n["commsroom 1", "a/x", 2]\n'
    subprocess.run(
        ["age", "-R", tmp_path / "recipients", "-o", folder / "a/x.2.age"], check=True, input=theirs
    )
    assert store.get("a/x", 2).reveal() == "two"
