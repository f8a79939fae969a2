"""The tampering table: each class done to a real ledger, judged alone and with a checkpoint kept outside."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, select, update

from commsroom.app import anchoring
from commsroom.estate.resource import Action
from commsroom.ledger import Ledger, tables
from commsroom.ledger.chain import GENESIS, Sealed, canonical, rows_digest
from commsroom.ledger.checkpoint import Signed
from commsroom.ledger.tampering import CLASSES, table

PAGE = Path(__file__).parents[3] / "docs/explanation/ledger.md"


def ssh_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return SimpleNamespace(signer=ssh_key(folder / "wei"), stranger=ssh_key(folder / "eve"))


class World:
    """A ledger with something of everything in it, a checkpoint of it outside, and what came after."""

    def __init__(self, estate, url, keys, folder):
        self.ledger, self.keys, self.path, self.url = estate.ledger, keys, folder, url
        self.anchors = folder / "checkpoints.jsonl"
        (folder / "policies").mkdir()
        estate.do(
            estate.change(Action.CREATE, "wei", protected=True),
            estate.change(Action.CREATE, "mei"),
        )
        estate.ledger.advance(["mei/xmpp"], actor="lin@ops1", reason="rotation")
        # Last, and of no table, so that who cuts them off has nothing else to mend.
        estate.ledger.record("approved", {"plan": "ab12"}, actor="lin@ops1")
        estate.ledger.record("approved", {"plan": "cd34"}, actor="lin@ops1")
        made = self.checkpoint(self.anchors)
        self.sealed = made.signed.checkpoint.seq
        (folder / anchoring.SIGNERS).write_text(f"{made.signers_line}\n")
        for number in range(3):
            estate.ledger.record("note", {"number": number}, actor="lin@ops1")

    def checkpoint(self, file, key=None, ledger=None):
        world = SimpleNamespace(ledger=ledger or self.ledger, path=self.path)
        return anchoring.checkpoint(world, key or self.keys.signer, out=file, progress=None)

    def verify(self, *anchors):
        return anchoring.verify(self, [str(item) for item in anchors])

    def rewrite(self, change, since=1, *, drop=(), keep_notes=False):
        """Change events, leave some out at the end, and compute every hash from `since` on as commsroom does."""
        engine = create_engine(self.url)
        events, rows = tables.events, tables.rows
        with engine.begin() as database:
            if drop:
                database.execute(rows.delete().where(rows.c.event.in_(drop)))
                database.execute(events.delete().where(events.c.seq.in_(drop)))
            previous, seq, hashes = GENESIS, 0, {}
            for event in database.execute(select(events).order_by(events.c.seq)).all():
                seq = event.seq
                if seq >= since:
                    data = change(event.kind, json.loads(event.data))
                    if event.kind == "checkpoint" and not keep_notes:
                        data["hash"] = hashes[data["seq"]]
                    query = select(rows).where(rows.c.event == seq).order_by(rows.c.position)
                    digest = rows_digest(tuple(row)[2:] for row in database.execute(query))
                    fields = {name: getattr(event, name) for name in Sealed.__slots__}
                    sealed = Sealed(**{**fields, "data": canonical(data), "rows": digest})
                    values = {**asdict(sealed), "previous": previous, "hash": sealed.hash(previous)}
                    database.execute(update(events).where(events.c.seq == seq).values(**values))
                    previous = values["hash"]
                else:
                    previous = event.hash
                hashes[seq] = previous
            database.execute(update(tables.head).values(seq=seq, hash=previous))
        engine.dispose()

    def replace_row(self):
        """Give a row's account to somebody else, in the events and in the table that is their sum."""
        engine = create_engine(self.url)
        with engine.begin() as database:
            row = update(tables.rows).where(tables.rows.c.key == "mei").values(key="eve")
            database.execute(row)
            for each in (tables.owned, tables.secrets):
                database.execute(update(each).where(each.c.key == "mei").values(key="eve"))
        engine.dispose()


@pytest.fixture
def world(estate, url, keys, tmp_path):
    return World(estate, url, keys, tmp_path)


def bent(kind, data):
    return {**data, "plan": "ab13"} if kind == "approved" else data


def same(_kind, data):
    return data


def run(*statements):
    return lambda world, sql: sql(*statements)


def edited_checkpoint(**fields):
    def tamper(world, sql):
        line = json.loads(world.anchors.read_text())
        line["checkpoint"].update(fields)
        world.anchors.write_text(json.dumps(line) + "\n")

    return tamper


def rewrite_and_resign(world, sql):
    """Compute all of it anew, and make a checkpoint of that with a key of one's own."""
    world.rewrite(bent)
    world.anchors.unlink()
    world.checkpoint(world.anchors, key=world.keys.stranger)


def swap_signature(world, sql):
    first, second = world.anchors, world.path / "second"
    world.checkpoint(second)
    line, other = json.loads(first.read_text()), json.loads(second.read_text())
    line["signature"] = other["signature"]
    first.write_text(json.dumps(line) + "\n")


