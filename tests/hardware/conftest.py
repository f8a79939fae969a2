"""One boot of the machine for all promises: what it told is what they are about."""

import os
import shutil
import time

import hardware_image
import hardware_machine
import pytest

#: Programs of this side, and the package each comes from.
NEEDED = {
    "qemu-system-x86_64": "qemu-system-x86", "debootstrap": "debootstrap", "cpio": "cpio", "depmod": "kmod",
    "mkfs.ext4": "e2fsprogs", "cryptsetup": "cryptsetup-bin",
}  # fmt: skip


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/hardware/" in item.nodeid:
            item.add_marker(pytest.mark.hardware)
            # The first test waits for the image and the boot; the machine has a deadline of its own.
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def machine(tmp_path_factory, pytestconfig):
    """Boot it; its disks are looked through before and after."""
    missing = sorted(package for program, package in NEEDED.items() if not shutil.which(program))
    if missing:
        pytest.fail(f"not installed: {', '.join(missing)} (packaging/apt-packages-hardware.txt)")
    if os.geteuid():
        pytest.fail("the machine's root disk is made by root: run it with sudo, or in a container")
    plugins = pytestconfig.pluginmanager

    def say(line):
        with plugins.get_plugin("capturemanager").global_and_fixture_disabled():
            plugins.get_plugin("terminalreporter").write_line(line)

    began = time.monotonic()
    image = hardware_image.image()
    say(
        f"hardware: the root disk is there after {time.monotonic() - began:.0f} s; starting the machine"
    )
    folder = tmp_path_factory.mktemp("machine")
    boot = hardware_machine.boot(image, folder)
    say(f"hardware: {len(boot.told)} scenarios in one boot of {boot.seconds:.0f} s")
    yield boot
    for file in folder.glob("*.raw"):
        file.unlink()
