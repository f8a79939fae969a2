"""The rules of who may import whom hold, and each of them is able to fail.

import-linter checks the package by the contracts in pyproject.toml. Here every contract gets a
planted violation in a copy of the package, and must be the one that breaks. What import-linter
cannot express (plug-ins are no package; what runs on a target has other rules) is read from the
syntax trees.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}

#: (contract, planted file, what it imports): one line of Python where it must not be.
PLANTS = [
    ("layers", "commsroom/policy/planted.py", "import commsroom.estate.plan"),
    ("layers", "commsroom/errors.py", "import commsroom.policy"),
    ("layers", "commsroom/estate/planted.py", "from commsroom import backends"),
    ("layers", "commsroom/estate/planted.py", "from commsroom.ledger import anything"),
    ("layers", "commsroom/ledger/planted.py", "import commsroom.secrets"),
    ("layers", "commsroom/secrets/planted.py", "import commsroom.ledger"),
    ("layers", "commsroom/reports/planted.py", "import commsroom.backends"),
    ("layers", "commsroom/backends/planted.py", "import commsroom.runs"),
    ("layers", "commsroom/runs/planted.py", "def f():\n    import commsroom.app"),
    ("layers", "commsroom/app/planted.py", "import commsroom.lab"),
    ("layers", "commsroom/lab/planted.py", "import commsroom.cli"),
    ("layers", "commsroom/planted/__init__.py", "'''A room that no layer names.'''"),
    ("backends", "commsroom/backends/planted_a/provider.py", "import commsroom.backends.planted_b"),
    ("backends", "commsroom/backends/ssh.py", "import commsroom.backends.planted_b"),
    (
        "backends",
        "commsroom/backends/network_cli/planted.py",
        "import commsroom.backends.planted_b.dialect",
    ),
    ("backends", "commsroom/backends/host.py", "import commsroom.backends.planted_b"),
    ("backends", "commsroom/backends/simulated.py", "import commsroom.backends.planted_b.client"),
    ("backends", "commsroom/backends/outside.py", "import commsroom.backends.planted_a"),
    (
        "backends",
        "commsroom/backends/planted_a/client.py",
        "import commsroom.backends.outside_hello",
    ),
    ("runs", "commsroom/app/planted.py", "from nornir.core import Nornir"),
    ("runs", "commsroom/cli/planted.py", "import ansible_runner"),
    ("runs", "commsroom/lab/planted.py", "def f():\n    import distributed"),
    ("ansible", "commsroom/runs/planted.py", "from ansible.parsing.dataloader import DataLoader"),
    ("wire", "commsroom/backends/planted_a/provider.py", "import smtplib"),
    ("wire", "commsroom/lab/planted.py", "import paramiko"),
    ("database", "commsroom/app/planted.py", "import sqlalchemy"),
    ("terminal", "commsroom/app/planted.py", "from rich.console import Console"),
]


def broken_contracts(folder: Path) -> set[str]:
    """Run import-linter on the package in `folder` and return the ids of what it calls broken."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    names = {contract["name"]: identity for identity, contract in CONTRACTS.items()}
    assert set(verdicts) == set(names), done.stdout + done.stderr
    return {names[name] for name, verdict in verdicts.items() if verdict == "BROKEN"}


@pytest.fixture
def copy(tmp_path):
    """Give a copy of the package with two further back ends that follow every rule."""
    shutil.copytree(
        ROOT / "commsroom", tmp_path / "commsroom", ignore=lambda _, names: {"__pycache__"}
    )
    for name in ("planted_a", "planted_b"):
        folder = tmp_path / "commsroom/backends" / name
        folder.mkdir()
        (folder / "__init__.py").write_text(f"from commsroom.backends.{name} import provider\n")
        (folder / "provider.py").write_text(
            f"import commsroom.backends.on_target\nimport commsroom.backends.{name}.client\n"
        )
        (folder / "client.py").write_text("import imaplib\nimport commsroom.backends.ssh\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_package_keeps_every_contract(copy):
    assert broken_contracts(copy) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "file", "code"), PLANTS)
