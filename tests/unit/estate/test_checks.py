"""What the facts of an inspection mean: limits at their edges, and nothing clean that could not be told."""

import importlib
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom import backends, policy
from commsroom.backends import simulated
from commsroom.estate.backend import Target
from commsroom.estate.checks import host_checks, outside_checks, wanted
from commsroom.estate.inspection import Encryption, Seen, Service, Standard

DAY = date(2026, 3, 2)
IMAPS = Service(name="imaps", port=993, encryption=Encryption.TLS)
SIEVE = Service(name="sieve", port=4190, encryption=Encryption.STARTTLS, dialogue="sieve")
RTP = Service(name="rtp", port=20000, last=20009, transport="udp", on_demand=True)
SERVICES = (IMAPS, SIEVE, RTP)


@pytest.fixture(scope="module")
def standard(pytestconfig):
    return Standard(policy.load(pytestconfig.rootpath), "mail1", DAY)


@pytest.fixture
def facts(standard):
    """All facts of a system that is as it should be."""
    seen = simulated.seen(SERVICES, {}, wanted(standard.rules), None)
    return json.loads(json.dumps({**seen.host, "outside": seen.outside}))


@pytest.fixture
def judged(standard, facts):
    """Judge the facts after a change; returns what is not good, by address, without the system."""

    def call(change=lambda _facts: None, *, security=True):
        change(facts)
        outside = facts.pop("outside")
        found = [
            *host_checks(Seen(facts), SERVICES, standard, security=security),
            *outside_checks(outside, SERVICES, standard, security=security),
        ]
        return {
            check.address.removeprefix("mail1:"): (check.ok, check.got)
            for check in found
            if check.ok is not True
        }

    return call


def test_a_sound_system_passes_and_every_pass_is_told(judged, standard, facts):
    checks = list(host_checks(Seen(facts), SERVICES, standard))
    assert {check.name for check in checks} >= {
        "disk", "inodes", "clock", "time-sync", "unit", "reboot", "lifetime", "updates", "file-mode",
        "password", "masters", "ssh", "listener", "service",
    }  # fmt: skip
    assert all(check.provenance and check.provenance.clause for check in checks)
    assert judged() == {}


def put(*path, value):
    def change(facts):
        part = facts
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "address", "ok"),
    [
        (("disks", 0, "free"), 100, None, True),
        (("disks", 0, "free"), 99, "disk//", False),
        (("disks", 0, "inodes_free"), 99, "inodes//", False),
        (("clock", "ahead"), 1.99, None, True),
        (("clock", "ahead"), -2.005, "clock/offset", None),  # within its uncertainty of the limit
        (("clock", "ahead"), -2.02, "clock/offset", False),
        (("units", "failed"), ["postfix.service"], "unit/postfix.service", False),
        (("reboot", "required"), True, "reboot/system", False),
        (("reboot", "required"), "no", "reboot/system", None),
        (("versions", "packages"), {"asterisk": "1:20.6.0~dfsg-2"}, None, True),
        (("versions", "packages"), {"asterisk": "1:18.9.0"}, "lifetime/asterisk 18", False),
        (("versions", "packages"), {"asterisk": "1:99.1"}, "lifetime/asterisk 99.1", None),
        (("versions", "system", "release"), "", "lifetime/debian", None),
        (("updates", "age"), 7 * 86400 + 1, "updates/packages", None),
        (("updates", "age"), None, "updates/packages", None),
        (("updates", "pending"), [{"package": "vim", "version": "2", "security": False}], None, True),
        (("updates", "pending"), [{"package": "vim", "version": "2", "security": True}],
         "updates/packages", False),
        (("accounts", "empty"), ["games"], "password/games", False),
        (("accounts", "default"), ["admin"], "password/admin", False),
        (("accounts", "tried"), "none: there is no crypt(3) on this server", "password/*", None),
        (("accounts", "masters"), ["root", "toor"], "masters/uid 0", False),
        (("sshd", "passwordauthentication"), "yes", "ssh/password login", False),
        (("sshd", "permitemptypasswords"), "yes", "ssh/empty passwords", False),
        (("outside", "imaps 993", "days"), 21, None, True),
        (("outside", "imaps 993", "days"), 20, "certificate/imaps 993", False),
        (("outside", "imaps 993", "verified"), False, "certificate/imaps 993", False),
        (("outside", "imaps 993", "version"), "TLSv1.1", "tls-version/imaps 993", False),
        (("outside", "imaps 993", "old", "1.0"), "accepted", "tls-old/imaps 993 TLS 1.0", False),
        (("outside", "imaps 993", "old", "1.0"), "no answer in time", "tls-old/imaps 993 TLS 1.0", None),
        (("outside", "imaps 993", "cipher"), "DES-CBC3-SHA", "tls-cipher/imaps 993", False),
        (("outside", "imaps 993", "weak", "accepted"), ["RSA_WITH_RC4_128_SHA"],
         "tls-cipher/imaps 993", False),
        (("outside", "sieve 4190", "clear"), ["PLAIN"], "clear-login/sieve 4190", False),
        (("outside", "ports", "open"), [993, 4190, 8080], "open-port/tcp 8080", False),
    ],
)  # fmt: skip
def test_each_limit_holds_at_its_edge(judged, path, value, address, ok):
    found = judged(put(*path, value=value))
    assert {key: state for key, (state, _) in found.items()} == ({address: ok} if address else {})


def test_a_plaintext_port_is_named_twice_over_as_open_and_as_plaintext(judged):
    found = judged(put("outside", "ports", "open", value=[143, 993, 4190]))
    assert set(found) == {"open-port/tcp 143", "plaintext/tcp"}


