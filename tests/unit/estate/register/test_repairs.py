"""What repairs cost and how long devices were away: whatever the period, its parts add up to it."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from commsroom.estate.register import repairs
from commsroom.estate.register.life import Entry, Standing, Step
from commsroom.estate.register.repairs import Away, By, Span
from commsroom.policy.devices import DeviceState

DAY = date(2026, 11, 26)
REPAIR, ISSUED = (
    Standing(state, "L001", "taipei", "") for state in (DeviceState.REPAIR, DeviceState.ISSUED)
)


def step(what, day, before, after, tag="A-1", **details):
    return Entry(tag=tag, step=Step(what), day=day, before=before, after=after, details=details)


def after(days):
    return DAY + timedelta(days=days)


def test_a_device_is_away_from_its_fault_until_it_is_repaired_whatever_happens_between(make):
    stray = Standing(DeviceState.REPAIR, "", "kaohsiung", "")
    entries = [
        step("fault", DAY, ISSUED, REPAIR),
        step("returned", after(2), REPAIR, stray),
        step("repaired", after(9), stray, ISSUED, cost="850.50", by="Tai Yi"),
    ]
    assert list(repairs.aways(entries)) == [
        Away("A-1", "taipei", DAY, after(9), Step.REPAIRED, Decimal("850.50"), "Tai Yi")
    ]


def test_one_that_is_retired_was_away_and_was_not_repaired():
    entries = [step("fault", DAY, ISSUED, REPAIR), step("retired", after(3), REPAIR, ISSUED)]
    found = repairs.totals(repairs.aways(entries), Span(DAY, after(9), after(9)), None, {})
    assert (found[""].faults, found[""].repairs, found[""].days) == (1, 0, 3)


def test_one_still_away_counts_until_today_and_one_nobody_reported_counts_its_cost():
    entries = [
        step("fault", DAY, ISSUED, REPAIR),
        step("repaired", after(1), REPAIR, ISSUED, tag="A-2", cost="9"),
    ]
    found = repairs.totals(repairs.aways(entries), Span(DAY, after(30), after(5)), None, {})
    assert (found[""].days, found[""].repairs, found[""].cost) == (5, 1, Decimal(9))


def test_a_device_whose_row_is_gone_is_of_no_known_model(make):
    entries = [step("fault", DAY, ISSUED, REPAIR)]
    span = Span(DAY, DAY, DAY)
    assert list(repairs.totals(repairs.aways(entries), span, By.MODEL, {})) == ["-"]
    devices = {"A-1": make("A-1")}
    assert list(repairs.totals(repairs.aways(entries), span, By.MODEL, devices)) == ["Yealink T54W"]


AWAYS = st.lists(
    st.builds(
        lambda begun, length, cost, site: Away(
            "A-1", site, after(begun), after(begun + length), Step.REPAIRED, cost
        ),
        st.integers(-500, 500),
        st.integers(0, 400),
        st.none() | st.decimals(0, 9999, places=2),
        st.sampled_from(["taipei", "kaohsiung"]),
    )
)


@given(
    AWAYS,
    st.integers(-400, 400),
    st.integers(0, 600),
    st.sampled_from(list(By)),
    st.integers(0, 600),
)
def test_what_groups_say_adds_up_to_the_whole_and_so_do_two_spans(found, since, length, by, cut):
    def added(first, last, word=None):
        span = Span(after(first), after(last), after(900))
        totals = repairs.totals(found, span, word, {}).values()
        return [
            sum(getattr(total, name) for total in totals)
            for name in ("faults", "repairs", "unpriced", "cost", "days")
        ]

    whole = added(since, since + length)
    assert added(since, since + length, by) == whole
    cut = min(cut, length)
    parts = zip(added(since, since + cut - 1), added(since + cut, since + length), strict=True)
    assert [sum(pair) for pair in parts] == whole
