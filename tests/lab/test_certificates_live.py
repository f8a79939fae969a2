"""Certificates renewed on the real servers: nobody who trusts both roots is shut out, and the old one goes last."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]


def step(company, expect=0):
    return company.json("tls", "renew", "--root", "--yes", expect=expect)


def put_on_servers(company):
    company.run("ansible-playbook", "playbooks/site.yml", "--tags", "instance", timeout=600)


def test_the_root_is_renewed_and_every_account_works_at_each_step(clean) -> None:
    before = {one["name"]: one for one in clean.json("tls", "show")["certificates"]}
    assert set(before) == {"im1", "mail1", "pbx1"}

    assert step(clean)["root"] == {"began": "settled", "step": "introduced"}
    clean.commsroom("prove", "--person", "meiling.li")

    moved = step(clean)
    assert (moved["root"]["step"], moved["made"]) == ("moved", ["im1", "mail1", "pbx1"])
    clean.commsroom(
        "prove", "--person", "meiling.li"
    )  # the servers still show what the old one signed

    early = step(clean, expect=2)
    assert early["root"]["step"] == "moved"
    assert {place.split()[0] for place in early["old"]} == {"im1", "mail1", "pbx1"}

    put_on_servers(clean)
    clean.commsroom("prove", "--person", "meiling.li")
    done = step(clean)
    assert done == {
        "made": [],
        "root": {"began": "moved", "step": "settled"},
        "old": [],
        "unknown": {},
    }
    clean.commsroom("prove")
    assert clean.json("drift", "--servers")["exit_code"] == 0
    after = clean.json("tls", "show")
    assert {one["root"] for one in after["certificates"]} == {"current"}
    assert (clean.root / ".commsroom/ca/ca.crt").read_text("utf-8").count("BEGIN") == 1


def test_a_new_key_of_one_server_is_what_it_shows_after_the_playbook(clean) -> None:
    made = clean.json("tls", "renew", "mail1")
    assert made["made"] == ["mail1"]
    assert (
        clean.json("drift", "--servers", expect=2)["exit_code"] == 2
    )  # it lies with the estate alone
    put_on_servers(clean)
    assert clean.json("drift", "--servers")["exit_code"] == 0
    clean.commsroom("prove", "--person", "meiling.li")
