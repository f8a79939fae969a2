"""The life of equipment travels in a baseline: a check without the ledger moves no telephone either."""

import json
import shutil
import subprocess
import time
from datetime import UTC, date, datetime

import jsonschema
import pytest

from commsroom.app import registering
from commsroom.app.estate import open_estate
from commsroom.estate.register import Entry, Standing, Step, upkeep
from commsroom.ledger import Ledger
from commsroom.ledger import baseline as form
from commsroom.policy.devices import DeviceState

HEADER = (
    "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port\n"
)
ROWS = """\
T-1,phone,Yealink,T54W,S1,80:5e:c0:00:00:01,2024-03-11,2027-03-10,5200,home,P1,issued,sw1:Gi1/0/1
T-2,phone,Yealink,T54W,S2,805e.c000.0002,2025-03-11,2028-03-10,5400,home,,stock,
T-3,phone,Snom,D785,S3,80-5E-C0-00-00-03,2018-01-08,2020-01-07,4800,home,P2,issued,sw1:Gi1/0/3
"""
EQUIPMENT = """\
---
maintenance:
  cleaning: {task: Clean it, kinds: [phone], every: 1y, since: 2025-01-01}
"""
LOOK = ("inspect", "--only", "equipment:*", "--no-use", "--json")


@pytest.fixture
def lived(fresh, monkeypatch):
    """An estate whose devices lived: one went out, one broke, one was cleaned."""
    monkeypatch.delenv("COMMSROOM_LEDGER", raising=False)
    (fresh.path / "policies/devices.csv").write_text(HEADER + ROWS)
    (fresh.path / "policies/equipment.yml").write_text(EQUIPMENT)
    for words in (
        ("issue", "T-2", "P3", "--on", "2026-01-05"),
        ("done", "T-2", "T-3", "--task", "cleaning", "--on", "2026-01-06"),
        ("fault", "T-1", "--reason", "no sound", "--on", "2026-01-07"),
    ):
        assert fresh("device", *words, simulated=False).code == 0
    return fresh


@pytest.fixture
def checkout(lived, tmp_path):
    """The same as CI has it: a signed baseline, and neither ledger nor key."""
    key = tmp_path / "wei"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
    file = lived.path / "baseline.json"
    done = lived("ledger", "export", "--baseline", file, "--sign", key, "--json", simulated=False)
    assert done.code == 0, done.err
    (lived.path / "policies/baseline-signers").write_text(f"{done.document['signers_line']}\n")
    with_ledger = lived(*LOOK, "--as-of", "2026-03-02", simulated=False).document["checks"]
    shutil.rmtree(lived.path / ".commsroom")
    lived.file, lived.with_ledger = file, with_ledger
    return lived


def test_an_inspection_with_it_says_what_one_with_the_ledger_says(checkout):
    done = checkout(*LOOK, "--as-of", "2026-03-02", "--baseline", checkout.file, simulated=False)
    assert done.code == 2, done.err
    of_losses = [item for item in checkout.with_ledger if item["name"] == "lost"]
    assert len(of_losses) == 1, "a baseline does not carry losses, and says nothing of them"
    rest = [item for item in checkout.with_ledger if item not in of_losses]
    assert done.document["checks"] == rest
    told = {item["address"]: item["got"] for item in done.document["checks"] if not item["ok"]}
    assert told == {"equipment:fault/T-1": "open since 2026-01-07: no sound"}


def test_a_row_edited_by_hand_is_told_with_it(checkout):
    (checkout.path / "policies/devices.csv").write_text(
        HEADER + ROWS
    )  # as before it was handed out
    words = ("inspect", "--only", "equipment:register/*", "--no-use", "--json")
    done = checkout(*words, "--baseline", checkout.file, simulated=False)
    assert done.code == 2
    assert {item["address"] for item in done.document["checks"]} == {
        "equipment:register/T-1 state",
        "equipment:register/T-2 state",
        "equipment:register/T-2 holder",
    }


def test_what_is_compiled_with_it_stands_where_the_ledger_said(checkout):
    """As drift and plan see policy: the telephone of a row edited by hand stays on its desk."""
    (checkout.path / "policies/devices.csv").write_text(HEADER + ROWS.replace(",P1,", ",P4,"))
    with open_estate(checkout.path, baseline=checkout.file) as estate:
        devices = {item.asset_tag: item for item in registering.present(estate).devices}
    assert [devices[tag].holder for tag in ("T-1", "T-2", "T-3")] == ["P1", "P3", "P2"]
    assert devices["T-1"].state == "repair"


@pytest.mark.slow
def test_fifty_thousand_lives_travel_in_seconds(tmp_path):
    at = Standing(DeviceState.ISSUED, "P1", "home", "")
    day = date(2026, 3, 2)
    steps = [
        Entry(tag=f"T-{number}", step=Step.MAINTAINED, day=day, before=at, after=at,
              details={"task": "cleaning"})
        for number in range(50_000)
    ]  # fmt: skip
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        ledger.record_steps(steps, {}, actor="wei@ops1")
        started = time.monotonic()
        taken = form.taken(
            ledger, name="Small", by="wei@ops1", at=datetime.now(UTC), expires=None, simulated=False
        )
        read = form.Baseline.model_validate_json(form.written(taken))
        with form.remembered(read, tmp_path / "baseline.db") as again:
            assert again.lives() == ledger.lives()
        assert upkeep.done(read.upkeep()) == upkeep.done(steps)
        assert time.monotonic() - started < 30


def test_its_devices_are_of_the_documented_form(checkout, pytestconfig):
    form = json.loads((pytestconfig.rootpath / "docs/reference/baseline.schema.json").read_text())
    content = json.loads(checkout.file.read_text("utf-8"))
    jsonschema.validate(content, form)
    assert [item["tag"] for item in content["devices"]] == ["T-1", "T-2", "T-3"]
    assert content["devices"][0]["fault"] == {"day": "2026-01-07", "reason": "no sound"}
    assert content["devices"][1]["done"] == [{"task": "cleaning", "day": "2026-01-06"}]
    assert checkout.file.read_text("utf-8").count('\n  {"tag"') == 3  # a line a device, for Git


def test_probe_accounts_cannot_be_used_with_it(checkout):
    done = checkout("inspect", "--baseline", checkout.file, simulated=False)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert "add --no-use" in done.err
