"""Postfix and Dovecot as they really are: the back end's cases, odd names, proofs and failures on mail1.

Everything made here has a name of its own (`live-…`) and is deleted again; what else is on the server,
such as the sample company, is foreign to these tests and must survive them.
"""

from __future__ import annotations

import dataclasses
import re
import socket
import ssl
from importlib.resources import files

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_server import OneServer

from commsroom.backends.postfix_dovecot import BACKEND
from commsroom.backends.postfix_dovecot.wire import Login, NoEntry, Unanswered
from commsroom.errors import FenceRefused, SystemUnknown
from commsroom.estate.backend import Batch, Status
from commsroom.estate.kinds import kind_named
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef

pytestmark = pytest.mark.lab

HOST = "198.18.7.12"
DOMAIN = "lianhe.example"
NAME = "王 ] ; \" , $HOME \\ ' : % # 偉 😀"
CASES = {
    item.name: item
    for item in files("commsroom.backends.postfix_dovecot").joinpath("cases").iterdir()
}


def person(name, **values):
    body = {
        "display_name": NAME,
        "quota_bytes": 10**9,
        "aliases": [],
        "suspended": False,
        "receives": True,
    }
    return {f"mailbox/{name}@a.test": {**body, **values}}  # fmt: skip


COLLEAGUES = {
    **person("ann"), **person("bob"), **person("eve"),
    "shared_mailbox/contact@a.test": {"title": NAME, "custodian": "ann", "quota_bytes": 0, "suspended": False},
    "grant/contact@a.test/ann": {"rights": ["read", "receive", "send"]},
    "grant/contact@a.test/bob": {"rights": ["read"]},
    "list/sales@a.test": {"title": NAME, "members": ["ann@a.test", "bob@a.test"], "posters": "members"},
}  # fmt: skip


def secret(ref):
    return Secret(f"word of {ref.path}")


def live(text):
    """Give `contact@a.test/ann` names of our own: `live-contact@lianhe.example/live-ann`."""
    if not isinstance(text, str) or text == NAME:
        return text
    return re.sub(r"\b([a-z.]+)@a\.test(/)?", rf"live-\1@{DOMAIN}\2live-", text + "\0").replace(
        "live-\0", ""
    ).replace("\0", "").replace(f"@{DOMAIN}live-", f"@{DOMAIN}")  # fmt: skip


def at(key):
    return Address.parse(f"mail1:{live(key)}")


def resource(key, values):
    address = at(key)
    body = {
        name: tuple(live(one) for one in value) if isinstance(value, list) else value
        for name, value in values.items()
        if name != "secrets"
    }
    # A spare slot holds something only while a rotation lasts, so a case that does not name it has none.
    slots = values.get("secrets", ["password"]) if address.kind.endswith("mailbox") else []
    box = address.key.partition("/")[0]
    return Resource(
        address,
        kind_named(address.kind)(**body),
        tuple(SecretRef(f"{address.key}/{slot}", slot, generation=1) for slot in slots),
        needs=frozenset({Address("mail1", "shared_mailbox", box)} if "/" in address.key else ()),
    )


def resources(table):
    return [resource(key, values) for key, values in table.items()]


class World(OneServer):
    """The lab's mail server."""

    backend, system, host, tls_name = BACKEND, "mail1", HOST, f"mail1.{DOMAIN}"
    secret = staticmethod(secret)

    @property
    def client(self):
        return self.provider.client

    def login(self, name):
        return Login(f"live-{name}@{DOMAIN}", Secret(f"word of live-{name}@{DOMAIN}/password"))


@pytest.fixture
def world(estate):
    found = World(estate)
    before = found.provider.read().resources
    yield found
    found.owned = {key for key in found.provider.read().resources if "live-" in key.key}
    found.converge([])
    assert found.provider.read().resources == before


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
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=80
    )

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(text, min_size=25, max_size=25))
    def check(names):
        table = {}
        for number, name in enumerate([NAME, " leading", "%s %d %%", "trailing ", *names]):
            letter = f"u{chr(97 + number % 26)}{chr(97 + number // 26)}"
            table |= person(letter, display_name=name)
            table[f"list/l{letter}@a.test"] = {"title": name, "members": [], "posters": "anyone"}
        world.converge(resources(table))

    check()


