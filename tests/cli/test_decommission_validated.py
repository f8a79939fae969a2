"""decommission --validate: one certificate a device that counts, whatever was withdrawn, edited or cut off between."""

import json
import time

import pytest

from commsroom.app import attesting, retiring
from commsroom.backends.wipe_station.fake import FakeClient
from commsroom.secrets import ssh_signature

TAGS = ("C1", "C2", "C3")
ROW = "C{n},computer,Lenovo,T14,PF{n},,2019-01-02,,,home,,stock,,WD{n}\n"
DISKS = [{"serial": f"WD{n}"} for n in (1, 2, 3)]


@pytest.fixture(autouse=True)
def paper_is_a_line(monkeypatch):
    papers = dict.fromkeys(attesting.LANGUAGES, b"%PDF")
    monkeypatch.setattr(attesting, "_papers", lambda _document: papers)
    monkeypatch.setattr(attesting, "side_by_side", map)


class Office:
    """Three computers with a disk each."""

    def __init__(self, yard):
        self.yard = yard
        self.folder = yard.path / "records/certificates"
        yard.devices("".join(ROW.format(n=n) for n in (1, 2, 3)))
        yard.attach(*DISKS)

    def approved(self, *words):
        name = self.yard.ask(*words, "--fate", "leaves")
        self.yard.sign(name)
        return name

    def wiped(self):
        name = self.approved(*TAGS)
        self.yard.go(name)
        return name

    def validate(self, name, code=0):
        """Have P4 validate; return the certificate of each device."""
        done = self.yard.validate(name)
        assert (done.code, "internal" in done.err) == (code, False), done.err
        return {one["tag"]: one["certificate"] for one in done.document.get("devices", ())}

    def cut_off(self, name, monkeypatch):
        """The same, cut off before the chain notes who has a certificate."""

        def killed(*_given):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(retiring, "record", killed)
            assert self.yard.validate(name).code == 130

    def stems(self):
        return sorted(file.name[:-28] for file in self.folder.glob("*.certificate.json"))

    def withdraw(self, start):
        (file,) = self.folder.glob(f"{start}*.certificate.json")
        words = ("certificate", "withdraw", file, "--by", "P1", "--reason", "another was meant")
        assert self.yard(*words).code == 0

    def verify(self, start=""):
        return self.yard("certificate", "verify", *sorted(self.folder.glob(f"{start}*.json"))).code


@pytest.fixture
def office(yard):
    return Office(yard)


def test_a_withdrawn_certificate_is_missed_and_the_next_validation_signs_another(office):
    name = office.wiped()
    first = office.validate(name)
    office.withdraw("C1")
    told = office.yard("decommission", name).out
    assert "moderate, leaves  certificate withdrawn (" in told
    assert "3 wiped, 2 certified, 3 retired" in told
    time.sleep(1.1)  # of the same second it would be the very one that was withdrawn
    second = office.validate(name)
    assert second["C1"] not in {first["C1"], ""}
    assert (second["C2"], second["C3"]) == (first["C2"], first["C3"])
    assert [stem[:2] for stem in office.stems()] == ["C1", "C1", "C2", "C3", "ba"]
    assert office.validate(name) == second


def test_a_batch_that_names_a_withdrawn_certificate_is_withdrawn_too_and_signed_anew(office):
    name = office.wiped()
    office.validate(name)
    office.withdraw("C1")
    time.sleep(1.1)
    office.validate(name)
    assert office.verify("batch") == 2
    office.withdraw("batch")
    office.validate(name)
    newest = max(office.folder.glob("batch-*.json"), key=lambda file: file.stat().st_mtime_ns)
    assert office.yard("certificate", "verify", newest).code == 0


def test_what_was_withdrawn_before_the_batch_was_signed_keeps_nobody_from_signing_it(
    office, monkeypatch
):
    name, issue = office.wiped(), attesting.Issuer.issue

    def killed(issuer, documents, *told):
        if any(one.certificate.kind == "batch" for one in documents):
            raise KeyboardInterrupt
        return issue(issuer, documents, *told)

    with monkeypatch.context() as patch:
        patch.setattr(attesting.Issuer, "issue", killed)
        assert office.yard.validate(name).code == 130
    office.withdraw("C1")
    time.sleep(1.1)
    office.validate(name)
    assert office.verify("batch") == 0


def test_a_device_that_another_request_retired_holds_up_nobody_of_the_first(office):
    office.yard.attach({"serial": "WD1", "fault": "fails"}, *DISKS[1:])
    name = office.approved(*TAGS)
    office.yard.go(name, code=2)
    other = office.approved("C1", "--method", "C1=destroy")
    office.yard.attach(*DISKS)
    office.yard.go(name, "--again")
    office.yard.go(other)
    seen = ("--witnessed", "C1", "--by", "P3", "--witness", "P2", "--note", "shredded")
    assert office.yard("decommission", other, *seen).code == 0
    office.validate(other)
    assert office.validate(name)["C1"] == ""
    assert [stem[:2] for stem in office.stems()] == ["C1", "C2", "C3", "ba"]
    assert office.verify() == 0
    assert "next:" not in office.yard("decommission", name).out


