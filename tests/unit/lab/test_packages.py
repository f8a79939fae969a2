"""The package archive: what apt fetched, laid out so that debootstrap and apt read all of it."""

import hashlib

import pytest

from commsroom.lab import packages
from commsroom.lab.home import Home

RECORD = """\
Package: {name}
Version: {version}
Architecture: amd64
Filename: pool/main/somewhere/else.deb
Description: a package
 Filename: in a description is no field
"""


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    (home.apt / "archives").mkdir(parents=True)
    return home


def published(home, **suites):
    found = {}
    for suite, items in suites.items():
        records = [RECORD.format(name=name, version=version) for name, version in items]
        found[suite] = {packages._file(record): record for record in records}
        for file in found[suite]:
            (home.apt / "archives" / file).write_bytes(file.encode())
    packages._publish(home, found)
    return {path.parts[-4]: path.read_text() for path in home.packages.rglob("Packages")}


def test_last_record_ends_like_the_others(home):
    """Debootstrap overlooks a record that no blank line follows."""
    index = published(home, trixie=[("a", "1"), ("zlib1g", "1:1.3")])["trixie"]
    assert index.endswith("\n\n")
    assert index.count("\n\n") == 2


def test_every_name_in_the_index_is_a_file_without_an_epoch(home):
    index = published(
        home, trixie=[("zlib1g", "1:1.3"), ("dash", "0.5")], sid=[("asterisk", "1:22")]
    )
    names = [
        line.removeprefix("Filename: ")
        for text in index.values()
        for line in text.splitlines()
        if line.startswith("Filename: ")
    ]
    assert sorted(names) == [
        "pool/asterisk_22_amd64.deb", "pool/dash_0.5_amd64.deb", "pool/zlib1g_1.3_amd64.deb",
    ]  # fmt: skip
    assert all((home.packages / name).is_file() for name in names)
    assert " Filename: in a description is no field" in index["sid"]


def test_release_vouches_for_the_index(home):
    index = published(home, sid=[("asterisk", "1:22")])["sid"]
    release = (home.packages / "dists" / "sid" / "Release").read_text()
    assert f" {hashlib.sha256(index.encode()).hexdigest()} {len(index)} main/binary-" in release
    assert "\nDate: " in release


def test_what_no_suite_holds_any_more_goes(home):
    published(home, trixie=[("old", "1")])
    published(home, trixie=[("new", "1")])
    assert [path.name for path in (home.packages / "pool").iterdir()] == ["new_1_amd64.deb"]


def test_sid_is_asked_only_for_what_names_it():
    assert "Pin: release n=sid\nPin-Priority: 100" in packages.PREFERENCES


def test_another_list_is_another_archive(monkeypatch):
    before = packages.wanted()
    monkeypatch.setattr(packages, "BASE", (*packages.BASE, "one-more"))
    assert packages.wanted() != before
