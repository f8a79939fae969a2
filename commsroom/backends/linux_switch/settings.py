"""What this back end takes from a system's variables in the inventory."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Variables of one Linux switch; how it is reached are Ansible's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: The bridge of Open vSwitch whose ports these are.
    linux_switch_bridge: str = Field(default="br0", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$")
    #: OVSDB and lldpd where they are not at their usual places: `unix:/…/db.sock`, a socket's path.
    linux_switch_ovs_db: str = ""
    linux_switch_lldp_socket: str = ""
    #: What lldpd reads at its start; a file of our own.
    linux_switch_lldp_file: str = "/etc/lldpd.d/commsroom.conf"
