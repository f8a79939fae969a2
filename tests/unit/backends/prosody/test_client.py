"""What goes to the server: the right program with the right names; and settings that make sense."""

import pytest

from commsroom.backends import ssh
from commsroom.backends.prosody import BACKEND
from commsroom.backends.prosody.settings import Settings
from commsroom.errors import UsageError
from commsroom.estate.backend import Target, Tools


def target(tmp_path, **variables):
    return Target("im1", "192.0.2.1", "im1.test", tmp_path, variables=variables)


@pytest.fixture
def called(monkeypatch):
    """Record what would go over SSH."""
    calls = []

    def call(_self, module, function, data, *, phase, timeout):
        calls.append((module, function, data, phase, timeout))
        state = {"version": "13", "accounts": [], "rooms": []}
        return {"state": state, "token": "t", "results": [], "verifiers": {}}

    monkeypatch.setattr(ssh.Session, "call", call)
    return calls


def test_one_round_trip_reads_everything(called, tmp_path):
    provider = BACKEND.connect(target(tmp_path, im_domain="a.test"), Tools(fingerprint=str))
    assert provider.read().version == "Prosody 13"
    [(module, function, data, phase, timeout)] = called
    assert (module, function, phase) == ("commsroom.backends.prosody.on_target", "read", "read")
    assert data == {
        "socket": "/run/prosody/prosody.sock", "host": "a.test", "rooms": "rooms.a.test",
        "timeout": timeout,
    }  # fmt: skip


def test_the_companys_domain_is_the_default(called, tmp_path):
    given = target(tmp_path, commsroom_domain="a.test", im_rooms_host="chat.a.test")
    BACKEND.connect(given, Tools(fingerprint=str)).read()
    assert (called[0][2]["host"], called[0][2]["rooms"]) == ("a.test", "chat.a.test")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "im_domain"),
        ({"im_domain": ""}, "im_domain"),
        ({"im_domain": "a.test", "im_direct_tls_port": "many"}, "im_direct_tls_port"),
    ],
    ids=["no domain", "empty domain", "no number"],
)
def test_wrong_variables_are_one_line_naming_system_and_variable(tmp_path, variables, words):
    with pytest.raises(UsageError) as caught:
        BACKEND.connect(target(tmp_path, **variables), Tools(fingerprint=str))
    assert str(caught.value).startswith(f"im1: variable {words}:")
    assert "\n" not in str(caught.value)


def test_people_log_in_at_the_address_by_the_name_of_the_domain(tmp_path):
    provider = BACKEND.connect(target(tmp_path, im_domain="a.test"), Tools(fingerprint=str))
    chat = provider.client.chat(3.0)
    assert (chat.address, chat.port, chat.domain) == ("192.0.2.1", 5223, "a.test")
    assert chat.tls.check_hostname


def test_settings_ignore_what_is_not_theirs():
    assert Settings.model_validate({"im_domain": "a.test", "pbx_udp": True}).im_domain == "a.test"
