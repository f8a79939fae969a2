"""An estate in which half of the switches behave oddly: one clear line each, exit code 4, and the others are served."""

import json

import odd
import pytest
from estate_of_switches import make, run
from fleet import fleet
from users import PASSWORD

from commsroom.backends.network_cli.config import Block

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

#: What is said of each that cannot be read, whatever the command.
LOST = {
    "garbage": "no configuration to its end",
    "paging": "no configuration to its end",
    "endless": "its answer does not end",
    "refuses": "refused our login",
    "hangs": "it hangs",
}
WRONG = "not-the-word"


def system(oddity):
    return f"sw{odd.ODDITIES.index(oddity):03}"


SERVED = {system(name) for name in odd.ODDITIES if name not in LOST}
UNKNOWN = {system(name): said for name, said in LOST.items()}


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    with fleet(folder, "odd", len(odd.ODDITIES)) as switches:
        (folder / "other").write_text(f"{WRONG}\n")
        (folder / "other").chmod(0o600)
        switches.root = make(folder, switches, "cisco_ios", phones=1)
        hosts = switches.root / "inventory" / "hosts.yml"
        inventory = json.loads(hosts.read_text())
        variables = inventory["all"]["children"]["commsroom"]["hosts"]
        variables[system("refuses")]["switch_password_file"] = str(folder / "other")
        hosts.write_text(json.dumps(inventory))
        switches.tell(f"{odd.ODDITIES.index('hangs')} hang after 4")
        yield switches


def require_clean(done):
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert WRONG not in said
    assert PASSWORD not in said


def require_told(found):
    """Require that each that is unknown is so for its own reason, in one line that a terminal can show."""
    assert set(found) == set(UNKNOWN)
    for name, said in UNKNOWN.items():
        assert said in found[name]
        assert found[name].isprintable()


def test_a_plan_is_whole_for_the_others_and_ends_with_4(estate):
    done = run(estate.root, "plan", "--json", "--detailed-exitcode")
    require_clean(done)
    assert done.returncode == 4
    document = json.loads(done.stdout)
    require_told(document["unknown"])
    assert {item["address"].partition(":")[0] for item in document["changes"]} == SERVED


def test_an_apply_changes_the_others_and_sends_nothing_to_what_it_could_not_read(estate):
    done = run(estate.root, "apply", "--yes")
    require_clean(done)
    assert done.returncode == 4
    lines = done.stdout.splitlines()
    assert not [line for line in lines if not line.isprintable()]
    for name, said in UNKNOWN.items():
        # Told with the plan, and with what was read again: the same line.
        assert len({line for line in lines if name in line and said in line}) == 1, name
    for number in range(len(odd.ODDITIES)):
        told = estate.log(number)
        if f"sw{number:03}" in SERVED:
            assert "switchport voice vlan 20" in estate.running(number)
            assert "write memory" in told
        else:
            assert not [line for line in told if line.startswith("configure")]


def test_drift_of_one_is_told_beside_those_that_are_unknown_and_unknown_is_never_clean(estate):
    with estate.provider("cisco_ios", 0).client.session() as session:
        block = Block(("interface Gi1/0/1", "no switchport voice vlan", "exit"), ())
        session.configure([block], revert="", done=lambda number, refused: None)
    done = run(estate.root, "drift", "--json")
    require_clean(done)
    assert done.returncode == 4
    found = json.loads(done.stdout)["findings"]
    require_told({item["system"]: item["text"] for item in found if item["kind"] == "unknown"})
    drifted = {item["address"] for item in found if item["kind"] == "drift"}
    assert drifted == {"sw000:switch_port/Gi1/0/1"}
