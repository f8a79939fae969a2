"""Another store: named in policy, moved to by a command that may be killed anywhere, and nothing is lost."""

from functools import partial
from pathlib import Path

import pytest
from store_kits import STEPS, around, killed_at

from commsroom.app import moving
from commsroom.app.estate import open_estate
from commsroom.errors import CommsroomError

DAY = ("--as-of", "2026-03-02")


@pytest.fixture
def outside(tmp_path):
    """Passwords and identities, outside of the estate."""
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "password").write_text("correct horse battery staple\n")
    (folder / "identity").write_text(
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"
    )
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


@pytest.fixture
def store(estate, outside):
    """Let policy name another store."""

    def name(text):
        file = estate.path / "policies/security.yml"
        kept = file.read_text().partition("store:")[0]
        file.write_text(f"{kept}store: {text.replace('KEYS', str(outside))}\n")

    return name


@pytest.fixture
def shown(estate):
    def show():
        done = estate("secret", "show", "*:*/*", simulated=False)
        assert done.code == 0, done.err
        return done.out

    return show


VAULT_FILE = "{ansible_vault: {password_file: KEYS/password}}"


def test_secrets_move_to_where_policy_says_and_are_the_same(estate, store, shown):
    before = shown()
    assert len(before.splitlines()) >= 3
    sealed = (estate.path / ".commsroom/secrets.db").read_bytes()
    store(VAULT_FILE)
    done = estate("secret", "move", simulated=False)
    assert done.code == 0, done.err
    assert "To:    Ansible Vault file secrets.vault.yml" in done.out
    assert shown() == before
    assert (estate.path / ".commsroom/secrets.db").read_bytes() == sealed
    values = [line.split()[-1] for line in before.splitlines()]
    ledger = estate("ledger", "show", "--json", simulated=False).out
    assert "secrets moved" in ledger
    for text in (done.out, done.err, ledger, (estate.path / "secrets.vault.yml").read_text()):
        assert not any(value in text for value in values)


def test_until_they_are_moved_nothing_opens_an_empty_store(estate, store):
    store(VAULT_FILE)
    for words in (["secret", "show", "*:*/*"], ["apply", "--yes", *DAY]):
        done = estate(*words, simulated=False)
        assert done.code == 1
        assert "in another place (sealed file .commsroom/secrets.db)" in done.err
        assert "commsroom secret move" in done.err
    assert not (estate.path / "secrets.vault.yml").exists()


def test_who_has_the_old_store_open_writes_nothing_into_it_after_they_moved(estate, store):
    with open_estate(estate.path, founding=False) as opened:
        held = opened.secrets
        store(VAULT_FILE)
        assert estate("secret", "move", simulated=False).code == 0
        assert held.everything()
        with pytest.raises(CommsroomError, match="in another place"):
            _ = opened.secrets


def test_while_another_command_writes_nothing_is_moved(estate, store):
    store(VAULT_FILE)
    with open_estate(estate.path, founding=False) as opened, opened.ledger.lock("wei@ops1"):
        done = estate("secret", "move", simulated=False)
    assert done.code == 3
    assert "wei@ops1" in done.err
    assert not (estate.path / ".commsroom/store.json").exists()


def test_moving_twice_or_nowhere_is_told(estate, store):
    done = estate("secret", "move", simulated=False)
    assert (done.code, done.out) == (1, "")
    assert "the secrets are where policy says: sealed file" in done.err
    store(VAULT_FILE)
    assert estate("secret", "move", simulated=False).code == 0
    again = estate("secret", "move", simulated=False)
    assert "are where policy says: Ansible Vault file" in again.err
    assert "a simulation" in estate("secret", "move").err


def test_they_move_on_and_back(estate, store, shown, outside):
    before = shown()
    store(VAULT_FILE)
    assert estate("secret", "move", simulated=False).code == 0
    import pyrage

    me = pyrage.x25519.Identity.generate()
    (outside / "identity").write_text(f"{me}\n")
    (estate.path / "secrets").mkdir()
    (estate.path / "secrets/.age-recipients").write_text(f"{me.to_public()}\n")
    store("{age: {identities: [KEYS/identity]}}")
    assert estate("secret", "move", simulated=False).code == 0
    assert shown() == before
    store("{}")
    assert estate("secret", "move", simulated=False).code == 0
    assert shown() == before


def test_a_new_store_with_another_value_is_refused_and_the_old_one_stays(
    estate, store, shown, outside
):
    before = shown()
    from commsroom.estate.secret import Secret
    from commsroom.secrets.stores.ansible_vault import AnsibleVaultStore

    with open_estate(estate.path, founding=False) as opened:
        path, generation = next(iter(opened.secrets.everything()))
    password = (outside / "password").read_bytes().strip()
    foreign = AnsibleVaultStore.open(estate.path / "secrets.vault.yml", password)
    foreign.put(path, generation, Secret("canary"))
    store(VAULT_FILE)
    done = estate("secret", "move", simulated=False)
    assert done.code == 1
    assert "another value (name an empty place" in done.err
    store("{}")
    assert shown() == before