def test_a_disk_of_a_device_that_another_request_retired_is_wiped_no_more(office):
    office.yard.attach({"serial": "WD1", "fault": "fails"}, *DISKS[1:])
    name = office.approved(*TAGS)
    office.yard.go(name, code=2)
    other = office.approved("C1", "--method", "C1=destroy")
    office.yard.go(other)
    seen = ("--witnessed", "C1", "--by", "P3", "--witness", "P2", "--note", "shredded")
    assert office.yard("decommission", other, *seen).code == 0
    office.validate(other)
    office.yard.attach(*DISKS)
    before = json.loads((office.yard.path / "wipe1.json").read_text())["jobs"]
    office.yard.go(name, "--again")
    assert json.loads((office.yard.path / "wipe1.json").read_text())["jobs"] == before


def test_who_is_called_otherwise_since_a_run_was_cut_off_holds_up_nothing(office, monkeypatch):
    name = office.wiped()
    office.cut_off(name, monkeypatch)
    people = office.yard.path / "policies/people.csv"
    text = people.read_text("utf-8")
    people.write_text(text.replace("P3,王伟", "P3,Wang Wei"), "utf-8")
    assert all(office.validate(name).values())
    assert [stem[:2] for stem in office.stems()] == ["C1", "C2", "C3", "ba"]


def test_a_station_whose_clock_is_ahead_has_no_second_certificate_signed(office, monkeypatch):
    name = office.approved(*TAGS)
    real = time.time
    with monkeypatch.context() as patch:
        patch.setattr("commsroom.backends.wipe_station.fake.time.time", lambda: real() + 3600)
        office.yard.go(name)
    office.cut_off(name, monkeypatch)
    time.sleep(1.1)
    assert all(office.validate(name).values())
    assert [stem[:2] for stem in office.stems()] == ["C1", "C2", "C3", "ba"]
    assert office.verify() == 0


def test_a_whole_batch_is_signed_in_one_run_the_certificate_of_all_together_too(
    office, monkeypatch
):
    name, runs, real = office.wiped(), [], ssh_signature.sign_all

    def sign_all(documents, *given, **more):
        runs.append(len(documents))
        return real(documents, *given, **more)

    monkeypatch.setattr(ssh_signature, "sign_all", sign_all)
    office.validate(name)
    assert runs == [len(TAGS) + 1]
    assert office.verify() == 0


def test_who_lost_the_right_while_they_typed_their_passphrase_certifies_nothing(
    office, monkeypatch
):
    name, real = office.wiped(), ssh_signature.sign_all
    approvers = office.yard.path / "policies/approvers"

    def meanwhile(*given, namespace):
        made = real(*given, namespace=namespace)
        if namespace == attesting.NAMESPACE:
            lines = approvers.read_text().splitlines(keepends=True)
            approvers.write_text("".join(line for line in lines if not line.startswith("P4 ")))
            for who in ("P1", "P2"):
                words = ("--by", who, "--key", office.yard.keys / who, "--yes")
                assert office.yard("approve", "policies/approvers", *words).code == 0
        return made

    monkeypatch.setattr(ssh_signature, "sign_all", meanwhile)
    done = office.yard.validate(name)
    assert done.code == 3, done.err
    assert "does not let P4 sign certificates" in done.err
    assert office.stems() == []


def test_a_station_that_says_very_much_about_one_disk_keeps_no_other_from_its_certificate(
    office, monkeypatch
):
    after = FakeClient._after

    def talkative(client, job):
        told = after(client, job)
        return {**told, "notes": ["said " * 100] * 20} if job["serial"] == "WD1" else told

    monkeypatch.setattr(FakeClient, "_after", talkative)
    name = office.wiped()
    assert all(office.validate(name).values())
    (file,) = office.folder.glob("C1-*.json")
    assert "and 19 more that the station says" in file.read_text()


def backups(office):
    """Return what certificates say of backups, by asset tag."""
    found = {}
    for file in office.folder.glob("*.certificate.json"):
        content = json.loads(file.read_text())["certificate"]
        if content["kind"] == "device":
            (medium,) = content["media"]
            tag = content["device"]["asset_tag"]
            found[tag] = (medium["backed_up"], medium["backup_place"])
    return found


def test_where_data_are_backed_up_is_said_by_whoever_validates(office):
    name = office.wiped()
    words = ("--validate", "--by", "P4", "--key", office.yard.keys / "P4")
    more = ("--backup", "NAS 2, 王記", "--backup", "C2=none")
    assert office.yard("decommission", name, *words, *more).code == 0
    assert backups(office) == {
        "C1": ("yes", "NAS 2, 王記"), "C2": ("no", ""), "C3": ("yes", "NAS 2, 王記"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [("C9=NAS", "--backup: 'C9' is not in "), ("C1=", "'C1=' is not of the form"), ("C1=a\nb", "backup_place")],
)  # fmt: skip
def test_a_backup_of_what_is_not_here_or_in_no_words_certifies_nothing(office, more, said):
    name = office.wiped()
    words = ("--validate", "--by", "P4", "--key", office.yard.keys / "P4", "--backup", more)
    done = office.yard("decommission", name, *words)
    assert (done.code, said in done.err) == (1, True), done.err
    assert not office.folder.exists()


def test_of_what_nobody_says_a_backup_is_unknown(office):
    office.validate(office.wiped())
    assert set(backups(office).values()) == {("unknown", "")}


def test_the_list_says_what_is_under_way_and_what_is_done(office):
    name = office.wiped()
    assert ": under way" in office.yard("decommission").out
    office.validate(name)
    assert "3 of 3 devices retired" in office.yard("decommission").out
    assert ": done" in office.yard("decommission").out
