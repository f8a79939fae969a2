"""What the facts of a Linux switch's own part of an inspection mean (clause 3.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.topic import Topic, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

#: What a simulated switch says of itself.
SIMULATED: Final[Facts] = {
    "switching": {"runs": True, "behind": False, "ports": 24, "faults": {}},
    "lldp": {"answers": True},
    "voice": {"phones": {}},
}


def judge(facts: Facts, standard: Standard) -> Iterator[Check]:
    """Judge the two daemons, ports in error, and telephones that were not told their VLAN."""
    for topic in _TOPICS:
        yield from judged(topic, facts, standard)


def _switching(fact: Facts, standard: Standard) -> Iterator[Check]:
    runs, behind = fact["runs"] is True, fact["behind"] is True
    got = "it does" if runs else "ovs-vswitchd does not run"
    if runs and behind:
        got = "ovs-vswitchd has not done what its database asks"
    yield standard.check(
        "server", "Open vSwitch", expected="runs and does what its database asks",
        got=got, ok=runs and not behind, because=_any(standard),
        remedy="look at the journal of openvswitch-switch",
    )  # fmt: skip
    faults = fact["faults"]
    for port in sorted(faults):
        yield standard.check(
            "port", port, expected="no error", got=str(faults[port]), ok=False, because=_any(standard),
            remedy=f"ovs-vsctl get Interface {port} error; is the interface there?",
        )  # fmt: skip
    if not faults:
        yield standard.check(
            "port", "*", expected="no error", got=f"{int(fact['ports'])} ports, none with an error",
            ok=True, because=_any(standard),
        )  # fmt: skip


def _lldp(fact: Facts, standard: Standard) -> Iterator[Check]:
    yield standard.check(
        "server", "lldpd", expected="answers", got="it does", ok=fact["answers"] is True,
        because=_any(standard),
    )  # fmt: skip


def _voice(fact: Facts, standard: Standard) -> Iterator[Check]:
    """A telephone that is told nothing speaks in the data VLAN; one that names another has not learnt."""
    phones = fact["phones"]
    wrong = {
        port: "a telephone is there, and no voice VLAN is told"
        if not phone["told"]
        else f"told VLAN {int(phone['told'])}, the telephone names {int(phone['names'])}"
        for port, phone in phones.items()
        if not phone["told"] or phone["names"] not in {0, phone["told"]}
    }
    for port in sorted(wrong):
        yield standard.check(
            "voice-vlan", port, expected="the telephone there has learnt it", got=wrong[port],
            ok=False, because=_any(standard), remedy="is the telephone in the register, with this port?",
        )  # fmt: skip
    if not wrong:
        yield standard.check(
            "voice-vlan", "*", expected="telephones have learnt it",
            got=f"{len(phones)} telephones seen, none without", ok=True, because=_any(standard),
        )  # fmt: skip


def _any(standard: Standard) -> Provenance:
    return standard.because("thresholds")


_TOPICS: Final = (
    Topic("switching", "server", "Open vSwitch", "runs", _any, _switching),
    Topic("lldp", "server", "lldpd", "answers", _any, _lldp),
    Topic("voice", "voice-vlan", "*", "telephones have learnt it", _any, _voice),
)
