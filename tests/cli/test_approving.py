"""What is asked for is done once two people have signed just that: nobody else, nothing else, in time."""

import shutil
import sqlite3
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from commsroom.app import approving, signers
from commsroom.app.estate import open_estate
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate.approval import Request
from commsroom.policy.approvers import NAMESPACE
from commsroom.secrets import ssh_signature

SUBJECT = {"wipe": ["serial S1"], "method": "purge"}


def today():
    """Return the day it is at the company."""
    return datetime.now(ZoneInfo("Asia/Taipei")).date()


class Office:
    """An estate where people ask and sign, below the command line."""

    def __init__(self, path, keys):
        self.path = path
        self.keys = keys
        self.file = path / "policies/approvers"

    def write(self, **lines):
        """Let the file name these people, each with the key of a name, or of several."""
        self.file.write_text(
            "".join(
                f'{person} namespaces="{NAMESPACE}" {(self.keys / f"{key}.pub").read_text()}'
                for person, keys in lines.items()
                for key in keys.split()
            )
        )

    @contextmanager
    def open(self):
        with open_estate(self.path, founding=True) as estate:
            yield estate

    def request(self, estate, **changed):
        given = {"purpose": "decommission", "subject": SUBJECT, "requester": "P3", "asked": today()}
        return Request(estate=estate.ledger.estate_id, **{**given, **changed})

    def sign(self, request, *people, key=None):
        """Have people sign a request, each with their own key or another."""
        with self.open() as estate:
            for person in people:
                approving.approve(
                    estate, request.name, approver=person, key=self.keys / (key or person)
                )

    def ask(self, **changed):
        with self.open() as estate:
            return approving.ask(estate, self.request(estate, **changed))

    def establish(self, *people):
        """Have people sign the file's present text."""
        for person in people:
            with self.open() as estate:
                request = approving.ask_for_approvers(estate)
            self.sign(request, person)

    def allowed(self, request):
        """Return who approved a request, or raise what stands against it."""
        with self.open() as estate:
            return approving.require_approved(estate, request).approvers

    def stands(self):
        """Return the text that counts, None where nobody approved any."""
        with self.open() as estate:
            found = signers.established(estate)
        return None if found is None else found.text.decode()

    def record(self, kind, **data):
        """Write an event past every check, as somebody with the database's password could."""
        with self.open() as estate:
            estate.ledger.record(kind, data, actor="forger")

    def forge(self, request, person, key, *, document=None, namespace=NAMESPACE):
        """Record a signature that no command would have recorded."""
        text = ssh_signature.sign(
            document or request.document, self.keys / key, namespace=namespace
        )
        self.record(
            "approval given", request=request.name, approver=person, signature=text.decode()
        )

    def on(self, monkeypatch, days):
        """Let it be so many days later."""
        from commsroom.app import registering

        later = today() + timedelta(days=days)
        monkeypatch.setattr(registering, "today", lambda _policy: later)


@pytest.fixture
def bare(fresh, approvers_keys):
    """An estate whose file names P1, P2 and P4; nobody has approved it."""
    found = Office(fresh.path, approvers_keys)
    found.write(P1="P1", P2="P2", P4="P4")
    return found


@pytest.fixture
def office(left, approvers_keys, tmp_path):
    """One where P1 and P2 have approved just that."""
    return Office(shutil.copytree(left, tmp_path / "estate"), approvers_keys)


def test_two_people_of_those_who_stand_approve_what_a_third_asks(office):
    request = office.ask()
    with pytest.raises(GuardRefused, match="has 0 of 2 approvals; 2 to come until"):
        office.allowed(request)
    office.sign(request, "P1")
    with pytest.raises(GuardRefused) as refused:
        office.allowed(request)
    assert f"decommission {request.name} has 1 of 2 approvals, by P1; 1 to come" in str(
        refused.value
    )
    assert f"commsroom approve {request.name} --by ID --key FILE" in str(refused.value)
    office.sign(request, "P4")
    assert office.allowed(request) == ("P1", "P4")


