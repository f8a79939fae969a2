"""What the program does on the server: all files or none, and the running server has the last word."""

import os

import pytest

from commsroom.backends.asterisk import on_target
from commsroom.backends.asterisk import on_target_objects as objects

BEFORE = {
    "pjsip.conf": "[by-hand]\ntype=endpoint\n",
    "extensions.conf": "",
    "voicemail.conf": "[default]\n2100 => 1234,Ann,\n",
    "confbridge.conf": "",
}
PHONE = {
    "display_name": "Wei", "caller_id": "+1", "dialling_class": "x", "transport": "tls", "ring_seconds": 15,
    "voicemail": True, "suspended": False, "secret": {"sip": "word"},
}  # fmt: skip


class Console:
    """A manager session that answers commands as told; `refuse` is one that fails."""

    def __init__(self, refuse=""):
        self.refuse = refuse
        self.said = []

    def command(self, text):
        self.said.append(text)
        return "No such module" if text == self.refuse else "Module 'x' reloaded successfully."

    def ask(self, actions):
        return [[{"Response": "Success"}] for _ in actions]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in BEFORE.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(on_target.grp, "getgrnam", lambda _: type("G", (), {"gr_gid": os.getgid()}))
    monkeypatch.setattr(on_target.os, "chown", lambda *_: None)
    return tmp_path


