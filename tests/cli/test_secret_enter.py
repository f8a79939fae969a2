"""A password somebody else made, the telephone company's, is taken in and sent, and shown nowhere."""

import io
import json

import pytest

LINE = """
trunks:
  main:
    title: Line
    provider: sip.itsp.example
    username: acme
    destinations: [national]
    main_number: "+886 2 5550 2000"
    answered_by: "8100"
"""
WORD, OTHER = "given-by-them-1", "given-by-them-2"


@pytest.fixture
def lined(estate):
    file = estate.path / "policies" / "telephony.yml"
    file.write_text(file.read_text("utf-8") + LINE, "utf-8")
    return estate


@pytest.fixture
def enter(lined, monkeypatch):
    """Enter a password on standard input."""

    def type_(text, at="pbx1:trunk/main"):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return lined("secret", "enter", at)

    return type_


def sent(estate, kind):
    """Return what the exchange holds of a kind."""
    return json.loads((estate.path / "pbx1.json").read_text("utf-8"))["objects"][kind]


def test_without_the_password_the_line_waits_and_says_what_to_do(lined):
    done = lined("apply", "--yes")
    assert done.code in {1, 4}
    assert "secret enter pbx1:trunk/main" in done.out + done.err
    assert "waits for pbx1:trunk/main" in done.out + done.err
    assert (sent(lined, "trunk"), sent(lined, "route")) == ({}, {})


def test_an_entered_password_is_sent_and_shown_in_no_output(lined, enter):
    entered = enter(f"{WORD}\n")
    applied = lined("apply", "--yes")
    assert (entered.code, applied.code) == (0, 0), applied.err
    assert list(sent(lined, "trunk")) == ["main"]
    shown = [
        lined("plan", "--json"),
        lined("show", "pbx1:trunk/*", "--json"),
        lined("ledger", "show"),
    ]
    assert all(WORD not in one.out + one.err for one in (entered, applied, *shown))
    assert lined("plan", "--json").document["changes"] == []


def test_another_password_is_a_change_and_the_same_is_none(lined, enter):
    enter(f"{WORD}\n")
    lined("apply", "--yes")
    enter(f"{WORD}\n")
    assert lined("plan", "--json").document["changes"] == []
    enter(f"{OTHER}\n")
    [change] = lined("plan", "--json").document["changes"]
    assert change["address"] == "pbx1:trunk/main"
    assert lined("apply", "--yes").code == 0
    assert lined("plan", "--json").document["changes"] == []


@pytest.mark.parametrize(
    ("typed", "at", "said"),
    [
        ("", "pbx1:trunk/main", "that is no password"),
        ("\n", "pbx1:trunk/main", "that is no password"),
        ("with space\n", "pbx1:trunk/main", "that is no password"),
        ("x" * 200 + "\n", "pbx1:trunk/main", "that is no password"),
        ("密碼\n", "pbx1:trunk/main", "that is no password"),
        (WORD, "pbx1:trunk/mian", "nothing in policy is at 'pbx1:trunk/mian'"),
        (WORD, "pbx1:extension/2100", "holds no secret that somebody else made"),
        (WORD, "main", "'main' is not an address"),
    ],
)
def test_what_cannot_be_a_password_or_has_no_place_for_one_is_refused(enter, typed, at, said):
    done = enter(typed, at)
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1
    assert WORD not in done.out + done.err
