"""Prosody as it really is: the back end's cases, odd names, proofs and failures on the lab's im1.

Everything made here has a name of its own (`live-…`) and is deleted again; what else is on the server,
such as the sample company, is foreign to these tests and must survive them.
"""

from __future__ import annotations

import asyncio
import socket
from importlib.resources import files
from types import MappingProxyType

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_server import OneServer

from commsroom.backends.prosody import BACKEND
from commsroom.backends.prosody.proof.chat import Refused, Undecided
from commsroom.backends.prosody.proof.xmpp import Server
from commsroom.errors import FenceRefused, SystemUnknown
from commsroom.estate.backend import Batch, Status
from commsroom.estate.kinds import kind_named
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef

pytestmark = pytest.mark.lab

HOST = "198.18.7.13"
DOMAIN = "lianhe.example"
CASES = {
    item.name: item for item in files("commsroom.backends.prosody").joinpath("cases").iterdir()
}
COLLEAGUES = {
    "account/ann": {"display_name": "Ann", "file_sharing": True, "suspended": False},
    "account/bob": {"display_name": "Bob", "file_sharing": False, "suspended": False},
    "account/eve": {"display_name": "Eve", "suspended": False},
    "room/sales": {"title": "Sales", "members_only": True, "moderated": True},
    "member/sales/ann": {"affiliation": "owner"},
    "member/sales/bob": {"affiliation": "member"},
}


def secret(ref):
    return Secret(f"word of {ref.path}")


def live(key):
    """Give `member/sales/ann` names of our own: `member/live-sales/live-ann`."""
    kind, *parts = key.split("/")
    return "/".join([kind, *(f"live-{part}" for part in parts)])


def at(key):
    return Address.parse(f"im1:{live(key)}")


def resource(key, values):
    address = at(key)
    refs = (SecretRef(f"{address.key}/im", "password", generation=1),)
    room, _, login = address.key.partition("/")
    needs = {Address("im1", "room", room), Address("im1", "account", login)}
    return Resource(
        address,
        kind_named(address.kind)(**values),
        refs if address.kind == "account" else (),
        needs=frozenset(needs) if address.kind == "member" else frozenset(),
    )


def resources(table):
    return [resource(key, values) for key, values in table.items()]


class World(OneServer):
    """The lab's chat server."""

    backend, system, host, tls_name = BACKEND, "im1", HOST, f"im1.{DOMAIN}"
    variables = MappingProxyType({"im_domain": DOMAIN})
    secret = staticmethod(secret)

    def applied(self, applied):
        assert applied.left == self.provider.read()  # an apply reads no second time


@pytest.fixture
def world(estate):
    found = World(estate)
    before = found.provider.read().resources
    yield found
    after = found.provider.read().resources
    found.owned = {key for key in after if "live-" in key.key}
    if found.owned:
        found.converge([])
        after = found.provider.read().resources
    assert after == before


@pytest.fixture
def chat(world):
    return world.provider.client.chat(5.0)


@pytest.mark.parametrize("name", sorted(CASES))
def test_case_comes_true_on_the_real_server(world, name):
    case = yaml.safe_load(CASES[name].read_text("utf-8"))
    world.converge(resources(case["existing"]))
    world.owned = {at(key) for key in case["owned"]}
    desired = resources(case["desired"])
    mine = {at(key) for key in case["owned"]} | {item.address for item in desired}

    world.converge(desired)

    foreign = {key for key in world.plan(desired).foreign if "live-" in key.key}
    assert foreign == {at(key) for key in case["existing"]} - mine


def test_any_name_comes_back_exactly(world):
    text = st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=80,
    )
    odd = [
        "] ; \" , $HOME \\ ' ",
        "<b>&amp;]]></b>",
        "王小明 😀",
        " leading",
        "%s %d %%",
        "\u202eabc",
    ]

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(text, min_size=25, max_size=25))
    def check(names):
        table = {}
        for number, name in enumerate([*odd, *names]):
            table[f"account/u{number}"] = {"display_name": name, "suspended": False}
            table[f"room/r{number}"] = {"title": name}
        world.converge(resources(table))

    check()


def test_everybody_can_do_what_policy_says_and_nothing_else(world):
    desired = resources(COLLEAGUES)
    world.converge(desired)
    proofs = world.prove(desired)
    assert [proof for proof in proofs if proof.ok is not True] == []
    assert {f"{proof.address.kind} {proof.use}" for proof in proofs} == {
        "account login", "account wrong password", "account share a file and fetch it",
        "account upload slot", "account make a room", "room entry of live-eve, no member",
        "member enter the room", "member read what live-ann wrote in the room",
        "member write in a moderated room",
    }  # fmt: skip


