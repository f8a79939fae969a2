"""What this back end takes from a system's variables in the inventory: those of the role `im`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Settings(BaseModel):
    """Variables of one Prosody; the defaults are the role's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: The VirtualHost whose accounts these are, `lianhe.example`.
    im_domain: str = Field(min_length=1)
    #: The component with the rooms; `rooms.` before the domain when not given.
    im_rooms_host: str = ""
    #: Where Prosody's administrators' socket is on the server.
    im_admin_socket: str = "/run/prosody/prosody.sock"
    #: Where people log in; proofs do too.
    im_direct_tls_port: int = Field(default=5223, ge=1, le=65535)
    #: What else is offered; 0 is not at all.
    im_starttls_port: int = Field(default=5222, ge=0, le=65535)
    im_https_port: int = Field(default=5281, ge=0, le=65535)
    im_file_sharing: bool = True
    im_share_host: str = ""
    im_federation: bool = False

    @model_validator(mode="before")
    @classmethod
    def _domain_of_the_company(cls, values: object) -> object:
        if (
            isinstance(values, dict)
            and not values.get("im_domain")
            and "commsroom_domain" in values
        ):
            return {**values, "im_domain": values["commsroom_domain"]}
        return values

    @property
    def rooms_host(self) -> str:
        """Return the name of the component with the rooms."""
        return self.im_rooms_host or f"rooms.{self.im_domain}"
