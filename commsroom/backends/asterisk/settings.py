"""What this back end takes from a system's variables in the inventory: those of the role `pbx`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Variables of one Asterisk; the defaults are the role's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pbx_sips_port: int = Field(default=5061, ge=1, le=65535)
    pbx_udp: bool = False
    pbx_udp_port: int = Field(default=5060, ge=1, le=65535)
    pbx_rtp_first_port: int = Field(default=20000, ge=1, le=65535)
    pbx_rtp_last_port: int = Field(default=21999, ge=1, le=65535)
    pbx_voicemail_number: str = "*97"
    #: What becomes of outside calls; only where they end in an echo are allowed numbers dialled in proofs.
    pbx_outside: str = "none"
    #: Where our files are, those of voicemail, and the manager interface, on the server.
    pbx_folder: str = Field(default="/etc/asterisk/commsroom", pattern="^/")
    pbx_voicemail_spool: str = Field(default="/var/spool/asterisk/voicemail", pattern="^/")
    pbx_manager_port: int = Field(default=5038, ge=1, le=65535)
    pbx_manager_secret: str = Field(default="/run/commsroom-pbx/manager.conf", pattern="^/")
