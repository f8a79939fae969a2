"""handover: sealed files that only their reader opens, what the ledger knows of them, and what is due again."""

import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import threading
from pathlib import Path

import pyrage
import pytest

from commsroom import files
from commsroom.app import handover
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.cli import main as entry
from commsroom.errors import CommsroomError

BOX = "mail1:shared_mailbox/contact@small.example"
CONTACT = """contact_mailboxes:
  contact:
    title: Contact
    custodian: P1
    quota: 1 GiB
"""


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """Key pairs by name: of people, and some that are of no use."""
    folder = tmp_path_factory.mktemp("pairs")
    kinds = {
        "ann": "ed25519",
        "wang": "rsa",
        "cy": "ed25519",
        "short": "rsa -b 1024",
        "curve": "ecdsa",
    }
    for name, kind in kinds.items():
        words = ["ssh-keygen", "-q", "-t", *kind.split(), "-N", "", "-C", f"{name}@laptop"]
        subprocess.run([*words, "-f", folder / name], check=True)
    return folder


class Handing:
    """`commsroom handover` in an applied estate whose contact mailbox is kept by P1."""

    def __init__(self, estate, pairs):
        self.estate = estate
        self.pairs = pairs
        self.keys = estate.path / "policies/keys"
        self.keys.mkdir()

    def __call__(self, *words):
        return self.estate(*words)

    def give_key(self, person, name):
        shutil.copy(self.pairs / f"{name}.pub", self.keys / f"{person}.pub")

    def hand(self, *words):
        """Hand over, and return the document."""
        done = self("handover", *words, "--json")
        assert done.code == 0, done.err
        return done.document

    def files(self):
        return sorted((self.estate.path / ".commsroom/handover").glob("*"))

    def read(self, file, name):
        """Open a file as its reader would."""
        identity = pyrage.ssh.Identity.from_buffer((self.pairs / name).read_bytes())
        return pyrage.decrypt(Path(file).read_bytes(), [identity]).decode()

    def secrets(self):
        """Return every value there is, by path and generation."""
        with open_estate(self.estate.path, simulate=self.estate.path) as opened:
            paths = ["contact@small.example/mail"]
            for login in ("ann", "wei.wang", "wei.wang2", "bo", "cy", "di"):
                paths += [f"{login}/{use}" for use in ("mail", "chat", "sip", "voicemail")]
            return {
                (path, number): value.reveal()
                for path in paths
                for number in range(1, opened.secrets.latest(path) + 1)
                if (value := opened.secrets.get(path, number))
            }

    def events(self, kind=None):
        with open_estate(self.estate.path, simulate=self.estate.path) as opened:
            return list(opened.ledger.events(kind=kind))


@pytest.fixture(scope="session")
def kept(applied, tmp_path_factory):
    """An applied estate with a contact mailbox, to copy."""
    path = shutil.copytree(applied, tmp_path_factory.mktemp("kept") / "estate")
    file = path / "policies/mail.yml"
    file.write_text(file.read_text("utf-8") + CONTACT, "utf-8")
    words = ["apply", "--yes", "--estate", path, "--simulate", path]
    assert entry.main([str(word) for word in words]) == 0
    return path


@pytest.fixture
def handing(estate, kept, pairs, tmp_path):
    estate.path = shutil.copytree(kept, tmp_path / "kept")
    found = Handing(estate, pairs)
    found.give_key("P1", "ann")
    return found


