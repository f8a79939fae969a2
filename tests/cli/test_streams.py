"""Standard output may close, fill up, or speak another alphabet; files are written whole or not."""

import json
import os
import subprocess
import sys

import pytest

from commsroom.cli.output import Output, coloured, write_file
from commsroom.cli.progress import Bar, Lines
from commsroom.errors import CommsroomError
from commsroom.reports.lines import Span, Style, line

pytestmark = pytest.mark.slow


def test_a_reader_that_goes_away_is_met_with_silence(spawn):
    reading, writing = os.pipe()
    os.close(reading)
    done = spawn("apply", "--help", stdout=writing)
    os.close(writing)
    assert done.err == ""


def test_a_closed_standard_output_is_no_failure(spawn):
    done = spawn("--help", stdout=None, preexec_fn=lambda: os.close(1))
    assert (done.code, done.err) == (0, "")


def _without_output(estate):
    where = ["--estate", estate.path, "--simulate", estate.path]
    return where, {"stdout": None, "preexec_fn": lambda: os.close(1)}


@pytest.mark.parametrize(
    "words", [["show"], ["plan", "--json"], ["secret", "show", "im1:account/ann"]], ids=" ".join
)
def test_a_command_whose_purpose_is_output_fails_where_there_is_none(estate, spawn, words):
    where, closed = _without_output(estate)
    events = len(estate("ledger", "show", "--json").document["events"])
    done = spawn(*words, *where, "--as-of", "2026-03-02", **closed)
    assert done.code == 1
    assert done.err.startswith("error: there is no standard output to write to")
    assert done.err.count("\n") == 1
    assert len(estate("ledger", "show", "--json").document["events"]) == events


def test_an_apply_works_where_nobody_can_be_told(fresh, spawn, tmp_path):
    where, closed = _without_output(fresh)
    done = spawn("apply", "--yes", *where, "--as-of", "2026-03-02", **closed)
    assert done.code == 0
    report = tmp_path / "drift.json"
    words = ["drift", "--format", "json", "--out", report, "--as-of", "2026-03-02"]
    assert spawn(*words, *where, **closed).code == 0
    assert report.exists()


def test_a_full_disk_behind_standard_output_is_one_line(spawn):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = spawn("--help", stdout=full)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "No space left on device" in done.err


PROGRAM = """
import sys
from commsroom.cli.output import Output, flush
from commsroom.reports.lines import line
output = Output()
for number in range(100_000):
    output.lines([line(f"line {number} of something long enough to fill a pipe")])
flush()
print("the work went on", file=sys.stderr)
"""


def test_the_work_goes_on_when_nobody_reads_any_more():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, "the work went on\n")


def test_a_name_in_any_script_survives_a_terminal_that_knows_only_ascii():
    program = (
        "import sys; from commsroom.cli.main import main; from commsroom.cli.output import Output;"
        "from commsroom.reports.lines import line; main(['--version']); Output().lines([line('王伟')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert b"\\u738b\\u4f1f" in done.stdout


def test_json_silences_everything_but_the_document(capsys):
    output = Output(json=True)
    output.lines([line("text")])
    output.text("text")
    output.document({"name": "王伟"})
    assert capsys.readouterr().out == '{\n  "name": "王伟"\n}\n'


def test_elsewhere_than_on_a_terminal_there_is_no_colour(capsys):
    Output().lines([line(Span("bad", Style.BAD), " and plain")])
    assert capsys.readouterr().out == "bad and plain\n"


@pytest.mark.parametrize(("name", "content"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_may_decline_colour(monkeypatch, name, content):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured(Terminal())
    monkeypatch.setenv(name, content)
    assert not coloured(Terminal())


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    file = tmp_path / "drift.html"
    file.write_text("old")
    write_file(file, "new")
    assert file.read_text() == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["drift.html"]


def test_a_value_that_is_no_text_takes_no_report_away(tmp_path):
    file = tmp_path / "report.json"
    write_file(file, json.dumps({"name": "\ud800lone"}, ensure_ascii=False))
    assert json.loads(file.read_text("utf-8")) == {"name": "\ud800lone"}


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "drift.html"
    file.write_text("old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommsroomError, match="cannot be written: No space left"):
        write_file(file, "new")
    assert file.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["drift.html"]


@pytest.mark.parametrize("name", ["folder", "missing/drift.html"])
def test_a_place_that_takes_no_file_is_refused_by_name(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommsroomError, match=name):
        write_file(tmp_path / name, "new")


def test_a_new_file_is_as_readable_as_others(tmp_path):
    write_file(tmp_path / "a", "x")
    (tmp_path / "b").write_text("x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_quick_work_says_nothing(capsys):
    progress = Lines(patience=60)
    progress.begin("Reading", 3)
    progress.advance("pbx1")
    progress.end()
    progress.close()
    assert capsys.readouterr() == ("", "")


def test_longer_work_says_on_standard_error_that_it_goes_on_and_that_it_ended(capsys):
    progress = Lines(patience=0)
    progress.begin("Reading", 3)
    progress._timer.join()
    progress.say("kept")
    progress.end()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[:2] == ["Reading: 0 of 3 …", "kept"]
    assert said.err.splitlines()[2].startswith("Reading: done in ")


def test_long_work_says_where_it_is_now_and_then(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("commsroom.cli.progress.time.monotonic", lambda: clock[0])
    progress = Lines(patience=60)
    progress.begin("Applying", 9)
    clock[0] = 60.0
    progress._tell()
    for clock[0], text, units in ((61.0, "pbx1", 1), (66.0, "mail1", 3)):
        progress.advance(text, units)
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "Applying: 0 of 9 …",
        "Applying: 4 of 9 mail1 …",
    ]


@pytest.mark.parametrize("progress", [Lines(patience=0), Bar()], ids=["lines", "bar"])
def test_after_the_command_is_over_nothing_is_said_any_more(capsys, progress):
    progress.begin("Reading", 3)
    progress.close()
    capsys.readouterr()
    progress.begin("Reading", 3)
    progress.advance("pbx1")
    progress.say("late")
    progress.end()
    assert capsys.readouterr() == ("", "")
