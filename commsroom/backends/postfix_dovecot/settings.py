"""What the inventory may say about a mail server, beside how to reach it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Host variables this back end reads; the role `mail` builds the server from the same ones."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    imaps_port: int = Field(993, alias="mail_imaps_port", description="IMAP over TLS.")
    submission_port: int = Field(
        587, alias="mail_submission_port", description="Submission, STARTTLS required."
    )
    smtp_port: int = Field(25, alias="mail_smtp_port", description="Mail from other servers.")
    managesieve: bool = Field(
        True, alias="mail_managesieve", description="Whether filters may be uploaded."
    )
    message_size: int = Field(
        0, alias="mail_message_size", description="Largest message in bytes; 0: whatever it says."
    )
    archive_address: str = Field(
        "", alias="mail_archive_address", description="Mailbox that gets a copy of every message."
    )
    proof_seconds: float = Field(
        20, alias="mail_proof_seconds", description="How long a test message may take to arrive."
    )
