"""ledger checkpoint and ledger verify --anchor by the command line."""

import json
import sqlite3
import subprocess

import pytest


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "wei"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return file


@pytest.fixture
def sealed(estate, key, tmp_path):
    """An estate with a checkpoint in a file, and its signer known."""
    file = tmp_path / "checkpoints.jsonl"
    done = estate("ledger", "checkpoint", "--key", key, "--out", file, "--json")
    assert done.code == 0, done.err
    line = done.document["signers_line"]
    (estate.path / "policies/checkpoint-signers").write_text(f"{line}\n")
    return file


def test_both_documents_keep_their_contract(estate, key, sealed, contract):
    contract("ledger checkpoint", estate("ledger", "checkpoint", "--key", key, "--json").document)
    contract("ledger verify", estate("ledger", "verify", "--json").document)
    contract("ledger verify", estate("ledger", "verify", "--anchor", sealed, "--json").document)


def test_what_is_seen_and_what_is_not_is_said_each_time(estate, sealed):
    alone = estate("ledger", "verify")
    assert alone.code == 0
    assert "Not to be seen without a checkpoint kept elsewhere (--anchor): " in alone.out
    assert "computed anew" in alone.out.rpartition("Not to be seen")[2]
    anchored = estate("ledger", "verify", "--anchor", sealed)
    assert anchored.code == 0
    assert f"{sealed}:1: holds, event " in anchored.out
    assert "1 event since the newest checkpoint" in anchored.out


def test_without_a_place_the_checkpoint_is_printed_and_nothing_else(estate, key, tmp_path):
    done = estate("ledger", "checkpoint", "--key", key)
    assert done.code == 0
    file = tmp_path / "printed"
    file.write_text(done.out)
    (estate.path / "policies/checkpoint-signers").write_text(done.err.splitlines()[-1] + "\n")
    assert estate("ledger", "verify", "--anchor", file).code == 0


def test_a_broken_ledger_is_an_error_and_gets_no_checkpoint(estate, key, sealed):
    with sqlite3.connect(estate.path / ".commsroom/ledger.db") as database:
        database.execute("UPDATE ledger_events SET actor = 'nobody' WHERE seq = 2")
    database.close()
    found = estate("ledger", "verify", "--anchor", sealed)
    assert found.code == 1
    assert "event 2 " in found.out
    assert "Excluded" not in found.out
    refused = estate("ledger", "checkpoint", "--key", key, "--out", sealed)
    assert refused.code == 1
    assert len(sealed.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no key is named"),
        (["--key", "nowhere"], "nowhere"),
        (["--key", "KEY", "--out", "/"], "cannot be written"),
        (["--key", "KEY", "--out", "/dev/null"], "is not a regular file"),
        (["--key", "KEY", "--mail"], "nobody is to get it"),
    ],
    ids=["no key", "no such key", "folder", "device", "nobody"],
)
def test_what_cannot_be_done_is_one_line_and_leaves_no_event(estate, key, words, said):
    before = estate("ledger", "show", "--json").document["events"]
    done = estate("ledger", "checkpoint", *(key if word == "KEY" else word for word in words))
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert said in done.err
    assert estate("ledger", "show", "--json").document["events"] == before


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe"], ids=["empty", "blank", "bytes"])
def test_a_file_without_a_checkpoint_is_a_slip_not_a_proof(estate, tmp_path, content):
    file = tmp_path / "anchors"
    file.write_bytes(content)
    done = estate("ledger", "verify", "--anchor", file)
    assert (done.code, done.out) == (1, "")
    assert "holds no checkpoint" in done.err


def test_an_anchor_that_is_not_there_is_named(estate):
    done = estate("ledger", "verify", "--anchor", "nowhere.jsonl")
    assert done.code == 1
    assert "nowhere.jsonl" in done.err
    assert done.err.count("\n") == 1


def test_a_checkpoint_is_no_secret_and_names_no_key(estate, sealed):
    assert "PRIVATE" not in sealed.read_text()
    assert json.loads(sealed.read_text()).keys() == {"checkpoint", "signature"}
