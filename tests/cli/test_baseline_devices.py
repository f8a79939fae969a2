"""The life of equipment travels in a baseline: a check without the ledger moves no telephone either."""

import json
import shutil
import subprocess
import time
from datetime import UTC, date, datetime

import jsonschema
import pytest

from commsroom.app import losses, registering
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
    assert done.document["checks"] == checkout.with_ledger
    told = {item["address"]: item["got"] for item in done.document["checks"] if not item["ok"]}
    assert told == {"equipment:fault/T-1": "open since 2026-01-07: no sound"}


def test_a_loss_that_is_open_travels_and_one_that_is_cleared_does_not(lived, pytestconfig):
    for tag in ("T-1", "T-2", "T-3"):
        words = ("device", "lost", tag, "--reason", "taxi", "--by", "P4")
        assert lived(*words, simulated=False).code in {0, 4}
    ticked = ("--ticked", "police", "--note", "report 4711", "--by", "P4")
    assert lived("device", "lost", "T-1", *ticked, simulated=False).code in {0, 4}
    assert lived("device", "found", "T-2", "--by", "P4", simulated=False).code in {0, 4}
    cleared = ("--by", "P4", "--unwiped", "never left the house")
    assert lived("device", "found", "T-3", *cleared, simulated=False).code in {0, 4}
    with open_estate(lived.path, environ={}) as estate:
        held = losses.recorded(estate)
        taken = form.taken(
            estate.ledger, name="Small", by="wei@ops1", at=datetime.now(UTC), expires=None,
            simulated=False, losses=held.values(),
        )  # fmt: skip
    document = form.written(taken)
    schema = (pytestconfig.rootpath / "docs/reference/baseline.schema.json").read_text()
    jsonschema.validate(json.loads(document), json.loads(schema))
    read = {one.report.tag: one for one in form.Baseline.model_validate_json(document).lost()}
    assert list(read) == ["T-1", "T-2"]
    for tag, one in read.items():
        for name in ("report", "at", "found", "cleared", "renewed", "ordered", "open_steps", "open_duties"):  # fmt: skip
            assert getattr(one, name) == getattr(held[tag], name), name
    assert (read["T-1"].found, read["T-2"].found) == (False, True)
    assert b"4711" not in document  # what people noted stays in the ledger
    broken = json.loads(document)
    for moment in broken["losses"][0]["moments"]:
        moment.pop("told", None)
    with pytest.raises(ValueError, match="does not say"):
        form.Baseline.model_validate(broken)


def test_an_inspection_with_it_tells_the_losses_that_are_open(lived, tmp_path):
    assert lived(
        "device", "lost", "T-1", "--reason", "taxi", "--by", "P4", simulated=False
    ).code in {0, 4}
    key, file = tmp_path / "wei", lived.path / "baseline.json"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
    line = lived(
        "ledger", "export", "--baseline", file, "--sign", key, "--json", simulated=False
    ).document
    (lived.path / "policies/baseline-signers").write_text(f"{line['signers_line']}\n")
    look = ("inspect", "--only", "equipment:lost/*", "--no-use", "--json", "--as-of", "2099-01-01")
    told = [
        lived(*look, *more, simulated=False).document["checks"]
        for more in ((), ("--baseline", file))
    ]
    assert told[0] == told[1]
    assert [item["ok"] for item in told[0]] == [False]
    older = json.loads(file.read_text("utf-8"))
    del older["losses"]
    file.write_text(json.dumps(older), "utf-8")
    words = ["ssh-keygen", "-q", "-Y", "sign", "-n", "commsroom-baseline", "-f", key, file]
    file.with_name("baseline.json.sig").unlink()
    subprocess.run(words, check=True, capture_output=True)
    done = lived(
        *("inspect", "--only", "equipment:*", "--no-use", "--json"),
        "--baseline",
        file,
        simulated=False,
    )
    assert done.code in {0, 2}, done.err
    assert "lost" not in {item["name"] for item in done.document["checks"]}


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
