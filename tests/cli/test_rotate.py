"""rotate: what it asks and says, over fakes; what it survives is tests/soak, what it does for real tests/lab."""

import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from commsroom.app import choosing, planning, renewal, rotating
from commsroom.app.estate import open_estate
from commsroom.app.handover import Done
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope
from commsroom.backends.asterisk.fake import FakeClient as Asterisk
from commsroom.backends.prosody.fake import FakeClient as Prosody
from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Credential
from commsroom.estate.resource import Address
from commsroom.estate.rotation import Held, Phase, Place, Rotation
from commsroom.estate.rotation.words import Push
from commsroom.estate.secret import Shape
from commsroom.reports.lines import plain
from commsroom.reports.text.rotation import rotated_lines
from commsroom.secrets.rotation import driver

ANN = "pbx1:extension/100"
CHAT = "im1:account/ann"
WITH_GRACE = "lead_days: 3\nrotation: {grace: 2d}"


def lets_in(estate, address, slot="sip"):
    """Return which generations of a password the fake lets in."""
    with open_estate(estate.path, simulate=estate.path) as opened:
        desired = planning.compile_policy(opened, Scope()).desired
        item = next(one for one in desired if str(one.address) == address)
        path = item.secret(slot).path
        numbers = range(1, opened.secrets.latest(path) + 1)
        tries = [Credential(item, slot, opened.secrets.get(path, number)) for number in numbers]
        system = item.address.system
        found = opened.fleet.each(
            lambda _, provider: provider.log_in(tries), on=[system], deadline=30
        )
        return [number for number, let_in in zip(numbers, found[system], strict=True) if let_in]


def phases(done):
    return {one["secret"]: one["phase"] for one in done.document["rotations"]}


@pytest.fixture
def numbers(estate):
    """Give Ann's real number."""
    found = estate("show", "pbx1:extension/*", "--person", "P1", "--json").document["resources"]
    return found[0]["address"]


def test_two_are_taken_while_grace_lasts_and_no_plan_and_no_drift_minds(estate, numbers):
    estate.policy("security.yml", "lead_days: 3", WITH_GRACE)
    done = estate("rotate", numbers, CHAT, "--yes", "--json")
    assert done.code == 0, done.err
    assert phases(done) == {"ann/sip": "grace", "ann/chat": "revoked"}
    assert lets_in(estate, numbers) == [1, 2]
    assert lets_in(estate, CHAT, "password") == [2]
    assert estate("plan", "--json").document["changes"] == []
    assert estate("drift").code == 0
    assert estate("prove", "--person", "P1").code == 0
    assert "whole" in estate("ledger", "verify").out

    estate.policy("security.yml", "{grace: 2d}", "{grace: 0d}")
    again = estate("rotate", "--compromised", "ann", "--yes", "--json")
    assert again.code == 0, again.err
    assert lets_in(estate, numbers) == [3]
    assert estate("plan", "--json").document["changes"] == []


def test_who_has_a_password_that_was_just_renewed_has_nothing_after_compromised(estate, numbers):
    assert estate("rotate", numbers, "--yes").code == 0
    stolen = estate("secret", "show", numbers, "--json").document["secrets"][0]["value"]
    told = estate("rotate", "--compromised", "ann", "--dry-run", "--json").document
    assert "ann/sip" in told["renew"]
    done = estate("rotate", "--compromised", "ann", "--yes", "--json")
    assert done.code == 0, done.err
    assert phases(done)["ann/sip"] == "revoked"
    assert estate("secret", "show", numbers, "--json").document["secrets"][0]["value"] != stolen
    assert lets_in(estate, numbers) == [3]
    assert "whole" in estate("ledger", "verify").out


def written_and_not_told(estate, monkeypatch):
    """Renew a chat password so that it is in force, and nobody knows."""
    real = Prosody.apply

    def unsaid(self, *given, **more):
        real(self, *given, **more)
        gone()

    with monkeypatch.context() as patch:
        patch.setattr(Prosody, "apply", unsaid)
        assert estate("rotate", CHAT, "--yes", "--wait", "0m").code == 4


def test_what_was_sent_and_not_decided_is_not_trusted_once_it_is_compromised(estate, monkeypatch):
    written_and_not_told(estate, monkeypatch)
    later = time.time() + 3_600
    monkeypatch.setattr("time.time", lambda: later)
    done = estate("rotate", "--compromised", "im1", "--yes", "--json")
    assert done.code == 0, done.out
    assert lets_in(estate, CHAT, "password") == [3]


