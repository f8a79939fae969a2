"""What holds for every test: no network, unless it is marked as needing the lab's servers."""

import ipaddress
import signal
import socket
import threading

import hypothesis
import pytest

# Of one example, by the clock on the wall: on a busy machine Hypothesis' own fifth of a second is weather.
hypothesis.settings.register_profile("commsroom", deadline=5000)  # milliseconds
hypothesis.settings.load_profile("commsroom")


# A shell has its background jobs ignore SIGINT, and what they start inherits that: what tests interrupt must not.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: What opens an estate, a ledger's file, a store or a switch's SSH for nearly every test, kills again and again, or
#: draws paper: four fifths of the time of all quick tests. `make check` leaves it to `make test`.
THOROUGH = (
    "tests/cli/",
    "tests/contract/test_rotation.py",
    "tests/contract/test_stores.py",
    "tests/contract/test_vault_store.py",
    "tests/unit/backends/nanomdm/test_nanomdm.py",
    "tests/unit/backends/prosody/test_network.py",
    "tests/unit/backends/switches/",
    "tests/unit/backends/test_nonsense.py",
    "tests/unit/backends/test_ssh_ends.py",
    "tests/unit/estate/rotation/test_machine.py",
    "tests/unit/ledger/",
    "tests/unit/reports/test_compliance.py",
    "tests/unit/retiring/test_attesting.py",
    "tests/unit/retiring/test_paper.py",
    "tests/unit/retiring/test_verify.py",
    "tests/unit/runs/test_ssh.py",
    "tests/unit/secrets/rotation/test_crash.py",
    "tests/unit/secrets/stores/test_ansible_vault.py",
    "tests/unit/secrets/stores/test_vault_deadline.py",
    "tests/unit/secrets/test_recipient.py",
    "tests/unit/secrets/test_rekeying.py",
)


#: Slow ones that measure time, or use something that a machine has once (a bridge, engines of containers): they run
#: by themselves.
ALONE = (
    "tests/pipelines/",
    "tests/switches/test_faults.py",
    "tests/switches/test_linux_switch_live.py",
    "tests/unit/app/test_kills.py",
)


def pytest_collection_modifyitems(items):
    for item in items:
        file = item.nodeid.partition("::")[0]
        if file.startswith(THOROUGH):
            item.add_marker(pytest.mark.thorough)
        if file.startswith(ALONE):
            item.add_marker(pytest.mark.alone)


def _is_here(address) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = address[0]
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="write golden files anew; read the diff")


@pytest.fixture(autouse=True)
def _no_network(request, monkeypatch):
    """Fail a test that connects to anything but this machine: it would pass or fail by weather."""
    if request.node.get_closest_marker("lab"):
        return

    def guarded(method):
        def call(self, address):
            if not _is_here(address):
                pytest.fail(f"a quick test connects to {address!r}; mark it `lab`, or use a fake")
            return method(self, address)

        return call

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
