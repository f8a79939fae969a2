"""A notice as a letter (RFC 5322): plain text, the report attached, and marked as nobody's writing."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from commsroom.estate.notice import Notice

_NAME: Final = "commsroom"


def letter(sender: str, notice: Notice) -> EmailMessage:
    """Return the message; header values are encoded by `email`, line breaks in them refused."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = Address(_NAME, addr_spec=sender)
    message["To"] = Address(addr_spec=notice.to)
    message["Subject"] = " ".join(notice.subject.split())
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{notice.id}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's auto-reply answers it
    message["X-Auto-Response-Suppress"] = "All"  # the same, for those who know only this
    message.set_content(notice.text)
    for part in notice.attachments:
        message.add_attachment(part.content, subtype=part.subtype, filename=part.name)
    return message
