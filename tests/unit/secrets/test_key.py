"""The master key: where it comes from, and where it must never be."""

import base64
import os
import stat
import sys
import types

import pytest

from commsroom.errors import CommsroomError, UsageError
from commsroom.secrets import key

SOME = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def estate(tmp_path):
    folder = tmp_path / "estate"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path):
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "some.key"
    path.write_text(SOME + "\n")
    path.chmod(0o600)
    return path


def test_a_made_key_is_found_again_and_only_its_owner_can_read_it(estate, home):
    path = key.create(estate, environ=home)
    assert len(key.find(estate, environ=home)) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.is_relative_to(estate)


def test_making_a_key_twice_keeps_the_first(estate, home):
    path = key.create(estate, environ=home)
    first = key.find(estate, environ=home)
    assert key.create(estate, environ=home) == path
    assert key.find_or_create(estate, environ=home) == (first, None)


def test_finding_or_making_tells_where_a_new_key_lies(estate, home):
    made, path = key.find_or_create(estate, environ=home)
    assert path is not None
    assert key.find(estate, environ=home) == made
    assert str(home["HOME"]) in str(path)


def test_two_estates_have_two_keys(tmp_path, home):
    keys = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        keys.add(key.find_or_create(tmp_path / name, environ=home)[0])
    assert len(keys) == 2


def test_a_moved_estate_keeps_its_key(estate, home, tmp_path):
    made, _ = key.find_or_create(estate, environ=home)
    moved = estate.rename(tmp_path / "elsewhere")
    assert key.find(moved, environ=home) == made


def test_a_lost_key_is_never_replaced_by_a_new_one(estate, home):
    key.create(estate, environ=home).unlink()
    for attempt in (key.find, key.create, key.find_or_create):
        with pytest.raises(key.KeyMissing, match="restore it from your backup"):
            attempt(estate, environ=home)


def test_an_estate_without_a_key_says_how_to_get_one(estate, home):
    with pytest.raises(
        key.KeyMissing,
        match=r"this checkout has no key .*COMMSROOM_KEY or COMMSROOM_KEY_FILE \(docs/howto/drift.md\)",
    ):
        key.find(estate, environ=home)


def test_the_key_may_come_from_the_environment(estate, home):
    assert key.find(estate, environ={**home, "COMMSROOM_KEY": SOME}) == bytes(range(32))


def test_the_key_may_come_from_a_named_file(estate, home, key_file):
    environ = {**home, "COMMSROOM_KEY_FILE": str(key_file)}
    assert key.find(estate, environ=environ) == bytes(range(32))
    assert key.find_or_create(estate, environ=environ) == (bytes(range(32)), None)


def test_the_configuration_folder_is_honoured(estate, home, tmp_path):
    environ = {**home, "XDG_CONFIG_HOME": str(tmp_path / "conf")}
    assert key.create(estate, environ=environ).is_relative_to(tmp_path / "conf")


def test_two_keys_at_once_are_a_mistake(estate, key_file):
    with pytest.raises(UsageError, match="both set"):
        key.find(estate, environ={"COMMSROOM_KEY": SOME, "COMMSROOM_KEY_FILE": str(key_file)})


@pytest.mark.parametrize("variable", ["COMMSROOM_KEY", "COMMSROOM_KEY_FILE"])
def test_no_key_is_made_where_one_is_given(estate, variable):
    with pytest.raises(UsageError, match=f"{variable} gives a key already"):
        key.create(estate, environ={variable: SOME})


def test_a_credential_of_systemd_shows_its_access_list_as_the_groups_bit(
    estate, key_file, monkeypatch
):
    key_file.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key_file.parent))
    assert key.find(estate, environ={"COMMSROOM_KEY_FILE": str(key_file)})
    key_file.chmod(0o444)
    with pytest.raises(CommsroomError, match="can be read by others"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(key_file)})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused_with_the_remedy(estate, key_file, mode):
    key_file.chmod(mode)
    with pytest.raises(CommsroomError, match=f"can be read by others .*{mode:04o}.*chmod 600"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(key_file)})


