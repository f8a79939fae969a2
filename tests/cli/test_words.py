"""What verbs say of a part, of what nobody asked for, and of policy, is what is so."""

import json

import pytest

from commsroom.errors import CommsroomError
from commsroom.runs import inventory


def test_what_is_said_of_a_part_is_not_said_of_the_whole(estate):
    part = estate("plan", "--only", "pbx1:*")
    assert "What was asked for matches policy" in part.out
    assert "The estate matches policy" not in part.out
    assert "What was asked for matches policy" in estate("drift", "--only", "pbx1:*").out
    assert "The estate matches policy" in estate("plan").out


def test_a_second_password_is_told_as_what_it_is_and_as_what_becomes_of_it(estate):
    file = estate.path / "pbx1.json"
    held = json.loads(file.read_text("utf-8"))
    number, phone = next(iter(held["objects"]["extension"].items()))
    phone["secret"]["previous"] = "0" * 64
    file.write_text(json.dumps(held), "utf-8")

    assert "will be taken away: policy does not ask for it" in estate("plan").out
    drift = estate("drift")
    assert drift.code == 2
    assert "is taken too, and policy does not ask for it" in drift.out
    assert "will be written again" not in estate("plan").out
    assert "policy does not ask for it" in estate("drift", "--format", "markdown").out
    page = estate.path / "page.html"
    estate("drift", "--format", "html", "--out", page)
    assert "a password that nobody asked for" in page.read_text("utf-8")
    estate("drift", "--format", "html", "--language", "zh-Hant", "--out", page)
    assert "政策未要求的密碼" in page.read_text("utf-8")

    assert estate("apply", "--yes").code == 0
    held = json.loads(file.read_text("utf-8"))
    assert "previous" not in held["objects"]["extension"][number]["secret"]


@pytest.mark.parametrize("verb", [["plan"], ["apply", "--yes"], ["inspect"]])
def test_an_error_of_policy_is_told_as_such_where_the_inventory_is_made_from_it_too(
    estate, monkeypatch, verb
):
    """The inventory plugin meets policy first, and all that Ansible says of it is one line."""

    def unreadable(*_given, **_more):
        raise CommsroomError(
            "people.csv: it is not as it should be; and so on", remedy="see Ansible"
        )

    monkeypatch.setattr(inventory, "listing", unreadable)
    estate.policy("company.yml", "---", "---\nnonsense: true")
    done = estate(*verb, "--json")
    assert done.code == 1
    assert "nonsense" in done.out
    assert "see Ansible" not in done.out + done.err
