"""Switches take part in `commsroom inspect`: they answer, and their next start keeps what runs."""

import json

import pytest
from estate_of_switches import make, run
from fleet import fleet
from vendors import VENDORS

from commsroom.backends.network_cli.config import Block


def inspect(root):
    done = run(root, "inspect", "--only", "sw0*", "--json")
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def startup(document):
    return {item["system"]: item for item in document["checks"] if item["name"] == "startup"}


@pytest.mark.slow
@pytest.mark.parametrize("backend", VENDORS)
def test_an_estate_of_switches_is_inspected_without_probe_accounts(tmp_path, backend):
    vendor = VENDORS[backend]
    with fleet(tmp_path, vendor.__name__, 3) as switches:
        root = make(tmp_path, switches, backend, phones=1, port=vendor.PORTS)
        code, document = inspect(root)
        assert code == 0
        assert not document["findings"]
        assert {name: item["ok"] for name, item in startup(document).items()} == {
            "sw000": True, "sw001": True, "sw002": True,
        }  # fmt: skip

        # What somebody configured and did not save.
        provider = switches.provider(backend, 1)
        with provider.client.session() as session:
            block = Block((vendor.NTP,), ())
            session.configure([block], revert="", done=lambda number, refused: None)
        code, document = inspect(root)
        assert code == 2
        (wrong,) = (item for item in startup(document).values() if not item["ok"])
        assert wrong["system"] == "sw001"
        assert "switch_services/device" in wrong["got"]

        # One that lets us in and then says nothing more: unknown beats the difference.
        switches.tell("2 reset after 1")
        code, document = inspect(root)
        assert code == 4
        assert [item["system"] for item in document["findings"]] == ["sw002"]
        assert set(startup(document)) >= {"sw000", "sw001"}
