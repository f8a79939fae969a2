"""certificate verify: the tampering table, each class with the ledger and without it."""

import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from commsroom.app import attesting, certificate_book, certified, trust
from commsroom.errors import GuardRefused
from commsroom.estate.retiring.document import Document, hash_of, text_of
from commsroom.secrets import ssh_signature

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/howto/sanitization.md"


def contract(name, document):
    forms = json.loads((ROOT / "docs/reference/documents.schema.json").read_text("utf-8"))
    form = {**forms, "$ref": f"#/$defs/{name.replace(' ', '%20')}"}
    jsonschema.Draft202012Validator(form).validate(document)


class Files:
    """A batch of two devices, each with its certificate, and ways to tamper with them."""

    def __init__(self, world):
        self.world = world
        self.one, self.two = world.issue(), world.issue(world.certificate("PH-0002"))
        self.batch = world.issue_batch(self.one, self.two)

    def edit(self, issued, *path, value):
        told = json.loads(issued.file.read_text("utf-8"))
        holder = told
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        issued.file.write_text(json.dumps(told), "utf-8")

    def resign(self, issued, certificate, key):
        """Write a certificate of one's own making over another, signed with this key."""
        signature = ssh_signature.sign(
            text_of(certificate), self.world.keys / key, namespace="commsroom-certificate"
        )
        issued.file.write_text(Document(certificate, signature.decode()).text, "utf-8")


@pytest.fixture
def held(world):
    return Files(world)


def edit(held):
    held.edit(held.one, "certificate", "media", 0, "evidence", "samples", value=64)
    return held.one


def swap_signature(held):
    held.edit(held.one, "signature", value=held.two.document.signature)
    return held.one


def resign_by_stranger(held):
    changed = replace(held.one.document.certificate, notes="nothing was found")
    held.resign(held.one, changed, "eve")
    return held.one


def resign_by_another(held):
    """By somebody who may sign, in the name of who validated it."""
    held.resign(held.one, held.one.document.certificate, "P2")
    return held.one


def drop_medium(held):
    told = json.loads(held.one.file.read_text("utf-8"))
    del told["certificate"]["media"][1]
    held.one.file.write_text(json.dumps(told), "utf-8")
    return held.one


def drop_asset(held):
    told = json.loads(held.batch.file.read_text("utf-8"))
    del told["certificate"]["assets"][1]
    held.batch.file.write_text(json.dumps(told), "utf-8")
    return held.batch


def other_asset(held):
    shutil.copy(held.two.file, held.one.file)
    return held.one


def withdrawn(held):
    with held.world.open() as estate:
        attesting.withdraw(estate, held.one.sha256, requester="P1", reason="the wrong one")
    return held.one


def member_withdrawn(held):
    withdrawn(held)
    return held.batch


def never_anchored(held):
    """Signed by who may, beside the program."""
    made = replace(held.world.certificate("PH-0009"))
    file = held.one.file.with_name("PH-0009-2026-03-02.certificate.json")
    issued = replace(held.one, file=file)
    held.resign(issued, made, "P1")
    return issued


def anchored_as_another(held):
    """Who validated it signs another text under the same number."""
    held.resign(held.one, replace(held.one.document.certificate, notes="all well"), "P1")
    return held.one


def another_estates(held):
    held.resign(held.one, replace(held.one.document.certificate, estate="e-9"), "P1")
    return held.one


def ledger_edited(held):
    with sqlite3.connect(held.world.path / ".commsroom/ledger.db") as database:
        database.execute("UPDATE ledger_events SET actor = 'nobody' WHERE seq = 2")
    database.close()
    return held.one