@pytest.mark.parametrize("place", ["my.key", ".commsroom/my.key", "policies/my.key"])
def test_a_key_inside_the_estate_is_refused(estate, key_file, place):
    inside = estate / place
    inside.parent.mkdir(exist_ok=True)
    key_file.rename(inside)
    with pytest.raises(CommsroomError, match="lies inside the estate"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(inside)})


def test_a_link_does_not_hide_that_the_key_is_inside(estate, key_file, tmp_path):
    inside = key_file.rename(estate / "my.key")
    link = tmp_path / "link.key"
    link.symlink_to(inside)
    with pytest.raises(CommsroomError, match="lies inside the estate"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(link)})


def test_no_key_is_made_inside_an_estate_that_is_a_home(estate):
    with pytest.raises(CommsroomError, match="lies inside the estate"):
        key.create(estate, environ={"HOME": str(estate)})
    assert list(estate.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "canary",
        base64.b64encode(b"canary").decode(),
        SOME[:-4],
        SOME + SOME,
        "é" * 40,
        "\0" * 500,
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(estate, key_file, content):
    key_file.write_text(content, encoding="utf-8")
    with pytest.raises(CommsroomError, match="holds no key: base64 of 32 bytes") as error:
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(key_file)})
    assert "canary" not in str(error.value)
    assert "Y2FuYXJ5" not in str(error.value)


def test_a_folder_or_a_missing_file_is_no_key(estate, tmp_path):
    with pytest.raises(CommsroomError, match="is not a regular file but a folder"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(tmp_path)})
    with pytest.raises(key.KeyMissing, match="there is no key file"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(tmp_path / "none")})


def test_a_device_is_no_key(estate):
    with pytest.raises(CommsroomError, match=r"is not a regular file$"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": os.devnull})


def test_a_pipe_is_no_key_and_nobody_waits_for_one(estate, home, tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(CommsroomError, match="is not a regular file"):
        key.find(estate, environ={"COMMSROOM_KEY_FILE": str(tmp_path / "pipe")})
    (estate / ".commsroom").mkdir(exist_ok=True)
    os.mkfifo(estate / ".commsroom/key-id")
    with pytest.raises(CommsroomError, match="key-id: is not a regular file"):
        key.find(estate, environ=home)


def test_a_damaged_key_id_is_named(estate, home):
    key.create(estate, environ=home)
    (estate / ".commsroom/key-id").write_text("../../etc/passwd")
    with pytest.raises(CommsroomError, match="key-id is damaged"):
        key.find(estate, environ=home)


def test_whoever_loses_the_race_to_make_a_key_uses_the_winners(estate, home, monkeypatch):
    first = key.create(estate, environ=home)
    real, seen = key._id, []

    def id_too_early(folder):
        seen.append(folder)
        return real(folder) if len(seen) > 1 else ""  # as just before the winner noted its own

    monkeypatch.setattr(key, "_id", id_too_early)
    assert key.create(estate, environ=home) == first
    assert list(first.parent.iterdir()) == [first]


@pytest.fixture
def keyring(monkeypatch):
    """Stand in for Python's optional keyring package."""
    module = types.ModuleType("keyring")
    module.__spec__ = types.SimpleNamespace(name="keyring")
    module.errors = types.SimpleNamespace(KeyringError=RuntimeError)
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module


def test_the_key_may_come_from_the_systems_keyring(estate, home, keyring):
    key.create(estate, environ=home).unlink()
    name = (estate / ".commsroom/key-id").read_text().strip()
    keyring.get_password = lambda service, user: (
        SOME if (service, user) == ("commsroom", name) else None
    )
    assert key.find(estate, environ=home) == bytes(range(32))


def test_a_keyring_that_does_not_answer_is_said(estate, home, keyring):
    key.create(estate, environ=home).unlink()

    def fail(_service, _user):
        raise RuntimeError("locked")

    keyring.get_password = fail
    with pytest.raises(CommsroomError, match="keyring does not answer"):
        key.find(estate, environ=home)
