"""The first page says the same in both languages, and nothing on it leads nowhere."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-Hant.md"))
TEXTS = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def commands(text):
    """The commands of a page, without what is said about them."""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    told = [line.partition("#")[0].strip() for line in lines if line[0].isascii()]
    return [line for line in told if line.startswith(("make", "commsroom", ". ", "ansible"))]


def links(text):
    return {target for target in re.findall(r"\]\(([^)]+)\)", text) if "README" not in target}


def test_both_languages_have_the_same_commands_links_and_parts():
    assert commands(ENGLISH) == commands(CHINESE)
    assert len(commands(ENGLISH)) > 8
    assert links(ENGLISH) == links(CHINESE)
    assert ENGLISH.count("\n## ") == CHINESE.count("\n## ")


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_the_documentation_leads_somewhere(page):
    prose = re.sub(r"(?m)^    .*$", "", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_people_named_on_the_first_page_are_in_the_roster():
    with (ROOT / "policies/people.csv").open(encoding="utf-8") as roster:
        ids = {row["id"] for row in csv.DictReader(roster)}
    assert {*re.findall(r"person=(\w+)", ENGLISH + CHINESE)} <= ids
