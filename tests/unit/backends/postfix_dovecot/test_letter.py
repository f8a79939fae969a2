"""A notification as a letter: every mail program can read it, and no value leaves its place."""

from __future__ import annotations

import email
import email.policy

import pytest

from commsroom.backends.postfix_dovecot.letter import letter
from commsroom.estate.notice import Attachment, Notice

PAGE = Attachment("drift.html", "<!doctype html><p>偏差 " + "x" * 5000)


def made(**fields):
    given = {
        "id": "commsroom-1",
        "to": "it@x.example",
        "subject": "偏差: 3",
        "text": "新增\n",
        **fields,
    }
    return letter("commsroom@x.example", Notice(**given)).as_bytes()


def test_it_is_seven_bit_with_short_lines_whatever_is_in_it():
    raw = made(attachments=(PAGE,), text="一" * 4000)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322 §2.1.1
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_everything_comes_back_as_it_was():
    found = email.message_from_bytes(made(attachments=(PAGE,)), policy=email.policy.default)
    assert found["Subject"] == "偏差: 3"
    assert found["To"] == "it@x.example"
    assert found["Message-ID"] == "<commsroom-1@x.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_body(("plain",)).get_content().strip() == "新增"
    (page,) = found.iter_attachments()
    assert page.get_content().strip() == PAGE.content
    assert (page.get_filename(), page.get_content_type()) == ("drift.html", "text/html")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_break_in_a_subject_begins_no_header(end):
    found = email.message_from_bytes(
        made(subject=f"a{end}Bcc: x@y.example"), policy=email.policy.default
    )
    assert "Bcc" not in found
    assert found["Subject"] == "a Bcc: x@y.example"
