"""The root disk, kernel and initial ramdisk of the machine: made once, kept by the digest of their recipe.

Debian trixie as the lab's servers are, by this machine's own apt; its kernel is unpacked, not installed, and
started by QEMU itself. No service runs in it: the first process is a shell script, then the tests' runner.
"""

from __future__ import annotations

import hashlib
import lzma
import shutil
from dataclasses import dataclass
from pathlib import Path

from commsroom.lab import home as homes
from commsroom.lab import packages
from commsroom.lab.commands import Commands

#: What a station needs, and what disks are made something of with: volumes, arrays, file systems, swap.
PACKAGES = (
    "cryptsetup-bin", "dmsetup", "e2fsprogs", "hdparm", "kmod", "lvm2", "mdadm", "nvme-cli", "python3",
    "sg3-utils", "util-linux",
)  # fmt: skip
#: Unpacked, not installed: no bootloader, no ramdisk of Debian's.
UNPACKED = ("busybox-static", "linux-image-amd64")
#: Needed until the root disk is there; all others come from it.
EARLY = ("crc32c_generic", "virtio_pci", "virtio_blk", "ext4")  # ext4 asks for a checksum by name
LATE = (
    "9pnet_virtio", "9p", "nvme", "ahci", "virtio_scsi", "xhci_pci", "usb_storage", "sd_mod", "loop", "dm_mod",
    "dm_crypt", "dm_delay", "dm_flakey", "dm_snapshot", "dm_zero", "raid1", "ext4",
)  # fmt: skip
EARLY_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*.ko; do /bin/busybox insmod $module; done
tries=0
until [ -b /dev/vda ] || [ $tries -gt 100 ]; do /bin/busybox sleep 0.1; tries=$((tries + 1)); done
/bin/busybox mount -o rw,noatime /dev/vda /root && exec /bin/busybox switch_root /root /init
"""
#: scsi_debug is a disk in memory that answers REPORT SUPPORTED OPERATION CODES, which QEMU's do not.
INIT = f"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DM_DISABLE_UDEV=1
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs run /run; mkdir -p /run/lock /run/lvm /run/cryptsetup /mnt/shared
for module in {" ".join(LATE)}; do modprobe $module || echo "no module $module"; done
modprobe scsi_debug dev_size_mb=8
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 shared /mnt/shared
python3 -B /mnt/shared/in_the_machine.py /mnt/shared >/mnt/shared/runner.log 2>&1
sync
echo b >/proc/sysrq-trigger
sleep 60
"""
#: No udev runs there: LVM makes its own device nodes, and looks for volumes by itself.
LVM = """
devices { obtain_device_list_from_udev = 0
 external_device_info_source = "none"
 use_devicesfile = 0 }
activation { udev_sync = 0
 udev_rules = 0
 monitoring = 0 }
"""
#: A recipe is what was written above, and how it is put together.
RECIPE = repr((PACKAGES, UNPACKED, EARLY, EARLY_INIT, INIT, LVM, 1))
DISK_BYTES = 1 << 30
PATIENCE = 900.0


@dataclass(frozen=True)
class Image:
    """What QEMU starts the machine from; none of it is written to."""

    folder: Path

    @property
    def root(self):
        return self.folder / "root.img"

    @property
    def kernel(self):
        return self.folder / "vmlinuz"

    @property
    def ramdisk(self):
        return self.folder / "initrd"


def image():
    """Return the image, made first where its recipe is not that of the one that is kept."""
    lab = homes.find()
    home = homes.Home(lab.path / "hardware")
    kept = home.path / hashlib.sha256(RECIPE.encode()).hexdigest()[:16]
    with home.locked():
        if not kept.exists():
            for old in home.path.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            beside = home.path / "making"
            beside.mkdir()
            _make(home, Commands(home.log), beside)
            beside.rename(kept)
            for spent in (home.apt, home.packages):
                shutil.rmtree(spent)
    return Image(kept)


def _make(home, run, folder):
    packages.fetch_trixie(home, run, [*PACKAGES, *UNPACKED])
    root, unpacked = folder / "root", folder / "unpacked"
    (root / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True)
    (root / "etc/dpkg/dpkg.cfg.d/image").write_text(
        "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n"
        "path-exclude=/usr/share/locale/*\n"
    )
    scripts = Path("/usr/share/debootstrap/scripts")
    script = next(scripts / name for name in ("trixie", "sid") if (scripts / name).exists())
    run(
        "debootstrap", "--variant=minbase", "--no-check-gpg", f"--include={','.join(PACKAGES)}", "trixie", root,
        f"file://{home.packages}", script, step="installing Debian", timeout=PATIENCE,
    )  # fmt: skip
    for name in ("linux-image-[0-9]*", "busybox-static_*"):
        (package,) = (home.packages / "pool").glob(name)
        run("dpkg-deb", "-x", package, unpacked, step="unpacking", timeout=PATIENCE)
    _finish(run, folder, root, unpacked)
    run("truncate", "-s", DISK_BYTES, folder / "root.img", step="making its disk")
    run(
        "mkfs.ext4", "-q", "-F", "-d", root, folder / "root.img", step="making its disk",
        timeout=PATIENCE,
    )  # fmt: skip
    for spare in (root, unpacked):
        shutil.rmtree(spare)


def _finish(run, folder, root, unpacked):
    """Give the system its kernel's modules, its first process and LVM's settings."""
    shutil.rmtree(root / "var/cache/apt/archives")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    (root / "etc/lvm/lvmlocal.conf").write_text(LVM)
    (modules,) = unpacked.glob("usr/lib/modules/*")
    shutil.copytree(modules, root / "usr/lib/modules" / modules.name, symlinks=True)
    run("depmod", "-b", root, modules.name, step="listing modules")
    (kernel,) = unpacked.glob("boot/vmlinuz-*")
    shutil.copy(kernel, folder / "vmlinuz")
    _ramdisk(run, folder, root / "usr/lib/modules" / modules.name, unpacked)


def _ramdisk(run, folder, modules, unpacked):
    """Make the initial ramdisk: busybox, the modules of the root disk in order, a script."""
    tree = folder / "ramdisk"
    for name in ("bin", "dev", "modules", "proc", "root"):
        (tree / name).mkdir(parents=True)
    (busybox,) = unpacked.glob("**/bin/busybox")
    shutil.copy(busybox, tree / "bin/busybox")
    for number, path in enumerate(_in_order(modules)):
        data = path.read_bytes()
        name = f"{number:02}-{path.name.partition('.')[0]}.ko"
        (tree / "modules" / name).write_bytes(
            lzma.decompress(data) if path.suffix == ".xz" else data
        )
    (tree / "init").write_text(EARLY_INIT)
    (tree / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    run(
        "sh", "-c", 'cd "$1" && exec cpio --quiet -o -H newc -F "$2"', "sh", tree, folder / "initrd",
        text=f"{names}\n", step="packing the ramdisk",
    )  # fmt: skip
    shutil.rmtree(tree)


def _in_order(modules):
    """Return the files of the early modules, what each needs before it."""
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        file, _, others = line.partition(":")
        needs[Path(file).name.partition(".")[0].replace("-", "_")] = [file, *others.split()]
    found = {}
    for name in EARLY:
        for file in reversed(needs.get(name, [])):  # built in: not listed
            found[file] = modules / file
    return list(found.values())
