"""`commsroom rotate` of the password that commsroom itself logs in to a switch with, over real SSH."""

import json

import pytest
from estate_of_switches import make, run
from fleet import fleet
from users import PASSWORD, USER
from vendors import VENDORS

from commsroom.app.choosing import Wish
from commsroom.app.estate import open_estate
from commsroom.app.rotating import rotate
from commsroom.estate.resource import Address
from commsroom.estate.rotation import Login, Phase
from commsroom.secrets.rotation import driver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OWN = f"sw000:switch_login/{USER}"
PATH = f"sw000/login/{USER}"


class Dead(BaseException):
    """The process is gone."""


class Quiet:
    """Progress that nobody watches."""

    def __getattr__(self, _name):
        return lambda *_words, **_more: None


@pytest.fixture(params=VENDORS)
def estate(request, tmp_path):
    vendor = VENDORS[request.param]
    with fleet(tmp_path, vendor.__name__, 1) as switches:
        switches.root = make(tmp_path, switches, request.param, phones=1, port=vendor.PORTS)
        network = switches.root / "policies" / "network.yml"
        network.write_text(
            network.read_text() + f"logins:\n  {USER}: {{}}\n  operator: {{level: 5}}\n"
        )
        done = run(switches.root, "apply", "--yes", "--allow-adopt", OWN)
        assert done.returncode == 0, done.stdout + done.stderr
        yield switches


def document(done):
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def failures(switches):
    return switches.users(0)[1]


def test_our_own_login_and_others_are_renewed_and_every_next_command_gets_in(estate):
    assert failures(estate) == {}
    done = run(estate.root, "rotate", "sw000:switch_login/*", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {one["phase"] for one in document(done)["rotations"]} == {"revoked"}
    assert failures(estate) == {USER: 1, "operator": 1}  # that the old one is refused was looked at
    drift = run(estate.root, "drift")
    assert drift.returncode == 0, drift.stdout + drift.stderr
    assert run(estate.root, "prove", "--only", "sw000:switch_login/*").returncode == 0
    assert failures(estate) == {USER: 1, "operator": 1}
    kept = "\n".join(path.read_text() for path in (estate.root / ".commsroom").rglob("*.txt"))
    assert "$" not in kept
    assert PASSWORD not in kept + done.stdout + drift.stdout


def test_killed_right_after_the_push_the_next_run_gets_in_and_goes_on(estate, monkeypatch):
    """The switch has the new one and nobody wrote that down: the session tries what was, then what is to be."""
    acted = driver.acted

    def killed(means, turns, intents):
        seen = acted(means, turns, intents)
        if any(type(one).__name__ == "Push" for one in intents.values()):
            raise Dead
        return seen

    with monkeypatch.context() as patch, open_estate(estate.root) as opened:
        patch.setattr(driver, "acted", killed)
        with pytest.raises(Dead):
            rotate(opened, Wish(addresses=(OWN,)), Quiet())
    with open_estate(estate.root) as opened:
        turn = opened.ledger.rotations([PATH])[PATH]
        assert turn.phase is Phase.PUSHED
        assert turn.holders[0].doing == "push"
        assert turn.holders[0].logins[1] is Login.ACCEPTED
    done = run(estate.root, "rotate", "--json", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert document(done)["rotations"][0]["phase"] == "revoked"
    assert failures(estate)[USER] <= 2


def test_a_switch_that_keeps_another_password_goes_back_and_is_never_locked(estate, monkeypatch):
    estate.tell("mangle 0")
    done = run(estate.root, "rotate", OWN, "--yes", "--json", "--wait", "0m")
    found = document(done)
    assert done.returncode in {2, 4}
    assert found["rotations"][0]["phase"] in {"pushed", "rolling-back", "rolled-back"}
    assert failures(estate)[USER] <= 2
    assert run(estate.root, "plan").returncode == 0
    with open_estate(estate.root) as opened:
        assert opened.ledger.generation_of([PATH]) == {PATH: 1}
        own = opened.ledger.recorded(Address("sw000", "switch_login", USER), "password")
        assert own is not None
        assert own.generation == 1
