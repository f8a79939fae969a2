"""Where secrets are kept: security.yml's `store`. Paths and addresses only; no key is ever in policy."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from commsroom.policy.base import Model, Section
from commsroom.policy.scalars import VAULT_PATH

#: TLS, save on this machine, where an agent or a proxy of Vault's may listen.
_SERVER: Final = (
    r"^(https://[A-Za-z0-9.\[\]:-]+|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]+)?)$"
)


def _server(text: str) -> str:
    if re.fullmatch(_SERVER, text) is None or not _port_exists(
        text
    ):  # not quoted: somebody may have put a password into it
        raise ValueError(
            "an address such as https://vault.lianhe.example:8200 is expected, without user and path"
        )
    return text


def _port_exists(text: str) -> bool:
    try:
        return urlsplit(text).port != 0
    except ValueError:  # beyond 65535, or what is no address in brackets
        return False


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts or text.startswith("~"):
        raise ValueError("a path below the estate's folder is expected, as secrets.vault.yml")
    return text


def _outside(text: str) -> str:
    if not text.startswith(("/", "~/")):
        raise ValueError(
            "a path outside of the estate is expected: from the root, or from ~ for who runs this"
        )
    return text


_Line = StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")
Inside = Annotated[str, _Line, AfterValidator(_inside)]
Outside = Annotated[str, _Line, AfterValidator(_outside)]
VaultPath = Annotated[str, StringConstraints(pattern=VAULT_PATH)]
VaultUrl = Annotated[
    str, AfterValidator(_server), WithJsonSchema({"type": "string", "pattern": _SERVER})
]


class AnsibleVaultFile(Model):
    """One YAML file that `ansible-vault view` opens; it can be kept in Git."""

    file: Inside = Field(default="secrets.vault.yml", description="Below the estate's folder")
    password_file: Outside = Field(
        description="Holds the password, mode 0600; a script that prints it is not run"
    )
    vault_id: str = Field(
        default="commsroom",
        pattern=r"^[A-Za-z0-9_.-]{1,40}$",
        description="As in `--vault-id ID@FILE`",
    )


class AgeFolder(Model):
    """A folder of age files, one a secret, as pass and passage lay them out; it can be kept in Git."""

    folder: Inside = Field(default="secrets", description="Below the estate's folder")
    recipients: Inside = Field(
        default="secrets/.age-recipients",
        description="Who may read, one a line: `age1…` or an SSH public key; we must be among them",
    )
    identities: tuple[Outside, ...] = Field(
        min_length=1, description="Who we are: files of age-keygen, or SSH private keys, mode 0600"
    )


class VaultServer(Model):
    """HashiCorp Vault or OpenBao, KV version 2."""

    url: VaultUrl = Field(description="`https://host:8200`; without TLS on this machine only")
    mount: VaultPath = Field(default="secret", description="Where the KV engine is mounted")
    prefix: VaultPath = Field(default="commsroom", description="Our folder there; one an estate")
    namespace: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]*$")] = Field(
        default="", description="Where the server has several"
    )
    authorities: Outside | None = Field(
        default=None, description="Certificates that may vouch for it; else the system's"
    )
    token_file: Outside | None = Field(
        default=None,
        description="Holds the token, mode 0600; else `VAULT_TOKEN` of the environment",
    )


class StorePlace(Section):
    """Where secrets are kept: one of these, or none for the sealed file in `.commsroom/`.

    Change it, then `commsroom secret move` takes them there.
    """

    ansible_vault: AnsibleVaultFile | None = Field(default=None)
    age: AgeFolder | None = Field(default=None)
    vault: VaultServer | None = Field(default=None)

    @model_validator(mode="after")
    def _one(self) -> StorePlace:
        if sum(one is not None for one in (self.ansible_vault, self.age, self.vault)) > 1:
            raise ValueError("secrets are kept in one place: leave one of these")
        return self

    @property
    def is_sealed(self) -> bool:
        """Tell whether it is the file in `.commsroom/`, which the estate's master key opens."""
        return self.ansible_vault is None and self.age is None and self.vault is None

    @property
    def where(self) -> str:
        """Name the place itself, without how it is opened: two that differ here are two stores."""
        if self.ansible_vault is not None:
            return f"Ansible Vault file {self.ansible_vault.file}"
        if self.age is not None:
            return f"age files in {self.age.folder}"
        if self.vault is not None:
            at = self.vault
            space = f"{at.namespace.strip('/')}: " if at.namespace.strip("/") else ""
            return f"Vault {at.url}, {space}{at.mount}/{at.prefix}"
        return "sealed file .commsroom/secrets.db"