def now(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def install(folder, console, after, due=()):
    return on_target._install(console, {"folder": str(folder)}, BEFORE, after, due)


def after():
    return objects.edited(BEFORE, {("extension", "2101"): PHONE, ("voicemail", "2100"): None})


def test_all_files_change_together_and_nothing_is_left_beside(folder):
    console = Console()
    assert install(folder, console, after()) == ""
    assert now(folder) == after()
    assert console.said == [
        "module reload app_voicemail.so",
        "module reload res_pjsip.so",
        "dialplan reload",
    ]


def test_an_object_changed_in_the_running_server_alone_is_reloaded_too(folder):
    console = Console()
    assert install(folder, console, BEFORE, {"extensions.conf"}) == ""
    assert console.said == ["dialplan reload"]


def test_a_full_disk_changes_nothing(folder, monkeypatch):
    real = on_target._stage

    def full(path, text):
        if path.name == "extensions.conf":
            raise OSError(28, "No space left on device")
        real(path, text)

    monkeypatch.setattr(on_target, "_stage", full)
    console = Console()
    assert "No space left on device; nothing was changed" in install(folder, console, after())
    assert now(folder) == BEFORE
    assert console.said == []


def test_a_reload_that_fails_puts_the_old_files_back_in_force(folder):
    console = Console(refuse="module reload res_pjsip.so")
    trouble = install(folder, console, after())
    assert (
        trouble
        == "module reload res_pjsip.so: No such module; the old configuration is in force again"
    )
    assert now(folder) == BEFORE


def test_what_is_not_in_our_files_is_never_written():
    texts = {**BEFORE, "pjsip.conf": ""}
    running = {kind: {} for kind in objects.KINDS}
    running["extension"]["2999"] = PHONE
    ops = [{"do": "delete", "kind": "extension", "key": "2999", "values": {}, "secret": {}}]
    wanted, failures = on_target._wanted(running, texts, ops, udp=False)
    assert wanted == {}
    assert "not commsroom's" in failures["extension", "2999"]


def test_a_change_keeps_the_password_that_is_there():
    texts = objects.edited(BEFORE, {("extension", "2101"): PHONE})
    running = {kind: {} for kind in objects.KINDS}
    running["extension"]["2101"] = PHONE
    ops = [
        {
            "do": "put",
            "kind": "extension",
            "key": "2101",
            "values": {"suspended": True},
            "secret": {},
        }
    ]
    wanted, failures = on_target._wanted(running, texts, ops, udp=False)
    written = objects.edited(texts, wanted)["pjsip.conf"]
    assert failures == {}
    assert "password=word" in written
    assert "deny=0.0.0.0/0.0.0.0" in written
    assert "aors=" not in written


def put(running, texts, **secret):
    """Let the program write one telephone's secrets; give its file and what then should run."""
    op = {"do": "put", "kind": "extension", "key": "2101", "values": {}, "secret": secret}
    wanted, failures = on_target._wanted(running, texts, [op], udp=False)
    assert failures == {}
    return objects.edited(texts, wanted), wanted["extension", "2101"]


def test_a_second_password_is_taken_beside_the_first_and_goes_without_a_trace():
    one = objects.edited(BEFORE, {("extension", "2101"): PHONE})
    running = {**{kind: {} for kind in objects.KINDS}, "extension": {"2101": PHONE}}
    two, values = put(running, one, sip="newer", previous="word")
    assert "auth=2101,2101-previous\n" in two["pjsip.conf"]
    assert "[2101-previous](commsroom-auth)\nusername=2101\npassword=word\n" in two["pjsip.conf"]
    assert ("extension", "2101-previous") not in objects.ours(two)

    running["extension"]["2101"] = values
    after, values = put(running, two, previous=None)
    assert values["secret"] == {"sip": "newer"}
    assert after["pjsip.conf"] == one["pjsip.conf"].replace("=word", "=newer")
    gone = objects.edited(two, {("extension", "2101"): None})
    assert gone["pjsip.conf"] == BEFORE["pjsip.conf"]


@pytest.mark.parametrize(
    ("asked", "runs", "said"),
    [
        ({"secret": {}, "title": "Sales"}, {"title": "Sales"}, ""),
        ({"secret": {"sip": "a"}}, {"secret": {"sip": "a"}}, ""),
        ({"secret": {"sip": "a"}}, {"secret": {"sip": "b"}}, "Asterisk still has another sip"),
        ({"secret": {"sip": "a"}}, {"secret": {"sip": "a", "previous": "b"}}, "Asterisk still has another previous"),
        ({"secret": {"sip": "a", "previous": "b"}}, {"secret": {"sip": "a"}}, "Asterisk still has another previous"),
    ],
)  # fmt: skip
def test_what_runs_is_what_was_asked_for_second_passwords_too(asked, runs, said):
    assert on_target._shortfall(asked, runs) == said


@pytest.mark.parametrize(
    ("auths", "secret"),
    [
        ([("2101", "a")], {"sip": "a"}),
        ([("2101-previous", "b"), ("2101", "a")], {"sip": "a", "previous": "b"}),
        (
            [("2101", "a"), ("by-hand", "x"), ("2101-previous", "b")],
            {"sip": "a", "previous": "x\nb"},
        ),
        ([("by-hand", "x")], {"sip": "x"}),
        ([], {"sip": ""}),
    ],
)
def test_whatever_a_telephone_could_log_in_with_is_seen(auths, secret):
    messages = [{"ObjectName": name, "Password": password} for name, password in auths]
    assert objects._logins("2101", messages) == secret


def test_no_secret_leaves_the_server():
    found = {"extension": {"2101": PHONE}}
    assert "word" not in repr(on_target._told(found, BEFORE))


def test_a_pin_its_owner_chose_counts(tmp_path):
    box = tmp_path / "default" / "2100"
    box.mkdir(parents=True)
    assert objects.changed_pin(tmp_path, "2100") == ""
    (box / "secret.conf").write_text("[general]\nsecret=777777\n")
    assert objects.changed_pin(tmp_path, "2100") == "777777"
    assert objects.changed_pin(tmp_path, "../default/2100") == ""


def test_setting_a_pin_takes_the_owners_choice_away_and_nothing_else_does(tmp_path):
    for number in ("2100", "2101"):
        box = tmp_path / "default" / number
        box.mkdir(parents=True)
        (box / "secret.conf").write_text("secret=777777\n")
    ops = [
        {"kind": "voicemail", "key": "2100", "secret": {"pin": "123456"}},
        {"kind": "voicemail", "key": "2101", "secret": {}},
    ]
    on_target._set_pins(tmp_path, ops, {})
    assert objects.changed_pin(tmp_path, "2100") == ""
    assert objects.changed_pin(tmp_path, "2101") == "777777"


@pytest.mark.parametrize(
    ("detail", "suspended"),
    [
        ({"Acl": "", "Aors": "2101"}, False),
        ({"Acl": "(ACL)", "Aors": ""}, True),
        ({"Acl": "(ACL)", "Aors": "2101"}, "what it sends is refused"),
        ({"Acl": "", "Aors": ""}, "no call reaches it"),
    ],
    ids=["open", "shut", "may not call", "cannot be called"],
)
def test_a_telephone_that_is_half_shut_is_neither_open_nor_shut(detail, suspended):
    assert objects._suspended(detail) == suspended