def test_everybody_can_do_what_policy_says_and_nothing_else(world):
    desired = resources(COLLEAGUES)
    world.converge(desired)
    assert [proof for proof in world.prove(desired) if proof.ok is not True] == []


def closed(name):
    return [
        dataclasses.replace(one, body=dataclasses.replace(one.body, suspended=True))
        if one.address == at(f"mailbox/{name}@a.test") else one
        for one in resources(COLLEAGUES)
    ]  # fmt: skip


def test_a_leaver_is_out_at_once_even_with_a_session_open_and_mail_still_arrives(world):
    world.converge(resources(COLLEAGUES))
    post, inboxes = world.client._post, world.client._inboxes
    name, ann = world.login("bob").name, world.login("ann")
    inbox, _ = inboxes._entered(world.login("bob"))
    with post._submission(world.login("bob")) as outbox:
        world.converge(closed("bob"))
        with pytest.raises(inbox.abort):
            inbox.noop()
        inbox.shutdown()
        outbox.docmd(f"MAIL FROM:<{name}>")
        assert outbox.docmd(f"RCPT TO:<{ann.name}>")[0] == 554
    assert world.client.submit(ann, ann.name, [name], "<live-1@test>").accepted
    proofs = [one for one in world.prove(closed("bob")) if one.address.key == name]
    assert {(one.expected, one.ok) for one in proofs} == {("refused", True)}
    world.converge(resources(COLLEAGUES))
    assert world.client.arrived(world.login("bob"), "<live-1@test>", 10)


def test_a_mailbox_kept_open_is_used_again_and_closed_in_the_end(world):
    world.converge(resources(COLLEAGUES))
    ann, client = world.login("ann"), world.client
    wrong = Login(ann.name, Secret("not it"))
    with client.kept():
        assert client.login(ann)
        [(_, kept)] = client._inboxes._idle
        assert client.submit(ann, ann.name, [ann.name], "<live-5@test>").accepted
        assert client.arrived(ann, "<live-5@test>", 10)
        assert client.open(ann, "INBOX")
        assert [one for _, one in client._inboxes._idle] == [kept]
        assert not client.login(wrong)  # a session that is open is not asked for a password
        world.on_server(f"doveadm kick {ann.name}")
        assert client.open(ann, "INBOX")  # the server ended the one that waited: another is begun
        [(_, another)] = client._inboxes._idle
    assert another.state == "LOGOUT"


def test_a_mailbox_that_receives_no_more_refuses_at_the_door(world):
    desired = resources({**COLLEAGUES, **person("eve", receives=False, aliases=["e@a.test"])})
    world.converge(desired)
    ann = world.login("ann")
    for name in ("eve", "e"):
        reply = world.client.submit(ann, ann.name, [world.login(name).name], "<live-2@test>")
        assert reply.code == 550


def test_changes_by_hand_are_drift_of_exactly_those_fields(world):
    desired = resources(COLLEAGUES)
    world.converge(desired)
    world.on_server(f"""
        set -e
        hash=$(doveadm pw -s SHA512-CRYPT -p by-hand)
        sed -i "s|^live-ann@{DOMAIN}:[^:]*|live-ann@{DOMAIN}:$hash|; s|^\\(live-bob.*\\)=1000000000B|\\1=2G|" /etc/dovecot/commsroom/users
        doveadm acl delete -u live-contact@{DOMAIN} INBOX user=live-bob@{DOMAIN}
        doveadm acl set -u live-contact@{DOMAIN} INBOX user=live-eve@{DOMAIN} lookup read write-seen
        sed -i "s|^\\(live-sales@.*\\), live-bob@{DOMAIN}|\\1|" /etc/postfix/commsroom/lists
        postmap lmdb:/etc/postfix/commsroom/lists
        echo "live-hand@{DOMAIN}:$hash::::::" >> /etc/dovecot/users
        echo "live-tea@{DOMAIN} live-ann@{DOMAIN}, live-eve@{DOMAIN}" >> /etc/postfix/virtual
        postmap lmdb:/etc/postfix/virtual
    """)  # fmt: skip
    try:
        plan = world.plan(desired)
        assert {(str(one.action), one.address, one.fields) for one in plan.changes} == {
            ("update", at("mailbox/ann@a.test"), ("secret:password",)),
            ("update", at("mailbox/bob@a.test"), ("quota_bytes",)),
            ("create", at("grant/contact@a.test/bob"), ("rights",)),
            ("update", at("list/sales@a.test"), ("members",)),
        }
        assert {key for key in plan.foreign if "live-" in key.key} == {
            at("grant/contact@a.test/eve"),
            at("mailbox/hand@a.test"),
            at("list/tea@a.test"),
        }
        world.converge(desired)
        assert world.client.login(world.login("ann"))
        assert world.client.login(Login(f"live-hand@{DOMAIN}", Secret("by-hand")))
    finally:
        world.on_server("""
            sed -i '/^live-/d' /etc/dovecot/users /etc/postfix/virtual
            postmap lmdb:/etc/postfix/virtual
        """)