@pytest.mark.slow
def test_killed_anywhere_the_estate_has_its_secrets_and_the_command_goes_on(
    estate, store, monkeypatch
):
    with open_estate(estate.path, founding=False) as opened:
        before = {place: one.reveal() for place, one in opened.secrets.everything().items()}
    boundary, killed = 0, True
    while killed:
        store(VAULT_FILE)
        killed = killed_at(boundary, partial(_moved, estate.path))
        boundary += 1
        try:
            with open_estate(estate.path, founding=False) as opened:
                found = opened.secrets.everything()
        except Exception as error:  # noqa: BLE001 - not moved yet: the old one counts
            assert "another place" in str(error)  # noqa: PT017
            store("{}")
            with open_estate(estate.path, founding=False) as opened:
                found = opened.secrets.everything()
        assert {place: one.reveal() for place, one in found.items()} == before
    assert boundary > 8
    with open_estate(estate.path, founding=False) as opened:
        assert "AnsibleVault" in repr(opened.secrets)


def _moved(path, reached):
    for owner, name in STEPS:
        around(owner, name, reached)
    with open_estate(path, founding=False) as opened:
        if opened.custody.there.is_sealed:
            moving.move(opened)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{valt: {}}", "vault"),
        ("{vault: {}}", "url"),
        ("{vault: {url: http://vault.lianhe.example:8200}}", "https://vault.lianhe.example:8200"),
        (
            "{vault: {url: 'https://user:pw@vault.lianhe.example'}}",
            "https://vault.lianhe.example:8200",
        ),
        ("{vault: {url: https://v.example, prefix: ../x}}", "a path such as"),
        ("{ansible_vault: {password_file: password}}", "outside of the estate"),
        ("{ansible_vault: {password_file: /p, file: /x}}", "below the estate"),
        ("{ansible_vault: {password_file: /p, file: ../x}}", "below the estate"),
        ("{age: {identities: []}}", "identities"),
        ("{age: {identities: [/i]}, vault: {url: https://v.example}}", "one place"),
    ],
)
def test_a_store_that_cannot_be_meant_is_told_with_its_line(estate, store, text, said):
    store(text)
    done = estate("validate", simulated=False)
    assert done.code == 1
    lines = done.err.splitlines()
    assert any("security.yml:" in line and said in line for line in lines), done.err
    assert "pw@" not in done.err


def _link_into(file, estate):
    inside = Path(estate.path) / "password"
    file.rename(inside)
    file.symlink_to(inside)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file, estate: file.unlink(), "there is no password file"),
        (lambda file, estate: file.chmod(0o644), "can be read by others"),
        (lambda file, estate: file.write_text(" \n"), "is empty"),
        (_link_into, "lies inside the estate"),
    ],
    ids=["missing", "open", "empty", "inside"],
)
def test_a_key_that_cannot_be_used_is_one_line(estate, store, outside, spoil, said):
    store(VAULT_FILE)
    spoil(outside / "password", estate)
    done = estate("secret", "move", simulated=False)
    assert done.code == 1
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_the_key_file_of_a_pipeline_stands_in_for_policys(
    estate, store, shown, outside, monkeypatch
):
    before = shown()
    store(VAULT_FILE)
    (outside / "password").rename(outside / "elsewhere")
    monkeypatch.setenv("COMMSROOM_STORE_KEY_FILE", str(outside / "elsewhere"))
    assert estate("secret", "move", simulated=False).code == 0
    assert shown() == before


def test_a_store_that_is_gone_is_never_begun_anew(estate, store):
    store(VAULT_FILE)
    assert estate("secret", "move", simulated=False).code == 0
    (estate.path / "secrets.vault.yml").unlink()
    done = estate("apply", "--yes", *DAY, simulated=False)
    assert done.code == 1
    assert "Ansible Vault file secrets.vault.yml: the secrets are gone" in done.err
    assert not (estate.path / "secrets.vault.yml").exists()


@pytest.mark.parametrize("port", ["99999", "0", "65536"])
def test_an_address_with_no_such_port_is_told_with_its_line_and_nothing_is_tried(
    estate, store, port
):
    store(f"{{vault: {{url: 'https://vault.lianhe.example:{port}'}}}}")
    done = estate("validate")
    assert done.code == 1
    assert "policies/security.yml:" in done.out + done.err
    assert "an address such as" in done.out + done.err


def test_an_empty_token_file_is_named(estate, store, outside):
    token = outside / "token"
    token.write_text("")
    token.chmod(0o600)
    store("{vault: {url: 'http://127.0.0.1:8200', token_file: KEYS/token}}")
    with (
        open_estate(estate.path) as opened,
        pytest.raises(CommsroomError, match="token holds no token for"),
    ):
        moving.move(opened)
