"""A certificate as a file: `{"certificate": …, "signature": …}`, read back as strictly as it is written.

What is read is made into a certificate and written again; unless that gives the very same text, it is refused.
So no two readers can understand one file in two ways: no key twice, none too many, none missing, no
number for a text, no other spelling of a day.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Self

from pydantic import Field, TypeAdapter, ValidationError

from commsroom.errors import CommsroomError
from commsroom.estate.retiring.certificate import Batch, Certificate

#: What the QR code on paper holds; the hash follows.
URI: Final = "commsroom-certificate:sha256:"
SUFFIX: Final = ".certificate.json"
#: As ssh-keygen writes it: it reads more than that, and what else stands there nobody signed.
_ARMOUR: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n(?:[A-Za-z0-9+/=]{1,76}\n){1,400}-----END SSH SIGNATURE-----\n"
)

AnyCertificate = Annotated[Certificate | Batch, Field(discriminator="kind")]


class NotRead(CommsroomError):
    """A text that is no certificate at all: no JSON, or JSON of something else."""


class NotAsWritten(CommsroomError):
    """A certificate that nobody can have issued so: `why` names what is wrong with its form."""

    def __init__(self, why: str) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


@cache
def _adapter() -> TypeAdapter[Certificate | Batch]:
    return TypeAdapter(AnyCertificate)


def canonical(value: Any) -> bytes:
    """Write JSON in the one form that is hashed and signed (RFC 8785; there are no fractions in it)."""
    text = json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    )
    return text.encode()


def content(certificate: Certificate | Batch) -> dict[str, Any]:
    """Return a certificate as JSON has it."""
    found: dict[str, Any] = _adapter().dump_python(certificate, mode="json")
    return found


def text_of(certificate: Certificate | Batch) -> bytes:
    """Return the bytes that are hashed and signed."""
    return canonical(content(certificate))


def hash_of(certificate: Certificate | Batch) -> str:
    """Return its SHA-256, hex."""
    return hashlib.sha256(text_of(certificate)).hexdigest()


@dataclass(frozen=True, slots=True)
class Document:
    """A certificate with the armoured signature of who validated it."""

    certificate: Certificate | Batch
    signature: str

    def to_json(self) -> dict[str, Any]:
        """Return it as the file and the ledger have it."""
        return {"certificate": content(self.certificate), "signature": self.signature}

    @property
    def text(self) -> str:
        """Return the file: for the eyes of who keeps it, a field a line."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Read a file.

        Raises:
            NotRead: it is no certificate at all.
            NotAsWritten: it is one that cannot have been written so.
        """
        try:
            data = json.loads(raw.decode(), object_pairs_hook=_Pairs.of)
        except (ValueError, RecursionError) as error:
            raise NotRead("is no JSON") from error
        if not isinstance(data, dict) or "certificate" not in data:
            raise NotRead("is no certificate")
        return cls.from_json(data)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Make one of JSON; raises NotAsWritten for what cannot have been written so."""
        if twice := _twice(data):
            raise NotAsWritten(f"has the key {twice!r} twice")
        if data.keys() != {"certificate", "signature"}:
            raise NotAsWritten("has other parts than a certificate and its signature")
        if not isinstance(data["signature"], str) or not _ARMOUR.fullmatch(data["signature"]):
            raise NotAsWritten("has no signature")
        try:
            given = canonical(data["certificate"])
            certificate = _adapter().validate_json(given)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "certificate"
            raise NotAsWritten(f"{place}: {first['msg']}") from error
        except (ValueError, RecursionError) as error:  # half a character, NaN
            raise NotAsWritten("holds what is no text or no number") from error
        except CommsroomError as error:
            raise NotAsWritten(error.message) from error
        if text_of(certificate) != given:
            raise NotAsWritten("spells a value otherwise than certificates do")
        return cls(certificate, data["signature"])


class _Pairs(dict[str, Any]):
    """An object of JSON that remembers which key came twice."""

    twice: str = ""

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Pairs:
        found = cls(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            found.twice = next(name for name in names if names.count(name) > 1)
        return found


def _twice(value: Any) -> str:
    """Return a key that comes twice somewhere in what was read, or ""."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Pairs) and item.twice:
            return item.twice
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return ""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a file."""
    form = _adapter().json_schema(mode="serialization")
    definitions = form.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Certificate of sanitization",
        "description": "commsroom certificate verify checks it, with signature and ledger.",
        "type": "object",
        "required": ["certificate", "signature"],
        "additionalProperties": False,
        "properties": {
            "certificate": form,
            "signature": {
                "description": "ssh-keygen -Y sign -n commsroom-certificate, of `certificate` in the form of RFC 8785",
                "type": "string",
            },
        },
        "$defs": definitions,
    }