# ── whose signature counts ──────────────────────────────────────────────────────────────────


def refused(office, request, why):
    """Make sure that a request is refused, and nothing it says is a traceback."""
    with pytest.raises(GuardRefused, match=why):
        office.allowed(request)


def test_who_asks_does_not_approve_even_as_one_of_the_approvers(office):
    request = office.ask(requester="P1")
    with pytest.raises(GuardRefused, match=f"P1 asked for {request.name} and may not approve it"):
        office.sign(request, "P1")
    office.forge(request, "P1", "P1")
    office.sign(request, "P2")
    refused(office, request, "has 1 of 2 approvals, by P2;")


def test_one_person_with_two_keys_is_one_person(bare):
    bare.write(P1="P1 P3", P2="P2")
    bare.establish("P1", "P2")
    request = bare.ask()
    bare.sign(request, "P1")
    with pytest.raises(GuardRefused, match="another person must"):
        bare.sign(request, "P1", key="P3")
    bare.forge(request, "P1", "P3")
    refused(bare, request, "has 1 of 2 approvals, by P1;")


def test_two_people_with_one_key_are_one_person(bare):
    bare.write(P1="P1", P2="P1")
    with pytest.raises(CommsroomError, match="P2 has the key of P1"):
        bare.establish("P1", "P2")
    assert bare.stands() is None


def test_a_signature_edited_in_the_ledger_counts_no_more(office):
    request = office.ask()
    office.sign(request, "P1", "P4")
    file = office.path / ".commsroom/ledger.db"
    with sqlite3.connect(file) as database:
        ((seq, text),) = database.execute(
            "SELECT seq, data FROM ledger_events WHERE kind = 'approval given' ORDER BY seq DESC LIMIT 1"
        )
        at = text.index("SIGNATURE-----") + 150
        swapped = "B" if text[at] == "A" else "A"
        database.execute(
            "UPDATE ledger_events SET data = ? WHERE seq = ?",
            (text[:at] + swapped + text[at + 1 :], seq),
        )
    refused(office, request, "has 1 of 2 approvals, by P1;")


def test_a_key_nobody_approved_signs_nothing(office):
    request = office.ask()
    with pytest.raises(GuardRefused) as said:
        office.sign(request, "P1", key="P3")
    assert "does not let P1 approve with this key; it would take the line: P1" in str(said.value)
    office.forge(request, "P1", "P3")
    office.forge(request, "P4", "P3")
    refused(office, request, "has 0 of 2 approvals;")


def test_nobody_signs_in_anothers_name(office):
    request = office.ask()
    office.forge(request, "P1", "P2")
    refused(office, request, "has 0 of 2 approvals;")


def test_a_signature_of_another_request_approves_nothing(office):
    other = office.ask(subject={"wipe": ["serial S2"]})
    request = office.ask()
    for person in ("P1", "P2"):
        office.forge(request, person, person, document=other.document)
    refused(office, request, "has 0 of 2 approvals;")


def test_a_signature_for_another_purpose_approves_nothing(office):
    request = office.ask()
    for person in ("P1", "P2"):
        office.forge(request, person, person, namespace="commsroom-baseline")
    refused(office, request, "has 0 of 2 approvals;")


def test_what_is_approved_for_one_thing_allows_no_other(office):
    request = office.ask()
    office.sign(request, "P1", "P2")
    with office.open() as estate:
        for changed in (
            {"subject": {**SUBJECT, "method": "clear"}},
            {"purpose": "plan"},
            {"requester": "P4"},
        ):
            with pytest.raises(GuardRefused, match="nobody was asked yet"):
                approving.require_approved(estate, office.request(estate, **changed))


