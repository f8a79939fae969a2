"""What is done in the machine, in this order: data that the runner there carries out (`in_the_machine`).

`first` is run before the facts are approved, `then` between approval and wipe, `after` the wipe and `last` in any
case. `{SC0001}` stands for the device of that disk, `.sectors` and `.half` for its size and half of it in sectors.
"""

from __future__ import annotations

from commsroom.estate.retiring.methods import METHODS, By, Evidence

PASSPHRASE = "/run/passphrase"
QUICK = (
    "--batch-mode",
    "--pbkdf",
    "pbkdf2",
    "--pbkdf-force-iterations",
    "1000",
    "--key-file",
    PASSPHRASE,
)
LOOP = "/dev/loop7"
FOLDER = "/run/place"


def wipe(disk, method, **more):
    return {
        "name": f"{method} {disk}".replace(" ", "-"),
        "path": f"{{{disk}}}",
        "method": method,
        **more,
    }


def crypt(*words):
    return ["cryptsetup", *words]


def encrypted(disk, kind):
    """Make a disk a LUKS volume whose data are the tests' text; it stays open."""
    return [
        ["sh", "-c", f"printf 'correct horse' >{PASSPHRASE}"],
        crypt("luksFormat", "--type", kind, *QUICK, f"{{{disk}}}"),
        crypt("open", "--key-file", PASSPHRASE, f"{{{disk}}}", disk),
        ["@fill", f"/dev/mapper/{disk}", disk],
        crypt("luksHeaderBackup", "--batch-mode", f"{{{disk}}}", "--header-backup-file", f"/mnt/shared/{disk}.header"),
    ]  # fmt: skip


def luks(disk, kind, method="luks-erase"):
    """Encrypted, refused while it is open, erased when it is closed."""
    yield wipe(
        disk,
        method,
        name=f"open-{disk}",
        first=encrypted(disk, kind),
        untouched=f"{{{disk}}}",
    )
    yield wipe(
        disk, method, then=[crypt("close", disk)],
        job={"header_backups": [f"/mnt/shared/{disk}.header"]}, header=f"{{{disk}}}",
    )  # fmt: skip


def restored(disk):
    """Somebody kept a backup that nobody knew of."""
    kept = f"/run/{disk}.header"
    yield wipe(
        disk, "luks-erase", name="header-restored",
        first=[*encrypted(disk, "luks2"), ["cp", f"/mnt/shared/{disk}.header", kept], crypt("close", disk)],
        after=[
            crypt("luksHeaderRestore", "--batch-mode", f"{{{disk}}}", "--header-backup-file", kept),
            crypt("open", "--test-passphrase", "--key-file", PASSPHRASE, f"{{{disk}}}"),
        ],
        header=f"{{{disk}}}",
    )  # fmt: skip


def refused(name, disk, method="overwrite", **more):
    return {
        "name": name,
        "path": f"{{{disk}}}",
        "method": method,
        "untouched": f"{{{disk}}}",
        **more,
    }


def made(*words, disk):
    return [*words, f"{{{disk}}}"]


def partition(disk):
    """Give a disk one partition of 16 MiB, by a table of MS-DOS: no program for that is in a small Debian."""
    first, size = r"\0\010\0\0", r"\0\0200\0\0"
    entry = rf"\0\0\0\0\0203\0\0\0{first}{size}"
    table = entry + r"\0" * 48 + r"\0125\0252"
    return [
        ["sh", "-c", f"printf '%b' '{table}' | dd of={{{disk}}} bs=1 seek=446 conv=notrunc"],
        ["blockdev", "--rereadpt", f"{{{disk}}}"],
    ]


ARRAY = ("mdadm", "--create", "/dev/md/pair", "--run", "--level=1", "--metadata=1.2", "--raid-devices=2")  # fmt: skip
REFUSALS = [
    refused(
        "mounted", "SC0101",
        first=[["mkdir", "-p", FOLDER], made("mkfs.ext4", "-q", "-F", "-E", "nodiscard", disk="SC0101")],
        then=[["mount", "-o", "ro", "{SC0101}", FOLDER]], last=[["umount", FOLDER]],
    ),
    refused(
        "partition-mounted", "SC0102",
        first=[*partition("SC0102"), ["mkfs.ext4", "-q", "-F", "-E", "nodiscard", "{SC0102}1"]],
        then=[["mount", "-o", "ro", "{SC0102}1", FOLDER]], last=[["umount", FOLDER]],
    ),
    refused(
        "mounted-through-a-loop", "SC0103", first=[made("mkfs.ext4", "-q", "-F", "-E", "nodiscard", disk="SC0103")],
        then=[["losetup", "-r", LOOP, "{SC0103}"], ["mount", "-o", "ro", LOOP, FOLDER]],
        last=[["umount", FOLDER], ["losetup", "-d", LOOP]],
    ),
    refused("swap", "SC0104", first=[made("mkswap", disk="SC0104")], then=[made("swapon", disk="SC0104")],
            last=[made("swapoff", disk="SC0104")]),
    refused(
        "volume-active", "SC0105",
        first=[made("pvcreate", "-q", "-y", disk="SC0105"), ["vgcreate", "-q", "alive", "{SC0105}"]],
        then=[["lvcreate", "-q", "-y", "-Wn", "-Zn", "-n", "data", "-l", "100%FREE", "alive"]],
    ),
    refused(
        "volume-inactive", "SC0106",
        first=[made("pvcreate", "-q", "-y", disk="SC0106"), ["vgcreate", "-q", "asleep", "{SC0106}"],
               ["lvcreate", "-q", "-y", "-an", "-Zn", "-n", "data", "-l", "100%FREE", "asleep"]],
    ),
    refused("array-active", "SC0107", then=[[*ARRAY, "--assume-clean", "{SC0107}", "{SC0108}"]],
            last=[["mdadm", "--stop", "/dev/md/pair"]]),
    refused("array-inactive", "SC0108"),
    refused("another-serial", "SC0109", job={"serial": "SC0110"}),
    refused(
        "path-changed", "SC0110", path="/run/bay1", first=[["ln", "-sfn", "{SC0109}", "/run/bay1"]],
        then=[["ln", "-sfn", "{SC0110}", "/run/bay1"]],
    ),
    refused("read-only", "SC0111", then=[made("blockdev", "--setro", disk="SC0111")],
            last=[made("blockdev", "--setrw", disk="SC0111")]),
    # What the device would do by itself is refused like what the host does.
    refused("mounted-and-by-command", "SC0112", "scsi-sanitize-block",
            first=[made("mkfs.ext4", "-q", "-F", "-E", "nodiscard", disk="SC0112")],
            then=[["mount", "-o", "ro", "{SC0112}", FOLDER]], last=[["umount", FOLDER]]),
    {"name": "root-disk", "path": "/dev/vda", "method": "overwrite"},
    refused("another-namespace", "NVONE", "nvme-format"),
]  # fmt: skip


