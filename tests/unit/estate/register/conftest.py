"""Devices to think about: a phone of the stock, and others made from it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from commsroom.estate.register.life import Entry, Standing, Step
from commsroom.policy.devices import Device, DeviceKind, DeviceState

STOCK = Device(
    "A-1", DeviceKind.PHONE, "Yealink", "T54W", "SN1", "80:5e:c0:00:00:01", date(2024, 3, 11),
    date(2027, 3, 10), Decimal(5200), "taipei", "", DeviceState.STOCK, "", 2,
)  # fmt: skip


@pytest.fixture
def make():
    """Make a device, in stock unless said otherwise."""

    def device(tag="A-1", state="stock", **more):
        return replace(STOCK, asset_tag=tag, state=DeviceState(state), **more)

    return device


@pytest.fixture
def entry():
    """Make an entry that says what happened to a device, and nothing of where it was."""

    def told(tag, step, day, **details):
        there = Standing(DeviceState.STOCK, "", "taipei", "")
        return Entry(tag=tag, step=Step(step), day=day, before=there, after=there, details=details)

    return told
