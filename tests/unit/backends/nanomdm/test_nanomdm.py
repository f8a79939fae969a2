"""An MDM server erases the company's mobiles, never a person's own, and each command once."""

import json
import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_nanomdm import AWAY, COMPANY, OWN

from commsroom.backends import nanomdm
from commsroom.backends.nanomdm import commands
from commsroom.errors import SystemUnknown, UsageError
from commsroom.estate.backend import Tools
from commsroom.estate.retiring.managing import Command, Deed, Receipt, Reply, named

ERASE = Command(named("r", "1"), COMPANY, Deed.ERASE)
LOCK = Command(named("r", "2"), COMPANY, Deed.LOCK)
REMOVE = Command(named("r", "3"), OWN, Deed.REMOVE, personal=True)


def replies(found):
    return {name: one.reply for name, one in found.items()}


@pytest.mark.parametrize("command", [ERASE, LOCK, REMOVE], ids=["erase", "lock", "remove"])
def test_a_mobile_that_is_there_does_it_and_says_so(either, command) -> None:
    assert replies(either.order([command])) == {command.name: Reply.DONE}
    assert replies(either.ask([command])) == {command.name: Reply.DONE}


def test_one_that_is_switched_off_is_queued_and_not_known_to_have_done_it(either) -> None:
    command = Command(named("away"), AWAY, Deed.ERASE)
    assert replies(either.order([command])) == {command.name: Reply.QUEUED}
    assert replies(either.ask([command])) == {command.name: Reply.QUEUED}


def test_a_command_sent_twice_is_queued_once(either) -> None:
    command = Command(named("away"), AWAY, Deed.ERASE)
    either.order([command])
    assert either.order([command])[command.name] == Receipt(Reply.QUEUED, "it was queued before")


def test_a_mobile_that_nobody_enrolled_is_refused(either) -> None:
    command = Command(named("x"), "GONE-0000", Deed.LOCK)
    assert replies(either.order([command])) == {command.name: Reply.REFUSED}


@pytest.mark.parametrize("deed", [Deed.ERASE, Deed.LOCK])
def test_a_persons_own_mobile_is_never_told_to_erase_or_lock_itself(
    server, simulator, deed
) -> None:
    command = Command(named("own", deed), OWN, deed, personal=True)
    found = server.order([command])[command.name]
    assert (found.reply, "not ours to do" in found.said) == (Reply.REFUSED, True)
    assert simulator.asked == []


def test_a_mobile_that_is_personal_after_all_refuses_by_itself_and_says_why(either) -> None:
    command = Command(named("mistaken"), OWN, Deed.ERASE)
    found = either.order([command])[command.name]
    assert found.reply is Reply.FAILED
    assert found.said.startswith("The ")


def test_a_run_killed_after_it_was_queued_learns_so_from_the_next(server, simulator) -> None:
    simulator.dies_after_queueing = True
    assert replies(server.order([ERASE])) == {ERASE.name: Reply.UNKNOWN}
    simulator.dies_after_queueing = False
    assert replies(server.order([ERASE])) == {ERASE.name: Reply.QUEUED}
    assert len(simulator.queue) == 1
    assert replies(server.ask([ERASE])) == {ERASE.name: Reply.DONE}


def test_what_was_answered_is_not_sent_again(server, simulator) -> None:
    server.order([ERASE])
    simulator.asked.clear()
    server.order([ERASE])
    assert simulator.asked == []


def test_only_who_was_asked_can_answer(server, simulator) -> None:
    command = Command(named("away"), AWAY, Deed.ERASE)
    simulator.tell(COMPANY, command.name, "Acknowledged")
    assert replies(server.order([command])) == {command.name: Reply.QUEUED}


def test_not_now_is_no_answer_and_a_line_half_written_none_either(server, simulator) -> None:
    command = Command(named("away"), AWAY, Deed.ERASE)
    server.order([command])
    simulator.tell(AWAY, command.name, "NotNow")
    with simulator.receipts.open("a") as file:
        file.write('{"topic": "mdm.Connect", "acknow')
    assert replies(server.ask([command])) == {command.name: Reply.QUEUED}