def liar(name, disk, table, method="overwrite", **more):
    """A disk that device-mapper makes of a real one, told what to be; on a loop device, for a name of its own."""
    return {
        "name": name, "path": LOOP, "method": method,
        "first": [
            *more.pop("before", ()),
            ["dmsetup", "create", name, "--table", table],
            ["losetup", "--direct-io=on", LOOP, f"/dev/mapper/{name}"],
        ],
        "last": [["losetup", "-d", LOOP], ["dmsetup", "remove", "--retry", name]],
        **more,
    }  # fmt: skip


def turned(name, *table):
    """Return what has a disk show another face."""
    face = "\\n".join(table)
    return [
        f"dmsetup suspend {name}",
        f"printf '{face}\\n' | dmsetup load {name}",
        f"dmsetup resume {name}",
    ]


def swapped(name, *table):
    """Return what a tool does that says it erased, and only has the disk show another face; its version it tells."""
    return ['[ "$1" = version ] && exit', *turned(name, *table)]


def once_overwriting(name, *table):
    """Return what waits beside the job until it overwrites, and then has the disk show another face."""
    noted = f"/var/lib/commsroom/wipes/{name}.json"
    turns = " && ".join(turned(name, *table))
    waits = f"until grep -qs overwriting {noted}; do sleep 0.02; done; {turns}"
    return ["sh", "-c", f"({waits}) >/dev/null 2>&1 &"]


def plain(disk):
    return f"0 {{{disk}.sectors}} linear {{{disk}}} 0"


LIARS = [
    liar("honest", "SC0201", plain("SC0201")),
    liar("drops-writes", "SC0202", "0 {SC0202.sectors} flakey {SC0202} 0 0 600 1 drop_writes"),
    liar("drops-writes-later", "SC0203", plain("SC0203"), then=[once_overwriting(
        "drops-writes-later", "0 {SC0203.sectors} flakey {SC0203} 0 0 600 1 drop_writes")]),
    liar("corrupts", "SC0204", "0 {SC0204.sectors} flakey {SC0204} 0 0 600 5 corrupt_bio_byte 32 w 1 0"),
    liar("half-fails", "SC0205", "0 {SC0205.half} linear {SC0205} 0\n{SC0205.half} {SC0205.half} error"),
    liar("half-as-large", "SC0206", "0 {SC0206.half} linear {SC0206} 0\n{SC0206.half} {SC0206.half} linear {SC0206} 0"),
    # New blocks go elsewhere, as flash puts them into its spare area, until there is no more of it.
    liar("writes-elsewhere", "SC0207", "0 {SC0207.sectors} snapshot {SC0207} /dev/loop6 N 8",
         before=[["dd", "if=/dev/zero", "of=/run/spare", "bs=1M", "count=12", "status=none"],
                 ["losetup", "/dev/loop6", "/run/spare"]]),
    liar("shows-zeros", "SC0208", plain("SC0208"), "nvme-format",
         lies={"nvme": swapped("shows-zeros", "0 {SC0208.sectors} zero")}),
    liar("shows-half-zeros", "SC0209", plain("SC0209"), "nvme-format", lies={"nvme": swapped(
        "shows-half-zeros", "0 {SC0209.half} zero", "{SC0209.half} {SC0209.half} linear {SC0209} {SC0209.half}")}),
    liar("killed", "SC0210", "0 {SC0210.sectors} delay {SC0210} 0 0 {SC0210} 0 100", kill=True),
]  # fmt: skip

#: By a method each that every host can do, and by what the device offers.
ERASED = [
    wipe("NV0001", "overwrite"), wipe("SA0001", "overwrite"), wipe("SC0001", "overwrite"), wipe("VB0001", "overwrite"),
    wipe("US0001", "overwrite"), wipe("SA0002", "overwrite-bmb21"), wipe("SC0002", "discard"),
    wipe("VB0002", "discard"), wipe("NV0002", "nvme-format"),
    *luks("NV0003", "luks2", "luks-erase-clear"), *luks("SA0003", "luks1"),
]  # fmt: skip

#: Commands that QEMU's devices do not know, each at a device that would have to: the real tools, refused by it.
COMMANDS = {"ata": "SA0004", "nvme": "NV0004", "scsi": "SC0003"}
UNKNOWN = [
    wipe(COMMANDS[method.name.partition("-")[0]], method.name)
    for method in METHODS
    if method.by is By.STATION
    and method.evidence is Evidence.DEVICE
    and method.name != "nvme-format"
]

SCENARIOS = [*ERASED, *UNKNOWN, *REFUSALS, *LIARS, *restored("SC0004")]
