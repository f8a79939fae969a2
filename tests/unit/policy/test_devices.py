"""The register of equipment: every row is one device, or one clear line at its place."""

import time
import tracemalloc
from datetime import date
from decimal import Decimal

import pytest

from commsroom import policy
from commsroom.policy import device_rows, devices
from commsroom.policy.devices import DeviceKind, DeviceState
from commsroom.policy.references import Names

#: The last columns, from `media` on, are ones that most registers leave out.
HEADER = ",".join(devices.COLUMNS[:-3])
PHONE = "A-1,phone,Yealink,T54W,SN1,80:5e:c0:00:00:01,2024-03-11,2027-03-10,5200,taipei,L002,issued,sw-3f:Gi1/0/1"
NAMES = Names(
    sites={"taipei"}, departments=set(), positions=set(), dialling_classes=set(),
    destinations=set(), rooms=set(), clauses=set(), places={"lobby"}, people={"L001", "L002"},
)  # fmt: skip


@pytest.fixture
def register(tmp_path):
    """Read rows below the header; returns the devices and the problems as a user reads them."""

    def read(*rows, header=HEADER, names=NAMES):
        (tmp_path / "devices.csv").write_text("\n".join([header, *rows]) + "\n")
        problems = []
        return devices.read(tmp_path, names, problems), [str(item) for item in problems]

    return read


def test_a_row_comes_back_as_typed_values(register):
    found, problems = register(PHONE)
    assert problems == []
    (device,) = found
    assert (device.kind, device.state) == (DeviceKind.PHONE, DeviceState.ISSUED)
    assert (device.purchased, device.warranty_end) == (date(2024, 3, 11), date(2027, 3, 10))
    assert device.price == Decimal(5200)
    assert (device.holder, device.port, device.line) == ("L002", "sw-3f:Gi1/0/1", 2)
    assert device.product == "Yealink T54W"


@pytest.mark.parametrize(
    "written",
    [
        "80:5E:C0:AB:CD:EF", "80-5e-c0-ab-cd-ef", "805e.c0ab.cdef", "805ec0abcdef",
        "805E-C0AB-CDEF", "805ec0-abcdef", "80 5e c0 ab cd ef",
    ],
)  # fmt: skip
def test_a_mac_address_is_one_value_in_every_notation(written):
    assert device_rows.mac_address(written) == "80:5e:c0:ab:cd:ef"


@pytest.mark.parametrize(
    "written",
    [
        "80:5e:c0:ab:cd",
        "80:5e:c0:ab:cd:eg",
        "01:00:5e:00:00:01",
        "00:00:00:00:00:00",
        "\uff1805ec0abcdef",
    ],
)
def test_what_no_device_has_is_no_mac_address(written):
    with pytest.raises(ValueError, match="address"):
        device_rows.mac_address(written)


