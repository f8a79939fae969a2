"""The paper of a certificate: every field, in both languages, its hash, and nothing from outside."""

import io
import re
from dataclasses import replace
from enum import StrEnum

import pytest
from pypdf import PdfReader

from commsroom.estate.retiring import certificate as form
from commsroom.estate.retiring.document import URI, hash_of
from commsroom.estate.retiring.media import MediaKind
from commsroom.policy.devices import DeviceKind
from commsroom.policy.retirement import Category
from commsroom.reports import certificate as paper
from commsroom.reports import languages
from commsroom.reports import paper as drawing

SIGNER = "SHA256:abcdef (ssh-ed25519)"


def texts(value):
    """Yield every text of a certificate that is no word of ours."""
    if isinstance(value, tuple):
        for item in value:
            yield from texts(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            if name not in {"kind", "format"} or not isinstance(value, form.Signable):
                yield from texts(getattr(value, name))
    elif isinstance(value, str) and not isinstance(value, StrEnum):
        yield value


@pytest.mark.parametrize("language", ["en", "zh_Hant"])
def test_every_field_is_on_the_page_in_every_language(build, language):
    made = build.certificate()
    page = paper.page(made, signer=SIGNER, language=language)
    said = languages.load(language).gettext
    ours = {text: said(text) for text in paper.OURS}
    missing = [text for text in texts(made) if text and ours.get(text, text) not in page]
    assert missing == []
    for field in ("method", "technique", "result", "backed_up", "destination"):
        assert said(paper.WORDS[field][getattr(made.media[0], field)]) in page
    assert "299" in page
    assert "95" in page
    assert {"2026-03-02 01:30:00 UTC", "2026-03-02 02:30:00 UTC"} <= set(
        re.findall(r"[0-9-]{10} [0-9:]{8} UTC", page)
    )
    assert hash_of(made) in page
    assert SIGNER in page


def test_kinds_and_categories_are_in_the_reader_s_language(build):
    first = replace(build.medium(), type="ATA magnetic disk", classification="moderate")
    page = paper.page(build.certificate(media=(first,)), signer=SIGNER, language="zh_Hant")
    assert {"桌上電話", "ATA 硬碟", "中"} <= set(re.findall(r"<td>([^<]*)</td>", page))
    assert "ATA magnetic disk" not in page


def test_every_kind_and_category_has_a_word_on_paper():
    assert {*DeviceKind, *MediaKind, *Category} <= paper.OURS


def test_every_word_of_the_form_has_one_on_paper():
    for field, words in paper.WORDS.items():
        (kind,) = {type(word) for word in words}
        assert set(words) == set(kind), field


def test_the_code_holds_the_hash_of_the_file(build):
    made = build.certificate()
    page = paper.page(made, signer=SIGNER)
    assert drawing.code(URI + hash_of(made)) in page
    other = replace(made, notes="another")
    assert drawing.code(URI + hash_of(other)) not in page


def test_a_batch_names_every_device_with_its_hash(build):
    listed = tuple(form.Listed(f"PH-{n}", f"PH-{n}-2026-03-02", f"{n}" * 64) for n in range(1, 4))
    page = paper.page(build.batch("e-1", assets=listed), signer=SIGNER)
    for item in listed:
        assert item.asset_tag in page
        assert item.sha256 in page


def test_a_simulation_says_so_in_large_letters(build):
    made = build.certificate(simulated=True)
    assert '<p class="simulated"><strong>Simulated' in paper.page(made, signer=SIGNER)
    assert '<p class="simulated"><strong>' not in paper.page(build.certificate(), signer=SIGNER)


def test_what_people_wrote_is_text_and_never_page(build):
    nasty = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    page = paper.page(build.certificate(notes=nasty), signer=SIGNER)
    assert "<script" not in page
    assert "49" not in page.split("Notes")[-1].split("</tr>")[0]


@pytest.mark.parametrize("language", ["en", "zh_Hant"])
def test_the_paper_is_the_same_file_each_time_with_its_fonts(build, language):
    made = build.certificate()
    first = paper.pdf(made, signer=SIGNER, language=language)
    assert paper.pdf(made, signer=SIGNER, language=language) == first
    reader = PdfReader(io.BytesIO(first))
    text = "".join(page.extract_text() for page in reader.pages)
    assert made.number in text
    assert "王伟" in text
    fonts = {
        font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object().keys()
        >= {"/FontName"}
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts == {True}
