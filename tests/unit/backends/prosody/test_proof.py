"""When a proof counts: rules that hold over any chat server."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from commsroom.backends.prosody.fake import FakeChat, FakeClient
from commsroom.backends.prosody.proof import steps
from commsroom.backends.prosody.proof.chat import Refused, Undecided
from commsroom.backends.prosody.settings import Settings
from commsroom.estate.backend import ProofRequest
from commsroom.estate.secret import Custody, Secret

STAFF = {
    "account/ann": {"file_sharing": True, "suspended": False},
    "account/bob": {"file_sharing": False, "suspended": False},
    "account/eve": {"suspended": False},
    "room/sales": {"members_only": True},
    "member/sales/ann": {"affiliation": "owner"},
    "member/sales/bob": {"affiliation": "member"},
}


@dataclass
class Company:
    """A simulated server filled from a table, and the requests to prove the table."""

    world: object
    table: dict
    before: bool = True
    changes: dict = field(default_factory=dict)

    def __post_init__(self):
        self.world.apply(self.world.plan(self.world.resources(self.table)))

    def requests(self, *keys):
        found = []
        for item in self.world.resources(self.table):
            key = f"{item.address.kind}/{item.address.key}"
            if not keys or key in keys:
                closed = getattr(item.body, "suspended", None) is True
                request = ProofRequest(
                    item, self.world.secret, refused=closed, accepted_before=self.before
                )
                found.append(self.changes.get(key, lambda r: r)(request))
        return found

    def prove(self, *keys, within=5.0, chat=None):
        chat = chat or self.world.provider.client.chat(1.0)
        proofs = asyncio.run(steps.prove(chat, self.requests(*keys), within=within))
        return {(f"{p.address.kind}/{p.address.key}", p.use): p for p in proofs}


@pytest.fixture
def company(world):
    return lambda table=STAFF, **kwargs: Company(world, table, **kwargs)


def test_everybody_logs_in_shares_by_role_and_reads_what_another_wrote(company):
    proofs = company().prove()
    assert {key for key, proof in proofs.items() if proof.ok is not True} == set()
    uses = {
        ("account/ann", "login"), ("account/bob", "login"), ("account/eve", "login"),
        ("account/ann", "wrong password"), ("account/bob", "wrong password"),
        ("account/eve", "wrong password"),
        ("account/ann", "share a file and fetch it"), ("account/bob", "upload slot"),
        ("account/ann", "make a room"), ("room/sales", "entry of eve, no member"),
        ("member/sales/ann", "enter the room"), ("member/sales/bob", "enter the room"),
        ("member/sales/bob", "read what ann wrote in the room"),
        ("member/sales/ann", "read what bob wrote in the room"),
    }  # fmt: skip
    assert set(proofs) == uses


def test_only_the_owners_own_login_is_remembered_as_accepted(company):
    marked = {key for key, proof in company().prove().items() if proof.login}
    assert marked == {("account/ann", "login"), ("account/bob", "login"), ("account/eve", "login")}


def test_a_leaver_is_refused_and_that_counts_when_a_control_was_accepted(company):
    proofs = company({**STAFF, "account/bob": {"suspended": True}}).prove()
    proof = proofs["account/bob", "login"]
    assert (proof.ok, proof.expected, proof.got) == (True, "refused", "refused")
    assert proofs["member/sales/bob", "enter the room"].ok is True


def test_a_refusal_without_control_is_unknown(company):
    proof = company({"account/bob": {"suspended": True}}).prove()["account/bob", "login"]
    assert proof.ok is None
    assert "no control account" in proof.note


def test_a_refusal_of_a_password_never_accepted_is_unknown(company):
    table = {**STAFF, "account/bob": {"suspended": True}}
    proof = company(table, before=False).prove()["account/bob", "login"]
    assert proof.ok is None
    assert "never seen to be accepted" in proof.note


def test_a_leaver_who_still_gets_in_is_a_fault(company):
    lie = {"account/bob": lambda request: replace(request, refused=True)}
    proofs = company(changes=lie).prove()
    assert proofs["account/bob", "login"].ok is False
    assert proofs["account/bob", "login"].got == "accepted"


def test_a_refused_managed_password_is_a_fault_and_stops_what_follows(company):
    wrong = {"account/bob": lambda request: replace(request, secret=lambda _ref: Secret("other"))}
    proofs = company(changes=wrong).prove()
    assert proofs["account/bob", "login"].ok is False
    assert not proofs["account/bob", "login"].login
    assert proofs["member/sales/bob", "use"].note == "its account could not log in"


def test_a_personal_password_may_have_been_changed_by_its_owner(company):
    def personal(request):
        refs = tuple(replace(ref, custody=Custody.PERSONAL) for ref in request.resource.secrets)
        item = replace(request.resource, secrets=refs)
        return replace(request, resource=item, secret=lambda _ref: Secret("the first one"))

    proof = company(changes={"account/bob": personal}).prove()["account/bob", "login"]
    assert proof.ok is None
    assert "owner may have changed" in proof.note


def test_a_password_we_do_not_hold_proves_nothing(company):
    lost = {"account/eve": lambda request: replace(request, secret=lambda _ref: None)}
    assert company(changes=lost).prove()["account/eve", "login"].ok is None


def test_a_stranger_who_gets_in_is_a_fault(company):
    table = {**STAFF, "member/sales/eve": {"affiliation": "member"}}
    keys = list(STAFF)
    proof = company(table).prove(*keys)["room/sales", "entry of eve, no member"]
    assert (proof.ok, proof.got) == (False, "accepted")


def test_in_a_moderated_room_members_listen_and_cannot_write(company):
    proofs = company({**STAFF, "room/sales": {"members_only": True, "moderated": True}}).prove()
    assert {proof.ok for proof in proofs.values()} == {True}
    assert proofs["member/sales/bob", "write in a moderated room"].got == "refused"
    assert ("member/sales/bob", "read what ann wrote in the room") in proofs
    assert ("member/sales/ann", "read what bob wrote in the room") not in proofs


def test_a_member_who_can_write_in_a_moderated_room_is_a_fault(company):
    found = company()
    told = company({**STAFF, "room/sales": {"members_only": True, "moderated": True}})
    found.table = told.table
    lax = found.world.provider.client.chat(1.0)
    lax.data["rooms"]["sales"]["moderated"] = False
    proof = found.prove(chat=lax)["member/sales/bob", "write in a moderated room"]
    assert (proof.ok, proof.got) == (False, "sent")


def test_somebody_who_may_speak_is_brought_in_for_those_who_only_listen(company, monkeypatch):
    monkeypatch.setattr(steps, "_IN_THE_HOUSE", 2)
    table = {"room/r": {"members_only": True, "moderated": True}}
    for number in range(5):
        table[f"account/u{number}"] = {"suspended": False}
        affiliation = "owner" if number == 0 else "member"
        table[f"member/r/u{number}"] = {"affiliation": affiliation}
    proofs = company(table).prove()
    assert {proof.ok for proof in proofs.values()} == {True}
    readers = {key for key, use in proofs if use == "read what u0 wrote in the room"}
    assert readers == {f"member/r/u{number}" for number in range(1, 5)}


def test_an_open_room_lets_strangers_in(company):
    proofs = company({**STAFF, "room/sales": {"members_only": False}}).prove()
    assert proofs["room/sales", "entry of eve, no member"].ok is True


def test_a_room_with_everybody_in_it_is_entered_by_a_member(company):
    table = {key: value for key, value in STAFF.items() if key != "account/eve"}
    assert company(table).prove()["room/sales", "entry of ann, a member"].ok is True


def test_one_alone_in_a_room_reads_what_it_wrote_itself(company):
    proofs = company().prove("account/ann", "member/sales/ann")
    assert proofs["member/sales/ann", "read what ann wrote in the room"].ok is True


def test_rooms_without_anybody_to_prove_them_are_unknown(company):
    proof = company().prove("room/sales")["room/sales", "use"]
    assert proof.ok is None
    assert proof.note


def test_more_people_than_fit_in_at_once_still_all_read_another(company, monkeypatch):
    monkeypatch.setattr(steps, "_IN_THE_HOUSE", 2)
    table = {"room/r": {"members_only": True}}
    for number in range(5):
        table[f"account/u{number}"] = {"suspended": False}
        table[f"member/r/u{number}"] = {"affiliation": "member"}
    proofs = company(table).prove()
    assert {proof.ok for proof in proofs.values()} == {True}
    readers = {key for key, use in proofs if use.startswith("read what")}
    assert readers == {f"member/r/u{number}" for number in range(5)}
    own = {(f"member/r/u{n}", f"read what u{n} wrote in the room") for n in range(5)}
    assert not own & set(proofs)


class Silent(FakeChat):
    async def login(self, login, password):
        await asyncio.sleep(60)


class Down(FakeChat):
    async def login(self, login, password):
        raise Undecided("the network: Connection refused")


class RefusesAll(FakeChat):
    async def login(self, login, password):
        raise Refused("not-authorized")


def test_when_time_runs_out_everything_left_is_unknown(company):
    proofs = company().prove(within=0.05, chat=Silent({}))
    assert len(proofs) == len(STAFF)
    assert {proof.ok for proof in proofs.values()} == {None}
    assert all("no time left" in proof.note for proof in proofs.values())


def test_a_server_that_is_down_proves_nothing_either_way(company):
    table = {**STAFF, "account/bob": {"suspended": True}}
    proofs = company(table).prove(chat=Down({}))
    assert {proof.ok for proof in proofs.values()} == {None}


def test_a_server_that_refuses_everybody_does_not_prove_a_leaver_gone(company):
    table = {**STAFF, "account/bob": {"suspended": True}}
    proofs = company(table).prove(chat=RefusesAll({}))
    assert proofs["account/bob", "login"].ok is None
    assert proofs["account/ann", "login"].ok is False


def test_the_fake_is_as_strict_about_messages_as_a_room():
    client = FakeClient("im1", Settings(im_domain="a.test"), None)
    token = client.read()["token"]
    ops = [{"do": "account_put", "login": "ann", "password": "p"}, {"do": "room_put", "room": "r"}]
    client.apply(ops, token=token, estate_id="e", fence=1)

    async def talk():
        person = await client.chat(1.0).login("ann", "p")
        with pytest.raises(Refused):
            await person.say("r", "hello")
        with pytest.raises(Refused):
            await person.enter("r")

    asyncio.run(talk())
