"""A check with a signed export instead of the ledger, from a checkout that has nothing else."""

import base64
import json
import re
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from commsroom.app import baseline

REFERENCE = Path(__file__).parents[2] / "docs/reference"
DOCUMENTS = json.loads((REFERENCE / "documents.schema.json").read_text("utf-8"))
FORM = json.loads((REFERENCE / "baseline.schema.json").read_text("utf-8"))
DAY = ("--as-of", "2026-03-02")


def ssh_key(path):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "wei@ops1", "-f", path], check=True
    )
    return path


@pytest.fixture(scope="module")
def export(applied, tmp_path_factory):
    """Keys of a signer and a stranger, a baseline of the applied estate, and what CI is given."""
    from commsroom.cli import main as entry

    folder = tmp_path_factory.mktemp("export")
    signer, stranger = ssh_key(folder / "wei"), ssh_key(folder / "eve")
    words = ["ledger", "export", "--estate", applied, "--simulate", applied]
    words += ["--baseline", folder / "baseline.json", "--sign", signer, "--expires", "30d"]
    words += ["--fingerprint-key", folder / "ci.key"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COMMSROOM_LEDGER", raising=False)
        assert entry.main([str(word) for word in words]) == 0
    signers = f'{of(folder)["estate"]["id"]} namespaces="commsroom-baseline" {public(signer)}\n'
    return SimpleNamespace(folder=folder, signer=signer, stranger=stranger, signers=signers)


def of(folder):
    return json.loads((folder / "baseline.json").read_text("utf-8"))


def public(key):
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


@pytest.fixture
def checkout(estate, export, tmp_path, monkeypatch):
    """The estate as CI has it: no ledger, no secrets, no key; its servers as they were left."""
    monkeypatch.delenv("COMMSROOM_LEDGER", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    kept = (estate.path / ".commsroom/inventory.json").read_bytes()
    shutil.rmtree(estate.path / ".commsroom")
    (estate.path / ".commsroom").mkdir(mode=0o700)
    (estate.path / ".commsroom/inventory.json").write_bytes(kept)
    for name in ("baseline.json", "baseline.json.sig"):
        shutil.copy(export.folder / name, estate.path)
    (estate.path / "policies/baseline-signers").write_text(export.signers)
    return estate


@pytest.fixture
def keyed(checkout, export, monkeypatch):
    monkeypatch.setenv("COMMSROOM_FINGERPRINT_KEY_FILE", str(export.folder / "ci.key"))
    return checkout


def check(estate, *words):
    return estate("drift", "--baseline", estate.path / "baseline.json", *DAY, *words)


def refusal(estate):
    """What a check says that refuses its baseline: one line, and never a verdict."""
    done = check(estate)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    return done.err


def edit(estate, change, key=None):
    """Change the baseline; with a key, have it signed again."""
    content = of(estate.path)
    change(content)
    file = estate.path / "baseline.json"
    file.write_text(json.dumps(content), "utf-8")
    if key:
        resign(file, key)


def resign(file, key, namespace="commsroom-baseline"):
    file.with_name(f"{file.name}.sig").unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key, file],
        check=True, capture_output=True,
    )  # fmt: skip


def key_of(estate):
    """The file of an estate's key; those of estates that were founded since lie beside it."""
    name = (estate / ".commsroom/key-id").read_text().strip()
    return estate.parent / f"config/commsroom/keys/{name}.key"


# ── what is exported ────────────────────────────────────────────────────────────────────────


def test_an_export_is_of_the_documented_form_and_stock_ssh_keygen_accepts_it(export):
    content = of(export.folder)
    jsonschema.Draft202012Validator(FORM).validate(content)
    assert content["estate"]["name"] == "Small"
    (export.folder / "signers").write_text(export.signers)
    with (export.folder / "baseline.json").open("rb") as file:
        subprocess.run(
            ["ssh-keygen", "-Y", "verify", "-f", export.folder / "signers", "-n", "commsroom-baseline",
             "-I", content["estate"]["id"], "-s", export.folder / "baseline.json.sig"],
            check=True, stdin=file, capture_output=True,
        )  # fmt: skip


