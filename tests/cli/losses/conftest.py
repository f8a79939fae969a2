"""An office that loses things: two desks with telephones, mobiles by an MDM server."""

import json

import pytest

from commsroom.app.estate import open_estate

DAY = ("--as-of", "2026-03-02")
MDM = """\
    mdm1:
      ansible_host: 127.0.0.1
      commsroom_backend: nanomdm
      nanomdm_url: https://mdm1.small.example
      nanomdm_api_key_file: /nonexistent
      nanomdm_profile: com.small.enrol
"""
HEADER = "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port,owner,mdm\n"
ROWS = """\
T-1,phone,Yealink,T54W,S1,80:5e:c0:00:00:01,2024-03-11,2027-03-10,5200,home,P1,issued,sw1:Gi1/0/1,,
T-2,phone,Yealink,T54W,S2,80:5e:c0:00:00:02,2024-03-11,2027-03-10,5200,home,P2,issued,sw1:Gi1/0/2,,
M-1,mobile,Apple,iPhone 16,F1,,2025-03-11,,30000,home,P1,issued,,,mdm1:00008030-001A
M-2,mobile,Apple,iPhone 16,F2,,,,,home,P2,issued,,personal,mdm1:b318edb7-2b55
M-3,mobile,Nokia,3310,F3,,,,,home,P4,issued,,,
"""


class Office:
    """Two desks with telephones, two mobiles; P1's password of everything is known by path."""

    def __init__(self, estate):
        self.estate = estate
        estate.wire(HEADER + ROWS, MDM)

    def __call__(self, *words, code=0):
        done = self.estate("device", *words, "--json")
        assert "Traceback" not in done.err
        assert done.code == code, done.err or done.out
        return done.document if done.out else done.err

    def open(self):
        return open_estate(self.estate.path, simulate=self.estate.path)

    def generations(self, *paths):
        with self.open() as estate:
            return dict(estate.ledger.generation_of(paths))

    def owned(self):
        with self.open() as estate:
            return {str(address) for address in estate.ledger.known().owned}

    def mobiles(self, **states):
        """Say how mobiles are, by enrolment."""
        found = {name.replace("_", "-"): {"state": state} for name, state in states.items()}
        file = self.estate.path / "mdm1.json"
        held = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**held, "mobiles": found}))

    def queued(self):
        """What mobiles were told, in the order it was queued."""
        file = self.estate.path / "mdm1.json"
        held = json.loads(file.read_text()) if file.exists() else {"queue": {}}
        return [(one["enrolment"], one["what"]) for one in held["queue"].values()]

    def events(self, kind="loss"):
        with self.open() as estate:
            return [event.data["step"] for event in estate.ledger.events(kind=kind)]


@pytest.fixture
def office(fresh):
    return Office(fresh)
