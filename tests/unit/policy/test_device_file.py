"""Rows of devices.csv are rewritten one by one; every other byte stays, and a fault leaves all of them."""

from dataclasses import replace

import pytest

from commsroom.errors import CommsroomError
from commsroom.policy import device_file, devices
from commsroom.policy.devices import DeviceState

HEADER = "asset_tag,kind,vendor,model,site,holder,state,port"
TEXT = (
    f"{HEADER}\r\n"
    'A-1,phone,"Yealink",T54W,taipei,,stock,\r\n'
    "\r\n"
    'A-2,phone,"Poly, Inc.",VVX 450,taipei,,stock,\n'
)


@pytest.fixture
def register(tmp_path, names):
    """Write the file and read its devices."""

    def write(text=TEXT):
        folder = tmp_path / "policies"
        folder.mkdir(exist_ok=True)
        (folder / "devices.csv").write_bytes(text.encode())
        problems = []
        found = devices.read(folder, names, problems)
        assert problems == []
        return found

    return write


@pytest.fixture
def names():
    from commsroom.policy.references import Names

    return Names(*[None] * 9)


def issued(device):
    return replace(device, state=DeviceState.ISSUED, holder="L007", port="sw:Gi1/0/1")


def test_one_row_changes_and_every_other_byte_stays(tmp_path, register):
    _, second = register()
    with device_file.prepared(tmp_path, [issued(second)]):
        pass
    assert (tmp_path / "policies/devices.csv").read_bytes().decode() == TEXT.replace(
        'A-2,phone,"Poly, Inc.",VVX 450,taipei,,stock,',
        'A-2,phone,"Poly, Inc.",VVX 450,taipei,L007,issued,sw:Gi1/0/1',
    )


def test_a_carriage_return_at_the_end_of_a_row_stays(tmp_path, register):
    first, _ = register()
    with device_file.prepared(tmp_path, [issued(first)]):
        pass
    raw = (tmp_path / "policies/devices.csv").read_bytes()
    assert raw.splitlines(keepends=True)[1].endswith(b",sw:Gi1/0/1\r\n")


def test_a_byte_order_mark_stays_and_hides_no_column(tmp_path, register):
    first, _ = register("\ufeff" + TEXT)
    with device_file.prepared(tmp_path, [issued(first)]):
        pass
    assert (tmp_path / "policies/devices.csv").read_bytes().startswith(b"\xef\xbb\xbfasset_tag,")


def test_the_file_is_as_it_was_until_the_block_is_through(tmp_path, register):
    first, _ = register()
    with device_file.prepared(tmp_path, [issued(first)]):
        assert (tmp_path / "policies/devices.csv").read_bytes() == TEXT.encode()
    assert len(list((tmp_path / "policies").iterdir())) == 1


def test_a_block_that_fails_changes_nothing_and_leaves_nothing_behind(tmp_path, register):
    first, _ = register()
    with pytest.raises(RuntimeError), device_file.prepared(tmp_path, [issued(first)]):
        raise RuntimeError
    assert [file.name for file in (tmp_path / "policies").iterdir()] == ["devices.csv"]
    assert (tmp_path / "policies/devices.csv").read_bytes() == TEXT.encode()


def test_a_row_that_moved_meanwhile_is_not_overwritten(tmp_path, register):
    first, _ = register()
    register(TEXT.replace(f"{HEADER}\r\n", f"{HEADER}\r\nA-0,phone,Snom,D785,taipei,,stock,\r\n"))
    with (
        pytest.raises(CommsroomError, match=r"devices.csv:2: changed while the command ran"),
        device_file.prepared(tmp_path, [issued(first)]),
    ):
        pass


def test_a_file_without_the_column_is_refused_by_its_name(tmp_path, register):
    first, _ = register(TEXT.replace(",port\r\n", "\r\n").replace(",stock,", ",stock"))
    with (
        pytest.raises(CommsroomError, match=r"there is no column port, and 'sw:Gi1/0/1' belongs"),
        device_file.prepared(tmp_path, [issued(first)]),
    ):
        pass


def test_its_rights_stay(tmp_path, register):
    first, _ = register()
    (tmp_path / "policies/devices.csv").chmod(0o640)
    with device_file.prepared(tmp_path, [issued(first)]):
        pass
    assert (tmp_path / "policies/devices.csv").stat().st_mode & 0o777 == 0o640


def test_what_a_killed_command_left_is_removed_by_the_next(tmp_path, register):
    first, _ = register()
    (tmp_path / "policies/.devices-left").write_text("half a file")
    with device_file.prepared(tmp_path, [issued(first)]):
        pass
    assert [file.name for file in (tmp_path / "policies").iterdir()] == ["devices.csv"]