def test_another_estates_approval_allows_nothing_here(office):
    with office.open() as estate:
        request = approving.ask(estate, office.request(estate))
        foreign = Request("other", "decommission", SUBJECT, "P3", request.asked)
    office.record("approval asked", request=foreign.name, **foreign.to_json())
    for person in ("P1", "P2"):
        office.forge(foreign, person, person)
    refused(office, request, "has 0 of 2 approvals;")


def test_two_signatures_given_at_once_do_not_miss_each_other(office, monkeypatch):
    request = office.ask()
    whole, looks = approving.named, []

    def meanwhile(estate, name):
        found = whole(estate, name)
        looks.append(None)
        if len(looks) == 2:  # P1's is made, and about to be written
            office.sign(request, "P2")
        return found

    monkeypatch.setattr(approving, "named", meanwhile)
    with pytest.raises(CommsroomError, match="another approval given was recorded meanwhile"):
        office.sign(request, "P1")
    monkeypatch.undo()
    office.sign(request, "P1")
    assert office.allowed(request) == ("P2", "P1")


# ── in time ─────────────────────────────────────────────────────────────────────────────────


def test_an_approval_allows_nothing_after_its_last_day(office, monkeypatch):
    request = office.ask()
    office.sign(request, "P1", "P2")
    office.on(monkeypatch, 7)
    assert office.allowed(request) == ("P1", "P2")
    office.on(monkeypatch, 8)
    refused(office, request, f"could be approved until {request.expires}: ask again")


def test_nobody_signs_after_the_last_day(office, monkeypatch):
    request = office.ask()
    office.sign(request, "P1")
    office.on(monkeypatch, 8)
    with pytest.raises(GuardRefused, match=f"could be approved until {request.expires}"):
        office.sign(request, "P2")


def test_an_approval_counts_for_a_month_at_most(office):
    with office.open() as estate, pytest.raises(UsageError, match="it counts until"):
        office.request(estate, expires=today() + timedelta(days=31))


def test_nobody_asks_as_of_a_day_to_come_and_so_for_longer(office):
    with office.open() as estate:
        later = Request(estate.ledger.estate_id, "plan", SUBJECT, "P3", today() + timedelta(days=9))
        with pytest.raises(UsageError, match="approval cannot be asked as of"):
            approving.ask(estate, later)


def test_the_same_is_asked_once_and_keeps_its_signatures(office, monkeypatch):
    request = office.ask()
    office.sign(request, "P1")
    office.on(monkeypatch, 3)
    assert office.ask().name == request.name
    office.on(monkeypatch, 9)
    again = office.ask(asked=today() + timedelta(days=9))
    assert again.name != request.name
    refused(office, again, "has 0 of 2 approvals;")


def test_what_was_done_is_not_done_again_by_the_same_signatures(office):
    request = office.ask()
    office.sign(request, "P1", "P2")
    with office.open() as estate:
        approving.use(estate, request)
    refused(office, request, "was approved and done already: ask again")
    again = office.ask()
    assert again.name != request.name
    refused(office, again, "has 0 of 2 approvals;")


def test_what_is_withdrawn_is_not_done_and_is_asked_anew(office):
    request = office.ask()
    office.sign(request, "P1", "P2")
    with office.open() as estate:
        approving.withdraw(estate, request.name, by="P4", reason="kept after all")
    refused(office, request, "was withdrawn: ask again")
    assert office.ask().name != request.name


# ── who may sign ────────────────────────────────────────────────────────────────────────────


def test_before_two_people_let_approvers_stand_nobodys_signature_counts(bare):
    request = bare.ask()
    refused(bare, request, "no signature counts yet: two people must let policies/approvers stand")
    with pytest.raises(GuardRefused, match="no signature counts yet"):
        bare.sign(request, "P1")
    bare.forge(request, "P1", "P1")
    bare.forge(request, "P2", "P2")
    refused(bare, request, "no signature counts yet")