def test_without_a_security_archive_every_update_counts(judged, facts):
    facts["updates"] |= {
        "security_archive": False,
        "pending": [{"package": "vim", "version": "2", "security": False}],
    }
    assert judged()["updates/packages"] == (False, "1 wait: vim")


def test_a_listener_nobody_declared_is_named_with_its_program(judged, facts):
    facts["sockets"]["open"] += [
        {"transport": "tcp", "address": "0.0.0.0", "port": 4444, "programs": ["nc"]},
        {"transport": "tcp", "address": "127.0.0.1", "port": 5038, "programs": ["asterisk"]},
        {"transport": "udp", "address": "::", "port": 20004, "programs": ["asterisk"]},
        {"transport": "udp", "address": "::", "port": 20010, "programs": ["x"]},
    ]
    assert judged() == {
        "listener/tcp 4444 on 0.0.0.0": (False, "nc listens"),
        "listener/udp 20010 on ::": (False, "x listens"),
    }


def test_a_declared_service_that_does_not_listen_is_named(judged, facts):
    facts["sockets"]["open"] = [item for item in facts["sockets"]["open"] if item["port"] != 993]
    assert judged() == {"service/imaps 993": (False, "does not listen")}


def test_a_key_the_world_can_read_is_named_with_the_secret_it_gave_away(judged, facts, standard):
    facts["files"]["/etc/commsroom/tls/*.key"] = {
        "files": 2, "more": 0,
        "wrong": [{"path": "/etc/commsroom/tls/mail.key", "mode": "0644", "owner": "root"}],
    }  # fmt: skip
    checks = host_checks(Seen(facts), SERVICES, standard)
    (found,) = [check for check in checks if check.ok is False]
    assert (found.address, found.got) == (
        "mail1:file-mode//etc/commsroom/tls/mail.key",
        "0644, of root",
    )
    assert "rotate" in found.remedy


def test_a_stopped_time_service_is_a_fault_even_in_a_container(judged, facts):
    facts["sync"] = {
        "keepers": {"chrony.service": {"active": False, "enabled": True}},
        "synchronised": False, "zone": "", "container": "podman",
    }  # fmt: skip
    assert judged() == {"time-sync/service": (False, "chrony.service is enabled and does not run")}


def test_a_container_without_one_has_its_hosts_clock(judged, facts):
    facts["sync"] |= {"keepers": {}, "synchronised": False, "container": "podman"}
    assert judged() == {}


def test_a_machine_without_one_is_a_fault(judged, facts):
    facts["sync"] |= {"keepers": {}, "container": ""}
    assert judged()["time-sync/service"] == (False, "there is none")


def test_a_running_service_that_does_not_reach_its_source_is_a_fault(judged, facts):
    facts["sync"] |= {"synchronised": False}
    assert judged()["time-sync/service"][0] is False


def test_a_fact_that_could_not_be_had_is_unknown_and_the_others_are_judged(judged):
    found = judged(put("sockets", value={"unknown": "/proc/net/tcp: Permission denied"}))
    assert found == {"listener/*": (None, "/proc/net/tcp: Permission denied")}


def test_without_the_security_check_only_the_regular_inspection_is_told(judged, facts):
    facts["accounts"]["empty"] = ["games"]
    facts["outside"]["ports"]["open"] = [23]
    assert judged(security=False) == {}


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8)
GARBAGE = SCALARS | st.dictionaries(st.text(max_size=8), SCALARS, min_size=1, max_size=3)


@settings(
    max_examples=60,
    deadline=timedelta(seconds=2),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_an_answer_that_makes_no_sense_is_never_clean_and_hides_nothing_else(standard, facts, data):
    name = data.draw(st.sampled_from(sorted(facts.keys() - {"outside"})))
    garbage = data.draw(GARBAGE)
    names = {check.name for check in host_checks(Seen(facts), SERVICES, standard)}
    checks = list(host_checks(Seen({**facts, name: garbage}), SERVICES, standard))
    assert any(check.ok is None for check in checks)
    others = {check.name for check in host_checks(Seen({**facts, name: None}), SERVICES, standard)}
    assert others <= names
    assert {check.name for check in checks} >= others


@pytest.mark.parametrize("name", ["asterisk", "postfix_dovecot", "prosody"])
def test_a_back_ends_own_part_judges_its_simulated_server_good_and_garbage_unknown(name, standard):
    backend = backends.backend(name)
    target = Target("x", "x", "x", Path(), variables={"commsroom_domain": "lianhe.example"})
    assert backend.services(target)
    module = importlib.import_module(f"commsroom.backends.{name}.inspecting")
    good = list(backend.judge(module.SIMULATED, standard))
    assert good
    assert all(check.ok is True for check in good)
    for garbage in ({}, {"unknown": "no answer"}, dict.fromkeys(module.SIMULATED, 5)):
        bad = list(backend.judge(garbage, standard))
        assert {check.ok for check in bad} == {None}
        assert {check.name for check in bad} == {check.name for check in good}


def test_a_message_that_waits_too_long_is_named_by_its_age(standard):
    judge = backends.backend("postfix_dovecot").judge
    facts = {"queue": {"length": 1, "held": 3, "oldest": 4.5 * 3600}}
    found = {check.address: check for check in judge(facts, standard)}
    assert found["mail1:queue/age"].ok is False
    assert found["mail1:queue/age"].got == "the oldest waits for 4.5 hours"
    assert found["mail1:queue/length"].got == "1 wait, 3 more are held"


def test_a_pin_anybody_would_guess_is_named_by_its_box_alone(standard):
    judge = backends.backend("asterisk").judge
    found = {
        check.address: check for check in judge({"pins": {"boxes": 9, "weak": ["2101"]}}, standard)
    }
    assert found["mail1:password/voicemail"].got == "boxes 2101"
    assert found["mail1:password/voicemail"].provenance.clause == "5.2.2"