def test_no_secret_and_no_key_is_in_it(estate, export, applied):
    shown = estate("secret", "show", "--json", "*", *DAY).document["secrets"]
    text = (export.folder / "baseline.json").read_text("utf-8")
    assert len(shown) > 10
    assert not [item["address"] for item in shown if re.search(rf"\b{item['value']}\b", text)]
    key = key_of(applied)
    apart = (export.folder / "ci.key").read_text().strip()
    assert apart not in text
    assert base64.b64decode(apart) not in {base64.b64decode(key.read_text()), b""}
    assert stat.S_IMODE((export.folder / "ci.key").stat().st_mode) == 0o600


def test_the_export_says_how_to_trust_its_signer_until_it_is(estate, export, tmp_path):
    words = ["ledger", "export", "--baseline", tmp_path / "b", "--sign", export.signer, "--json"]
    first = estate(*words).document
    jsonschema.Draft202012Validator({**DOCUMENTS, "$ref": "#/$defs/ledger export"}).validate(first)
    assert first["signers_line"] + "\n" == export.signers
    (estate.path / "policies/baseline-signers").write_text(export.signers)
    assert estate(*words).document["signers_line"] is None


def test_an_export_without_a_key_says_how_to_sign_it(estate, tmp_path):
    done = estate("ledger", "export", "--baseline", tmp_path / "b.json")
    assert "Not signed: ssh-keygen -Y sign -n commsroom-baseline -f KEY" in done.out
    assert not (tmp_path / "b.json.sig").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to export"),
        (["--sign", "x"], "nothing to export"),
        (["--baseline", "b.json", "--sign", "nowhere"], "nowhere: cannot be read"),
        (["--baseline", "b.json", "--expires", "soon"], "neither a day nor a span of time"),
        (["--baseline", "b.json", "--expires", "2026-01-01"], "is over already"),
        (["--baseline", "."], "is not a file"),
        (["--baseline", "no/such/b.json"], "cannot be written"),
        (["--fingerprint-key", "estate/ci.key"], "lies inside the estate"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_what_cannot_be_exported_is_one_line(estate, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = estate("ledger", "export", *words)
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "b.json").exists()


def test_a_key_that_is_there_is_never_written_over(estate, tmp_path):
    (tmp_path / "ci.key").write_text("mine")
    assert estate("ledger", "export", "--fingerprint-key", tmp_path / "ci.key").code == 1
    assert (tmp_path / "ci.key").read_text() == "mine"


# ── what it is good for ─────────────────────────────────────────────────────────────────────


def test_with_it_and_the_key_for_fingerprints_a_check_sees_what_one_with_the_ledger_sees(keyed):
    assert check(keyed).code == 0
    keyed.by_hand(_tamper)
    done = check(keyed, "--json")
    jsonschema.Draft202012Validator({**DOCUMENTS, "$ref": "#/$defs/drift"}).validate(done.document)
    found = {item["address"]: item["differences"] for item in done.document["findings"]}
    assert done.code == 2
    assert [part["name"] for part in found["im1:account/cy"]] == ["display_name"]
    assert [part["name"] for part in found["im1:account/di"]] == ["secret:password"]
    assert "im1:member/everyone/bo" in found
    assert {item.name for item in (keyed.path / ".commsroom").iterdir()} == {"inventory.json"}


def _tamper(held):
    held["accounts"]["cy"]["display_name"] = "Somebody"
    held["accounts"]["di"]["verifier"] = held["accounts"]["cy"]["verifier"]
    held["rooms"]["everyone"]["members"].pop("bo@small.example")


def test_a_plan_without_the_key_is_incomplete_as_drift_is(checkout):
    done = checkout("plan", "--baseline", checkout.path / "baseline.json", *DAY)
    assert done.code == 4
    assert "6 of its secrets not compared" in done.err


def test_without_the_key_passwords_are_unknown_by_name_and_never_clean(checkout):
    done = check(checkout, "--json")
    assert done.code == 4
    found = {item["system"]: item for item in done.document["findings"]}
    assert set(found) == {"im1", "mail1", "pbx1"}
    assert {item["kind"] for item in found.values()} == {"unknown"}
    assert "6 of its secrets not compared" in found["im1"]["text"]
    checkout.by_hand(_tamper)
    found = {item["address"] for item in check(checkout, "--json").document["findings"]}
    assert "im1:account/cy" in found
    assert "im1:account/di" not in found  # only its password was changed: im1 is unknown
    assert "im1" in found


def test_without_the_key_a_narrowed_check_speaks_only_of_what_it_is_about(checkout):
    done = check(checkout, "--json", "--person", "P5")
    texts = [item["text"] for item in done.document["findings"] if item["system"] == "im1"]
    assert (done.code, [text.split(":")[0] for text in texts]) == (
        4, ["1 of its secrets not compared"],
    )  # fmt: skip


def test_the_estates_own_key_does_as_well(checkout, applied, monkeypatch):
    key = key_of(applied)
    monkeypatch.setenv("COMMSROOM_KEY", key.read_text().strip())
    assert check(checkout).code == 0


def test_another_estates_key_is_refused(checkout, monkeypatch):
    monkeypatch.setenv("COMMSROOM_FINGERPRINT_KEY", base64.b64encode(bytes(32)).decode())
    assert "is not the one the ledger" in refusal(checkout)


def test_a_key_file_that_is_not_there_is_no_reason_to_compare_less(checkout, monkeypatch):
    monkeypatch.setenv("COMMSROOM_FINGERPRINT_KEY_FILE", "/nowhere/ci.key")
    assert "there is no key file /nowhere/ci.key" in refusal(checkout)


def test_a_plan_for_a_merge_request_is_markdown_made_with_it(keyed):
    keyed.by_hand(_tamper)
    keyed.policy("messaging.yml", "title: Everyone", 'title: "```@all"')
    words = ["--baseline", keyed.path / "baseline.json", "--format", "markdown", *DAY]
    done = keyed("plan", "--detailed-exitcode", *words)
    assert done.code == 2
    assert done.out.startswith("### commsroom plan: Small\n\n**Plan\\: 1 to create, ")
    assert "\n````diff\n" in done.out
    assert "\n! update im1:account/cy " in done.out
    assert "\n+ create im1:member/everyone/bo " in done.out
    assert done.out.rstrip().endswith("\n````")


def test_nothing_can_be_saved_or_repaired_with_it(keyed, tmp_path):
    file = keyed.path / "baseline.json"
    for words in (["plan", "--out", tmp_path / "p"], ["drift", "--fix", "--yes"],
                  ["drift", "--ledger", "x"]):  # fmt: skip
        done = keyed(*words, "--baseline", file)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)