def test_one_person_lets_no_approvers_stand(bare):
    bare.establish("P1")
    assert bare.stands() is None
    bare.establish("P4")
    assert bare.stands() == bare.file.read_text()


def test_an_approver_added_in_the_same_change_has_no_say(office):
    before = office.stands()
    office.write(P1="P1", P2="P2", P3="P3", P4="P4")
    request = office.ask(requester="P2")
    office.sign(request, "P1")
    with pytest.raises(GuardRefused, match="does not let P3 approve with this key"):
        office.sign(request, "P3")
    office.forge(request, "P3", "P3")
    refused(office, request, "has 1 of 2 approvals, by P1;.*policies/approvers is not as it was")
    with pytest.raises(GuardRefused, match="does not let P3 approve"):
        office.establish("P3")
    office.establish("P1")
    assert office.stands() == before


def test_two_of_those_who_stood_before_let_another_list_stand(office):
    office.write(P3="P3", P4="P4")
    office.establish("P1", "P4")
    assert office.stands() == office.file.read_text()
    request = office.ask(requester="P2")
    with pytest.raises(GuardRefused, match="does not let P1 approve"):
        office.sign(request, "P1")
    office.sign(request, "P3", "P4")
    assert office.allowed(request) == ("P3", "P4")


def test_somebody_who_changes_their_own_key_signs_with_the_old_one(office):
    office.write(P1="P3", P2="P2", P4="P4")
    with office.open() as estate:
        request = approving.ask_for_approvers(estate)
    with pytest.raises(GuardRefused, match="does not let P1 approve with this key"):
        office.sign(request, "P1", key="P3")
    office.sign(request, "P1", "P2")
    assert office.stands() == office.file.read_text()


def test_who_was_taken_out_since_has_no_say_any_more(office):
    request = office.ask()
    office.sign(request, "P1", "P4")
    assert office.allowed(request) == ("P1", "P4")
    office.write(P1="P1", P2="P2")
    office.establish("P1", "P2")
    refused(office, request, "has 1 of 2 approvals, by P1;")


def test_taking_the_file_away_changes_nothing(office):
    office.file.unlink()
    request = office.ask()
    office.sign(request, "P1", "P2")
    assert office.allowed(request) == ("P1", "P2")
    other = office.ask(requester="P4")
    refused(office, other, "policies/approvers is gone; what P1 and P2 approved on .* counts")


def test_an_old_list_is_not_brought_back_by_its_old_signatures(office):
    first = office.stands()
    with office.open() as estate:
        (old,) = approving.listed(estate)
    office.write(P1="P1", P2="P2")
    office.establish("P1", "P2")
    office.forge(old.request, "P1", "P1")
    office.forge(old.request, "P4", "P4")
    assert office.stands() != first


def test_a_list_by_which_nothing_could_be_approved_is_not_taken(office):
    office.write(P1="P1")
    with pytest.raises(CommsroomError, match="names fewer than 2 people who may approve"):
        office.establish("P1")
    office.file.write_text(office.file.read_text() + "garbage\n")
    with pytest.raises(CommsroomError, match="policies/approvers:2: is no line of ALLOWED"):
        office.establish("P1")


def test_what_stands_already_is_not_signed_again(office):
    with pytest.raises(UsageError, match="policies/approvers is as P1 and P2 approved it on"):
        office.establish("P4")


def test_orders_go_by_the_approvers_that_stand(bare, ordering):
    """`ordering` is the same estate: what its file says now counts for no order."""
    bare.establish("P1", "P2")
    ordering.equip("T-1,phone,Yealink,T54W,S1,,2018-03-11,,5200,home,P1,issued,\n")
    order = ordering("order", "--by", "P3", "--json").document["order"]
    ordering.allow("P3", "P4")
    assert ordering.approve(order, "P1").code == 0
    assert ordering.approve(order, "P2").code == 0
    assert ordering.orders()[0]["standing"] == "approved"
