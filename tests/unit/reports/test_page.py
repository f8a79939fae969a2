"""The HTML report in a real browser: seen, heard, filtered by keyboard, printed, and under attack."""

import shutil
import time
from pathlib import Path

import pytest

from commsroom.reports import html
from commsroom.reports.model import Acknowledged, Finding, FindingKind, Report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: It runs as root in a container, and talks to nobody.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NASTY = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202e\x1b[2J'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: packaging/setup.sh --tests"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def expect():
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def look(browser, tmp_path):
    """Open a report as a page; whatever goes wrong in it, or is fetched by it, fails the test."""
    contexts, wrong = [], []

    def opened(report, *, language="en", width=1280, height=900, **settings):
        file = Path(tmp_path / "report.html")
        file.write_text(html.render(report, language=language), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on(
            "request", lambda asked: wrong.append(asked.url) if asked.url != file.as_uri() else 0
        )
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "zh_Hant"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_rule_of_accessibility_is_broken(look, rich_report, language, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    # So high that nothing waits below the fold: what is not drawn cannot be judged.
    settings = {"language": language, "width": width, "color_scheme": scheme}
    page = look(rich_report(14, 24), height=9000, **settings)
    for folded in page.locator("details").all():
        folded.evaluate("part => part.open = true")
    found = Axe().run(page).response
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    assert [
        (rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found["violations"]
    ] == []


@pytest.mark.parametrize("language", ["en", "zh_Hant"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(look, rich_report, language, width):
    page = look(rich_report(), language=language, width=width)
    for folded in page.locator("details").all():
        folded.evaluate("part => part.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_value_without_a_space_is_broken_not_the_page(look):
    long = Finding(kind=FindingKind.FOREIGN, address="im1:room/" + "x" * 5000, system="im1")
    page = look(Report(title="Drift", estate="y" * 500, when="", findings=(long,)), width=390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_filters_work_by_keyboard_and_say_what_they_leave(look, expect, rich_report):
    page = look(rich_report(40))
    output = page.locator("output")
    assert (output.get_attribute("aria-live"), output.text_content()) == (
        "polite",
        "50 of 50 shown",
    )
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.name") != "standing":
        page.keyboard.press("Tab")
    page.keyboard.type("to look")
    expect(output).not_to_contain_text("50 of 50")
    shown = page.locator("article.card:visible[data-standing]")
    assert {item.get_attribute("data-standing") for item in shown.all()} == {"warning"}
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("no such thing")
    expect(output).to_have_text("0 of 50 shown")
    assert page.locator(".nothing").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(output).to_have_text("50 of 50 shown")


def test_a_repair_is_copied_as_it_is(look, expect, rich_report):
    page = look(rich_report(), permissions=["clipboard-read", "clipboard-write"])
    command = page.locator(".command").first
    command.locator("+ button").click()
    expect(page.locator("output")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command.text_content()


def test_without_script_all_is_there_but_the_filters(look, rich_report):
    page = look(rich_report(), java_script_enabled=False)
    assert page.locator(".filters").is_hidden()
    assert page.locator("article[data-standing]:visible").count() == 40
    page.locator("summary").first.click()
    assert page.locator("details[open] tr").first.is_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_paper_shows_what_was_folded_away_and_no_filters(look, rich_report, script):
    page = look(rich_report(), java_script_enabled=script)
    assert page.locator(".passed li").first.bounding_box()["height"] == 0
    page.emulate_media(media="print")
    assert page.locator(".passed li").first.bounding_box()["height"] > 0
    assert page.locator(".filters").is_hidden()
    assert len(page.pdf(format="A4")) > 50_000


def test_hostile_words_stay_words(look):
    kept = Acknowledged(NASTY, NASTY, NASTY)
    found = Finding(
        kind=FindingKind.UNKNOWN, address=NASTY, system=NASTY, text=NASTY, remedy=NASTY,
        since=NASTY, acknowledged=kept,
    )  # fmt: skip
    page = look(Report(title=NASTY, estate=NASTY, when=NASTY, findings=(found,)))
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    assert page.locator("article h3").text_content().startswith("</script>")
    assert page.locator("script").count() == 1


def test_two_thousand_findings_are_a_page_one_can_use(look, expect, rich_report):
    report = rich_report(2000, 2000)
    assert len(html.render(report).encode()) < 4_000_000
    started = time.monotonic()
    page = look(report, width=390)
    assert page.locator("output").text_content().endswith("shown")
    assert time.monotonic() - started < 10
    started = time.monotonic()
    page.locator("input[type=search]").fill("extension/2109")
    expect(page.locator("output")).to_contain_text("1 of ")
    assert time.monotonic() - started < 2
