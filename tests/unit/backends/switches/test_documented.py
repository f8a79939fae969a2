"""Every back end that serves a switch's ports is named where a reader chooses one."""

from pathlib import Path

import pytest

from commsroom import backends

ROOT = Path(__file__).parents[4]
SWITCHES = [name for name in backends.names() if "switch_port" in backends.backend(name).supports]


def test_there_are_switches_at_all():
    assert {"arista_eos", "cisco_ios", "huawei_vrp", "linux_switch"} <= set(SWITCHES)


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize(
    "path", ["docs/howto/switches.md", "commsroom/policy/starter/policies/network.yml"]
)
def test_every_switch_back_end_is_named_where_one_is_chosen(path, name):
    assert name in (ROOT / path).read_text("utf-8")