def test_a_leaver_is_out_at_once_and_stays_out(world, chat):
    world.converge(resources(COLLEAGUES))
    closed = {**COLLEAGUES, "account/bob": {"display_name": "Bob", "suspended": True}}
    del closed["member/sales/bob"]

    async def leave_while_logged_in():
        person = await chat.login("live-bob", "word of live-bob/im")
        await person.enter("live-sales")
        await asyncio.to_thread(world.converge, resources(closed))
        with pytest.raises(Undecided, match=r"closed|ended"):
            await person.share(fetch=False)
        await person.leave()

    asyncio.run(leave_while_logged_in())
    proofs = {(p.address, p.use): p for p in world.prove(resources(closed))}
    gone = proofs[at("account/bob"), "login"]
    assert (gone.ok, gone.note) == (True, "account-disabled")

    world.converge(resources(COLLEAGUES))
    back = {(p.address, p.use): p for p in world.prove(resources(COLLEAGUES))}
    assert back[at("account/bob"), "login"].ok is True


def test_a_password_set_by_hand_is_drift_of_exactly_that(world):
    desired = resources(COLLEAGUES)
    world.converge(desired)
    world.on_server(f"prosodyctl shell user password live-ann@{DOMAIN} by-hand-now")
    [change] = world.plan(desired).changes
    assert (change.address, change.fields) == (at("account/ann"), ("secret:password",))
    world.converge(desired)
    assert all(proof.ok for proof in world.prove(desired))


def test_what_an_administrator_does_in_the_shell_is_seen(world):
    desired = resources(COLLEAGUES)
    world.converge(desired)
    world.on_server(f"""
        prosodyctl shell user create live-made-by-hand@{DOMAIN} some-word
        prosodyctl shell user disable live-eve@{DOMAIN}
        prosodyctl shell 'muc:room("live-sales@rooms.{DOMAIN}"):set_affiliation(true, "live-bob@{DOMAIN}", nil)'
    """)
    plan = world.plan(desired)
    found = {(str(item.action), item.address, item.fields) for item in plan.changes}
    assert found == {
        ("update", at("account/eve"), ("suspended",)),
        ("create", at("member/sales/bob"), ("affiliation",)),
    }
    assert at("account/made-by-hand") in plan.foreign


def test_an_answer_longer_than_prosody_sends_at_a_time_arrives_whole(world):
    # Of a first write over 4 MiB its event loop forgets what was not taken at once.
    crowd = {
        f"account/crowd{n}": {"display_name": f"{n} {chr(34) * 500}", "suspended": False}
        for n in range(1300)
    }
    world.converge(resources(crowd))
    names = [
        item.body.display_name
        for item in world.provider.read().resources.values()
        if item.address.kind == "account"
    ]
    # A quotation mark of JSON in XML takes seven bytes.
    assert sum(7 * name.count(chr(34)) for name in names if name) > 4 << 20
    world.converge(resources(COLLEAGUES))


def test_an_apply_whose_lock_was_broken_cannot_write(world):
    plan = world.plan(resources(COLLEAGUES))
    world.provider.apply(Batch([], plan.tokens["im1"], secret, "live-fence", 9))
    with pytest.raises(FenceRefused):
        world.provider.apply(Batch(plan.changes, plan.tokens["im1"], secret, "live-fence", 8))
    world.on_server("rm /var/lib/commsroom/prosody-live-fence.fence")


#: Asks for a membership with more to come, says whether the room's file has it, then what `{then}` does, and again.
HALF_AN_APPLY = """
import json, os, socket, subprocess, time
line = socket.socket(socket.AF_UNIX)
line.connect("/run/prosody/prosody.sock")
op = {{"do": "member_put", "room": "live-sales", "login": "live-eve", "affiliation": "member"}}
request = {{"do": "apply", "host": "{domain}", "rooms": "rooms.{domain}", "ops": [op], "more": True}}
line.sendall(b"<?xml version='1.0'?><stream:stream xmlns='xmpp:prosody.im/admin'"
             b" xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
             b"<request xmlns='urn:commsroom:1'>" + json.dumps(request).encode() + b"</request>")
heard = b""
while b"</response>" not in heard:
    heard += line.recv(4096)
assert b"true" in heard, heard

def saved():
    with open("/var/lib/prosody/rooms%2elianhe%2eexample/config/live%2dsales.dat") as file:
        return "live-eve@" in file.read()

print(saved())
{then}
until = time.monotonic() + {seconds}
while not saved() and time.monotonic() < until:
    time.sleep(0.05)
print(saved())
"""