def test_a_planted_violation_breaks_its_contract_and_no_other(copy, contract, file, code):
    path = copy / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{code}\n", encoding="utf-8")

    assert broken_contracts(copy) == {contract}


def test_every_contract_has_a_planted_violation():
    assert {contract for contract, _, _ in PLANTS} == set(CONTRACTS)


# ── what import-linter cannot say ───────────────────────────────────────────────────────────


def imports(source: str) -> set[str]:
    """Name every module that `source` imports, anywhere in it; relative ones begin with a dot."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            # `from commsroom import cli` imports commsroom.cli, however it is written.
            found |= {
                f"{base}.{alias.name}"
                if base == "commsroom" or alias.name.startswith("on_target")
                else base
                for alias in node.names
            }
    return found


def outside(source: str, *allowed: str) -> set[str]:
    """Name what `source` imports beside the standard library and the `allowed` packages."""
    return {
        name
        for name in imports(source)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == one or name.startswith(f"{one}.") for one in allowed)
    }


PLUGINS_MAY = ("ansible", "ansible_collections.commsroom.core", "commsroom.app")
TARGET_MAY = ("commsroom.backends.on_target",)


def test_plugins_import_only_ansible_the_standard_library_and_the_verbs():
    found = {
        str(path.relative_to(ROOT)): outside(path.read_text(encoding="utf-8"), *PLUGINS_MAY)
        for path in (ROOT / "plugins").rglob("*.py")
    }
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import commsroom.runs",
        "from commsroom import ledger",
        "def f():\n    import yaml",
        "from commsroom.application import plan",
        "from . import neighbour",
    ],
)
def test_a_plugin_that_imports_something_else_is_named(code):
    assert outside(f"import json\nfrom ansible.errors import AnsibleError\n{code}", *PLUGINS_MAY)


def test_what_runs_on_a_target_needs_nothing_but_its_python3():
    for path in (ROOT / "commsroom/backends").rglob("on_target*.py"):
        source = path.read_text(encoding="utf-8")
        package = ".".join(path.parent.relative_to(ROOT).parts)
        parts = [f"{package}.{one.stem}" for one in path.parent.glob("on_target_*.py")]
        assert outside(source, *TARGET_MAY, *parts) == set(), path
        ast.parse(source, feature_version=(3, 9))


@pytest.mark.parametrize("code", ["import pydantic", "from commsroom.errors import CommsroomError"])
def test_a_target_program_that_needs_the_controller_is_named(code):
    assert outside(f"import json\nimport commsroom.backends.on_target\n{code}", *TARGET_MAY)


# ── dependencies ────────────────────────────────────────────────────────────────────────────


def declared() -> set[str]:
    project = PROJECT["project"]
    lines = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_every_library_the_package_imports_is_a_declared_dependency():
    distributions = packages_distributions()
    missing = {}
    for path in (ROOT / "commsroom").rglob("*.py"):
        for name in outside(path.read_text(encoding="utf-8"), "commsroom"):
            # A library that is not even installed stands for itself.
            top = name.partition(".")[0]
            providers = {canonicalize_name(each) for each in distributions.get(top, [top])}
            if not providers & declared():
                missing.setdefault(str(path.relative_to(ROOT)), set()).add(name)
    assert missing == {}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_every_declared_dependency_by_hash_and_names_no_host(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)
    }
    groups = [PROJECT["project"]["dependencies"]]
    if lock == "requirements-dev.lock":
        groups += [*PROJECT["project"]["optional-dependencies"].values()]
        groups += [PROJECT["dependency-groups"]["dev"]]
    for line in chain(*groups):
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is missing: run `make lock`"
        assert requirement.specifier.contains(pinned[name]), f"{line}: run `make lock`"
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    assert [entry.split()[0] for entry in entries if entry and "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_the_page_on_dependencies_names_every_one():
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").casefold()
    assert {name for name in declared() if name not in page} == set()
