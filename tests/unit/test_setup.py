"""What `make setup` promises, as far as it can be asked without a network."""

import runpy
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = runpy.run_path(str(ROOT / "packaging/uv.py"))


def uv_environment(listing):
    return UV["environment"](UV["pip_settings"](listing))


@pytest.mark.parametrize(
    ("listing", "variables"),
    [
        ("", {}),
        ("global.index-url='https://a.test/simple'", {"UV_DEFAULT_INDEX": "https://a.test/simple"}),
        ("global.extra-index-url='\\nfile:///a\\nfile:///b'", {"UV_INDEX": "file:///a file:///b"}),
        ("global.find-links='/a /b'", {"UV_FIND_LINKS": "/a,/b"}),
        ("global.cert='/etc/ca.crt'", {"SSL_CERT_FILE": "/etc/ca.crt"}),
        ("global.timeout='9'\n:env:.timeout='180'", {"UV_HTTP_TIMEOUT": "180"}),
        (":env:.index-url='https://env.test'\nglobal.index-url='https://file.test'",
         {"UV_DEFAULT_INDEX": "https://env.test"}),
        ("install.index-url='https://one.test'\nglobal.index-url='https://all.test'",
         {"UV_DEFAULT_INDEX": "https://one.test"}),
        ("freeze.timeout='5'\nglobal.disable-pip-version-check='1'", {}),
    ],
    ids=["nothing", "index", "two-extra", "two-links", "cert", "env-wins-later", "env-wins-earlier",
         "install-wins", "not-ours"],
)  # fmt: skip
def test_uv_gets_what_pip_is_set_to(listing, variables):
    assert uv_environment(listing) == variables


def test_setup_sees_at_once_that_nothing_is_missing():
    started = time.monotonic()
    done = subprocess.run(
        [ROOT / "packaging/setup.sh", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize("listed", ["apt-packages.txt", "apt-packages-tests.txt"])
def test_every_debian_package_says_why_it_is_there(listed):
    lines = (ROOT / "packaging" / listed).read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert entries
    assert [line for line in entries if not line.partition("#")[2].strip()] == []
