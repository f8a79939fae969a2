"""What stands in our files and waits for the next start is told before it is in force."""

import pytest

from commsroom.backends.asterisk import on_target_objects as objects
from commsroom.backends.asterisk.on_target_written import MARK, marked

PHONE = {
    "display_name": 'Ann "A; B\\', "caller_id": "+886255", "dialling_class": "national", "transport": "tls",
    "ring_seconds": 9, "voicemail": True, "suspended": False, "secret": {"sip": "wo;rd"},
}  # fmt: skip
RUNNING = {
    "dialling_class": {
        "national": {"title": "Tel; 1", "allowed": ["0"], "barred": ["00"], "hours": ["mon-fri 07:00-24:00"],
                     "emergency": ["110"]},
    },
    "extension": {"2101": PHONE, "2102": {**PHONE, "suspended": True, "transport": "udp", "voicemail": False},
                  "2103": {**PHONE, "secret": {"sip": "new", "previous": "old"}}},
    "voicemail": {"2101": {"display_name": "Ann, A", "email": "a@b.test", "secret": {"pin": "1234"}}},
    "conference": {"8001": {"title": "Room", "max_members": 9, "secret": {"pin": "12"}},
                   "8002": {"title": "Open", "max_members": None, "secret": {}}},
    "hunt_group": {"8100": {"title": "Sales", "members": ["2101"], "strategy": "linear", "ring_seconds": 9,
                            "fallback": ""}},
}  # fmt: skip
TEXTS = objects.edited(
    dict.fromkeys(objects.FILES, ""),
    {(kind, key): values for kind, items in RUNNING.items() for key, values in items.items()},
)


def told(running, texts):
    return {
        (kind, key)
        for kind, items in marked(running, texts).items()
        for key, values in items.items()
        if MARK in str(values.get("title", values.get("display_name")))
    }


def test_what_we_wrote_and_runs_is_not_remarked_on():
    assert marked(RUNNING, TEXTS) == RUNNING


def test_comments_and_empty_lines_of_somebody_are_no_difference():
    texts = {file: text.replace("\n", "\n; a note\n\n") for file, text in TEXTS.items()}
    assert told(RUNNING, texts) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "object_"),
    [
        ("pjsip.conf", "[2101](commsroom-auth)\nusername=2101", "[2101](commsroom-auth)\nusername=x", ("extension", "2101")),
        ("pjsip.conf", "[2102](commsroom-endpoint)\n", "[2102](commsroom-endpoint)\ndirect_media=yes\n", ("extension", "2102")),
        ("pjsip.conf", "password=old", "password=other", ("extension", "2103")),
        ("extensions.conf", "(2101,9,", "(2101,8,", ("extension", "2101")),
        ("extensions.conf", "exten => _00!,", "exten => _01!,", ("dialling_class", "national")),
        ("extensions.conf", "8001,Room", "8001,Hall", ("conference", "8001")),
        ("confbridge.conf", "max_members=9", "max_members=90", ("conference", "8001")),
        ("extensions.conf", "linear,9", "ringall,9", ("hunt_group", "8100")),
        ("voicemail.conf", "a@b.test", "c@b.test", ("voicemail", "2101")),
    ],
)  # fmt: skip
def test_an_edit_that_nobody_reloaded_is_told_of_its_object_alone(file, old, new, object_):
    assert old in TEXTS[file]
    assert told(RUNNING, {**TEXTS, file: TEXTS[file].replace(old, new, 1)}) == {object_}


def test_a_pin_its_owner_chose_at_the_phone_is_no_difference():
    box = {**RUNNING["voicemail"]["2101"], "secret": {"pin": "9999"}}
    assert told({**RUNNING, "voicemail": {"2101": box}}, TEXTS) == set()


def test_what_a_field_tells_already_is_not_told_twice():
    odd = {**PHONE, "transport": "commsroom-tls, media encryption no"}
    texts = {
        **TEXTS,
        "pjsip.conf": TEXTS["pjsip.conf"].replace(
            "media_encryption=sdes", "media_encryption=no", 1
        ),
    }
    assert told({**RUNNING, "extension": {"2101": odd}}, texts) == set()


def test_a_telephone_somebody_shut_in_other_words_is_shut_and_no_more():
    text = TEXTS["pjsip.conf"].replace("aors=2101", "deny=0.0.0.0/0.0.0.0", 1)
    shut = {**RUNNING, "extension": {"2101": {**PHONE, "suspended": True}}}
    assert told(shut, {**TEXTS, "pjsip.conf": text}) == set()
    assert told(shut, TEXTS) == {("extension", "2101")}  # opened again, and not reloaded


def test_what_is_not_ours_is_never_remarked_on():
    assert told({**RUNNING, "extension": {"2999": PHONE}}, TEXTS) == set()


def test_a_second_password_made_by_hand_is_told_by_its_own_field_alone():
    by_hand = {**PHONE, "secret": {"sip": "wo;rd", "previous": "stranger's"}}
    running = {**RUNNING, "extension": {**RUNNING["extension"], "2101": by_hand}}
    auth = "[2101-x](commsroom-auth)\nusername=2101\npassword=stranger's\n"
    text = TEXTS["pjsip.conf"].replace("auth=2101\n", "auth=2101,2101-x\n") + auth
    assert told(running, {**TEXTS, "pjsip.conf": text}) == set()
    other = text.replace(
        "[2101](commsroom-endpoint)\n", "[2101](commsroom-endpoint)\ndirect_media=yes\n"
    )
    assert told(running, {**TEXTS, "pjsip.conf": other}) == {("extension", "2101")}
