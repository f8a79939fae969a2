"""What this back end takes from a system's variables in the inventory."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A wipe station has none of its own: how it is reached are Ansible's variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")