def test_a_file_holds_what_is_theirs_and_opens_with_their_key_alone(handing):
    [item] = handing.hand("ann")["handed_over"]
    [file] = handing.files()
    assert (item["person"], item["file"]) == ("P1", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert re.fullmatch(r"ann-\d{8}T\d{6}Z\.age", file.name)
    text, held = handing.read(file, "ann"), handing.secrets()
    for path in ("ann/mail", "ann/chat", "ann/sip", "contact@small.example/mail"):
        assert held[path, 1] in text
    others = [
        value for (path, _), value in held.items() if not path.startswith(("ann/", "contact"))
    ]
    assert others
    assert not [value for value in others if value in text]
    for said in (
        "Small: what you need to log in",
        "Ann Lee (P1)",
        "E-mail: ann@small.example",
        "  Server: mail1.small.example, imaps 993",
        "  Server: mail1.small.example, submission 587",
        "  Login name: ann@small.example",
        "Telephone: 21",
        "  Server: pbx1.small.example, sips 5061",
        "Chat: ann",
        "  Server: small.example, xmpp 5222",
        "Shared mailbox: contact@small.example, Contact",
        "You alone have this password",
        "These are not real systems",
    ):
        assert said in text
    with pytest.raises(pyrage.DecryptError):
        handing.read(file, "cy")


def test_the_real_age_opens_it_with_either_sort_of_key(handing, tmp_path):
    handing.give_key("P2", "wang")
    for item, name in zip(handing.hand("P1", "P2")["handed_over"], ("ann", "wang"), strict=True):
        done = subprocess.run(
            ["age", "-d", "-i", handing.pairs / name, item["file"]],
            capture_output=True,
            check=True,
            timeout=30,
        )
        assert done.stdout.decode() == handing.read(item["file"], name)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-Hant", "密碼"),
        ("zh-TW", "密碼"),
        ("en", "Password"),
        ("fr", "Password"),
        ("", "Password"),
    ],
)
def test_it_is_written_in_its_readers_language(handing, language, said):
    file = handing.estate.path / "policies/people.csv"
    text = file.read_text("utf-8").replace("2020-01-01,,,en", f"2020-01-01,,,{language}")
    file.write_text(text, "utf-8")
    [item] = handing.hand("P1")["handed_over"]
    assert f"  {said}: " in handing.read(item["file"], "ann")


