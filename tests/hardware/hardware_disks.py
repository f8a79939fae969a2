"""The disks of the machine: what each is, on which bus, and what its facts must be."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
CONTROLLERS = (
    "-device", "virtio-scsi-pci,id=shelf", "-device", "qemu-xhci,id=usb",
    # One controller with two namespaces: what erases itself as a whole erases both.
    "-device", "nvme-subsys,id=pair", "-device", "nvme,id=twin,serial=NVTWIN,subsys=pair",
)  # fmt: skip


@dataclass(frozen=True)
class Disk:
    """One disk. `name` is its serial number too, unless `serial` says otherwise; `kind` a word of the station's."""

    name: str
    kind: str
    where: str
    serial: str = ""
    size: int = 32 * MIB

    def arguments(self):
        """Return how QEMU attaches it."""
        return [
            "-device",
            f"{self.where},drive={self.name}" + ("" if self.serial else f",serial={self.name}"),
        ]


def _scsi(name, number, rate):
    kind = "SCSI_HDD" if rate > 1 else "SCSI_SSD"
    return Disk(name, kind, f"scsi-hd,bus=shelf.0,scsi-id={number},lun=0,rotation_rate={rate}")


def _ata(name, port, rate):
    kind = "ATA_HDD" if rate > 1 else "ATA_SSD"
    return Disk(name, kind, f"ide-hd,bus=ide.{port},rotation_rate={rate}")


WIPED = (
    *(Disk(f"NV000{number}", "NVME", "nvme") for number in range(1, 5)),
    Disk("NVONE", "NVME", "nvme-ns,bus=twin,nsid=1", serial="NVTWIN"),
    Disk("NVTWO", "NVME", "nvme-ns,bus=twin,nsid=2", serial="NVTWIN"),
    _ata("SA0001", 0, 7200),
    _ata("SA0002", 1, 1),
    _ata("SA0003", 2, 1),
    _ata("SA0004", 3, 1),
    _scsi("SC0001", 1, 7200),
    _scsi("SC0002", 2, 1),
    _scsi("SC0003", 3, 1),
    _scsi("SC0004", 4, 7200),
    Disk("VB0001", "VIRTUAL", "virtio-blk-pci"),
    Disk("VB0002", "VIRTUAL", "virtio-blk-pci"),
    Disk("US0001", "FLASH", "usb-storage,bus=usb.0", size=8 * MIB),  # its emulation is slow
)
#: Of what is refused, and what device-mapper makes liars of: one bus is enough.
REFUSED = tuple(_scsi(f"SC01{number:02}", 100 + number, 7200) for number in range(1, 13))
LIARS = tuple(_scsi(f"SC02{number:02}", 200 + number, 1) for number in range(1, 11))
DISKS = (*WIPED, *REFUSED, *LIARS)
