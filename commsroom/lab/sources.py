"""Where this machine gets Debian packages from: read from its own apt settings, never assumed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.lab.errors import LabUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Suites of Debian itself. A source that serves one of these serves the others.
_DEBIAN: Final = frozenset(
    {"bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable", "oldstable"}
)
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_ONE_LINE: Final = re.compile(
    r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<parts>.+)$"
)
#: How a script of debootstrap presets where a distribution comes from.
_PRESET: Final = re.compile(r'^\s*default_mirror\s+"?(\w+://\S+/debian)/?"?\s*$', re.MULTILINE)
#: How a one-line option is called in the deb822 form.
_OPTIONS: Final = {"signed-by": "Signed-By", "trusted": "Trusted"}


@dataclass(frozen=True, slots=True)
class Source:
    """An archive of Debian and how its signatures are checked (`Signed-By`, `Trusted`)."""

    uri: str
    signing: Mapping[str, str]

    def stanzas(self) -> str:
        """Give apt's deb822 form for trixie, and for sid, the only place with an Asterisk.

        sid's Release file may have expired on a mirror that lags (Valid-Until); its signature is
        checked all the same.
        """
        common = "".join(f"{name}: {value}\n" for name, value in self.signing.items())
        head = f"Types: deb\nURIs: {self.uri}\nComponents: main\n{common}"
        return f"{head}Suites: trixie\n\n{head}Suites: sid\nCheck-Valid-Until: no\n"


def debian(
    root: Path = Path("/etc/apt"), debootstrap: Path = Path("/usr/share/debootstrap")
) -> Source:
    """Return the first archive of Debian this machine's apt uses.

    `COMMSROOM_DEBIAN_ARCHIVE`, a URI, goes first. On a machine of another distribution, the one that
    its debootstrap knows for Debian comes last.

    Raises:
        LabUnavailable: apt knows none.
    """
    named = os.environ.get("COMMSROOM_DEBIAN_ARCHIVE")
    if named:
        return Source(named, _archive_key())
    for fields in _entries(root):
        suites = fields.get("Suites", "").split()
        usable = "main" in fields.get("Components", "").split() and _DEBIAN & set(suites)
        if usable and fields.get("Enabled", "yes").lower() not in {"no", "false"}:
            signing = {name: fields[name] for name in _OPTIONS.values() if name in fields}
            return Source(fields["URIs"].split()[0], signing)
    for script in ("scripts/trixie", "scripts/sid", "scripts/debian-common", "functions"):
        path = debootstrap / script
        preset = _PRESET.search(path.read_text("utf-8", "replace")) if path.is_file() else None
        if preset:
            return Source(preset[1], _archive_key())
    raise LabUnavailable(
        f"the lab's servers are Debian, and no source in {root} serves it",
        remedy="set COMMSROOM_DEBIAN_ARCHIVE to the URI of a Debian archive",
    )


def _archive_key() -> Mapping[str, str]:
    return {"Signed-By": _KEYRING} if Path(_KEYRING).exists() else {}


def _entries(root: Path) -> Iterator[Mapping[str, str]]:
    """Yield every source of apt with the field names of deb822, in the order apt reads them."""
    parts = root / "sources.list.d"
    listed = sorted(parts.iterdir()) if parts.is_dir() else []
    for path in [root / "sources.list", *listed]:
        if path.suffix == ".sources":
            yield from _stanzas(path.read_text("utf-8", "replace"))
        elif path.suffix == ".list" and path.is_file():
            yield from _lines(path.read_text("utf-8", "replace"))


def _stanzas(text: str) -> Iterator[Mapping[str, str]]:
    """Read the deb822 form: stanzas of fields, continued by indented lines, `#` comments."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", body):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in {" ", "\t"}:
                fields[name] = f"{fields.get(name, '')}\n{line}"
            else:
                name, _, value = line.partition(":")
                name = "-".join(word.capitalize() for word in name.strip().split("-"))
                name = "URIs" if name == "Uris" else name
                fields[name] = value.strip()
        if fields.get("URIs") and "deb" in fields.get("Types", "").split():
            yield fields


def _lines(text: str) -> Iterator[Mapping[str, str]]:
    """Read the one-line form: `deb [options] URI suite component…`."""
    for line in text.splitlines():
        found = _ONE_LINE.match(line.partition("#")[0].strip())
        if not found:
            continue
        fields = {
            "URIs": found["uri"],
            "Suites": found["suite"],
            "Components": found["parts"],
        }
        for option in (found["options"] or "").split():
            name, _, value = option.partition("=")
            if name.lower() in _OPTIONS:
                fields[_OPTIONS[name.lower()]] = value
        yield fields