def test_the_ledger_knows_who_was_given_which_generation_to_which_key_and_no_value(handing):
    [item] = handing.hand("P1")["handed_over"]
    [begun], [event] = handing.events("handover begun"), handing.events("handed over")
    assert begun.seq < event.seq
    told = subprocess.run(
        ["ssh-keygen", "-lf", handing.keys / "P1.pub"], capture_output=True, text=True, check=True
    )
    assert event.data["key"] == told.stdout.split()[1] == item["key"]
    assert event.data["person"] == "P1"
    assert event.data["generations"]["contact@small.example/mail"] == 1
    assert f"{BOX} password" in event.data["secrets"]
    [file] = handing.files()
    assert event.data["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert event.actor
    assert "handed over 3 password, 1 sip, 1 pin" in handing("ledger", "show").out
    assert "handed over password" in handing("explain", BOX).out
    assert "whole" in handing("ledger", "verify").out


def test_no_secret_is_in_any_output_name_ledger_or_argument(handing, monkeypatch):
    started = []
    real = subprocess.Popen.__init__
    monkeypatch.setattr(
        subprocess.Popen, "__init__", lambda self, *a, **k: started.append(a) or real(self, *a, **k)
    )
    done = [
        handing("handover", "P1", "P2", "--debug"),
        handing("rotate", BOX, "--yes"),
        handing("handover", "--due", "--json"),
        handing("inspect", "--no-use", "--json"),
        handing("ledger", "show", "--json"),
        handing("handover", "nobody", "--debug"),
    ]
    said = "".join(one.out + one.err for one in done)
    said += json.dumps([repr(event) for event in handing.events()])
    said += " ".join(file.name for file in handing.files()) + repr(started)
    sealed = b"".join(file.read_bytes() for file in handing.files())
    values = list(handing.secrets().values())
    assert len(handing.files()) == 2
    assert not [one for one in values if one in said or one.encode() in sealed]


def test_who_has_no_key_gets_a_line_with_the_remedy_and_the_others_theirs(handing):
    done = handing("handover", "P2", "P1")
    assert done.code == 1
    assert done.err.splitlines() == [
        "! P2: has no key to seal to (put their public SSH key into policies/keys/ID.pub)"
    ]
    assert len(handing.files()) == 1
    assert "age -d -i" in done.out


def test_a_slip_in_an_id_is_told_with_the_nearest_one(handing):
    done = handing("handover", "p1")
    assert done.code == 1
    assert "did you mean 'P1'?" in done.err


def test_what_is_handed_over_of_simulated_systems_says_so(handing):
    assert "[simulated: " in handing("handover", "P1").out


def test_a_dry_run_says_who_would_be_given_how_much_and_does_nothing(handing, contract):
    before = (handing.estate.path / ".commsroom/ledger.db").read_bytes()
    done = handing("handover", "--due", "--dry-run", "--json")
    contract("handover", done.document)
    [item] = done.document["handed_over"]
    assert (done.code, item["person"], item["file"]) == (0, "P1", None)
    assert "To hand over: 1 sealed file." in handing("handover", "--due", "--dry-run").out
    assert handing.files() == []
    assert (handing.estate.path / ".commsroom/ledger.db").read_bytes() == before
    contract("handover", handing.hand("P1"))


def test_people_without_a_key_are_counted_where_nobody_named_them(handing):
    done = handing("handover", "--due")
    assert done.code == 0
    assert "5 without a key: they get theirs another way" in done.out


def test_files_go_where_they_are_wanted(handing, tmp_path):
    handing.hand("P1", "--to", tmp_path / "stick")
    [file] = (tmp_path / "stick").iterdir()
    assert handing.read(file, "ann")
    assert handing.files() == []
    (tmp_path / "file").touch()
    done = handing("handover", "P1", "--to", tmp_path / "file")
    assert done.code == 1
    assert "--to: " in done.err
    assert "is not a folder" in done.err


def test_whom_nobody_knows_is_refused_before_anybody_is_given_anything(handing):
    done = handing("handover", "P1", "P99")
    assert (done.code, handing.files()) == (1, [])
    assert "nobody in the roster is called 'P99'" in done.err
    assert "to whom?" in handing("handover").err
    assert "to whom?" in handing("handover", "--due", "--again").err


def test_what_is_there_is_never_replaced(handing):
    found = [handing.hand("P1", "--again")["handed_over"][0]["file"] for _ in range(4)]
    assert len(set(found)) == 4
    assert len(handing.files()) == 4


def test_what_did_not_change_is_given_once(handing):
    assert [one["person"] for one in handing.hand("--due")["handed_over"]] == ["P1"]
    again = handing.hand("--due")
    assert (again["handed_over"], again["nothing_new"]) == ([], ["P1"])
    assert handing.hand("--new")["handed_over"] == []
    assert len(handing.files()) == 1


def test_a_personal_secret_is_its_owners_once_given(handing):
    [first] = handing.hand("P1")["handed_over"]
    text = handing.read(first["file"], "ann")
    pins = [place for place in first["secrets"] if place.endswith(" pin")]
    assert pins
    assert "  PIN: " in text
    assert "  Dial: *97" in text
    [second] = handing.hand("P1")["handed_over"]
    assert not set(pins) & set(second["secrets"])
    [third] = handing.hand("P1", "--again")["handed_over"]
    assert set(pins) <= set(third["secrets"])


def test_new_is_for_those_who_were_never_given_anything(handing):
    handing.hand("P1")
    handing.give_key("P5", "cy")
    assert [one["person"] for one in handing.hand("--new")["handed_over"]] == ["P5"]


def test_who_left_is_given_nothing(handing):
    file = handing.estate.path / "policies/people.csv"
    text = file.read_text("utf-8")
    text = text.replace("2020-01-01,,,en", "2020-01-01,2024-01-31,,en")
    file.write_text(text, "utf-8")
    done = handing("handover", "P1")
    assert done.code == 1
    assert "left on 2024-01-31" in done.err
    assert handing.files() == []


def test_a_key_that_is_broken_is_told_with_its_place_and_seals_nothing(handing):
    (handing.keys / "P1.pub").write_text("ssh-ed25519 AAAA")
    done = handing("handover", "--due")
    assert done.code == 1
    assert "policies/keys/P1.pub: not a public SSH key" in done.err
    assert handing.events("handover begun") == []


def test_what_looks_like_a_key_and_is_none_is_told_and_the_others_get_theirs(handing):
    parts = (b"ssh-ed25519", b"\x02" + bytes(31))  # no point of the curve
    blob = b"".join(len(one).to_bytes(4) + one for one in parts)
    (handing.keys / "P5.pub").write_text(f"ssh-ed25519 {base64.b64encode(blob).decode()}\n")
    done = handing("handover", "P5", "P1")
    assert done.code == 1
    assert done.err.startswith("! P5: nothing can be sealed to this key (ssh-keygen -t ed25519")
    assert [event.data["person"] for event in handing.events("handed over")] == ["P1"]


def test_a_secret_that_is_gone_from_the_store_is_told_and_not_recorded_as_given(handing):
    with contextlib.closing(
        sqlite3.connect(handing.estate.path / ".commsroom/secrets.db")
    ) as store:
        [table] = [
            name
            for (name,) in store.execute("select name from sqlite_master where type = 'table'")
            if "path" in {row[1] for row in store.execute(f"pragma table_info({name})")}
        ]
        store.execute(f"delete from {table} where path = 'ann/chat'")
        store.commit()
    done = handing("handover", "P1")
    assert done.code == 1
    assert "P1: im1:account/ann password is not in the store of secrets" in done.err
    assert (handing.files(), handing.events("handed over")) == ([], [])


def test_two_who_hand_over_at_once_follow_one_another(handing):
    handing.give_key("P2", "wang")
    found, barrier = [], threading.Barrier(2)

    def work():
        with open_estate(handing.estate.path, simulate=handing.estate.path) as opened:
            barrier.wait()
            done = handover.hand_over(opened, handover.Wish(due=True), Silent())
            found.append([one.person for one in done.handed])

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(found) == [[], ["P1", "P2"]]
    assert len(handing.files()) == 2


class Killed(BaseException):
    """The process dies here."""


def dies_at(moment):
    """Die at the n-th transaction of a name."""
    seen = []

    def boundary(name):
        if name == moment[0]:
            seen.append(name)
            if len(seen) == moment[1]:
                raise Killed

    return boundary


@pytest.mark.parametrize(
    "moment", [(f"record:{when}", n) for when in ("before", "after") for n in (1, 2)]
)
def test_killed_anywhere_nobody_is_passed_over_and_nothing_is_read_unrecorded(handing, moment):
    path = handing.estate.path
    with (
        open_estate(path, simulate=path, on_boundary=dies_at(moment)) as opened,
        pytest.raises(Killed),
    ):
        handover.hand_over(opened, handover.Wish(people=("P1",), due=True), Silent())
    before = handing.files()
    assert len(before) <= len(handing.events("handover begun"))
    again = handing.hand("--due")
    recorded = handing.events("handed over")
    assert len(recorded) == 1
    assert (len(again["handed_over"]) == 0) == (moment == ("record:after", 2))
    assert handing.read(handing.files()[-1], "ann")


def test_a_folder_that_cannot_be_written_is_one_line_and_counts_for_nothing(handing, monkeypatch):
    def full(*_given, **_more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        done = handing("handover", "P1")
    assert done.code == 1
    assert "No space left on device" in done.err
    assert handing.files() == []
    assert len(handing.hand("--due")["handed_over"]) == 1


def test_a_file_system_without_links_serves_as_well(tmp_path, monkeypatch):
    def unable(*_given, **_more):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unable)
    made = [files.write_new(tmp_path / "a.b.age", b"x%d" % number) for number in range(3)]
    assert [one.name for one in made] == ["a.b.age", "a.b-2.age", "a.b-3.age"]
    assert [one.read_bytes() for one in made] == [b"x0", b"x1", b"x2"]
    assert len(list(tmp_path.iterdir())) == 3


# ── after a rotation ────────────────────────────────────────────────────────────────────────


def test_a_shared_mailbox_that_was_renewed_is_handed_to_its_custodian(handing):
    handing.hand("P1")
    done = handing("rotate", BOX, "--yes", "--json")
    assert done.code == 0, done.err
    [item] = done.document["handover"]["handed_over"]
    assert (item["person"], item["secrets"]) == ("P1", [f"{BOX} password"])
    held = handing.secrets()
    text = handing.read(item["file"], "ann")
    assert held["contact@small.example/mail", 2] in text
    assert held["contact@small.example/mail", 1] not in text
    assert handing.hand("--due")["handed_over"] == []
    assert handing("rotate", "--yes", "--json").document["handover"]["handed_over"] == []


def test_without_a_key_the_run_says_what_is_to_be_handed_over(handing):
    (handing.keys / "P1.pub").unlink()
    done = handing("rotate", BOX, "--yes")
    assert done.code == 0
    assert (
        "P1: has no key to seal to (put their public SSH key into policies/keys/ID.pub)" in done.out
    )
    due = handing("handover", "--due")
    assert due.code == 1
    assert "P1: has no key" in due.err
    handing.give_key("P1", "ann")
    [item] = handing.hand("--due")["handed_over"]
    assert f"{BOX} password" in item["secrets"]


def test_to_another_key_than_before_nothing_is_sealed_unless_somebody_asks_for_that_person(handing):
    """Whoever can change a file in Git would be sent the next password by night."""
    handing.estate.policy("security.yml", "lead_days: 3", "lead_days: 3\nrotation: {grace: 0d}")
    handing.hand("P1")
    handing.give_key("P1", "cy")
    done = handing("rotate", BOX, "--yes", "--json")
    assert done.code == 0
    assert done.document["handover"]["handed_over"] == []
    [left] = done.document["handover"]["left"]
    assert "another key" in left["why"]
    due = handing("handover", "--due")
    assert due.code == 1
    assert "once you know that it is theirs: commsroom handover ID --due" in due.err
    assert len(handing.files()) == 1
    [item] = handing.hand("P1", "--due")["handed_over"]
    assert handing.read(item["file"], "cy")
    handing("rotate", BOX, "--yes")
    assert len(handing.files()) == 3


def test_killed_between_promote_and_the_file_the_hand_over_is_still_due(handing, monkeypatch):
    handing.hand("P1")
    with monkeypatch.context() as patch:
        patch.setattr(handover, "after_rotation", _die)
        with pytest.raises(Killed):
            handing("rotate", BOX, "--yes")
    assert handing.secrets()["contact@small.example/mail", 2]
    [item] = handing.hand("--due")["handed_over"]
    assert item["secrets"] == [f"{BOX} password"]
    assert handing.secrets()["contact@small.example/mail", 2] in handing.read(item["file"], "ann")


def _die(*_given, **_more):
    raise Killed


def test_what_fails_after_a_rotation_is_told_and_takes_nothing_back(handing, monkeypatch):
    def full(*_given):
        raise CommsroomError("no room for it")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_new", full)
        done = handing("rotate", BOX, "--yes")
    assert done.code == 0
    assert "no room for it" in done.out
    assert "handover --due" in done.out
    assert len(handing.hand("--due")["handed_over"]) == 1


def test_who_was_robbed_is_sealed_nothing_unasked_and_loses_what_they_keep_too(handing):
    handing.hand("P1")
    done = handing("rotate", "--compromised", "ann", "--yes", "--json")
    assert done.code == 0, done.err
    renewed = {one["secret"] for one in done.document["rotations"]}
    assert {"ann/mail", "contact@small.example/mail"} <= renewed
    assert done.document["handover"]["handed_over"] == []
    [left] = done.document["handover"]["left"]
    assert left["person"] == "P1"
    assert "their key" in left["why"]
    assert handing.events("handover withheld")[0].data == {"people": ["P1"]}
    due = handing("handover", "--due")
    assert due.code == 1
    assert "P1: may have lost their key with their passwords (once it is sure" in due.err
    [item] = handing.hand("P1", "--due")["handed_over"]
    assert {f"{BOX} password", "mail1:mailbox/ann@small.example password"} <= set(item["secrets"])
    again = handing("rotate", BOX, "--yes", "--json").document["handover"]
    assert len(again["handed_over"]) == 1


# ── inspect ─────────────────────────────────────────────────────────────────────────────────


def looked_at(handing):
    done = handing("inspect", "--no-use", "--only", "mail1:handover/*", "--json")
    checks = done.document["checks"]
    told = [(one["ok"], one["got"], one["remedy"].partition(" --simulate")[0]) for one in checks]
    return done.code, told


def test_an_inspection_tells_whether_the_custodian_has_the_current_password(handing):
    due = "commsroom handover P1 --due"
    assert looked_at(handing) == (2, [(False, "P1 has not been given the current one", due)])
    handing.hand("P1")
    code, [(ok, got, _)] = looked_at(handing)
    assert (code, ok) == (0, True)
    assert got.startswith("given to P1 on 20")
    (handing.keys / "P1.pub").unlink()
    handing("rotate", BOX, "--yes")
    assert looked_at(handing) == (2, [(False, "P1 has not been given the current one", due)])


def test_a_former_custodian_who_has_it_is_a_reason_to_rotate(handing):
    handing.hand("P1")
    handing.estate.policy("mail.yml", "custodian: P1", "custodian: P5")
    code, [(ok, got, remedy)] = looked_at(handing)
    assert (code, ok, got) == (2, False, "P1 has it, and is not its custodian")
    assert remedy == f"commsroom rotate '{BOX}'"
    handing.give_key("P5", "cy")
    handing("rotate", BOX, "--yes")
    code, [(ok, got, _)] = looked_at(handing)
    assert (code, ok) == (0, True)
    assert "given to P5" in got


def test_where_nothing_is_sealed_and_nobody_has_a_key_nothing_is_said(handing):
    (handing.keys / "P1.pub").unlink()
    assert looked_at(handing) == (0, [])


# ── secret show ─────────────────────────────────────────────────────────────────────────────


def test_what_is_shown_is_recorded_with_its_generation_and_found_at_its_address(handing):
    assert handing("rotate", BOX, "--yes").code == 0
    assert handing("secret", "show", BOX).code == 0
    [event] = handing.events("secret shown")
    assert event.data["secrets"] == [f"{BOX} password"]
    assert event.data["generations"] == {"contact@small.example/mail": 2}
    assert "secret shown password" in handing("explain", BOX).out
