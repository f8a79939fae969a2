"""What every file of the project promises: one room each, readable length, nothing of this machine."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]

#: Longer than a reader holds in mind needs a reason here.
LIMIT = 400
LONGER: dict[str, str] = {}

VAGUE = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def too_long(lengths: dict[str, int]) -> dict[str, int]:
    return {name: lines for name, lines in lengths.items() if lines > LIMIT}


def test_source_files_stay_short_enough_to_read():
    lengths = {
        str(path.relative_to(ROOT)): text_of(path).count("\n")
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in {"commsroom", "plugins"}
    }
    assert set(too_long(lengths)) == set(LONGER), f"is each one room? {too_long(lengths)}"


def test_no_module_is_a_drawer_for_odds_and_ends():
    vague = [path for path in tracked() if path.suffix == ".py" and path.stem in VAGUE]
    folders = [path for path in tracked() if VAGUE & set(path.relative_to(ROOT).parts[:-1])]
    assert vague + folders == []


# ── nothing of this machine ─────────────────────────────────────────────────────────────────


def hosts_in(settings: str) -> set[str]:
    """Name the hosts of all addresses in apt's and pip's settings; our own machine is no secret."""
    found = {
        urlsplit(address).hostname for address in re.findall(r"https?://[^\s'\"\]>;,]+", settings)
    }
    return {host for host in found if host and host not in {"localhost", "127.0.0.1", "::1"}}


def package_hosts() -> set[str]:
    texts = []
    for pattern in ("sources.list", "sources.list.d/*", "apt.conf", "apt.conf.d/*"):
        texts += [text_of(path) for path in Path("/etc/apt").glob(pattern) if path.is_file()]
    pip = [sys.executable, "-m", "pip", "config", "list"]
    texts.append(subprocess.run(pip, capture_output=True, text=True, check=True).stdout)
    return hosts_in("\n".join(texts))


def test_no_file_names_a_package_mirror_of_this_machine():
    hosts = package_hosts()
    found = {
        (str(path.relative_to(ROOT)), host)
        for path in tracked()
        if path.parent.name != "schemas"  # other people's, byte for byte
        for host in hosts
        if host in text_of(path)
    }
    assert found == set()


def test_no_file_names_a_path_of_this_checkout():
    here = f"{ROOT}/"
    assert [str(path.relative_to(ROOT)) for path in tracked() if here in text_of(path)] == []


@pytest.mark.parametrize(
    ("settings", "hosts"),
    [
        ("deb [arch=amd64] https://mirror.test/debian trixie main", {"mirror.test"}),
        ("URIs: http://one.test/x\n# http://two.test", {"one.test", "two.test"}),
        ('Acquire::http::Proxy "http://user:word@proxy.test:3128";', {"proxy.test"}),
        ("global.index-url='https://token@index.test/simple'", {"index.test"}),
        ("global.extra-index-url='file:///srv/simple http://localhost:8000'", set()),
    ],
)
def test_a_host_is_found_however_it_is_written(settings, hosts):
    assert hosts_in(settings) == hosts