def test_an_apply_whose_lock_was_broken_cannot_write(world):
    plan = world.plan(resources(COLLEAGUES))
    world.provider.apply(Batch([], plan.tokens["mail1"], secret, "live-fence", 9))
    with pytest.raises(FenceRefused):
        world.provider.apply(Batch(plan.changes, plan.tokens["mail1"], secret, "live-fence", 8))
    world.on_server("rm /var/lib/commsroom/postfix_dovecot-live-fence.fence")


def test_a_stopped_dovecot_is_unknown_with_a_reason(world):
    world.on_server("systemctl stop dovecot")
    try:
        with pytest.raises(SystemUnknown, match="Dovecot does not answer"):
            world.provider.read()
        with pytest.raises(Unanswered):
            world.client.login(world.login("ann"))
    finally:
        world.on_server(
            "systemctl start dovecot; until [ -S /run/dovecot/auth-userdb ]; do sleep 0.1; done"
        )


def test_a_full_disk_changes_nothing_and_says_so(world):
    world.converge(resources(COLLEAGUES))
    folder = "/etc/dovecot/commsroom"
    world.on_server(f"""
        set -e
        mkdir /run/live-full && mount -t tmpfs -o size=64k,mode=755 tmpfs /run/live-full
        cp -a {folder}/. /run/live-full/ && mount --bind /run/live-full {folder}
        head -c 1M /dev/zero > {folder}/filler 2>/dev/null || true
    """)
    try:
        table = {**COLLEAGUES}
        for number in range(60):
            table |= person(f"x{chr(97 + number // 26)}{chr(97 + number % 26)}")
        before = world.provider.read()
        outcomes = world.apply(world.plan(resources(table)))
        assert {(one.status, one.message) for one in outcomes} == {
            (Status.FAILED, "nothing was changed: No space left on device")
        }
        after = world.provider.read()
        assert after.resources == before.resources
        assert world.client.login(world.login("ann"))
    finally:
        world.on_server(f"umount {folder}; umount /run/live-full; rmdir /run/live-full")


def test_a_certificate_that_does_not_fit_is_not_accepted(world):
    for change in ({"ca": None}, {"tls_name": "elsewhere.example"}):
        client = world.connect(**change).client
        with pytest.raises(Unanswered, match="certificate"):
            client.login(world.login("ann"))
        with pytest.raises(Unanswered, match="certificate"):
            client.submit(world.login("ann"), "a@b.c", ["a@b.c"], "<x@y>")


@pytest.mark.parametrize("port", [110, 143, 465, 995], ids=["pop3", "imap", "smtps", "pop3s"])
def test_no_other_door_is_open(world, shut, port):
    shut(world.on_server, HOST, port)


def test_old_tls_is_refused(world):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((HOST, 993), 5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)


def test_a_wrong_password_is_refused_at_submission_too(world):
    world.converge(resources(COLLEAGUES))
    wrong = Login(world.login("ann").name, Secret("not it"))
    with pytest.raises(NoEntry, match="535"):
        world.client.submit(wrong, wrong.name, [wrong.name], "<live-3@test>")


def test_a_deleted_mailbox_leaves_its_mail_in_the_trash(world):
    world.converge(resources(COLLEAGUES))
    ann = world.login("ann")
    assert world.client.submit(ann, ann.name, [ann.name], "<live-4@test>").accepted
    assert world.client.arrived(ann, "<live-4@test>", 10, keep=True)
    assert world.client.copies(ann, ["<live-4@test>", "<never-sent@test>"], 1) == 1
    world.converge([])
    found = world.on_server(
        "grep -l live-4@test /var/vmail/.trash/*-live-ann@*/Maildir/cur/*; rm -r /var/vmail/.trash/*-live-*"
    )
    assert found.count("\n") == 1
