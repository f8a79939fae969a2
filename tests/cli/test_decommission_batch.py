"""decommission: a thousand devices in one request, a tenth of them faulty; who passed is certified, and nobody else."""

import json
import os
import signal
import subprocess
import time

import pytest
from command_lines import COMMAND

from commsroom.app import attesting

MANY = 1000
FAULTS = ("gone", "busy", "fails", "swapped")
BAD = {number: FAULTS[number // 10 % len(FAULTS)] for number in range(0, MANY, 10)}
DISKS = [{"path": f"/dev/d{number}", "serial": f"WD{number}"} for number in range(MANY)]
EVERY = [f"C{number:04}" for number in range(MANY)]
PASSED = [tag for number, tag in enumerate(EVERY) if number not in BAD]


class Batch:
    """A request for all of them, signed by two, of which a tenth of the disks do not do as they should."""

    def __init__(self, yard):
        self.yard, self.path = yard, yard.path
        rows = "{tag},computer,Lenovo,T14,PF{n},,2019-01-02,,,home,,stock,,WD{n}\n"
        yard.devices("".join(rows.format(tag=tag, n=n) for n, tag in enumerate(EVERY)))
        yard.attach(*DISKS)
        self.name = yard.ask(*EVERY, "--fate", "leaves")
        yard.sign(self.name)
        yard.attach(*({**disk, "fault": BAD.get(n, "")} for n, disk in enumerate(DISKS)))

    def wipe(self):
        """Wipe; return what each came to."""
        return self.results(self.yard.go(self.name, code=4))

    def wipe_again(self):
        """Let all disks be good ones, and wipe again what did not pass."""
        self.yard.attach(*DISKS)
        return self.results(self.yard.go(self.name, "--again"))

    def results(self, found):
        assert list(found) == EVERY
        assert all(len(device["media"]) == 1 for device in found.values())
        return {tag: device["media"][0]["wiped"]["result"] for tag, device in found.items()}

    def validate(self, code):
        """Have P4 certify; return the devices that are certified, and those that are retired."""
        done = self.yard.validate(self.name)
        assert done.code == code, done.err
        found = done.document["devices"]
        return [[one["tag"] for one in found if one[word]] for word in ("certificate", "retired")]

    def validate_killed(self, enough):
        """The same in a process of its own, all of which is killed once so many certificates are written."""
        words = ["decommission", self.name, "--validate", "--by", "P4", "--key"]
        words += [self.yard.keys / "P4", "--estate", self.path, "--simulate", self.path]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        command = [*COMMAND, *map(str, words)]
        with subprocess.Popen(command, start_new_session=True, **quiet) as child:
            while len(self.certified()) < enough and child.poll() is None:
                time.sleep(0.05)
            ended = child.poll()
            os.killpg(child.pid, signal.SIGKILL)
        assert ended is None, "it ended before it could be killed"

    def files(self, end="certificate.json"):
        return sorted((self.path / "records/certificates").glob(f"*{end}"))

    def certified(self):
        """Return the device of each certificate that is written: twice, where there are two."""
        return [file.name[:5] for file in self.files() if not file.name.startswith("batch")]

    def tally(self):
        told = self.yard("decommission", self.name).out.splitlines()
        return next(text for text in told if text.startswith("1,000 devices: "))

    def must_be_certified_exactly_who_passed(self):
        """Hold what is written, answered, printed and entered against who passed."""
        assert self.validate(code=4) == [PASSED, PASSED]
        assert self.certified() == PASSED
        assert [len(self.files(end)) for end in (".en.pdf", ".zh-Hant.pdf")] == [900, 900]
        assert "1000 closed, 900 wiped, 900 certified, 900 retired" in self.tally()
        assert self.yard("certificate", "verify", *self.files()).code == 0

    def must_be_certified_whole(self):
        """The same once all have passed, and that there is one certificate of all together."""
        assert set(self.wipe_again().values()) == {"PASS"}
        assert self.validate(code=0) == [EVERY, EVERY]
        assert self.certified() == EVERY
        (whole,) = (self.path / "records/certificates").glob("batch-*.certificate.json")
        content = json.loads(whole.read_text())["certificate"]
        assert [item["asset_tag"] for item in content["assets"]] == EVERY
        assert self.yard("certificate", "verify", *self.files()).code == 0
        assert "1000 closed, 1000 wiped, 1000 certified, 1000 retired" in self.tally()
        assert (self.path / "policies/devices.csv").read_text().count(",retired,") == MANY
        assert self.yard("ledger", "verify").code == 0


@pytest.fixture
def batch(yard):
    return Batch(yard)


def test_a_thousand_devices_with_faults_in_a_tenth_are_told_apart_and_resumed(batch) -> None:
    started = time.monotonic()
    found = batch.wipe()
    assert time.monotonic() - started < 120
    assert [tag for tag, result in found.items() if result == "PASS"] == PASSED
    assert "1000 closed, 900 wiped, 0 certified, 0 retired" in batch.tally()
    assert batch.certified() == []
    assert set(batch.wipe_again().values()) == {"PASS"}


@pytest.mark.slow
def test_exactly_those_of_a_thousand_are_certified_that_passed(batch, monkeypatch) -> None:
    """What is on paper is `make batch`'s: here it is a line, and drawn in this process."""

    def drawn(document):
        name = document.certificate.number
        return {language: f"{name} {language}".encode() for language in attesting.LANGUAGES}

    def stopped(estate, stem, document, papers):
        if len(batch.certified()) == 333:
            raise KeyboardInterrupt
        write(estate, stem, document, papers)

    write = attesting._write
    monkeypatch.setattr(attesting, "_papers", drawn)
    monkeypatch.setattr(attesting, "side_by_side", map)
    batch.wipe()
    with monkeypatch.context() as patch:
        patch.setattr(attesting, "_write", stopped)
        assert batch.yard.validate(batch.name).code == 130
    assert len(batch.certified()) == 333
    batch.must_be_certified_exactly_who_passed()
    batch.must_be_certified_whole()


@pytest.mark.slow
@pytest.mark.batch
@pytest.mark.timeout(3600)
def test_killed_twice_it_certifies_exactly_those_of_a_thousand_that_passed_on_paper(batch) -> None:
    batch.wipe()
    for enough in (30, 200):
        batch.validate_killed(enough)
        assert batch.yard("ledger", "verify").code == 0
        assert set(batch.certified()) <= set(PASSED)
    batch.must_be_certified_exactly_who_passed()
    assert {file.read_bytes()[:5] for file in batch.files(".pdf")} == {b"%PDF-"}
    batch.must_be_certified_whole()
