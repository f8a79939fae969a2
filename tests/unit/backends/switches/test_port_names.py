"""One port has one name, however it is written: the one its switch's own lists show."""

import pytest

from commsroom import backends

SPELT = {
    "cisco_ios": {
        "Gi1/0/1": "Gi1/0/1", "gi1/0/1": "Gi1/0/1", "GigabitEthernet1/0/1": "Gi1/0/1",
        "GIG1/0/01": "Gi1/0/1", "tw1/0/1": "Tw1/0/1", "twe1/0/1": "Twe1/0/1", "Te0/1": "Te0/1",
        "T1/0/1": "", "Gi1": "", "Nonsense9": "", "GE0/0/1": "", "Gi1/0/1.5": "", "": "",
    },
    "huawei_vrp": {"ge0/0/7": "GE0/0/7", "GigabitEthernet0/0/7": "GE0/0/7", "Gi0/0/7": "GE0/0/7"},
    "arista_eos": {"ethernet7": "Et7", "et49/1": "Et49/1", "Gi7": ""},
    "linux_switch": {"swp7": "swp7", "SWP7": "SWP7", "a/b": "", "a-name-of-sixteen": ""},
}  # fmt: skip


@pytest.mark.parametrize(
    ("system", "text", "name"),
    [(system, *pair) for system, pairs in SPELT.items() for pair in pairs.items()],
)
def test_a_port_has_one_name_however_it_is_written(system, text, name):
    assert backends.backend(system).ports.named(text) == name


@pytest.mark.parametrize("system", SPELT)
def test_the_example_and_every_name_is_its_own_name(system):
    names = backends.backend(system).ports
    for text in (names.example, *filter(None, SPELT[system].values())):
        assert names.named(text) == text
