"""Where the lab's packages come from is this machine's own setting, whatever its form."""

from pathlib import Path

import pytest

from commsroom.lab import sources
from commsroom.lab.errors import LabUnavailable

DEB822 = """\
# from the installer
Types: deb
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/ours.gpg
"""
SECURITY = "Types: deb\nURIs: http://a.example/s\nSuites: bookworm-security\nComponents: main\n"


@pytest.fixture(autouse=True)
def no_override(monkeypatch):
    monkeypatch.delenv("COMMSROOM_DEBIAN_ARCHIVE", raising=False)


def apt(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        place = tmp_path if name == "sources_list" else tmp_path / "sources.list.d"
        (place / name.replace("_", ".")).write_text(text)
    return tmp_path


def test_deb822_with_its_signing(tmp_path):
    found = sources.debian(apt(tmp_path, debian_sources=DEB822))
    assert found.uri == "https://mirror.example/debian"
    assert found.signing == {"Signed-By": "/usr/share/keyrings/ours.gpg"}


def test_key_written_into_the_source_comes_along(tmp_path):
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINB\n"
    found = sources.debian(
        apt(tmp_path, debian_sources=DEB822.replace("Signed-By: /usr", "X: /usr") + key)
    )
    assert "mQINB" in found.stanzas()
    assert found.stanzas().count("\n -----BEGIN") == 2


@pytest.mark.parametrize(
    ("line", "uri", "signing"),
    [
        ("deb http://m.example/debian bookworm main", "http://m.example/debian", {}),
        ("deb [arch=amd64 signed-by=/k.gpg] http://m.example/d trixie main contrib", "http://m.example/d",
         {"Signed-By": "/k.gpg"}),
        ("deb [trusted=yes] http://10.0.0.1:3142/debian stable main # cache", "http://10.0.0.1:3142/debian",
         {"Trusted": "yes"}),
    ],
    ids=["plain", "options", "trusted"],
)  # fmt: skip
def test_one_line_form(tmp_path, line, uri, signing):
    found = sources.debian(
        apt(tmp_path, sources_list=f"# cdrom\ndeb-src http://x.example/ y main\n{line}\n")
    )
    assert (found.uri, found.signing) == (uri, signing)


def test_security_archive_is_not_the_archive(tmp_path):
    found = sources.debian(apt(tmp_path, debian_sources=f"{SECURITY}\n{DEB822}"))
    assert found.uri == "https://mirror.example/debian"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Types: deb\nURIs: http://a.example/ubuntu\nSuites: noble\nComponents: main\n",
        f"Enabled: no\n{DEB822}",
        DEB822.replace("Types: deb", "Types: deb-src"),
        SECURITY,
    ],
    ids=["none", "ubuntu", "disabled", "sources only", "security only"],
)
def test_machine_without_debian_says_what_to_set(tmp_path, text):
    with pytest.raises(LabUnavailable, match="COMMSROOM_DEBIAN_ARCHIVE"):
        sources.debian(
            apt(tmp_path, debian_sources=text.replace("# from the installer\n", "")), tmp_path
        )


def test_machine_of_another_distribution_takes_what_its_debootstrap_knows(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "sid").write_text(
        "mirror_style release\n  default_mirror http://d.example/debian\n"
    )
    assert sources.debian(apt(tmp_path), tmp_path).uri == "http://d.example/debian"


def test_named_archive_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSROOM_DEBIAN_ARCHIVE", "http://named.example/debian")
    assert sources.debian(apt(tmp_path, debian_sources=DEB822)).uri == "http://named.example/debian"


def test_expiry_is_forgiven_to_sid_alone_and_signatures_never(tmp_path):
    trixie, sid = sources.debian(apt(tmp_path, debian_sources=DEB822)).stanzas().split("\n\n")
    assert "Check-Valid-Until: no" in sid
    assert "Valid-Until" not in trixie
    assert "Signed-By: /usr/share/keyrings/ours.gpg" in trixie
    assert "Signed-By: /usr/share/keyrings/ours.gpg" in sid
    assert "rusted" not in trixie + sid
