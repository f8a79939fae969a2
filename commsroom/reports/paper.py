"""Pages on A4 paper, their fonts inside, and codes that a telephone reads from it."""

from __future__ import annotations

from commsroom.errors import CommsroomError


def pdf(page: str, *, identifier: bytes | None = None) -> bytes:
    """Return an HTML page on paper. Reads no file and no network.

    Args:
        page: A whole page of ours.
        identifier: What the file is called inside; given, the same page is the same file each time.

    Raises:
        CommsroomError: WeasyPrint or the Pango it draws with is not installed.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # OSError: the library is there, Pango is not
        raise CommsroomError(
            "a PDF needs WeasyPrint and Pango",
            remedy="pip install 'commsroom[pdf]' and libpangoft2-1.0-0, or --format html, and print that",
        ) from error
    closed = URLFetcher(allowed_protocols=())
    drawn: bytes = HTML(string=page, url_fetcher=closed).write_pdf(
        pdf_tags=True, pdf_identifier=identifier
    )
    return drawn


def code(text: str) -> str:
    """Return a QR code of a text as an SVG to stand in a page.

    Raises:
        CommsroomError: Segno is not installed.
    """
    try:
        import segno
    except ImportError as error:
        raise CommsroomError(
            "a QR code needs Segno", remedy="pip install 'commsroom[pdf]'"
        ) from error
    # Of middling correction: a stamp or a fold over a seventh of it, and it can still be read.
    drawn: str = segno.make(text, error="m", micro=False).svg_inline(
        border=4, scale=2, omitsize=True
    )
    return drawn