FAULTS = {
    "kind": (",phone,", ",phnoe,", "kind: 'phnoe' is no kind of device (did you mean 'phone'?)"),
    "state": (",issued,", ",isued,", "state: 'isued' is no state of a device (did you mean 'issued'?)"),
    "site": (",taipei,", ",taipe,",
             "site: there is no site 'taipe' in company.yml (did you mean 'taipei'?)"),
    "holder": (",L002,", ",the boss,", ("holder: 'the boss' is no person and no place"
               " (people are in the roster, places in equipment.yml)")),
    "nobody": (",L002,", ",,", "holder: `issued`, and nobody holds it (a person of the roster, or a place)"),
    "mac": (":00:00:01", "", ("mac: '80:5e:c0' is not a MAC address"
            " (twelve hexadecimal digits: 00:15:65:ab:cd:ef)")),
    "date": ("2024-03-11", "11.03.2024", "purchased: '11.03.2024' is not a date (write 2024-03-11)"),
    "warranty": ("2027-03-10", "2023-03-10",
                 "warranty_end: `warranty_end` 2023-03-10 is before `purchased` 2024-03-11"),
    "price": (",5200,", ",NT$5200,", ("price: 'NT$5200' is not a price"
              " (digits, with a point for cents: 4200 or 99.50)")),
    "year 1": ("2024-03-11", "0001-01-01", ("purchased: 0001-01-01 is out of reach"
               " (a year from 1900 to 2199; empty where nobody knows)")),
    "year 9999": ("2027-03-10", "9999-12-31", ("warranty_end: 9999-12-31 is out of reach"
                  " (a year from 1900 to 2199; empty where nobody knows)")),
    "decimal comma": (",5200,", ',"5200,50",', "price: '5200,50' is not a price (write 5200.50)"),
    "thousands": (",5200,", ',"5,200.50",', "price: '5,200.50' is not a price (write 5200.50)"),
    "one comma": (",5200,", ',"5,200",', ("price: '5,200' is not a price"
                  " (digits, with a point for cents: 4200 or 99.50)")),
    "port": ("sw-3f:Gi", "Gi", "port: 'Gi1/0/1' is not a port (write SWITCH:PORT, as in sw-3f:Gi1/0/7)"),
    "port 01": ("Gi1/0/1", "Gi1/0/01", ("port: 'sw-3f:Gi1/0/01': a number in a port's name begins with zero"
                " (write sw-3f:Gi1/0/1)")),
    "a formula": (",phone,Yealink,", ",phone,=cmd|calc,", ("vendor: '=cmd|calc': a vendor may not begin with ="
                  " (a spreadsheet would calculate it: leave the sign out)")),
    "another": ("T54W,", "-1+2,", ("model: '-1+2': a model may not begin with -"
                " (a spreadsheet would calculate it: leave the sign out)")),
    "tag": ("A-1,", "資-1,", ("asset_tag: '資-1' is not an asset tag"
            " (ASCII letters, digits, `.`, `_`, `-`)")),
    "in stock and held": (",issued,sw-3f:Gi1/0/1", ",stock,", ("holder: in stock, and 'L002' holds it"
                          " (`issued` to a person, or in stock at a place)")),
    "stock plugged in": (",L002,issued,", ",,stock,",
                         "port: `stock`, and plugged into sw-3f:Gi1/0/1 (empty it)"),
    "retired and held": (",issued,sw-3f:Gi1/0/1", ",retired,",
                         "holder: retired, and 'L002' holds it (empty it)"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_value_is_told_at_its_place_with_what_to_write(register, old, new, told):
    assert old in PHONE
    row = PHONE.replace(old, new, 1)
    name, _, line = told.partition(": ")
    values = row.split(",")
    column = len(",".join(values[: devices.COLUMNS.index(name)])) + 1 + (name != "asset_tag")
    found, problems = register(row)
    assert problems == [f"policies/devices.csv:2:{column}: {line}"]
    assert not found


def test_a_value_too_many_is_a_comma_without_quotes(register):
    found, problems = register(PHONE.replace(",taipei,", ",tai,pei,"))
    (line,) = problems
    assert line == (
        "policies/devices.csv:2:1: too many values: 14 for 13 columns"
        " (put a value that holds a comma in quotes)"
    )
    assert not found


TWICE = {
    "asset tag": ("a-1,phone,Yealink,T54W,,,,,,taipei,,stock,", "3:1: the asset tags 'a-1' and 'A-1' differ only by case"),
    "same tag": ("A-1,phone,Yealink,T54W,,,,,,taipei,,stock,", "3:1: two devices have the asset tag 'A-1', the first in line 2"),
    "serial": ("A-2,phone,Yealink,T54W,sn1,,,,,taipei,,stock,", "3:24: two devices have the serial 'sn1', the first in line 2"),
    "mac": ("A-2,phone,Yealink,T54W,,805E-C000-0001,,,,taipei,,stock,",
            "3:25: two devices have the MAC address 80:5e:c0:00:00:01, the first in line 2"),
    "port": ("A-2,phone,Yealink,T54W,,,,,,taipei,lobby,issued,sw-3f:Gi1/0/1",
             "3:49: two phones are at the port sw-3f:Gi1/0/1, the first in line 2"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "line"), TWICE.values(), ids=TWICE)
def test_what_belongs_to_one_device_is_not_given_twice(register, row, line):
    _, problems = register(PHONE, row)
    assert len(problems) == 1
    assert problems[0].startswith(f"policies/devices.csv:{line}")


def test_a_computer_shares_the_port_of_its_telephone(register):
    found, problems = register(PHONE, "C-1,computer,ASUS,B5,,,,,,taipei,L002,issued,sw-3f:Gi1/0/1")
    assert (len(found), problems) == (2, [])


def test_one_serial_of_two_makers_is_two_devices(register):
    found, problems = register(PHONE, "A-2,phone,Snom,D785,SN1,,,,,taipei,,stock,")
    assert (len(found), problems) == (2, [])


def test_every_fault_of_the_file_is_told_at_once(register):
    _, problems = register(PHONE.replace("phone", "fone"), PHONE.replace("A-1", "B 1"), PHONE)
    assert [line.split(":")[1] for line in problems] == ["2", "3", "3", "3", "4", "4", "4", "4"]


def test_columns_stand_in_any_order_and_optional_ones_are_left_out(register):
    found, problems = register(
        "stock,A-9,taipei,phone,D785,Snom", header="state,asset_tag,site,kind,model,vendor"
    )
    assert problems == []
    assert (found[0].vendor, found[0].mac, found[0].price) == ("Snom", "", None)


def test_equipment_of_somebody_no_longer_in_the_roster_is_warned_of_and_stops_nothing(sample):
    sample.change("people.csv", "L013,", "L913,")
    checked = policy.validate(sample.path, date(2026, 11, 26))
    assert checked.problems == ()
    told = [str(line) for line in checked.warnings if "devices.csv" in line.file]
    assert told == [
        f"policies/devices.csv:{line}:1: {tag}: there is no person or place 'L013'"
        " (did you mean 'L913'?)"
        for line, tag in ((14, "LH-P013"), (61, "LH-C013"))
    ]


def test_a_telephone_nothing_can_provision_is_warned_of(sample):
    sample.change("devices.csv", "80:5e:c0:4f:2e:22", "")
    warnings = policy.validate(sample.path, date(2026, 11, 26)).warnings
    assert "LH-P002: a telephone without `mac` cannot be provisioned" in str(warnings)


def test_two_telephones_share_no_port_whose_spellings_differ_by_case(sample):
    sample.change("devices.csv", "sw-3f:Gi1/0/2", "SW-3F:gi1/0/1")
    assert [line for line in sample.problems if "two phones are at the port" in line]


def test_a_plan_that_concerns_no_device_is_warned_of(sample):
    sample.change("equipment.yml", "Jabra *", "Jabre *")
    warnings = policy.validate(sample.path, date(2026, 11, 26)).warnings
    assert "'headset-cushions' concerns no device" in str(warnings)


def test_an_estate_without_equipment_is_valid(sample):
    sample.file("devices.csv").unlink()
    sample.file("equipment.yml").unlink()
    assert sample.problems == []
    assert sample.load().devices == ()


def test_the_sample_estates_equipment_has_lines_and_places(lianhe):
    device = lianhe.by_tag["LH-P002"]
    assert device.holder == "L002"
    source = lianhe.sources.of("devices", "LH-P002")
    assert (source.file, source.line) == ("policies/devices.csv", device.line)


def test_what_equipment_yml_gets_wrong_is_told_with_the_nearest_word(sample):
    sample.change(
        "equipment.yml", "currency: TWD", "currency: NT$", "kinds: [switch]", "kinds: [swich]",
        "  phone: {age: 6y", "  fone: {age: 6z", "equipment: {phone: {}}", "equipment: {phoen: {}}",
    )  # fmt: skip
    currency, *others = sample.problems
    assert currency == (
        'policies/equipment.yml:6:11: currency: "NT$" is not a currency of three capitals,'
        " as in TWD (ISO 4217)"
    )
    assert others == [
        "policies/equipment.yml:9:51: phoen: \"phoen\" is not valid (did you mean 'phone'?)",
        "policies/equipment.yml:33:13: kinds, entry 1: \"swich\" is not valid (did you mean 'switch'?)",
        "policies/equipment.yml:39:3: fone: \"fone\" is not valid (did you mean 'phone'?)",
        "policies/equipment.yml:39:15: age: '6z' is not a duration: write 30d, 12h, 15m, 20s, 2w or 7y",
    ]


def test_a_place_is_never_called_like_a_person(sample):
    sample.change(
        "equipment.yml", "  lobby: {", "  l001: {", "warehouse-gate: {name", "lobby: {name"
    )
    sample.change("people.csv", "L001,", "l001,", ",L001,", ",l001,")
    assert any("'l001' is a person of the roster too" in line for line in sample.problems)


def test_an_engineer_is_to_have_what_the_post_gives_and_what_is_named_beside_it(sample):
    sample.change("positions.yml", "named:\n", (
        "named:\n  L018:\n    reason: calls from two desks\n    equipment: {headset: {}}\n"
    ))  # fmt: skip
    loaded = sample.load()
    right = loaded.entitlement(loaded.person("L018"), date(2026, 11, 26))
    assert sorted(right.equipment) == ["computer", "headset", "phone"]
    assert right.phone is not None


def large(file, count):
    with file.open("w") as rows:
        rows.write(HEADER + "\n")
        for n in range(count):
            rows.write(
                f"A{n},phone,Yealink,T54W,S{n},0015.65{n >> 16:02x}.{n & 0xFFFF:04x},2024-03-11,2027-03-10,"
                f"5200,taipei,L001,issued,sw{n // 48}:Gi1/0/{n % 48}\n"
            )


def test_fifty_thousand_devices_are_ordinary(tmp_path):
    large(tmp_path / "devices.csv", 50_000)
    problems = []
    began = time.process_time()
    found = devices.read(tmp_path, NAMES, problems)
    took = time.process_time() - began
    assert (len(found), problems) == (50_000, [])
    assert took < 10  # about one second on a quiet machine


def test_a_device_is_a_light_object(tmp_path):
    large(tmp_path / "devices.csv", 2_000)
    devices.read(tmp_path, NAMES, [])  # what is imported on first use is not of the rows
    tracemalloc.start()
    found = devices.read(tmp_path, NAMES, [])
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept / len(found) < 1_500  # about 600 bytes


def test_a_canary_that_is_no_telephone_and_a_vendor_that_made_none_are_warned_of(sample):
    sample.change(
        "phones.yml", "devices: [LH-P004]", "devices: [LH-P004, LH-P0044, LH-C001]\ntemplates: {yealnk: 1}"
    )  # fmt: skip
    told = [
        str(line).partition(": ")[2]
        for line in policy.validate(sample.path, date(2026, 11, 26)).warnings
        if line.file.endswith("phones.yml")
    ]
    assert told == [
        "there is no device 'LH-P0044': no telephone tries a template (did you mean 'LH-P044'?)",
        "LH-C001 is a computer: no telephone tries a template (did you mean 'LH-P001'?)",
        "no telephone of the register is made by 'yealnk' (did you mean 'yealink'?)",
    ]


def test_a_telephone_without_mac_at_a_place_is_warned_of_for_its_port(sample):
    sample.change("devices.csv", "80:5e:c0:4f:2e:22", "", ",L002,issued", ",lobby,issued")
    assert any(
        str(line).endswith(
            "LH-P002: a telephone without `mac` leaves its port to the first 2 addresses that send"
        )
        for line in policy.validate(sample.path, date(2026, 11, 26)).warnings
    )


def test_a_row_names_its_disks_and_no_two_devices_share_one(register):
    header = f"{HEADER},media"
    found, problems = register(f"{PHONE},WD-1 WD-2", header=header)
    assert problems == []
    assert found[0].disks == ("WD-1", "WD-2")
    other = PHONE.replace("A-1", "A-2").replace("SN1", "SN2").replace(":01", ":02")
    other = other.replace("Gi1/0/1", "Gi1/0/2")
    _, problems = register(f"{PHONE},WD-1", f"{other},wd-1 WD-9", header=header)
    (problem,) = problems
    assert problem.startswith(
        "policies/devices.csv:3:106: two devices have the disk 'wd-1', the first"
    )


MOBILE = "A-2,mobile,Apple,iPhone 16,SN2,,,,,taipei,L002,issued,"


def test_a_row_says_whose_a_mobile_is_and_which_server_manages_it(register):
    header = f"{HEADER},owner,mdm"
    found, problems = register(f"{MOBILE},personal,mdm1:8F3C-11AA", PHONE + ",,", header=header)
    assert problems == []
    assert [(one.personal, one.mdm) for one in found] == [(True, "mdm1:8F3C-11AA"), (False, "")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{MOBILE},mine,", "'mine' is no owner (one of company, personal)"),
        (f"{PHONE},personal,", "only a mobile may be a person's own"),
        (f"{PHONE},,mdm1:8F3C-11AA", "only a mobile is managed by an MDM server"),
        (f"{MOBILE},,8F3C-11AA", "'8F3C-11AA' is no enrolment"),
    ],
)
def test_an_owner_or_enrolment_that_cannot_be_is_told(register, row, said):
    _, (problem,) = register(row, header=f"{HEADER},owner,mdm")
    assert said in problem


def test_no_two_mobiles_are_one_enrolment(register):
    other = MOBILE.replace("A-2", "A-3").replace("SN2", "SN3")
    rows = (f"{MOBILE},,mdm1:8f3c-11aa", f"{other},,mdm1:8F3C-11AA")
    _, (problem,) = register(*rows, header=f"{HEADER},owner,mdm")
    assert "two devices have the enrolment" in problem
