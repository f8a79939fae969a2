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


@pytest.mark.parametrize(
    "listed", ["apt-packages.txt", "apt-packages-tests.txt", "apt-packages-hardware.txt"]
)
def test_every_debian_package_says_why_it_is_there(listed):
    lines = (ROOT / "packaging" / listed).read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert entries
    assert [line for line in entries if not line.partition("#")[2].strip()] == []


STUBS = {
    "dpkg-query": 'for p in bash nginx $(cat "$T/new" 2>/dev/null); do echo "installed $p"; done',
    "dpkg": 'echo "/usr/lib/systemd/system/$2.service"; echo "/usr/lib/systemd/system/$2@.service"',
    "systemctl": """case "$1" in
list-unit-files) for u in nginx shared postgresql@ $(cat "$T/new" 2>/dev/null); do echo "$u.service enabled"; done ;;
*) echo "$*" >>"$T/told" ;;
esac""",
}


def switched_off(folder, script, *, policy=""):
    """Run a script between the two halves; return what systemctl was told, without `stop`."""
    for name, text in STUBS.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    if policy:
        (folder / "policy-rc.d").write_text(policy)
    job = f"source packaging/services_off.sh; services_before; {script}; services_after"
    subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", job], cwd=ROOT, check=True, timeout=60,
        env={"PATH": f"{folder}:/usr/bin:/bin", "T": str(folder),
             "COMMSROOM_POLICY_RC_D": str(folder / "policy-rc.d")},
    )  # fmt: skip
    told = folder / "told"
    lines = told.read_text().splitlines() if told.exists() else []
    return [line for line in lines if not line.startswith("stop ")]


def test_a_service_that_only_tests_need_is_neither_started_nor_left_enabled(tmp_path):
    install = (
        '"$T/policy-rc.d" lldpd.service start || echo "refused $?" >>"$T/said";'
        '"$T/policy-rc.d" nginx restart && echo "nginx may" >>"$T/said"; echo lldpd >"$T/new"'
    )
    assert switched_off(tmp_path, install) == ["disable -q lldpd.service"]
    assert (tmp_path / "said").read_text().splitlines() == ["refused 101", "nginx may"]
    assert not (tmp_path / "policy-rc.d").exists()


def test_a_service_the_user_had_is_never_touched(tmp_path):
    assert switched_off(tmp_path, 'echo shared >"$T/new"') == []
    assert switched_off(tmp_path, "true") == []


def test_somebody_elses_rule_about_services_stays(tmp_path):
    rule = "#!/bin/sh\nexit 101\n"
    assert switched_off(tmp_path, 'echo frr >"$T/new"', policy=rule) == ["disable -q frr.service"]
    assert (tmp_path / "policy-rc.d").read_text() == rule


def test_an_instance_of_a_service_the_user_had_may_be_restarted(tmp_path):
    ask = '"$T/policy-rc.d" postgresql@15-main.service restart && echo may >"$T/said"'
    assert switched_off(tmp_path, ask) == []
    assert (tmp_path / "said").read_text() == "may\n"


def test_a_rule_of_ours_that_a_killed_run_left_behind_is_taken_away(tmp_path):
    script = 'cp "$T/policy-rc.d" "$T/left"'
    switched_off(tmp_path, script)
    left = (tmp_path / "left").read_text()
    switched_off(tmp_path, "true", policy=left)
    assert not (tmp_path / "policy-rc.d").exists()
