"""drift --notify over simulated servers: told once, told when repaired, and never lost."""

import email
import email.policy
import json
import re
from email.utils import parsedate_to_datetime

import pytest

pytestmark = pytest.mark.slow
NOTIFY = """---
mail: {people: [P1], addresses: [office@small.example]}
chat: {people: [P1], rooms: [everyone]}
"""
EVERYBODY = {"ann@small.example", "office@small.example"}


@pytest.fixture
def told(estate):
    """Today's estate, where changes are told."""
    write(estate, NOTIFY)
    assert estate("apply", "--yes").code == 0
    return estate


def write(estate, text):
    (estate.path / "policies/notify.yml").write_text(text, "utf-8")


def letters(estate):
    kept = json.loads((estate.path / "mail1.json").read_text("utf-8"))["letters"]
    return [email.message_from_string(text, policy=email.policy.default) for text in kept]


def said(estate):
    return json.loads(estate.held()).get("said", [])


def counts(estate):
    return len(letters(estate)), len(said(estate))


def tamper(held):
    held["accounts"]["cy"].update(display_name="Some\x1bbody")


def repair(held):
    held["accounts"]["cy"].update(display_name="Cy Doe")


def notify(estate, code, *words):
    done = estate("drift", "--notify", "--json", *words)
    assert done.code == code, done.err + done.out
    return done.document


def test_the_senders_are_accounts_like_any_other(told):
    shown = told("show", "--json", "*:*/*commsroom*").document["resources"]
    assert {item["address"] for item in shown} == {
        "mail1:mailbox/commsroom@small.example",
        "im1:account/commsroom",
        "im1:member/everyone/commsroom",
    }
    assert told("prove").code == 0


def test_where_nothing_is_wrong_nobody_is_told(told):
    notify(told, 0)
    assert counts(told) == (0, 0)


def test_a_change_is_told_once_and_its_repair_once(told):
    told.by_hand(tamper)
    notify(told, 2)
    assert counts(told) == (2, 2)
    notify(told, 2)
    assert counts(told) == (2, 2)
    told.by_hand(repair)
    notify(told, 0)
    assert counts(told) == (4, 4)
    notify(told, 0)
    assert counts(told) == (4, 4)
    new, fixed = letters(told)[0], letters(told)[2]
    assert new["Subject"] == "[Small] Drift: new: 1"
    assert fixed["Subject"] == "[Small] Drift: repaired: 1"
    assert {item["To"] for item in letters(told)} == EVERYBODY
    assert {to for to, _ in said(told)} == {"ann", "everyone"}
    assert said(told)[0][1].startswith("[Small] Drift: new: 1\n")
    assert told("ledger", "verify").code == 0


def test_a_letter_says_what_where_and_the_repair_and_carries_the_report(told):
    told.by_hand(tamper)
    notify(told, 2)
    letter = letters(told)[0]
    assert letter["From"] == "commsroom <commsroom@small.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<commsroom-[0-9a-f]{32}@small\.example>", letter["Message-ID"])
    assert parsedate_to_datetime(letter["Date"]).tzinfo is not None
    text = letter.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "New (1)\n- im1:account/cy (differs from policy: display_name)\n" in text
    assert "Repair: commsroom apply --only im1:account/cy" in text
    assert "Simulated: im1, mail1, pbx1" in text
    (page,) = letter.iter_attachments()
    assert page.get_content_type() == "text/html"
    assert page.get_filename() == "drift.html"
    assert page.get_content().lower().startswith("<!doctype html>")


def test_it_is_written_in_the_companys_language(told):
    told.policy("company.yml", "language: en", "language: zh-Hant")
    told.by_hand(tamper)
    notify(told, 2)
    letter = letters(told)[0]
    assert letter["Subject"] == "[Small] 現況差異: 新增 1 項"
    assert "完整報告請見附件。" in letter.get_body(("plain",)).get_content()
    assert 'lang="zh-Hant"' in next(letter.iter_attachments()).get_content()


def test_a_server_that_stays_down_is_told_once_and_its_return_once(told):
    file = told.path / "pbx1.json"
    good = file.read_text("utf-8")
    file.write_text("not JSON", "utf-8")
    for _ in range(3):
        notify(told, 4)
    assert [item["Subject"] for item in letters(told)] == ["[Small] Drift: unknown: 1"] * 2
    file.write_text(good, "utf-8")
    notify(told, 0)
    assert [item["Subject"] for item in letters(told)[2:]] == [
        "[Small] Drift: readable again: 1"
    ] * 2


