"""A certificate that somebody holds is in the ledger, wherever the run that made it was killed."""

import os
import stat
import subprocess
from dataclasses import replace

import pytest

from commsroom import files
from commsroom.app import attesting, certificate_book, certified, trust
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate.retiring.document import Document, hash_of, text_of


class Killed(BaseException):
    """The power went."""


def kept(world):
    """Return what is in the folder, without what a writer leaves when it is killed while it writes."""
    return sorted(file.name for file in world.folder.glob("[!.]*")) if world.folder.is_dir() else []


def verdicts(world):
    """Judge every certificate in the folder as an auditor would."""
    with world.open() as estate:
        found = certified.verify(
            sorted(world.folder.glob("*.certificate.json")), trust=trust.of_file(world.signers), ledger=estate.ledger
        )  # fmt: skip
    return {item.file.name: item.faults for item in found.files}


PH1 = [f"PH-0001-2026-03-02.{end}" for end in ("certificate.json", "en.pdf", "zh-Hant.pdf")]


def test_what_is_issued_is_signed_recorded_written_and_for_its_owner_alone(world):
    done = world.issue()
    assert kept(world) == PH1
    assert [file.name for file in (done.file, *done.papers)] == PH1
    assert Document.read(done.file.read_bytes()) == done.document
    assert {stat.S_IMODE(file.stat().st_mode) for file in (done.file, *done.papers)} == {0o600}
    (event,) = world.events(certificate_book.CERTIFIED)
    assert (event.data["sha256"], event.requester) == (done.sha256, "P1")
    assert [str(row.address) for row in event.rows] == ["equipment:certificate/PH-0001-2026-03-02"]
    assert verdicts(world) == {PH1[0]: ()}
    with world.open() as estate:
        assert estate.ledger.verify() == ()
        assert estate.ledger.entries() == ()  # of the device's life nothing is said


def test_stock_ssh_keygen_accepts_it_without_commsroom(world, tmp_path):
    done = world.issue()
    (tmp_path / "sig").write_text(done.document.signature)
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", world.signers, "-n", "commsroom-certificate", "-I", "P1",
         "-s", tmp_path / "sig"],
        check=True, input=text_of(done.document.certificate), capture_output=True,
    )  # fmt: skip


def test_asked_again_for_the_same_one_nothing_is_signed_or_recorded(world):
    made = world.certificate()
    first = world.issue(made)
    again = world.issue(made, key="nowhere")
    assert again == first
    assert len(world.events(certificate_book.CERTIFIED)) == 1


@pytest.mark.parametrize("boundary", ["record:before", "record:after"])
def test_a_kill_round_the_record_leaves_no_certificate_that_is_not_anchored(world, boundary):
    made = world.certificate()

    def kill(name):
        if name == boundary:
            raise Killed

    with pytest.raises(Killed):
        world.issue(made, boundary=kill)
    assert kept(world) == []
    recorded = len(world.events(certificate_book.CERTIFIED))
    assert recorded == (1 if boundary == "record:after" else 0)
    world.issue(made)
    assert kept(world) == PH1
    assert verdicts(world) == {PH1[0]: ()}
    assert len(world.events(certificate_book.CERTIFIED)) == 1


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_between_its_files_leaves_the_rest_to_the_next_run(world, monkeypatch, writes):
    real, done = files.replace_private, []

    def replace_private(path, content):
        if path.parent.name == "certificates":
            if len(done) == writes:
                raise Killed
            done.append(path)
        real(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace_private", replace_private)
        with pytest.raises(Killed):
            world.issue()
    assert kept(world) == PH1[:writes]
    assert set(verdicts(world).values()) <= {()}
    world.issue(world.certificate("PH-0002"))
    assert kept(world)[:3] == PH1
    assert set(verdicts(world).values()) == {()}


def test_killed_for_real_at_any_boundary_what_is_in_the_folder_is_in_the_ledger(world):
    """SIGKILL runs no clean-up of ours: a forked run dies at each boundary in turn, until one lives."""
    made, at, lived = world.certificate(), 0, False
    while not lived:
        at += 1
        pid = os.fork()
        if pid == 0:
            left = [at]

            def die(_name, left=left):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), 9)

            world.issue(made, boundary=die)
            os._exit(0)
        lived = os.waitpid(pid, 0)[1] == 0
        assert set(verdicts(world).values()) <= {()} if world.folder.is_dir() else True
        assert at < 20
    assert at > 2
    assert kept(world) == PH1
    assert len(world.events(certificate_book.CERTIFIED)) == 1


def test_what_cannot_be_drawn_is_told_before_anything_is_recorded(world, monkeypatch):
    from commsroom.reports import certificate as paper

    def broken(*_given, **_more):
        raise CommsroomError("a PDF needs WeasyPrint and Pango")

    monkeypatch.setattr(paper, "pdf", broken)
    with pytest.raises(CommsroomError, match="needs WeasyPrint"):
        world.issue()
    assert world.events(certificate_book.CERTIFIED) == []
    assert kept(world) == []