def test_a_password_that_is_not_decided_yet_is_not_proven_to_be_refused(estate, monkeypatch):
    written_and_not_told(estate, monkeypatch)
    done = estate("prove", "--person", "P1", "--json")
    assert done.code == 4, done.out
    assert [one for one in done.document["proofs"] if one["ok"] is False] == []
    assert "which one is in force is not decided yet" in done.out
    assert estate("rotate", "--yes").code == 0
    assert estate("prove", "--person", "P1").code == 0


def test_what_cannot_be_ended_is_not_called_renewed_when_it_is_compromised(
    estate, numbers, monkeypatch
):
    assert estate("rotate", numbers, "--yes").code == 0
    monkeypatch.setattr(Asterisk, "apply", gone)
    done = estate("rotate", "--compromised", "ann", "--yes", "--json", "--wait", "0m")
    assert done.code == 4
    assert "still in force" in done.document["left"]["ann/sip"]


def test_who_asks_again_within_the_grace_is_told_that_it_was_renewed(estate, numbers):
    assert estate("rotate", numbers, "--yes").code == 0
    again = estate("rotate", numbers, "--yes", "--json")
    assert again.code == 0
    assert "already; the old one is good until" in again.document["left"]["ann/sip"]
    assert lets_in(estate, numbers) == [1, 2]


def test_a_store_that_is_gone_is_not_begun_anew(estate):
    store = estate.path / ".commsroom" / "secrets.db"
    store.rename(estate.path / "elsewhere")
    done = estate("rotate", CHAT, "--yes")
    assert done.code == 1
    assert "restore it from a backup" in done.err
    assert not store.exists()
    (estate.path / "elsewhere").rename(store)
    assert lets_in(estate, CHAT, "password") == [1]


def test_a_dry_run_says_what_and_how_and_changes_nothing(estate, numbers):
    before = (estate.path / ".commsroom" / "ledger.db").read_bytes()
    done = estate("rotate", numbers, CHAT, "--dry-run")
    assert done.code == 0
    assert "ann/sip" in done.out
    assert "good for 1 day more" in done.out
    assert "nothing there takes two passwords at a time" in done.out
    assert lets_in(estate, numbers) == [1]
    assert (estate.path / ".commsroom" / "ledger.db").read_bytes() == before


def test_a_dry_run_that_finds_nothing_says_so_and_what_is_under_way(estate, numbers):
    assert "0 secrets to renew" in estate("rotate", "--due", "--dry-run").out
    assert estate("rotate", numbers, "--yes").code == 0
    assert "1 under way (grace)" in estate("rotate", "--due", "--dry-run").out


def test_what_is_in_wrong_hands_is_not_said_to_end_for_another_reason(estate):
    done = estate("rotate", "--compromised", "ann", "--dry-run")
    assert done.out.count("at once: it is in wrong hands") >= 2
    assert "takes two" not in done.out


def test_a_pin_in_wrong_hands_is_new_too_though_no_login_can_show_it(estate):
    shown = estate("show", "pbx1:voicemail/*", "--person", "P1", "--json").document
    box = shown["resources"][0]["address"]
    old = estate("secret", "show", box, "--json").document["secrets"][0]
    told = estate("rotate", "--compromised", "ann", "--dry-run").out
    assert "no login can show that it was taken" in told
    done = estate("rotate", "--compromised", "ann", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.document["written"] == ["ann/voicemail"]
    assert "ann/voicemail" not in done.document["left"]
    new = estate("secret", "show", box, "--json").document["secrets"][0]
    assert new["value"] != old["value"]
    assert new["value"] not in done.out + done.err
    assert estate("plan", "--json").document["changes"] == []
    assert estate("drift").code == 0


def test_what_others_know_and_no_system_took_is_no_success(estate, monkeypatch):
    monkeypatch.setattr(
        "commsroom.app.unproven.applying.apply", lambda *_a, **_k: SimpleNamespace(ok=False)
    )
    done = estate("rotate", "--compromised", "ann", "--yes", "--json")
    assert done.code == 2
    assert done.document["left"]["ann/voicemail"] == "it could not be written: commsroom apply"


def test_what_is_left_is_told_once_and_all_of_it_is_labelled_simulated(estate):
    done = estate("rotate", "pbx1:voicemail/*", CHAT, "--yes")
    assert done.out.count("ann/voicemail: no login shows whether") == 1
    sums = [line for line in done.out.splitlines() if line.startswith("Rotation: ")]
    assert len(sums) == 2
    assert all("[simulated: " in line for line in sums)


def test_an_undecided_one_says_who_is_silent_and_until_when_it_rests(estate, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Prosody, "apply", gone)
        said = estate("rotate", CHAT, "--yes", "--wait", "0m").out
    assert "ann/chat  not decided yet (pushed): im1 did not answer" in said
    turn = Rotation("ann/chat", Shape.PASSWORD, 1, 2, (), phase=Phase.PUSHED)
    now = time.time()
    held = Held(Place(Address.parse(CHAT), "password"), failed=(now, now, now))
    lines = rotated_lines({"ann/chat": replace(turn, holders=(held,))}, {}, 0.0, Done())
    assert "might lock the account; run rotate again after " in "".join(map(plain, lines))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pbx1:extension/9999"], "nothing that has a secret is at 'pbx1:extension/9999'"),
        (["--compromised", "nobody"], "neither a person nor a system is called 'nobody'"),
        (["--compromised", "pbx"], "pbx1"),
        (["--wait", "soon"], "--wait"),
        (["--dry-run", "--yes"], "--dry-run changes nothing"),
    ],
)
def test_what_means_nothing_is_one_line_and_touches_nothing(estate, words, said):
    more = [] if "--dry-run" in words else ["--yes"]
    done = estate("rotate", *words, *more)
    assert done.code == 1
    assert said in done.err
    assert len(done.err.strip().splitlines()) <= 2
    with open_estate(estate.path, simulate=estate.path) as opened:
        assert opened.ledger.rotations() == {}


