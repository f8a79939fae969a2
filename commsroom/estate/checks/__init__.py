"""What the facts of an inspection mean: pure functions from what was seen and policy to checks.

Nothing here trusts a fact. One that is missing or makes no sense becomes a check that could not be
told (`ok` None), and the others are still made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.checks import access, host, network
from commsroom.estate.checks.guesses import GUESSES
from commsroom.estate.checks.topic import judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.estate.inspection import Check, Facts, Seen, Service, Standard
    from commsroom.policy.inspection import Inspection

__all__ = ["host_checks", "outside_checks", "wanted"]

#: Packages whose version tells whether the product behind them still gets fixes, and its name there.
PRODUCTS = {"asterisk": "asterisk"}


def wanted(rules: Inspection) -> Facts:
    """Return what to look for on a host: the argument of `on_target_host.inspect`."""
    guesses = GUESSES if rules.security.default_passwords == "builtin" else ()
    return {
        "files": {
            path: {"mode": rule.mode, "owner": rule.owner}
            for path, rule in rules.security.secret_files.items()
        },
        "passwords": list(guesses),
        "packages": sorted(PRODUCTS),
    }


def host_checks(
    seen: Seen, services: Sequence[Service], standard: Standard, *, security: bool = True
) -> Iterator[Check]:
    """Judge the facts of a machine; with `security` those of clause 5.2.2 too.

    A system that is no host one can log in to has no such facts, and no such checks.
    """
    if not seen.host:
        return
    for topic in host.TOPICS:
        yield from judged(topic, seen.host, standard)
    if security:
        for topic in (*access.TOPICS, access.listeners(services)):
            yield from judged(topic, seen.host, standard)


def outside_checks(
    outside: Facts, services: Sequence[Service], standard: Standard, *, security: bool = True
) -> Iterator[Check]:
    """Judge what services looked like from the network."""
    for service in services:
        if service.encrypted:
            for topic in network.of_service(service, security=security):
                yield from judged(topic, outside, standard)
    if security:
        yield from judged(network.ports(services), outside, standard)
