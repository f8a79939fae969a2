"""Who may only read the ledger reads the register all the same, and writes nothing."""

import os

import pytest

ROWS = """\
asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port
T-1,phone,Yealink,T54W,S1,80:5e:c0:00:00:01,2024-03-11,2027-03-10,5200,home,P1,issued,
"""


@pytest.fixture
def auditor(fresh, monkeypatch):
    """An estate whose ledger knows a fault, and is another account's now.

    The tests' own account may be root, whom no mode keeps out: the kernel's answers are given here.
    """
    (fresh.path / "policies/devices.csv").write_text(ROWS)
    assert fresh("device", "fault", "T-1", "--reason", "no sound", simulated=False).code == 0
    ledger = str(fresh.path / ".commsroom/ledger.db")
    access, opened = os.access, os.open

    def may(path, mode, **more):
        return access(path, mode, **more) and not (mode & os.W_OK and str(path) == ledger)

    def open_(path, flags, *more, **named):
        if str(path) == ledger and flags & (os.O_WRONLY | os.O_RDWR):
            raise PermissionError(13, "Permission denied", ledger)
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "access", may)
    monkeypatch.setattr(os, "open", open_)
    return fresh


def test_who_may_only_read_the_ledger_reads_the_register(auditor):
    assert "repair" in auditor("device", "list", simulated=False).out
    assert "no sound" in auditor("device", "show", "T-1", simulated=False).out
    assert auditor("device", "orders", simulated=False).code == 0


def test_who_may_only_read_the_ledger_writes_nothing(auditor):
    before = (auditor.path / "policies/devices.csv").read_bytes()
    done = auditor("device", "repair", "T-1", simulated=False)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "Permission denied" in done.err
    assert (auditor.path / "policies/devices.csv").read_bytes() == before