def foreign_checkpoint(world, sql):
    """Another estate's, though signed by a key that signs for both."""
    with Ledger.open(f"sqlite:///{world.path}/other.db") as other:
        world.anchors.unlink()
        made = world.checkpoint(world.anchors, ledger=other)
    with (world.path / anchoring.SIGNERS).open("a") as signers:
        signers.write(f"{made.signers_line}\n")


def truncated(past):
    """Cut events off and make the head fit; `past`: how many of those that the checkpoint seals."""

    def tamper(world, sql):
        last = world.ledger.head()[0]
        first = world.sealed - past + 1 if past else last
        world.rewrite(same, drop=range(first, last + 1))

    return tamper


def rewrite_row(world, sql):
    world.replace_row()
    world.rewrite(same)


def append(world, sql):
    world.ledger.record("approved", {"plan": "ffff"}, actor="wei@ops1")


COPY = (
    "INSERT INTO ledger_events SELECT 99, at, kind, actor, requester, batch, fence, data, rows,"
    " previous, hash FROM ledger_events WHERE seq = 4"
)
SWAP = (
    "UPDATE ledger_events SET seq = -1 WHERE seq = 4",
    "UPDATE ledger_events SET seq = 4 WHERE seq = 5",
    "UPDATE ledger_events SET seq = 5 WHERE seq = -1",
)
WAYS = [
    ("edit-event", "actor", run("UPDATE ledger_events SET actor = 'nobody' WHERE seq = 3")),
    ("edit-event", "hash", run("UPDATE ledger_events SET hash = previous WHERE seq = 3")),
    ("edit-row", "key", run("UPDATE ledger_rows SET key = 'eve' WHERE event = 2 AND position = 0")),
    ("edit-table", "owned", run("INSERT INTO ledger_owned VALUES ('im1', 'account', 'root', 'owned', '')")),
    ("edit-table", "estate", run("UPDATE ledger_estate SET id = 'another'")),
    ("delete", "event", run("DELETE FROM ledger_events WHERE seq = 4")),
    ("delete", "row", run("DELETE FROM ledger_rows WHERE event = 2 AND position = 1")),
    ("insert", "event", run(COPY)),
    ("insert", "row", run("INSERT INTO ledger_rows SELECT event, 9, system, kind, key, action, data FROM ledger_rows WHERE event = 2 AND position = 0")),
    ("reorder", "events", run(*SWAP)),
    ("reorder", "rows", run("UPDATE ledger_rows SET position = 11 - position WHERE event = 2")),
    ("truncate", "last", run("DELETE FROM ledger_events WHERE seq = (SELECT MAX(seq) FROM ledger_events)")),
    ("truncate", "all", run("DELETE FROM ledger_events")),
    ("forged-note", "data", lambda world, sql: world.rewrite(bent, keep_notes=True)),
    ("rewrite", "data", lambda world, sql: world.rewrite(bent)),
    ("rewrite", "row", rewrite_row),
    ("truncate-head", "one", truncated(1)),
    ("truncate-head", "two", truncated(2)),
    ("after-anchor", "rewritten", lambda world, sql: world.rewrite(lambda kind, data: {"number": 9} if kind == "note" else data, since=world.sealed + 2)),
    ("after-anchor", "cut off", truncated(0)),
    ("append", "approval", append),
    ("forged-checkpoint", "number", edited_checkpoint(seq=1)),
    ("forged-checkpoint", "hash", edited_checkpoint(hash="0" * 64)),
    ("forged-checkpoint", "time", edited_checkpoint(at="2020-01-01T00:00:00.000000Z")),
    ("forged-checkpoint", "more in it", edited_checkpoint(more="")),
    ("forged-checkpoint", "signature", swap_signature),
    ("forged-checkpoint", "stranger", rewrite_and_resign),
    ("foreign-checkpoint", "same signer", foreign_checkpoint),
]  # fmt: skip


def test_every_class_of_the_table_is_tried():
    assert {name for name, _, _ in WAYS} == {item.name for item in CLASSES}


@pytest.mark.parametrize(
    ("name", "tamper"),
    [pytest.param(name, tamper, id=f"{name}: {way}") for name, way, tamper in WAYS],
)
def test_what_is_done_to_a_ledger_is_seen_as_the_table_says(world, sql, name, tamper):
    tamper(world, sql)
    expected = next(item for item in CLASSES if item.name == name)
    alone, anchored = world.verify(), world.verify(world.anchors)
    assert bool(alone.faults) is (expected.alone and not expected.given), alone.faults
    assert bool(anchored.faults) is expected.anchored, anchored.faults
    assert not anchored.faults or anchored.excluded == ()


