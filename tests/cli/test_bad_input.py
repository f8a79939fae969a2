"""Bad input: every problem is one line with its place, the exit code is 1, nothing is touched."""

import json
import re

import pytest

PLACE = re.compile(r"^(policies|inventory)/[\w.]+(:\d+){0,2}: .+$")


def _replace(name, old, new):
    def change(estate):
        estate.policy(name, old, new)

    return change


def _roster(content):
    def change(estate):
        file = estate.path / "policies/people.csv"
        head, body = file.read_bytes().split(b"\n", 1)
        file.write_bytes(content(head, body))

    return change


def _row(**fields):
    given = {
        "id": "P7", "name": "Eve", "login": "", "department": "office", "position": "clerk",
        "site": "home", "kind": "staff", "start": "2024-01-01",
    } | fields  # fmt: skip
    row = ",".join(given.values()).encode() + b",,,,\n"
    return _roster(lambda head, body: head + b"\n" + body + row)


CASES = {
    "duplicate key": (_replace("mail.yml", "message_size: 36 MiB", "message_size: 36 MiB\nmessage_size: 1 MiB"), "message_size"),
    "unknown field": (_replace("mail.yml", "message_size:", "mesage_size: 1 MiB\nmessage_size:"), "message_size"),
    "wrong type": (_replace("telephony.yml", "rings: 3", "rings: many"), "rings"),
    "no YAML": (_replace("telephony.yml", "ringing: {", "ringing: {{"), "telephony.yml"),
    "dangling department": (_row(department="ofice"), "office"),
    "dangling manager": (_replace("company.yml", "manager: P1", "manager: P9"), "P9"),
    "numbers exhausted": (_replace("telephony.yml", "2100-2199", "2100-2102"), "2100"),
    "one id twice": (_row(id="P1"), "P1"),
    "one login twice": (_row(login="ann"), "ann"),
    "a bad byte": (_roster(lambda head, body: head + b"\n" + body + b"P7,\xff\xfe,,office,clerk,home,staff,2024-01-01,,,,\n"), "people.csv"),
    "a missing column": (_roster(lambda head, body: head.replace(b",position", b"") + b"\n" + body), "position"),
    "a line of 10 MB": (_roster(lambda head, body: head + b"\n" + body + b"P7," + b"x" * 10_000_000 + b"\n"), "people.csv:8"),
    "a newline in a name": (_row(name='"Eve\nX"'), "people.csv:8"),
    "a NUL in a name": (_row(name="E\0ve"), "people.csv:8"),
    "bidi controls in a name": (_row(name="E\u202eve"), "people.csv:8"),
    "an escape in a name": (_row(name="E\x1b[2Jve"), "people.csv:8"),
    "no date": (_row(start="tomorrow"), "tomorrow"),
    "two merged branches": (lambda estate: (estate.path / "policies/allocations.lock").write_text(
        (estate.path / "policies/allocations.lock").read_text().replace("2101", "2100")), "2100"),
}  # fmt: skip


@pytest.mark.parametrize("verb", [["validate"], ["apply", "--yes"]], ids=["validate", "apply"])
@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line_with_its_place_and_touches_nothing(estate, case, verb):
    change, named = CASES[case]
    change(estate)
    before = estate.held(), _state(estate)
    done = estate(*verb)
    problems = done.err.splitlines()
    assert done.code == 1
    assert len(problems) == 1, done.err
    assert PLACE.match(problems[0])
    assert named in problems[0]
    assert len(problems[0]) < 400
    assert problems[0].isprintable()
    assert (done.out, estate.held(), _state(estate)) == ("", *before)


def test_all_problems_come_at_once(estate):
    for case in ("unknown field", "wrong type", "dangling department"):
        CASES[case][0](estate)
    _row(id="P8", start="tomorrow")(estate)
    done = estate("validate")
    assert done.code == 1
    assert len(done.err.splitlines()) == 4
    document = estate("validate", "--json").document
    assert document["ok"] is False
    assert [item["file"] for item in document["problems"]] == sorted(
        item["file"] for item in document["problems"]
    )


def test_a_name_with_the_signs_of_every_config_language_comes_back_exactly(estate):
    held = json.loads(estate.held())
    assert held["accounts"]["bo"]["display_name"] == 'Bo ] ; " , $ \\ Xu'


@pytest.mark.parametrize("name", ["people.csv", "mail.yml"])
def test_a_file_that_cannot_be_read_is_one_line(estate, name):
    file = estate.path / "policies" / name
    file.unlink()
    file.mkdir()
    done = estate("validate")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert name in done.err


def _state(estate):
    return {
        path: path.read_bytes()
        for path in [*(estate.path / "policies").iterdir(), estate.path / ".commsroom/secrets.db"]
    }
