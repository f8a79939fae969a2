"""A strict simulator of NanoMDM over HTTP, and the in-memory twin: one suite for both."""

import json
from pathlib import Path

import pytest
from simulated_nanomdm import AWAY, COMPANY, KEY, OWN, Simulator

from commsroom.backends import nanomdm
from commsroom.estate.backend import Target, Tools


@pytest.fixture
def simulator(tmp_path):
    found = Simulator(tmp_path / "receipts.jsonl")
    found.mobiles |= {COMPANY, OWN, AWAY}
    found.personal |= {OWN}
    found.offline |= {AWAY}
    yield found
    found.close()


@pytest.fixture
def target(tmp_path):
    def make(url, **more):
        key = tmp_path / "key"
        key.write_text(f"{KEY}\n")
        key.chmod(0o600)
        variables = {
            "nanomdm_url": url,
            "nanomdm_api_key_file": str(key),
            "nanomdm_receipts": str(tmp_path / "receipts.jsonl"),
            "nanomdm_profile": "com.example.enrol",
            **more,
        }
        return Target("mdm1", "127.0.0.1", "mdm1", Path(), variables=variables)

    return make


@pytest.fixture
def server(simulator, target):
    return nanomdm.BACKEND.connect(target(simulator.url), Tools(fingerprint=str))


@pytest.fixture(params=["over HTTP", "in memory"])
def either(request, tmp_path, target):
    if request.param == "over HTTP":
        return request.getfixturevalue("server")
    state = tmp_path / "mdm1.json"
    mobiles = {
        OWN: {"personal": True},
        AWAY: {"state": "offline"},
        "GONE-0000": {"state": "unknown"},
    }
    state.write_text(json.dumps({"mobiles": mobiles}))
    return nanomdm.BACKEND.fake(target("https://mdm.example"), Tools(fingerprint=str), state)
