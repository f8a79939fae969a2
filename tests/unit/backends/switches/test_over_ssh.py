"""Every vendor over real SSH against strict simulators: what a switch would refuse is refused here."""

import shutil

import grammar
import pytest
from fleet import fleet
from vendors import VENDORS

from commsroom.errors import SystemUnknown, UsageError
from commsroom.estate.backend import Deadlines, ProofRequest, Status
from commsroom.estate.kinds import kind_named
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import SecretRef


def resource(system, text, secrets=(), **values):
    kind, _, key = text.partition("/")
    return Resource(Address(system, kind, key), kind_named(kind)(**values), secrets)


def wanted(system, port, *, voice=20, mac="80:5e:c0:9b:34:ca"):
    return [
        resource(system, "switch_vlan/10", name="data"),
        resource(system, f"switch_vlan/{voice}", name="voice"),
        resource(
            system,
            f"switch_port/{port}",
            description="LH-P001 wei.wang",
            access_vlan=10,
            voice_vlan=voice,
            lldp_med=True,
            poe=True,
            max_macs=2,
            secure_macs=(mac,),
        ),
        resource(
            system, "switch_services/device", ntp=("192.0.2.1",), syslog=("192.0.2.2",),
            ssh_only=True, lldp=True,
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module", params=VENDORS)
def switches(request, tmp_path_factory):
    vendor = VENDORS[request.param]
    with fleet(tmp_path_factory.mktemp(vendor.__name__), vendor.__name__, 5) as found:
        found.backend = request.param
        found.port, found.uplink = vendor.PORTS.format(7), vendor.PORTS.format(24)
        yield found


def test_policy_becomes_configuration_and_a_second_apply_has_nothing_to_do(switches):
    provider = switches.provider(switches.backend, 0)
    desired = wanted(provider.system, switches.port)
    outcomes = switches.apply(provider, switches.plan(switches.backend, provider, desired))
    assert {(item.status, item.message) for item in outcomes} == {(Status.DONE, "")}
    owned = {item.address for item in desired}
    assert switches.plan(switches.backend, provider, desired, owned).changes == ()
    proofs = list(provider.prove([ProofRequest(item, lambda ref: None) for item in desired]))
    assert [proof.got for proof in proofs] == ["saved"] * 4


def test_what_was_there_by_hand_survives_and_rollback_leads_home(switches):
    provider = switches.provider(switches.backend, 1)
    before = provider.dialect.configuration(_texts(provider))
    desired = wanted(provider.system, switches.port)
    switches.apply(provider, switches.plan(switches.backend, provider, desired))
    owned = {item.address for item in desired}
    switches.apply(provider, switches.plan(switches.backend, provider, [], owned))
    after = provider.dialect.configuration(_texts(provider))
    assert _by_hand(after) == _by_hand(before)
    kept = sorted((switches.folder / ".commsroom" / "rollback" / provider.system).iterdir())
    assert len(kept) == 2
    assert kept[0].stat().st_mode & 0o077 == 0


def _texts(provider):
    with provider.client.session() as session:
        return session.read()


def _by_hand(config):
    ours = (
        "alias exec commsroom", "alias commsroom", "acl number 2999",
        "line vty", "user-interface vty", "management telnet",
    )  # fmt: skip
    return {key: lines for key, lines in config.sections.items() if not key.startswith(ours)}


def test_a_refused_command_is_told_in_the_switchs_own_words_and_the_rest_is_done(switches):
    provider = switches.provider(switches.backend, 2)
    missing = switches.port.removesuffix("7") + "99"
    desired = [*wanted(provider.system, missing), *wanted(provider.system, switches.port)[2:3]]
    outcomes = switches.apply(provider, switches.plan(switches.backend, provider, desired))
    wrong = [item for item in outcomes if item.status is not Status.DONE]
    assert [item.address.key for item in wrong] == [missing]
    assert (
        "'^'" in wrong[0].message or "Error:" in wrong[0].message or "Invalid" in wrong[0].message
    )


def test_an_uplink_is_sealed(switches):
    provider = switches.provider(switches.backend, 2)
    assert Address(provider.system, "switch_port", switches.uplink) in provider.read().sealed


def test_a_hang_is_unknown_within_the_deadline(switches):
    provider = switches.provider(switches.backend, 3, Deadlines(connect=1.5, read=1, apply=1))
    switches.tell("3 hang after 3")
    with pytest.raises(SystemUnknown, match=r"hangs|no answer|prompt"):
        provider.read()
    switches.tell("3 none")


def test_a_cut_in_mid_configuration_is_settled_by_looking_again(switches):
    provider = switches.provider(switches.backend, 4)
    desired = wanted(provider.system, switches.port)
    plan = switches.plan(switches.backend, provider, desired)
    switches.tell("4 cut after 14")
    outcomes = switches.apply(provider, plan)
    assert {item.status for item in outcomes} <= {Status.UNKNOWN, Status.FAILED, Status.DONE}
    assert {item.status for item in outcomes} & {Status.UNKNOWN, Status.FAILED}
    switches.tell("4 none")
    again = switches.apply(provider, switches.plan(switches.backend, provider, desired))
    assert {item.status for item in again} == {Status.DONE}


def test_an_unknown_host_key_is_refused(switches, tmp_path):
    provider = switches.provider(switches.backend, 0)
    known = tmp_path / "known"
    shutil.copy(switches.known, known)
    switches.known.write_text("")
    try:
        with pytest.raises(SystemUnknown, match="host key"):
            provider.read()
    finally:
        shutil.copy(known, switches.known)


def test_a_password_file_others_can_read_is_refused(switches):
    switches.password.chmod(0o644)
    try:
        with pytest.raises(UsageError, match="others can read"):
            switches.provider(switches.backend, 0).read()
    finally:
        switches.password.chmod(0o600)


def test_an_snmp_user_is_made_and_its_words_are_nowhere(tmp_path):
    with fleet(tmp_path, "ios", 1) as found:
        provider = found.provider("cisco_ios")
        refs = tuple(SecretRef(f"sw0/{slot}", slot) for slot in ("snmp_auth", "snmp_priv"))
        want = [resource("sw0", "switch_services/device", refs, lldp=True, snmp_user="commsroom")]
        outcomes = found.apply(provider, found.plan("cisco_ios", provider, want))
        assert [item.status for item in outcomes] == [Status.DONE]
        assert provider.read().resources[want[0].address].body.snmp_user == "commsroom"
        kept = [item.read_text() for item in (tmp_path / ".commsroom").rglob("*.txt")]
        assert "word-of-the-test" not in repr([outcomes, kept, provider])


REFUSED = [
    pytest.param(vendor, lines, said, id=f"{name}: {', '.join(lines)}")
    for name, vendor in VENDORS.items()
    for lines, said in vendor.REFUSED
]


@pytest.mark.parametrize(("vendor", "lines", "said"), REFUSED)
def test_the_simulators_refuse_what_the_real_ones_refuse(vendor, lines, said):
    session = vendor.Cli(vendor.Device("SW"))
    answers = [session.answer(line) for line in lines]
    assert said in answers[-1]
    assert not any("Error" in item or "%" in item for item in answers[:-1]), answers


def test_a_word_cut_short_is_understood_while_it_is_unique():
    assert grammar.parse("sh run", ("show running-config", "show version")) == [
        "show",
        "running-config",
    ]
    with pytest.raises(grammar.Refusal, match="ambiguous"):
        grammar.parse("sh ver", ("show version", "show verify"))
