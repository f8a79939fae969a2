"""What a disk says of itself, as kernel and tools give it; on disks of every bus: tests/hardware."""

import json

import pytest

from commsroom.backends.wipe_station import on_target_media


@pytest.mark.parametrize(
    ("said", "can"),
    [
        ("  Opcode=0x48\n  Command is NOT supported\n", []),
        ("  Opcode=0x48 service action: 0x1\n  Command not supported\n", []),
        ("  Opcode=0x48\n  Command is support reserved [0x2]\n", []),
        (
            "  Opcode=0x48\n  Command is supported [conforming to SCSI standard]\n",
            ["scsi-sanitize-overwrite", "scsi-sanitize-block", "scsi-sanitize-crypto"],
        ),
    ],
    ids=["not", "not-of-older", "reserved", "supported"],
)
def test_an_answer_of_not_supported_is_no_ability(tmp_path, monkeypatch, said, can) -> None:
    monkeypatch.setattr(on_target_media, "ask", lambda _argv: said)
    found = {"rotational": True, "device": "/dev/sdx", "can": []}
    on_target_media._scsi(tmp_path, found)
    assert found["can"] == can


def test_a_stick_is_known_by_the_serial_number_of_its_usb_device(tmp_path) -> None:
    disk = tmp_path / "usb1/1-1/1-1:1.0/host5/block/sdx"
    disk.mkdir(parents=True)
    for folder, number in (("usb1", "the hub"), ("usb1/1-1", "4C530001")):
        (tmp_path / folder / "idVendor").write_text("0781\n", "ascii")
        (tmp_path / folder / "serial").write_text(f"{number}\n", "ascii")
    found: dict = {}
    on_target_media._flash(disk, found)
    assert (found["kind"], found["serial"]) == ("FLASH", "4C530001")


@pytest.mark.parametrize("said", [500, "7", 500.0, 0, None])
def test_capacity_that_is_in_no_namespace_is_hidden_from_the_host(
    tmp_path, monkeypatch, said
) -> None:
    answer = json.dumps({"oacs": 2, "sanicap": 2, "unvmcap": said})
    monkeypatch.setattr(on_target_media, "ask", lambda _argv: answer)
    found = {"device": "/dev/nvme0n1", "can": [], "hidden_bytes": 0}
    on_target_media._nvme(tmp_path, found)
    assert found["hidden_bytes"] == int(said or 0)
    assert found["can"] == ["nvme-format", "nvme-sanitize-block"]
