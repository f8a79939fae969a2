"""What the facts of a provisioning server's own part of an inspection mean (clause 3.2.2).

Its machine is inspected with the system whose machine it is (it may share an exchange's); that it serves,
and its certificate's end, are seen from outside, as telephones see them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.topic import Topic, judged, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

#: What a simulated server says of itself.
SIMULATED: Final[Facts] = {
    "nginx": {"fault": ""},
    "store": {"place": "/var/lib/commsroom/provisioning", "free": 700, "blocks": 1000},
}
_NAMED: Final = 5


def judge(facts: Facts, standard: Standard) -> Iterator[Check]:
    """Judge nginx, the room its files have, and what telephones last fetched."""
    for topic in _TOPICS:
        yield from judged(topic, facts, standard)


def _nginx(fact: Facts, standard: Standard) -> Iterator[Check]:
    fault = str(fact["fault"])
    yield standard.check(
        "server", "nginx", expected="would start again with its files as they are",
        got=fault or "it would", ok=not fault, because=_any(standard),
        remedy=f"nginx -t says what; ansible-playbook playbooks/site.yml --limit {standard.system}",
    )  # fmt: skip


def _store(fact: Facts, standard: Standard) -> Iterator[Check]:
    least = standard.rules.thresholds.disk_free
    share = int(fact["free"]) / int(fact["blocks"])
    place = str(fact["place"])
    yield standard.check(
        "disk", place, expected=f"at least {least:.0%} free", got=f"{share:.0%} free", ok=share >= least,
        because=_room(standard), remedy=f"make room below {place}, or give it more",
    )  # fmt: skip


def _fetches(fact: Facts, standard: Standard) -> Iterator[Check]:
    older, never = list(map(str, fact["older"])), list(map(str, fact["never"]))
    count = int(fact["profiles"])
    got = f"{count - len(older) - len(never)} of {count} telephones have what they should"
    if never:
        got += f", {len(never)} never came"
    if older:
        shown = names(older[:_NAMED], len(older) - min(len(older), _NAMED))
        got += f", an older profile has {shown}"
    yield standard.check(
        "fetches", "telephones", expected="no telephone has an older profile than it is given",
        got=got, ok=not older, because=_any(standard),
        remedy="restart the telephone, or look why it does not come: commsroom prove",
    )  # fmt: skip


def _any(standard: Standard) -> Provenance:
    return standard.because("thresholds")


def _room(standard: Standard) -> Provenance:
    return standard.because("thresholds", "disk_free")


_TOPICS: Final = (
    Topic("nginx", "server", "nginx", "would start again", _any, _nginx),
    Topic("store", "disk", "profiles", "room enough", _room, _store),
    Topic("fetches", "fetches", "telephones", "each has what it is given", _any, _fetches),
)
