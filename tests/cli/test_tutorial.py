"""What the pages for newcomers promise is so on the sample company."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def sample(run, tmp_path, monkeypatch):
    """Run a command on a copy of the sample company, its systems simulated and empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for folder in ("policies", "inventory"):
        shutil.copytree(ROOT / folder, tmp_path / "sample" / folder)
    there = ("--estate", tmp_path / "sample", "--simulate", tmp_path / "trial")
    return lambda *words: run(*words, *there)


def test_a_first_plan_is_summed_up_and_full_or_for_one_person_says_which_line_asks(sample):
    reason = r"\(policies/[\w.]+:\d+, clause [\d.]+\)"
    short = sample("plan").out
    assert "--full lists every one" in short
    assert not re.search(reason, short)
    for words in (("--full",), ("--person", "L007")):
        done = sample("plan", *words)
        assert done.code == 0
        lines = [line for line in done.out.splitlines() if line.startswith("  + create")]
        assert lines
        assert all(re.search(reason, line) for line in lines)
    page = (ROOT / "docs/tutorial.md").read_text("utf-8")
    assert "commsroom plan --full" in page
    assert "    commsroom plan --person L007\n" in page


def test_a_language_is_spelt_as_its_option_says():
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README*.md")]
    text = "".join(page.read_text("utf-8") for page in pages)
    assert set(re.findall(r"--language ([a-z]{2}\b[-\w]*)", text)) == {"zh-Hant"}
