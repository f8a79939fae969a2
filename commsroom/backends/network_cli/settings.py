"""What a switch's back end takes from its system's variables, whatever the vendor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.estate.backend import Target


class Settings(BaseModel):
    """Variables of one switch. Its user, port and private key are Ansible's own variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ansible_user: str = Field(min_length=1)
    ansible_port: int = Field(default=22, ge=1, le=65535)
    ansible_ssh_private_key_file: str = ""
    #: A file with the password on its first line, readable by its owner only; for switches without keys.
    switch_password_file: str = ""
    #: Host keys; `~/.ssh/known_hosts` when not given. An unknown key is refused.
    switch_known_hosts: str = ""

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

    def password(self, system: str) -> str | None:
        """Read the first line of the password's file; None without one. Raises UsageError."""
        file = self.switch_password_file
        if not file:
            return None
        path = Path(file).expanduser()
        try:
            mode = path.stat().st_mode
            word = path.read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise UsageError(f"{system}: switch_password_file: {path} cannot be read") from error
        if mode & 0o077:
            raise UsageError(
                f"{system}: switch_password_file: others can read {path}",
                remedy=f"chmod 600 {path}",
            )
        return word[0] if word else ""