@pytest.mark.parametrize(
    ("then", "seconds"),
    [
        ("line.close()", 2),  # long before its time is over
        ("pass", 8),
        ('subprocess.run(["systemctl", "restart", "prosody"], check=True)', 2),
    ],
    ids=["the connection is lost", "nobody says more", "the server stops"],
)
def test_a_room_that_waits_to_be_saved_is_saved_when(world, then, seconds):
    world.converge(resources(COLLEAGUES))
    program = HALF_AN_APPLY.format(domain=DOMAIN, then=then, seconds=seconds)
    said = world.on_server(
        f"python3 - <<'END'\n{program}\nEND\n"
        "until [ -S /run/prosody/prosody.sock ]; do sleep 0.1; done"
    )
    assert said.split() == ["False", "True"]  # it did wait
    assert at("member/sales/eve") in world.plan(resources(COLLEAGUES)).foreign


def test_a_membership_whose_room_cannot_be_saved_has_failed(world):
    table = {f"account/u{n:02}": {"suspended": False} for n in range(60)}
    table["room/sales"] = {"title": "Sales", "members_only": True}
    world.converge(resources(table))
    table |= {f"member/sales/u{n:02}": {"affiliation": "member"} for n in range(60)}
    plan = world.plan(resources(table))
    folder = "/var/lib/prosody/rooms%2elianhe%2eexample/config"
    restart = (
        "systemctl restart prosody; until [ -S /run/prosody/prosody.sock ]; do sleep 0.1; done"
    )
    world.on_server(f"mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}; {restart}")
    try:
        outcomes = world.apply(plan)
        assert {item.status for item in outcomes} == {Status.FAILED}  # in the first parcel, too
        assert {item.message for item in outcomes} == {"Error saving to storage"}
    finally:
        world.on_server(f"umount -l {folder}; {restart}")


def test_a_stopped_server_is_unknown_with_a_reason(world):
    world.on_server("systemctl stop prosody")
    try:
        with pytest.raises(SystemUnknown, match="Prosody does not answer"):
            world.provider.read()
        item = resource("account/ann", {"suspended": False})
        [proof] = world.prove([item])
        assert proof.ok is None
    finally:
        world.on_server(
            "systemctl start prosody; until [ -S /run/prosody/prosody.sock ]; do sleep 0.1; done"
        )


def test_a_full_disk_fails_what_did_not_fit_and_keeps_the_rest(world):
    folder = "/var/lib/prosody/lianhe%2eexample/accounts"
    restart = (
        "systemctl restart prosody; until [ -S /run/prosody/prosody.sock ]; do sleep 0.1; done"
    )
    world.on_server(
        f"mount -t tmpfs -o size=80k,mode=700,uid=$(id -u prosody) tmpfs {folder}; {restart}"
    )
    try:
        table = {f"account/u{number:02}": {"suspended": False} for number in range(40)}
        plan = world.plan(resources(table))
        outcomes = world.apply(plan)
        failed = {item.address for item in outcomes if item.status is Status.FAILED}
        assert failed
        assert failed != {item.address for item in outcomes}
        assert not failed & set(world.provider.read().resources)
        message = next(item.message for item in outcomes if item.status is Status.FAILED)
        assert message == "Error saving to storage"  # Prosody's own words; its log says more
    finally:
        world.on_server(f"umount -l {folder}; {restart}")
        world.owned.clear()


@pytest.mark.parametrize("ca", [None, "other"], ids=["no authority", "another's name"])
def test_a_certificate_that_does_not_fit_is_not_accepted(world, ca):
    domain = DOMAIN if ca is None else "elsewhere.example"
    server = Server(
        address=HOST,
        port=5223,
        domain=domain,
        rooms="r",
        ca=None if ca is None else world.ca,
        timeout=5,
    )
    with pytest.raises(Undecided, match=r"certificate|unrecognized name"):
        asyncio.run(server.login("live-ann", "x"))


def test_nothing_is_said_before_encryption(world):
    header = (
        f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client'"
        " xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>"
    with socket.create_connection((HOST, 5222), 5) as plain:
        plain.sendall(header.encode())
        offered = b""
        while b"</stream:features>" not in offered:
            offered += plain.recv(4096)
        plain.sendall(auth.encode())
        answer = plain.recv(4096)
    assert b"<required/>" in offered
    assert b"mechanism" not in offered
    assert (
        b"encryption-required" in answer
        or b"policy-violation" in answer
        or b"stream:error" in answer
    )


@pytest.mark.parametrize(
    "port", [5269, 5280, 5347, 5582], ids=["s2s", "http", "component", "telnet"]
)
def test_no_other_door_is_open(world, shut, port):
    shut(world.on_server, HOST, port)


def test_prosody_itself_finds_nothing_wrong_with_its_configuration(world):
    assert "All checks passed" in world.on_server("prosodyctl check config")


def test_nobody_can_register_without_the_company(chat):
    with pytest.raises(Refused):
        asyncio.run(chat.login("live-nobody", "x"))
