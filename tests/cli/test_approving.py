"""What is asked for is done once two people have signed just that: nobody else, nothing else, in time."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from commsroom.app import approving, signers
from commsroom.app.estate import open_estate
from commsroom.errors import GuardRefused
from commsroom.estate.approval import Request
from commsroom.policy.approvers import NAMESPACE
from commsroom.secrets import ssh_signature

SUBJECT = {"wipe": ["serial S1"], "method": "purge"}


def today():
    return datetime.now(UTC).date()


class Office:
    """An estate where people ask and sign, below the command line."""

    def __init__(self, estate, keys, tmp_path):
        self.path = estate.path
        self.keys = keys
        self.file = estate.path / "policies/approvers"
        self.tmp_path = tmp_path

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
        given = {"purpose": "decommission", "subject": SUBJECT, "requester": "P3"}
        return Request(estate=estate.ledger.estate_id, asked=today(), **{**given, **changed})

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
def bare(fresh, approvers_keys, tmp_path):
    """An estate whose file names P1, P2 and P4; nobody has approved it."""
    found = Office(fresh, approvers_keys, tmp_path)
    found.write(P1="P1", P2="P2", P4="P4")
    return found


@pytest.fixture
def office(bare):
    """The same, approved by P1 and P2."""
    bare.establish("P1", "P2")
    return bare


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
