"""What this back end takes from a system's variables in the inventory."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.estate.backend import Target


class Settings(BaseModel):
    """Variables of one MDM server."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Where its API is, as https://mdm.example.com:9443; without encryption on this machine only.
    nanomdm_url: str
    #: A file with the API key on its first line, readable by its owner only.
    nanomdm_api_key_file: str = Field(min_length=1)
    #: The file that its webhook's receiver appends to, a line of JSON an event; what devices answered is there.
    nanomdm_receipts: str = ""
    #: PayloadIdentifier of the profile that enrols: removed from a person's own mobile, the work profile goes.
    nanomdm_profile: str = ""
    #: What a locked mobile shows, beside the number to call.
    nanomdm_lock_message: str = Field(default="This device is lost. Please call.", max_length=200)
    nanomdm_lock_number: str = Field(default="", max_length=40)

    @field_validator("nanomdm_url")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in {"http", "https"} or parts.username:
            raise ValueError("it is no address of the form https://HOST[:PORT]")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ValueError("the key would be sent unencrypted: write https://")
        return url.rstrip("/")

    @classmethod
    def of(cls, target: Target) -> Settings:
        """Take them from a system's variables; raises UsageError naming the one that is wrong."""
        values = {
            name: value.replace("{{ inventory_dir }}", str(target.estate / "inventory"))
            if isinstance(value, str)
            else value
            for name, value in target.variables.items()
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise UsageError(
                f"{target.system}: variable {name}: {first['msg']}",
                remedy="set it in the inventory",
            ) from None

    def api_key(self, system: str) -> str:
        """Read the first line of the key's file; raises UsageError where it cannot be, or others can read it."""
        path = Path(self.nanomdm_api_key_file).expanduser()
        try:
            mode = path.stat().st_mode
            word = path.read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise UsageError(f"{system}: nanomdm_api_key_file: {path} cannot be read") from error
        if mode & 0o077:
            raise UsageError(
                f"{system}: nanomdm_api_key_file: others can read {path}",
                remedy=f"chmod 600 {path}",
            )
        if not word or not word[0]:
            raise UsageError(f"{system}: nanomdm_api_key_file: {path} is empty")
        return word[0]


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