# ── what is refused ─────────────────────────────────────────────────────────────────────────


def test_one_that_was_changed_after_it_was_signed_is_refused(keyed):
    edit(keyed, lambda content: content["objects"].pop())
    assert "is not what was signed" in refusal(keyed)


def test_one_signed_for_another_purpose_is_refused(keyed, export):
    resign(keyed.path / "baseline.json", export.signer, namespace="commsroom-approval")
    assert "is not what was signed" in refusal(keyed)


def test_one_without_a_signature_is_refused(keyed):
    (keyed.path / "baseline.json.sig").unlink()
    assert "is not signed: there is no baseline.json.sig beside it" in refusal(keyed)


def test_one_whose_signature_is_none_is_refused(keyed):
    (keyed.path / "baseline.json.sig").write_text("good enough?\n")
    assert "is not what was signed" in refusal(keyed)


def test_one_signed_by_a_stranger_is_refused(keyed, export):
    resign(keyed.path / "baseline.json", export.stranger)
    assert "by a key that policies/baseline-signers does not name" in refusal(keyed)


@pytest.mark.parametrize("text", [None, "", '* namespaces="git" KEY\n'])
def test_where_nobody_is_trusted_every_one_is_refused(keyed, export, text):
    file = keyed.path / "policies/baseline-signers"
    file.unlink()
    if text is not None:
        file.write_text(text.replace("KEY", public(export.signer)))
    assert "policies/baseline-signers" in refusal(keyed)


