"""Whatever is in the files, validate answers in lines: it never raises and never shows a screenful."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom import policy
from commsroom.policy import SUBJECTS

pytestmark = pytest.mark.slow

POLICIES = Path(__file__).resolve().parents[3] / "policies"
FILES = [*(f"{subject}.yml" for subject in SUBJECTS), "people.csv", "allocations.lock"]
WORDS = [
    "{}", "[]", "null", "-1", "1e9", '""', "[a, b]", "{a: b}", "*x", "&x ", "!!str ", "NO", "007",
    "x" * 3000, "\u202e", "\n", "\t", ": ", "- ", "#", "%", "@", "|", ",", '"', "'", "9" * 40, "? ",
    "2026-01-01", "\0", "~", "<<: ", "\ufeff", "\r", "\U0001f600", "{a: {a: {a: b}}}",
]  # fmt: skip


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    path = tmp_path_factory.mktemp("estate")
    shutil.copytree(POLICIES, path / "policies")
    return path


@st.composite
def damaged(draw):
    """Give one file's name and its text with lines lost, doubled, or words put in."""
    name = draw(st.sampled_from(FILES))
    lines = (POLICIES / name).read_text("utf-8").split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["lose", "double", "value", "inside"])):
            case "lose":
                lines[at : at + 1] = []
            case "double":
                lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
            case "value":
                lines[at] = lines[at].split(": ")[0] + ": " + draw(st.sampled_from(WORDS))
            case _:
                place = draw(st.integers(0, len(lines[at])))
                word = draw(st.sampled_from(WORDS))
                lines[at] = lines[at][:place] + word + lines[at][place + draw(st.integers(0, 3)) :]
    return name, "\n".join(lines).encode()


def answers_in_lines(estate, name, raw):
    file = estate / "policies" / name
    file.write_bytes(raw)
    try:
        for problem in policy.validate(estate).problems:
            line = str(problem)
            assert line.startswith("policies/")
            assert len(line) < 500
            assert line.isprintable()
    finally:
        shutil.copy(POLICIES / name, file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_a_damaged_file_gives_lines_not_a_traceback(estate, damage):
    answers_in_lines(estate, *damage)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.binary(max_size=200))
def test_any_bytes_at_all_give_lines_not_a_traceback(estate, name, raw):
    answers_in_lines(estate, name, raw)