def test_a_full_disk_is_one_line_and_the_next_run_writes_what_is_recorded(world, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace_private", full)
        with pytest.raises(CommsroomError, match=r"is recorded and cannot be written: No space"):
            world.issue()
    with world.open() as estate:
        assert [file.name for file in attesting.settle(estate)] == PH1
        assert attesting.settle(estate) == ()


# ── who may, and what may not ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "validator", "allowed", "error"),
    [
        ("eve", "P1", ("P1",), GuardRefused),
        ("P2", "P1", ("P1", "P2"), GuardRefused),
        ("P2", "P2", ("P1", "P2"), UsageError),
        ("P1", "P1", (), GuardRefused),
        ("nowhere", "P1", ("P1",), CommsroomError),
    ],
    ids=["stranger", "another's key", "another validator", "nobody", "no key"],
)
def test_only_who_validates_signs_and_nothing_is_left_else(world, key, validator, allowed, error):
    world.allow(*allowed)
    with pytest.raises(error) as refused:
        world.issue(key=key, validator=validator)
    assert "PRIVATE" not in str(refused.value)
    assert (kept(world), world.events(certificate_book.CERTIFIED)) == ([], [])


def test_who_may_approve_may_not_therefore_certify(world):
    world.allow("P1", namespace="commsroom-approval")
    with pytest.raises(GuardRefused, match=r'P1 namespaces="commsroom-certificate" ssh-ed25519'):
        world.issue()


def test_one_device_has_one_certificate_that_counts(world):
    first = world.issue()
    other = replace(world.certificate(), notes="again")
    with pytest.raises(GuardRefused, match="withdraw that first"):
        world.issue(other)
    with world.open() as estate:
        attesting.withdraw(estate, first.sha256, requester="P1", reason="wrong telephone")
    with pytest.raises(GuardRefused, match="was withdrawn: wrong telephone"):
        world.issue(world.certificate())
    second = world.issue(other)
    assert second.file.name == "PH-0001-2026-03-02-2.certificate.json"
    with world.open() as estate:
        assert certificate_book.Book.of(estate.ledger).standing("PH-0001").sha256 == second.sha256
    assert verdicts(world) == {
        "PH-0001-2026-03-02-2.certificate.json": (),
        "PH-0001-2026-03-02.certificate.json": ("was withdrawn: wrong telephone",),
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"estate": "another"}, "another estate"),
        ({"simulated": True}, "simulation"),
    ],
    ids=["estate", "simulated"],
)
def test_a_certificate_of_something_else_is_not_issued(world, change, said):
    with pytest.raises(UsageError, match=said):
        world.issue(replace(world.certificate(), **change))


def test_a_certificate_of_a_day_to_come_is_not_issued(world):
    made = world.certificate()
    later = replace(made.validated, at=made.validated.at.replace(year=2999))
    with pytest.raises(UsageError, match="a day to come"):
        world.issue(replace(made, validated=later))


def test_a_file_in_the_way_is_never_replaced(world):
    world.folder.mkdir(parents=True)
    (world.folder / PH1[1]).write_text("mine")
    with pytest.raises(CommsroomError, match="is in the way"):
        world.issue()
    assert (world.folder / PH1[1]).read_text() == "mine"
    assert world.events(certificate_book.CERTIFIED) == []


def test_a_batch_lists_what_has_a_certificate_that_counts_and_nothing_else(world):
    one, two = world.issue(), world.issue(world.certificate("PH-0002"))
    both = world.issue_batch(one, two)
    assert both.file.name == "batch-spring-2026-03-02.certificate.json"
    assert [item.sha256 for item in both.document.certificate.assets] == [one.sha256, two.sha256]
    strange = replace(two.listed, sha256=hash_of(world.certificate("PH-0003")))
    with pytest.raises(GuardRefused, match="PH-0002: no certificate of it"):
        world.issue_batch(one, name="other", assets=(one.listed, strange))
    with world.open() as estate:
        attesting.withdraw(estate, two.sha256, requester="P1", reason="not wiped")
    with pytest.raises(GuardRefused, match="PH-0002: no certificate of it"):
        world.issue_batch(one, two, name="third")


def test_many_are_issued_with_what_the_ledger_knows_read_once(world, monkeypatch):
    asked = []
    of = certificate_book.Book.of
    monkeypatch.setattr(
        certificate_book.Book, "of", lambda ledger: (asked.append(ledger), of(ledger))[1]
    )
    with world.open() as estate:
        issuer = attesting.Issuer(estate)
        made = [world.certificate(f"PH-{n:04}") for n in range(3)]
        done = issuer.issue(issuer.sign(made, world.keys / "P1", "P1"))
    assert len(asked) == 1
    assert [one.document.certificate.device.asset_tag for one in done] == [
        "PH-0000",
        "PH-0001",
        "PH-0002",
    ]
    assert len(kept(world)) == 9
    assert set(verdicts(world).values()) == {()}


def test_killed_between_two_of_many_the_next_run_writes_what_is_recorded(world, monkeypatch):
    made = [world.certificate(f"PH-{n:04}") for n in range(3)]
    write, times = attesting._write, []

    def killed(*words):
        times.append(words)
        if len(times) == 2:
            raise Killed
        write(*words)

    def issue_all(estate):
        issuer = attesting.Issuer(estate)
        return issuer.issue(issuer.sign(made, world.keys / "P1", "P1"))

    with monkeypatch.context() as patch, world.open() as estate:
        patch.setattr(attesting, "_write", killed)
        with pytest.raises(Killed):
            issue_all(estate)
    assert len(kept(world)) == 3
    with world.open() as estate:
        issue_all(estate)
    assert len(kept(world)) == 9
    assert len(world.events(certificate_book.CERTIFIED)) == 3
