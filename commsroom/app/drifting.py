"""drift: the same plan with another exit code, told as findings with the repair for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import planning

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.reports.model import Report


def drift(estate: Estate, scope: Scope, progress: Progress, *, servers: bool = False) -> Report:
    """Compare everything and return the findings; an unreadable system is *unknown*, never clean.

    Args:
        estate: The estate.
        scope: What to look at.
        progress: Told of each step.
        servers: Also run `site.yml --check --diff` and report what differs on the servers themselves.
    """
    from commsroom.reports import model

    planned = planning.prepare(estate, scope, progress)
    return model.from_plan(planned.plan, estate=str(estate.path))