def test_an_untouched_ledger_says_what_it_excludes_and_what_it_cannot_see(world):
    alone, anchored = world.verify(), world.verify(world.anchors)
    assert (alone.faults, anchored.faults) == ((), ())
    whole = "the whole chain computed anew, its notes of checkpoints too"
    assert whole in alone.unseen
    assert whole in anchored.excluded
    assert (alone.sealed, anchored.sealed) == (0, world.sealed)
    assert any("after the newest checkpoint" in item for item in anchored.unseen)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rewrite", "computed anew"),
        ("truncate-head", "cut off"),
        ("forged-checkpoint", "is not what was signed"),
        ("foreign-checkpoint", "another estate's ledger"),
    ],
)
def test_a_checkpoint_names_the_class_it_shows(world, sql, name, words):
    next(tamper for each, _, tamper in WAYS if each == name)(world, sql)
    (fault,) = world.verify(world.anchors).faults
    assert fault.startswith(f"{world.anchors}:1: ")
    assert words in fault


def test_a_strangers_checkpoint_is_named_as_that(world, sql):
    rewrite_and_resign(world, sql)
    (fault,) = world.verify(world.anchors).faults
    assert "does not name for commsroom-checkpoint" in fault


def test_a_ledger_that_is_not_whole_gets_no_checkpoint(world, sql):
    sql("UPDATE ledger_events SET actor = 'nobody' WHERE seq = 3")
    before = world.anchors.read_text()
    with pytest.raises(anchoring.CommsroomError, match="not whole"):
        world.checkpoint(world.anchors)
    assert world.anchors.read_text() == before


def test_a_checkpoint_that_was_killed_before_it_was_recorded_holds(world, monkeypatch):
    monkeypatch.setattr(
        type(world.ledger), "record_checkpoint", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        world.checkpoint(world.anchors)
    monkeypatch.undo()
    found = world.verify(world.anchors)
    assert found.faults == ()
    assert len(found.anchors) == 2
    assert found.sealed == world.ledger.head()[0]


def test_the_rest_of_a_line_that_a_power_cut_left_is_named_and_spoils_no_other(world):
    with world.anchors.open("a") as file:
        file.write('{"checkpoint":{"at":')
    world.checkpoint(world.anchors)
    found = world.verify(world.anchors)
    assert [len(item.faults) for item in found.anchors] == [0, 1, 0]
    assert found.faults == (f"{world.anchors}:2: is no checkpoint: it was damaged or edited",)


@pytest.mark.parametrize(
    "line",
    [
        "[]", "{}", "null", "1", '{"checkpoint": 1, "signature": ""}', "[" * 100_000,
        '{"checkpoint": {}, "checkpoint": {}, "signature": ""}',
    ],
    ids=["list", "empty", "null", "number", "inside", "deep", "twice"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(line):
    with pytest.raises(ValueError, match=r"is no checkpoint|has a key twice"):
        Signed.from_line(line)


@pytest.mark.parametrize(
    "fields",
    [{"estate": "-x"}, {"estate": "a\0"}, {"estate": "\ud800"}, {"seq": True}, {"seq": 2**70}, {"seq": -1},
     {"hash": "F" * 64}, {"purpose": "else"}, {"count": 1.0}],
    ids=str,
)  # fmt: skip
def test_a_checkpoint_of_another_form_reaches_neither_a_program_nor_the_database(world, fields):
    edited_checkpoint(**fields)(world, None)
    with pytest.raises(ValueError, match="is no checkpoint"):
        Signed.from_line(world.anchors.read_text())


def test_a_checkpoint_survives_its_line(world):
    line = world.anchors.read_text().strip()
    assert Signed.from_line(line).line == line


def test_the_page_shows_the_table_that_is_tested():
    assert table() in PAGE.read_text("utf-8")


def test_tags_of_the_estates_repository_anchor_too(world):
    def git(*words):
        subprocess.run(["git", "-C", world.path, *words], check=True, capture_output=True)

    git("init", "-q")
    git("config", "user.name", "Wei")
    git("config", "user.email", "wei@lianhe.example")
    git("commit", "-q", "--allow-empty", "-m", "estate")
    made = anchoring.checkpoint(world, world.keys.signer, tag=True, progress=None)
    assert made.places == (f"tag commsroom-checkpoint-{made.signed.checkpoint.seq}",)
    found = world.verify("commsroom-checkpoint-*", world.anchors)
    assert (found.faults, len(found.anchors)) == ((), 2)
    world.rewrite(bent)
    faults = world.verify("commsroom-checkpoint-*").faults
    assert len(faults) == 1
    assert "computed anew" in faults[0]


def test_a_folder_that_is_no_repository_is_one_clear_line(world, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(world.path.parent))
    with pytest.raises(anchoring.CommsroomError, match="git made no tag"):
        anchoring.checkpoint(world, world.keys.signer, tag=True, progress=None)
    with pytest.raises(anchoring.UsageError, match="neither a file nor an annotated tag"):
        world.verify("commsroom-checkpoint-*")
