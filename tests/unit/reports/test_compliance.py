"""The compliance report in its forms: the same facts, two languages, and nothing that acts."""

import io
import re

import pytest
from pypdf import PdfReader

from commsroom.reports import compliance_forms as forms
from commsroom.reports.compliance import Answer, Compliance, Row, Sentence, State
from commsroom.reports.text.compliance import compliance_text

NASTY = '</style><script>alert(1)</script><img src="http://evil.test/x">|\u202e\x1b[2J`*'


def row(state=State.GOOD, **more):
    told = {"type": "inspection", "subject": "disk", "reason": Sentence("could not be read")}
    return Row(state=state, at="2026-11-25T12:00:00+00:00", **{**told, **more})


def report(*answers, **more):
    told = {"title": "管理辦法", "estate": "e", "when": "2026-11-25T12:00:00+00:00"}
    return Compliance(answers=answers, **{**told, **more})


SOUND = report(
    Answer(clause="4.1.1", rule="Calls are answered", rows=(row(),)),
    Answer(
        clause="4.1.2", rule="電話只用於公務", rows=(row(State.UNKNOWN, remedy="commsroom prove"),)
    ),
    Answer(clause="7.1", rule="Training"),
)
HOSTILE = report(
    Answer(
        clause="1", rule=NASTY, by=NASTY, lacks=NASTY, rows=(row(subject=NASTY, named=(NASTY,)),)
    ),
    title=NASTY,
    estate=NASTY,
)


@pytest.mark.parametrize("form", [compliance_text, forms.markdown, forms.page])
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("met", "missing")), ("zh_Hant", ("符合", "狀況不明", "尚無作為"))],
)
def test_every_form_tells_each_clause_and_how_it_stands(form, language, words):
    text = form(SOUND, language=language)
    plain = text.replace("\\", "")
    assert all(word in plain for word in (*words, "4.1.1", "電話只用於公務", "Training"))


@pytest.mark.parametrize("language", ["en", "zh_Hant"])
def test_the_pdf_holds_every_clause_and_its_fonts(language):
    reader = PdfReader(io.BytesIO(forms.pdf(SOUND, language=language)))
    text = "".join(page.extract_text() for page in reader.pages)
    assert all(word in text for word in ("4.1.1", "Calls are answered", "7.1"))
    # An extractor may give a character's compatibility form; what counts is that none is a box.
    assert "電話只" in text
    fonts = [
        font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()
    ]
    inner = [
        font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts
    ]
    assert all("/FontFile2" in item or "/FontFile3" in item for item in inner)


def test_hostile_text_stays_text_in_every_form():
    page = forms.page(HOSTILE)
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page + compliance_text(HOSTILE) + forms.markdown(HOSTILE)
    assert "\u202e" not in page + compliance_text(HOSTILE)
    rows = [line for line in forms.markdown(HOSTILE).splitlines() if line.startswith("| 1")]
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 5
    assert forms.pdf(HOSTILE).startswith(b"%PDF")


def test_the_page_may_fetch_and_run_nothing():
    page = forms.page(SOUND)
    policy = re.search('Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "script-src" not in policy


def test_a_pdf_reads_no_file_and_no_network(monkeypatch):
    from commsroom.reports import compliance_forms

    hostile = '<img src="file:///etc/hostname"><img src="http://127.0.0.1:9/x"><p>still here</p>'
    monkeypatch.setattr(compliance_forms, "page", lambda *_, **__: hostile)
    reader = PdfReader(io.BytesIO(forms.pdf(SOUND)))
    assert "still here" in reader.pages[0].extract_text()
    assert not list(reader.pages[0].images)


def test_what_is_simulated_is_said_at_every_clause():
    text = compliance_text(report(*SOUND.answers, simulated=frozenset({"im1"})))
    assert text.count("[Simulated]") == len(SOUND.answers) + 1
