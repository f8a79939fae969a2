"""What the inventory says about one `example` server, beyond how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

_PREFIX = "example_"


class Settings(BaseModel):
    """Host variables that begin with `example_`; anything else of that name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = Field(default="/etc/example/commsroom", pattern="^/")
    reload: tuple[str, ...] = ()
    https_port: int = Field(default=443, ge=1, le=65535)
    login_path: str = Field(default="/", pattern="^/")

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Self:
        """Pick ours from a host's variables; raises pydantic's ValidationError."""
        ours = {
            name.removeprefix(_PREFIX): value
            for name, value in variables.items()
            if name.startswith(_PREFIX)
        }
        return cls.model_validate(ours)