#: name, how, what is said with the ledger, and whether --no-ledger sees it.
TABLE = [
    ("a field edited", edit, "was changed", True),
    ("another's signature put in", swap_signature, "was changed", True),
    ("signed anew by a stranger", resign_by_stranger, "a key that", True),
    ("signed anew by another who may sign", resign_by_another, "does not let P1 sign", True),
    ("a medium left out", drop_medium, "was changed", True),
    ("a device left out of a batch", drop_asset, "was changed", True),
    ("another device's certificate under this name", other_asset, "is that of PH-0002-2026-03-02", True),
    ("signed by who may, and never recorded", never_anchored, "was never recorded", False),
    ("signed anew by who validated it, with other words", anchored_as_another, "is not the one that the ledger knows", False),
    ("of another estate", another_estates, "is of another estate", False),
    ("withdrawn", withdrawn, "was withdrawn: the wrong one", False),
    ("a device of the batch withdrawn", member_withdrawn, "PH-0001: was withdrawn", False),
    ("the ledger edited", ledger_edited, "the ledger is not whole", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tamper", "said", "alone"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_is_done_to_a_certificate_is_seen_as_the_table_says(held, run, tamper, said, alone):
    file = tamper(held).file
    found = run("verify", file)
    assert found.code == 2
    assert said in found.out
    without = run("verify", "--no-ledger", file)
    assert without.code == (2 if alone else 0), without.out
    assert "whether the estate ever recorded it; whether it was withdrawn since" in without.out


def test_the_page_shows_the_table_that_is_tested():
    rows = [
        f"| {name} | seen | {'seen' if alone else '**not seen**'} |" for name, _, _, alone in TABLE
    ]
    assert "\n".join(rows) in PAGE.read_text("utf-8")


def leaves(value, path=()):
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path


def test_every_single_field_that_is_changed_is_seen_without_the_ledger_too(held):
    issued = held.one
    before = issued.file.read_text("utf-8")
    told = json.loads(before)
    for path in leaves(told):
        old = told
        for key in path:
            old = old[key]
        for new in {bool: [not old], int: [7, None], str: [f"{old}x", "", None]}.get(
            type(old), ["x", 1]
        ):
            if new == old and type(new) is type(old):
                continue
            held.edit(issued, *path, value=new)
            found = certified.verify(
                [issued.file], trust=trust.of_file(held.world.signers), ledger=None
            )
            assert found.exit_code == 2, path
            issued.file.write_text(before, "utf-8")


def test_all_is_well_with_what_nobody_touched_and_it_is_said_what_was_not_seen(held, run):
    files = sorted(held.world.folder.glob("*.certificate.json"))
    done = run("verify", *files)
    assert (done.code, done.out.count(": holds, ")) == (0, 3)
    assert "commsroom ledger verify --anchor" in done.out
    found = run("verify", "--json", *files)
    contract("certificate verify", json.loads(found.out))
    assert {item["kind"] for item in json.loads(found.out)["files"]} == {"device", "batch"}


def test_an_auditor_needs_the_file_and_the_signers_and_no_estate(held, tmp_path, capsys):
    from commsroom.cli import main as entry

    shutil.copy(held.one.file, tmp_path)
    shutil.copy(held.world.signers, tmp_path / "approvers")
    words = ["--estate", tmp_path / "nowhere", "certificate", "verify", "--no-ledger", "--signers",
             tmp_path / "approvers", tmp_path / held.one.file.name]  # fmt: skip
    assert entry.main([str(word) for word in words]) == 0
    assert "holds, device, validated by P1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"", "is no JSON"), (b"{}", "is no certificate"), (b"\xff", "is no JSON")],
    ids=["missing", "empty", "other", "bytes"],
)  # fmt: skip
def test_what_is_no_certificate_ends_with_1_and_hides_no_other(held, run, tmp_path, content, said):
    file = tmp_path / "x.certificate.json"
    if content is not None:
        file.write_bytes(content)
    done = run("verify", file, held.one.file)
    assert done.code == 1
    assert said in done.out
    assert f"{held.one.file}: holds" in done.out


def test_signers_that_cannot_be_relied_on_are_told_by_line(held, run):
    held.world.signers.write_text("* ssh-ed25519 AAAA\n")
    done = run("verify", held.one.file)
    assert done.code == 1
    assert "policies/approvers:1" in done.err


def test_signers_that_are_not_there_are_told(held, run, tmp_path):
    done = run("verify", "--signers", tmp_path / "nowhere", held.one.file)
    assert done.code == 1
    assert "there is no file" in done.err
    assert run("verify", "--no-ledger", "--ledger", "x", held.one.file).code == 1


def test_withdrawing_is_recorded_with_who_and_why(held, run):
    words = ["--by", "P3", "--reason", "the other telephone"]
    done = run("withdraw", held.one.file, *words, "--json")
    contract("certificate withdraw", json.loads(done.out))
    (event,) = held.world.events(certificate_book.WITHDRAWN)
    assert (event.requester, event.data["reason"]) == ("P3", "the other telephone")
    again = run("withdraw", held.one.file, *words)
    assert again.code == 3
    assert "withdrawn before" in again.err


@pytest.mark.parametrize(
    ("by", "reason", "said"),
    [
        ("P9", "x", "no person 'P9'"),
        ("P1", " ", "--reason is empty"),
        ("P1", "a\x1b", "control character"),
    ],
    ids=["nobody", "no reason", "escape"],
)
def test_nothing_is_withdrawn_by_nobody_or_for_no_reason(held, run, by, reason, said):
    done = run("withdraw", held.one.file, "--by", by, "--reason", reason)
    assert done.code == 1
    assert said in done.err
    assert held.world.events(certificate_book.WITHDRAWN) == []


def test_a_file_that_was_changed_withdraws_nothing(held, run):
    edit(held)
    done = run("withdraw", held.one.file, "--by", "P1", "--reason", "x")
    assert done.code == 1
    assert "the ledger knows no such certificate" in done.err


def test_the_hash_on_paper_is_the_files(held):
    assert hash_of(Document.read(held.one.file.read_bytes()).certificate) == held.one.sha256


# ── a key that ends ─────────────────────────────────────────────────────────────────────────


def ending(world, **bounds):
    """Let P1 sign within bounds alone: minutes from now."""
    options = "".join(
        f',{name.replace("_", "-")}="{datetime.now() + timedelta(minutes=minutes):%Y%m%d%H%M%S}"'  # noqa: DTZ005 - as the line is read
        for name, minutes in bounds.items()
    )
    public = (world.keys / "P1.pub").read_text()
    world.signers.write_text(f'P1 namespaces="commsroom-certificate"{options} {public}')


def faults(world, issued, *, ledger=True):
    with world.open() as estate:
        held = estate.ledger if ledger else None
        found = certified.verify([issued.file], trust=trust.of_file(world.signers), ledger=held)
    return found.files[0].faults


def recorded(monkeypatch, minutes):
    """Let the ledger have recorded certificates so many minutes from now."""
    of = certificate_book.Book.of.__func__

    def moved(cls, ledger):
        later = timedelta(minutes=minutes)
        return cls(replace(one, at=one.at + later) for one in of(cls, ledger))

    monkeypatch.setattr(certificate_book.Book, "of", classmethod(moved))


def test_a_certificate_holds_after_the_end_of_the_key_it_was_signed_with(world, monkeypatch):
    ending(world, valid_after=-9, valid_before=9)
    issued = world.issue()
    assert faults(world, issued) == ()
    ending(world, valid_before=-5)  # now it is over; recorded ten minutes ago, within
    recorded(monkeypatch, -10)
    assert faults(world, issued) == ()
    assert "does not name" in faults(world, issued, ledger=False)[0]  # nobody vouches for the time


@pytest.mark.parametrize("bounds", [{"valid_before": -5}, {"valid_after": 5}])
def test_a_certificate_recorded_outside_the_life_of_its_key_does_not_hold(world, bounds):
    issued = world.issue()
    ending(world, **bounds)
    assert "does not name" in faults(world, issued)[0]


def test_a_key_that_is_over_issues_no_certificate(world):
    ending(world, valid_before=-5)
    with pytest.raises(GuardRefused, match="does not let P1 sign certificates"):
        world.issue()
