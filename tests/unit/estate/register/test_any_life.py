"""Whatever happens to a device, in whatever order: its row stays one that policy accepts."""

from hypothesis import given
from hypothesis import strategies as st

from commsroom.errors import UsageError
from commsroom.estate.register import life
from commsroom.policy import device_file, device_rows, devices
from commsroom.policy.devices import Device, DeviceKind, DeviceState
from commsroom.policy.references import Names

NAMES = Names(
    sites={"taipei", "kaohsiung"}, departments=None, positions=None, dialling_classes=None,
    destinations=None, rooms=None, clauses=None, places={"store", "lobby"}, people={"L1", "L2"},
)  # fmt: skip
HOLDERS = st.sampled_from(["L1", "L2", "lobby"])
PORTS = st.sampled_from(["", "sw:1", "sw:2"])
SITES = st.sampled_from(["", "taipei", "kaohsiung"])
PLACES = st.sampled_from(["", "store"])
STEPS = st.one_of(
    st.tuples(st.just("issue"), HOLDERS, SITES, PORTS),
    st.tuples(st.just("return"), PLACES, SITES),
    st.tuples(st.just("move"), st.one_of(st.none(), PORTS), PLACES),
    st.tuples(st.sampled_from(["fault", "repair", "retire", "maintain"])),
)


def issue(device, _was, holder, site, port):
    return life.issued(device, holder, site=site, port=port)


def give_back(device, _was, place, site):
    return life.returned(device, place=place, site=site)


def move(device, _was, port, place):
    if place and device.holder in NAMES.people:
        raise UsageError("a person's device is moved by return and issue")
    return life.moved(device, port=port, place=place or None)


DO = {
    "issue": issue,
    "return": give_back,
    "move": move,
    "fault": lambda device, _: life.broken(device),
    "repair": lambda device, was: life.repaired(device, was=was),
    "retire": lambda device, _: life.retired(device),
    "maintain": lambda device, _: life.maintained(device),
}


@given(st.lists(STEPS, max_size=12))
def test_after_any_history_the_row_reads_back_as_the_device(steps):
    header = ",".join(devices.COLUMNS)
    raw = f"{header}\nA-1,phone,Yealink,T54W,,,,,,taipei,,stock,,,,\n".encode()
    device = Device(
        "A-1", DeviceKind.PHONE, "Yealink", "T54W", "", "", None, None, None, "taipei", "",
        DeviceState.STOCK, "", 2,
    )  # fmt: skip
    was = DeviceState.STOCK
    for name, *how in steps:
        try:
            after = DO[name](device, was, *how)
        except UsageError:
            continue
        if name == "fault":
            was = device.state
        device = life.placed(device, after)
        raw = device_file.rewritten(raw, {2: device})
        problems = []
        rows = device_rows.DeviceRows("devices.csv", NAMES, problems)
        rows.columns(devices.COLUMNS, lambda _: "")(raw.decode().splitlines()[1].split(","), 2)
        assert problems == []
        assert rows.devices == [device]
