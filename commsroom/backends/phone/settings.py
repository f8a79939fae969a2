"""What this back end takes from a system's variables: those of the role `provisioning`, and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.backends.phone.render import Place
    from commsroom.estate.backend import Target


class Settings(BaseModel):
    """Variables of one provisioning server; the defaults are the roles' own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    provisioning_port: int = Field(default=443, ge=1, le=65535)
    #: How telephones reach this server and their exchange; "" is the name its certificate carries.
    provisioning_name: str = Field(default="", pattern="^[A-Za-z0-9.:-]*$")
    phone_exchange: str = Field(default="", pattern="^[A-Za-z0-9.:-]*$")
    phone_time_server: str = Field(default="", pattern="^[A-Za-z0-9.:-]*$")
    pbx_sips_port: int = Field(default=5061, ge=1, le=65535)
    pbx_udp_port: int = Field(default=5060, ge=1, le=65535)
    #: The exchange's manager interface on this very machine: through it telephones are told to fetch.
    pbx_manager_port: int = Field(default=5038, ge=1, le=65535)
    pbx_manager_secret: str = Field(default="/run/commsroom-pbx/manager.conf", pattern="^/")
    #: Seconds that an apply waits for telephones it has told.
    phone_resync_seconds: float = Field(default=15.0, ge=0, le=300)
    provisioning_folder: str = Field(default="/var/lib/commsroom/provisioning", pattern="^/")
    provisioning_log: str = Field(
        default="/var/log/commsroom-provisioning/fetches.log", pattern="^/"
    )

    def place(self, target: Target) -> Place:
        """Return where telephones find things."""
        from commsroom.backends.phone.render import Place

        name = self.provisioning_name or target.tls_name
        port = "" if self.provisioning_port == 443 else f":{self.provisioning_port}"  # noqa: PLR2004 - HTTPS
        return Place(
            exchange=self.phone_exchange or target.tls_name,
            sips_port=self.pbx_sips_port,
            udp_port=self.pbx_udp_port,
            url=f"https://{name}{port}",
            time_server=self.phone_time_server,
        )


def of(target: Target) -> Settings:
    """Read a system's variables; raises UsageError naming the first that is wrong."""
    try:
        return Settings.model_validate(dict(target.variables))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{target.system}: variable {name}: {first['msg']}", remedy="set it in the inventory"
        ) from None