def test_it_asks_and_without_a_terminal_insists_on_yes(estate, numbers):
    done = estate("rotate", numbers)
    assert done.code == 1
    assert "add --yes" in done.err


def test_a_system_that_refuses_goes_back_and_says_so(estate, numbers, monkeypatch):
    def refused(self, ops, **more):
        answer = real(self, [], **more)
        return {**answer, "results": ["no room for it"] * len(ops)}

    real = Asterisk.apply
    monkeypatch.setattr(Asterisk, "apply", refused)
    monkeypatch.setattr(rotating, "RETRY", 0.01)
    done = estate("rotate", numbers, "--yes", "--json", "--wait", "2m")
    assert done.code == 2
    assert phases(done) == {"ann/sip": "rolled-back"}
    assert "no room for it" in done.out
    assert lets_in(estate, numbers) == [1]
    assert estate("plan", "--json").document["changes"] == []


def gone(*_given, **_more):
    raise SystemUnknown("im1", "connect", "connection refused")


def test_nothing_is_begun_on_a_system_that_does_not_answer(estate, monkeypatch):
    monkeypatch.setattr(Prosody, "read", gone)
    done = estate("rotate", CHAT, "--yes", "--json")
    assert done.code == 4
    assert done.document["rotations"] == []
    assert done.document["left"]["ann/chat"] == "im1 does not answer"
    assert "connection refused" in done.err