def test_what_cannot_be_sent_is_said_and_told_by_the_next_run(told):
    held = (told.path / "im1.json").read_text("utf-8")
    told.by_hand(lambda held: held["accounts"].pop("commsroom"))
    assert told("ledger", "show", "--json").code == 0
    told.by_hand(tamper)
    document = notify(told, 4)
    unsent = [item for item in document["findings"] if item["address"].startswith("notification/")]
    assert {item["address"] for item in unsent} == {
        "notification/chat:ann", "notification/room:everyone",
    }  # fmt: skip
    assert "commsroom cannot log in: not-authorized" in unsent[0]["text"]
    assert counts(told) == (2, 0)
    (told.path / "im1.json").write_text(held, "utf-8")
    told.by_hand(tamper)
    notify(told, 2)
    assert {to for to, _ in said(told)} == {"ann", "everyone"}
    assert "im1:account/cy" in said(told)[0][1]
    # Those who get mail were told of it all, and only hear that the sender is back.
    assert [item["Subject"] for item in letters(told)[2:]] == ["[Small] Drift: repaired: 1"] * 2


def test_one_address_that_is_refused_keeps_nobody_else_from_being_told(told):
    write(told, NOTIFY.replace("office@small.example", "nobody@small.example"))
    told.by_hand(tamper)
    document = notify(told, 4)
    (unsent,) = [item for item in document["findings"] if item["kind"] == "unknown"]
    assert unsent["address"] == "notification/mail:nobody@small.example"
    assert "550 5.1.1" in unsent["text"]
    assert counts(told) == (1, 2)


def test_an_exception_that_covers_a_finding_is_told_and_its_end_too(told):
    told.by_hand(tamper)
    notify(told, 2)
    exceptions = told.path / "policies/exceptions.yml"
    entry = "{address: 'im1:account/cy', owner: P1, reason: Known, until: 2999-01-01}"
    exceptions.write_text(f"---\nexceptions:\n  - {entry}\n", "utf-8")
    notify(told, 0)
    assert letters(told)[2]["Subject"] == "[Small] Drift: no longer counted: 1"
    exceptions.write_text("---\nexceptions: []\n", "utf-8")
    notify(told, 2)
    assert letters(told)[4]["Subject"] == "[Small] Drift: new: 1"


def test_what_still_stands_is_told_again_only_where_policy_asks_for_it(told, monkeypatch):
    told.by_hand(tamper)
    notify(told, 2)
    write(told, f"{NOTIFY}again: 1h\n")
    notify(told, 2)
    assert counts(told) == (2, 2)
    write(told, f"{NOTIFY}again: 1s\n")
    import time

    time.sleep(1.1)
    notify(told, 2)
    assert letters(told)[2]["Subject"] == "[Small] Drift: still standing: 1"


@pytest.mark.parametrize(
    ("words", "text", "remedy"),
    [
        (["--notify", "--person", "P1"], NOTIFY, "leave out --person"),
        (["--notify", "--no-record"], NOTIFY, "leave out --no-record"),
        (["--notify"], "---\nseverity: error\n", "policies/notify.yml"),
    ],
    ids=["narrowed", "not recorded", "nobody"],
)
def test_what_cannot_be_told_is_refused_before_anything_is_read(told, words, text, remedy):
    write(told, text)
    done = told("drift", *words)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert remedy in done.err


def test_a_sender_not_made_yet_is_said_with_the_remedy(estate):
    assert estate("apply", "--yes").code == 0
    write(estate, NOTIFY)
    document = notify(estate, 4)
    unsent = [item["text"] for item in document["findings"] if item["kind"] == "unknown"]
    assert len(unsent) == 4
    assert all("commsroom apply makes it" in text for text in unsent)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mail: {people: [P99]}", "P99"),
        ("chat: {rooms: [everyon]}", "everyone"),
        ("mail: {sender: office}", "is the address of a list"),
        ("mail: {addresses: ['a b@x.example']}", "addresses"),
    ],
    ids=["person", "room", "sender", "address"],
)
def test_a_name_that_nothing_has_is_an_error_with_its_line(estate, text, problem):
    write(estate, f"---\n{text}\n")
    done = estate("validate")
    assert done.code == 1
    assert problem in done.err
    assert done.err.startswith("policies/notify.yml:2:")