def test_a_wrong_key_is_told_without_the_key(simulator, target, tmp_path) -> None:
    there = target(simulator.url)
    (tmp_path / "key").write_text("another-word\n")
    server = nanomdm.BACKEND.connect(there, Tools(fingerprint=str))
    found = server.order([ERASE])[ERASE.name]
    assert found == Receipt(Reply.UNKNOWN, "mdm1: mdm: it refuses our API key")
    with pytest.raises(SystemUnknown) as told:
        server.ask([ERASE])
    assert "another-word" not in str(told.value)


def test_nonsense_is_told_as_that(server, simulator) -> None:
    simulator.nonsense = True
    assert replies(server.order([ERASE])) == {ERASE.name: Reply.UNKNOWN}


def test_a_malformed_command_is_refused_by_the_server(simulator, target) -> None:
    server = nanomdm.BACKEND.connect(target(simulator.url), Tools(fingerprint=str))
    answer = server._client.enqueue(COMPANY, b"EraseDevice, please")
    assert commands.taken(ERASE, answer).reply is Reply.REFUSED


def test_no_profile_to_remove_is_said_before_anything_is_sent(simulator, target) -> None:
    server = nanomdm.BACKEND.connect(
        target(simulator.url, nanomdm_profile=""), Tools(fingerprint=str)
    )
    assert server.order([REMOVE])[REMOVE.name].said.startswith("nanomdm_profile is not set")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"nanomdm_url": "http://mdm.example"}, "write https://"),
        ({"nanomdm_url": "mdm.example"}, "https://HOST"),
        ({"nanomdm_url": "https://a:b@mdm.example"}, "https://HOST"),
        ({"nanomdm_api_key_file": ""}, "nanomdm_api_key_file"),
    ],
)
def test_a_setting_that_cannot_be_is_told_by_its_name(target, variables, said) -> None:
    with pytest.raises(UsageError, match="mdm1: variable nanomdm") as told:
        nanomdm.BACKEND.connect(target("https://mdm.example", **variables), Tools(fingerprint=str))
    assert said in str(told.value)
    assert "a:b" not in str(told.value)


@pytest.mark.parametrize(("mode", "said"), [(0o644, "others can read"), (None, "cannot be read")])
def test_a_key_that_others_can_read_is_not_used(simulator, target, tmp_path, mode, said) -> None:
    there = target(simulator.url)
    if mode is None:
        (tmp_path / "key").unlink()
    else:
        (tmp_path / "key").chmod(mode)
    server = nanomdm.BACKEND.connect(there, Tools(fingerprint=str))
    assert said in server.order([ERASE])[ERASE.name].said
    assert simulator.asked == []


def test_a_message_comes_back_from_the_plist_as_it_was_given(target) -> None:
    text = 'a <b> & "c" 遺失'
    settings = nanomdm.Settings.of(target("https://mdm.example", nanomdm_lock_message=text))
    assert plistlib.loads(commands.plist(LOCK, settings))["Command"]["Message"] == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["topic", "status", "acknowledge_event", "command_uuid", "udid", "command_error",
                 "raw_payload", COMPANY]
            ),
            inner | st.sampled_from(["mdm.Connect", "Error", ERASE.name, COMPANY]),
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_whatever_a_server_or_receiver_says_is_no_crash_and_no_success(said) -> None:
    if isinstance(said, dict):
        assert commands.taken(ERASE, said).reply is not Reply.DONE
        found = commands.answers([ERASE], [said])
        assert all(one.reply is Reply.FAILED for one in found.values())


def test_the_plist_is_apples(target) -> None:
    settings = nanomdm.Settings.of(target("https://mdm.example", nanomdm_lock_number="+886 2 5550"))
    said = [plistlib.loads(commands.plist(one, settings)) for one in (ERASE, LOCK, REMOVE)]
    assert [one["CommandUUID"] for one in said] == [ERASE.name, LOCK.name, REMOVE.name]
    assert json.loads(json.dumps([one["Command"] for one in said])) == [
        {"RequestType": "EraseDevice", "PreserveDataPlan": False},
        {
            "RequestType": "DeviceLock",
            "Message": "This device is lost. Please call.",
            "PhoneNumber": "+886 2 5550",
        },
        {"RequestType": "RemoveProfile", "Identifier": "com.example.enrol"},
    ]
