"""What is wrong with a request is said in one line, and ends with 1 (never with Click's 2)."""

import pytest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["plan", "--pesron", "x"], "No such option: --pesron"),
        (["plan", "--person"], "'--person' requires an argument"),
        (["plan", "--as-of", "tomorrow"], "'tomorrow' is no day; write YYYY-MM-DD, as 2026-11-24"),
        (["plan", "--as-of", "2026-1-2"], "'2026-1-2' is no day; write YYYY-MM-DD"),
        (["drift", "--language", "tlh"], "not written in 'tlh' (one of en, zh-Hant)"),
        (["drift", "--format", "pdf"], "'pdf' is not one of 'text', 'json', 'markdown'"),
        (["explain"], "Missing argument 'ADDRESS'"),
        (["ledger"], "Missing command"),
        (["ledger", "show", "2107"], "'2107' is not an address"),
        (["ledger", "show", "--limit", "0"], "--limit"),
        (["apply"], "there is no terminal to ask on (add --yes)"),
        (["apply", "--json"], "--json asks no questions (add --yes)"),
        (["apply", "--yes", "monday.plan", "--person", "x"], "a saved plan has its own scope"),
        (["plan"], "no estate here"),
        (["--estate", "/nowhere", "plan"], "/nowhere: no estate here"),
        (["--estate", "/nowhere", "validate"], "/nowhere: no estate here (--estate DIR names one"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_wrong_request_is_one_line_and_exit_1(run, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_validate_names_the_whole_path_of_a_folder_without_an_estate(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("validate")
    assert done.err == (
        f"error: {tmp_path}: no estate here"
        " (--estate DIR names one, commsroom init DIR makes one)\n"
    )


@pytest.mark.parametrize("name", ["nofile", "/dev/null", "policies"])
def test_a_plan_that_cannot_be_read_is_said_before_any_question_is_missed(
    run, tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    done = run("apply", name)
    assert done.code == 1
    assert name in done.err
    assert "make one with commsroom plan --out" in done.err
    assert "terminal" not in done.err


def test_a_failure_with_json_is_a_document_too(run, tmp_path):
    done = run("plan", "--json", "--estate", tmp_path)
    assert done.code == 1
    assert done.document["error"]["exit_code"] == 1
    assert "no estate here" in done.document["error"]["message"]


def test_control_characters_of_a_request_do_not_reach_the_terminal(run):
    assert "\x1b" not in run("explain", "\x1b[2Jx", "--estate", "\x1b[2J").err


def test_common_options_stand_before_or_after_the_command(run, tmp_path):
    before = run("--estate", tmp_path / "a", "--json", "plan")
    after = run("plan", "--estate", tmp_path / "a", "--json")
    assert before.document == after.document


def test_without_a_command_there_is_help(run):
    done = run()
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: commsroom")


def test_the_version_is_the_packages(run):
    from importlib.metadata import version

    assert run("--version").out == f"commsroom {version('commsroom')}\n"


class Surprise(Exception):
    """Something nobody expected."""


@pytest.fixture
def broken(monkeypatch):
    from commsroom.app import validating

    def fail(path, as_of):
        raise Surprise("password=hunter2")

    monkeypatch.setattr(validating, "validate", fail)


def test_an_unexpected_error_names_type_and_place_and_keeps_its_text_back(run, broken):
    done = run("validate")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "internal error: Surprise in commsroom/cli/commands/policy.py:" in done.err
    assert "--debug" in done.err
    assert "hunter2" not in done.err + done.out


def test_the_place_is_in_our_package_whatever_the_folders_round_it_are_called(run, monkeypatch):
    """A clone is called commsroom, too, and so may be a folder of somebody else's below it."""
    from commsroom.app import validating

    elsewhere = "/srv/commsroom/.venv/lib/commsroom/library.py"
    names = {}
    exec(compile("def fail(path, as_of): raise ValueError", elsewhere, "exec"), names)
    monkeypatch.setattr(validating, "validate", names["fail"])
    said = run("validate").err
    assert "internal error: ValueError in commsroom/cli/commands/policy.py:" in said


def test_debug_shows_the_traceback(run, broken):
    done = run("--debug", "validate")
    assert done.code == 1
    assert "Traceback" in done.err


def test_an_interrupt_is_one_line_and_130(run, monkeypatch):
    from commsroom.app import validating

    def interrupt(path, as_of):
        raise KeyboardInterrupt

    monkeypatch.setattr(validating, "validate", interrupt)
    done = run("validate")
    assert done.code == 130
    assert done.err.count("\n") == 1
    assert "interrupted" in done.err