def test_a_system_that_is_lost_on_the_way_leaves_it_undecided_and_the_next_run_goes_on(
    estate, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(Prosody, "apply", gone)
        done = estate("rotate", CHAT, "--yes", "--json", "--wait", "0m")
        assert done.code == 4
        assert phases(done) == {"ann/chat": "pushed"}
    assert lets_in(estate, CHAT, "password") == [1]
    assert estate("plan", "--json").document["changes"] == []
    with open_estate(estate.path, simulate=estate.path) as opened:
        assert opened.ledger.generation_of(["ann/chat"]) == {"ann/chat": 1}
    later = time.time() + 3_600
    monkeypatch.setattr("time.time", lambda: later)
    again = estate("rotate", "--yes", "--json")
    assert again.code == 0, again.out
    assert phases(again) == {"ann/chat": "revoked"}
    assert lets_in(estate, CHAT, "password") == [2]


def test_a_run_cut_off_while_it_wrote_leaves_nothing_that_looks_like_a_strangers(
    estate, monkeypatch
):
    class CutOffError(Exception):
        pass

    def cut_off(means, turns, intents):
        seen = real(means, turns, intents)
        if any(isinstance(intent, Push) for intent in intents.values()):
            raise CutOffError
        return seen

    with monkeypatch.context() as patch, open_estate(estate.path, simulate=estate.path) as opened:
        real = driver.acted
        patch.setattr(driver, "acted", cut_off)
        with pytest.raises(CutOffError):
            rotating.rotate(opened, choosing.Wish(addresses=(CHAT,)), Silent())
    assert estate("rotate", "--yes").code == 0
    assert lets_in(estate, CHAT, "password") == [2]
    assert estate("plan", "--json").document["changes"] == []
    assert estate("drift").code == 0


def test_closed_accounts_are_left_and_told(estate):
    file = estate.path / "policies/people.csv"
    gone = date.today() - timedelta(days=2)  # noqa: DTZ011 - a day that is over everywhere
    text = file.read_text("utf-8").replace("2020-01-01,,,en", f"2020-01-01,{gone},,en")
    file.write_text(text, "utf-8")
    assert estate("apply", "--yes").code == 0
    done = estate("rotate", CHAT, "--yes", "--json")
    assert done.code == 0
    assert done.document["rotations"] == []
    assert "closed" in done.document["left"]["ann/chat"]
    # What others know would be in force again the day the account opens.
    hurt = estate("rotate", "--compromised", "ann", "--yes", "--json")
    assert hurt.code == 0, hurt.err
    assert {"ann/chat", "ann/sip", "ann/voicemail"} <= set(hurt.document["written"])
    assert estate("plan", "--json").document["changes"] == []


def test_no_secret_is_said(estate, numbers):
    done = estate("rotate", numbers, CHAT, "--yes")
    plain = estate("rotate", "--yes", "--json")
    with open_estate(estate.path, simulate=estate.path) as opened:
        values = [
            opened.secrets.get(path, number).reveal()
            for path in ("ann/sip", "ann/chat")
            for number in (1, 2)
        ]
        events = json.dumps([repr(event) for event in opened.ledger.events()])
    said = done.out + done.err + plain.out + plain.err + events
    assert not [value for value in values if value in said]


def test_what_is_due_is_renewed_before_it_is_overdue_and_drift_says_when_it_is(
    estate, numbers, monkeypatch
):
    estate.policy("security.yml", "sip: {length: 24}", "sip: {length: 24, rotate: 30d}")
    assert estate("rotate", "--due", "--dry-run", "--json").document["renew"] == {}
    assert estate("drift").code == 0
    monkeypatch.setattr(renewal, "since", aged(31))
    told = estate("drift", "--json")
    assert told.code == 2
    kinds = {(item["kind"], item["address"]) for item in told.document["findings"]}
    assert ("overdue", numbers) in kinds
    monkeypatch.setattr(renewal, "since", aged(29))
    assert estate("drift").code == 0
    due = estate("rotate", "--due", "--dry-run", "--json").document["renew"]
    assert 0 < len(due) < 6  # a tenth of 30 days early, each by a part of its own


def aged(days):
    """Let every secret be so many days old."""

    def since(_estate, found):
        return dict.fromkeys(found, datetime.now(UTC) - timedelta(days=days))

    return since


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("windows: [{days: [mon-sun], from: '00:00', to: '00:00'}]", ""),
        ("windows: [{days: [WEEKDAY], from: '03:00', to: '03:01'}]", "next window"),
        ("exclude: ['pbx1:*']", None),
        ("apart: [[pbx1, im1]]", ""),
    ],
)
def test_policy_says_when_and_what_and_never_both_of_a_pair(estate, monkeypatch, rules, why):
    other = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][(date.today().weekday() + 3) % 7]  # noqa: DTZ011
    estate.policy("security.yml", "sip: {length: 24}", "sip: {length: 24, rotate: 30d}")
    rules = rules.replace("WEEKDAY", other)
    estate.policy("security.yml", "lead_days: 3", f"lead_days: 3\nrotation: {{{rules}}}")
    monkeypatch.setattr(renewal, "since", aged(31))
    told = estate("rotate", "--due", "--dry-run", "--json").document
    if why is None:
        assert told == {"renew": {}, "left": {}}
    elif why:
        assert told["renew"] == {}
        assert all(why in text for text in told["left"].values())
    else:
        assert len(told["renew"]) == 6


def test_of_two_systems_that_stand_in_for_each_other_one_is_rotated_in_a_run(estate, numbers):
    estate.policy("security.yml", "lead_days: 3", "lead_days: 3\nrotation: {apart: [[im1, pbx1]]}")
    told = estate("rotate", numbers, CHAT, "--dry-run", "--json").document
    assert list(told["renew"]) == ["ann/chat"]
    assert "twin" in told["left"]["ann/sip"]
    hurt = estate("rotate", "--compromised", "ann", "--dry-run", "--json").document
    assert {"ann/chat", "ann/sip"} <= set(hurt["renew"])


@pytest.mark.parametrize("command", [["rotate"], ["secret", "show"]])
def test_who_names_a_person_is_told_where_their_addresses_are(estate, command):
    yes = ["--yes"] if command == ["rotate"] else []
    done = estate(*command, "P1", *yes)
    assert (done.code, "commsroom show --person P1 lists theirs" in done.err) == (1, True)