def test_one_of_another_estate_is_refused_though_the_same_person_signed_it(keyed, export):
    edit(keyed, lambda content: content["estate"].update(id="another"), export.signer)
    assert "is the baseline of another estate (another)" in refusal(keyed)


def test_one_of_another_company_is_refused_even_where_any_estate_is_trusted(keyed, export):
    signers = keyed.path / "policies/baseline-signers"
    signers.write_text("* " + export.signers.split(" ", 1)[1])
    edit(keyed, lambda content: content["estate"].update(name="Other"), export.signer)
    assert "is the baseline of another estate: of 'Other', not 'Small'" in refusal(keyed)


def test_one_that_has_expired_is_refused(keyed, export):
    over = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    edit(keyed, lambda content: content.update(expires=over), export.signer)
    assert "this baseline expired at" in refusal(keyed)


def test_one_from_the_future_is_refused(keyed, export):
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    edit(keyed, lambda content: content.update(exported=ahead), export.signer)
    assert "yet to come" in refusal(keyed)


@pytest.mark.parametrize(
    ("number", "remedy"), [(0, "export it again"), (2, "a newer one"), ("1", "a newer one")]
)
def test_one_of_another_format_is_refused_with_what_to_do(keyed, export, number, remedy):
    edit(keyed, lambda content: content.update(format=number), export.signer)
    said = refusal(keyed)
    assert "this commsroom reads format 1" in said
    assert remedy in said


def test_one_of_a_simulation_is_never_ours_on_real_systems(keyed):
    done = keyed("drift", "--baseline", keyed.path / "baseline.json", simulated=False)
    assert (done.code, done.out) == (1, "")
    assert "is the baseline of a simulation" in done.err


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', "\x00", '{"format": 1, "estate": 7}'],
)  # fmt: skip
def test_what_is_no_baseline_is_refused_as_that(keyed, text):
    (keyed.path / "baseline.json").write_text(text)
    assert "is no baseline" in refusal(keyed)


def test_a_signed_one_with_an_unknown_word_is_refused_by_its_place(keyed, export):
    edit(keyed, lambda content: content["objects"][0].update(owner="me"), export.signer)
    assert "is no baseline: objects.0.owner" in refusal(keyed)


def test_one_that_is_a_pipe_or_nowhere_is_one_line(keyed):
    import os

    file = keyed.path / "baseline.json"
    file.unlink()
    assert "there is no such baseline" in refusal(keyed)
    os.mkfifo(file)
    assert "is not a regular file" in refusal(keyed)


def test_the_last_day_counts_whole_at_the_company():
    present = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert baseline._end("2026-12-31", "Asia/Taipei", present).isoformat() == (
        "2026-12-31T16:00:00+00:00"
    )
    assert baseline._end("30d", "Asia/Taipei", present) == present + timedelta(days=30)


@pytest.mark.parametrize(
    ("at", "path"), [("2026-01-01T00:00:00", "a"), ("2026-01-01T00:00:00Z", [])]
)
def test_a_signed_one_with_a_loss_that_cannot_be_read_is_refused_by_its_place(
    keyed, export, at, path
):
    report = {"product": "X", "kind": "mobile", "holder": "", "reason": "taxi"}
    told = {"renewed": [path], "left": {}}
    moment = {"step": "renewed", "at": at, "actor": "me", "told": told}
    lost = {"tag": "T-1", "report": report, "moments": [moment]}
    edit(keyed, lambda content: content.update(losses=[lost]), export.signer)
    assert "is no baseline: losses.0.moments.0" in refusal(keyed)


@pytest.mark.parametrize("word", ["exported", "expires"])
def test_a_signed_one_with_a_time_of_no_zone_is_refused_by_its_place(keyed, export, word):
    edit(keyed, lambda content: content.update({word: "2026-01-01T00:00:00"}), export.signer)
    assert f"is no baseline: {word}" in refusal(keyed)
