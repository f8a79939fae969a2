"""The letter in a sealed file: what a person logs in to, where, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import planning
from commsroom.app.scope import Scope
from commsroom.estate.kinds import SharedMailbox, Voicemail
from commsroom.estate.secret import Shape
from commsroom.reports import handover as report
from commsroom.reports.handover import Letter, Login

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.handover import Theirs
    from commsroom.estate.secret import Secret


def letter(
    estate: Estate,
    person_id: str,
    items: Sequence[Theirs],
    secrets: Mapping[tuple[str, int], Secret],
) -> bytes:
    """Return the text for one person, in their language; it holds the values, and goes nowhere unsealed."""
    person, company = estate.policy.person(person_id), estate.policy.company
    day = planning.day_at(estate, Scope(), person.site)
    systems = {item.address.system for one in items for item in one.resources}
    content = Letter(
        company=company.name,
        person=person.id,
        name=person.name,
        when=str(day),
        start=str(person.start) if person.start > day else "",
        simulated=not estate.simulated.isdisjoint(systems),
        logins=tuple(
            _login(estate, one, secrets[one.ref.path, one.ref.generation]) for one in items
        ),
    )
    return report.letter(content, person.language, company.language)


def _login(estate: Estate, one: Theirs, secret: Secret) -> Login:
    item, servers, login = one.resources[0], [], ""
    for resource in one.resources:
        system = estate.systems[resource.address.system]
        access = system.backend.access(system.target, resource)
        login = login or access.login
        servers += [
            f"{service.tls_name or system.target.tls_name}, {service.place}"
            for service in access.services
        ]
    dial = ""
    if isinstance(item.body, Voicemail):
        dial = estate.policy.telephony.voicemail.access_number
    shared = isinstance(item.body, SharedMailbox)
    return Login(
        kind=item.body.kind,
        key=item.address.key,
        title=(getattr(item.body, "title", None) or "") if shared else "",
        secret=secret,
        login=login,
        servers=tuple(dict.fromkeys(servers)),
        dial=dial,
        pin=one.ref.shape is Shape.PIN,
        personal=one.personal,
        custodian=shared,
    )