def test_what_a_killed_delivery_left_is_removed_by_the_next(tmp_path, register):
    first, _ = register()
    (tmp_path / "policies/.devices-left").write_text("half a file")
    with device_file.received(tmp_path, [], [replace(first, asset_tag="A-3")]):
        pass
    assert [file.name for file in (tmp_path / "policies").iterdir()] == ["devices.csv"]


def test_a_disk_that_fills_up_between_two_copies_leaves_neither(tmp_path, register, monkeypatch):
    first, _ = register()
    synced = []

    def full(handle):
        synced.append(handle)
        if len(synced) > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(device_file.os, "fsync", full)
    with (
        pytest.raises(CommsroomError, match="nothing was recorded"),
        device_file.received(tmp_path, [], [replace(first, asset_tag="A-3")]),
    ):
        pass
    assert [file.name for file in (tmp_path / "policies").iterdir()] == ["devices.csv"]


def refused(*_):
    raise OSError(16, "Device or resource busy")


def test_a_file_that_cannot_be_replaced_is_told_and_that_the_ledger_has_it(
    tmp_path, register, monkeypatch
):
    first, _ = register()
    monkeypatch.setattr(device_file.Path, "replace", refused)
    with (
        pytest.raises(CommsroomError) as caught,
        device_file.prepared(tmp_path, [issued(first)]),
    ):
        pass
    assert str(caught.value) == (
        "policies/devices.csv: cannot be replaced: Device or resource busy (the ledger has what was"
        " recorded, and the row is behind; commsroom device rewrite once the file can be replaced)"
    )
    assert [file.name for file in (tmp_path / "policies").iterdir()] == ["devices.csv"]


def test_a_delivery_into_a_file_that_cannot_be_replaced_records_nothing(
    tmp_path, register, monkeypatch
):
    first, _ = register()
    monkeypatch.setattr(device_file.Path, "replace", refused)
    with (
        pytest.raises(CommsroomError, match=r"busy \(nothing was recorded\)"),
        device_file.received(tmp_path, [], [replace(first, asset_tag="A-3")]),
    ):
        pytest.fail("what cannot be written must not be recorded")


def test_a_row_that_somebody_adds_while_the_ledger_is_waited_for_stays(tmp_path, register):
    first, _ = register()
    file = tmp_path / "policies/devices.csv"
    with device_file.prepared(tmp_path, [issued(first)]):
        file.write_bytes(
            TEXT.replace(
                f"{HEADER}\r\n", f"{HEADER}\r\nA-0,phone,Snom,D785,taipei,,stock,\r\n"
            ).encode()
        )
    rows = file.read_bytes().decode().splitlines()
    assert rows[1] == "A-0,phone,Snom,D785,taipei,,stock,"
    assert rows[2].endswith(",L007,issued,sw:Gi1/0/1")
    assert len(list(file.parent.iterdir())) == 1


def test_a_row_that_somebody_edits_meanwhile_is_theirs_and_told(tmp_path, register):
    first, _ = register()
    file = tmp_path / "policies/devices.csv"
    theirs = TEXT.replace("T54W", "T57W").encode()
    with (
        pytest.raises(CommsroomError, match=r"devices.csv:2: was changed by somebody else") as told,
        device_file.prepared(tmp_path, [issued(first)]),
    ):
        file.write_bytes(theirs)
    assert "commsroom device rewrite" in str(told.value.remedy)
    assert file.read_bytes() == theirs
    assert len(list(file.parent.iterdir())) == 1


def test_a_link_stays_one_and_the_file_it_leads_to_is_written(tmp_path, register):
    first, _ = register()
    link, target = tmp_path / "policies/devices.csv", tmp_path / "shared.csv"
    link.rename(target)
    link.symlink_to(target)
    with device_file.prepared(tmp_path, [issued(first)]):
        pass
    assert link.is_symlink()
    assert b"L007,issued" in target.read_bytes()


def test_new_rows_that_fail_take_nothing_of_somebody_else_with_them(tmp_path, register):
    _, second = register()
    file = tmp_path / "policies/devices.csv"
    new = replace(second, asset_tag="A-3")

    def interrupted():
        with device_file.received(tmp_path, [], [new]):
            file.write_bytes(file.read_bytes() + b"A-4,phone,Snom,D785,taipei,,stock,\n")
            raise CommsroomError("the ledger is locked")

    with pytest.raises(CommsroomError, match=r"nothing was recorded .*it keeps the new rows"):
        interrupted()
    assert b"\nA-4," in file.read_bytes()
