"""What the shell offers after TAB: people of the roster, addresses of what is ours."""

from __future__ import annotations

from pathlib import Path

import typer


def people(context: typer.Context, incomplete: str) -> list[str]:
    """Offer ids of the roster; read straight from the file, because a key press cannot wait."""
    import csv

    try:
        with (_estate(context) / "policies" / "people.csv").open(encoding="utf-8-sig") as file:
            ids = [row.get("id") or "" for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return []
    return [found for found in ids if found and found.startswith(incomplete)]


def addresses(context: typer.Context, incomplete: str) -> list[str]:
    """Offer addresses we own, as the ledger knows them: no system is asked."""
    from commsroom.app.estate import open_estate
    from commsroom.errors import CommsroomError

    try:
        with open_estate(_estate(context), read_only=True) as estate:
            known = estate.ledger.known()
    except CommsroomError:
        return []
    return [str(item) for item in sorted(known.owned) if str(item).startswith(incomplete)]


def languages(incomplete: str) -> list[str]:
    """Offer the languages of the reports."""
    from commsroom.reports.languages import available

    tags = [name.replace("_", "-") for name in available()]
    return [found for found in tags if found.startswith(incomplete)]


def _estate(context: typer.Context) -> Path:
    given = context.params.get("estate") or (context.find_root().params or {}).get("estate")
    return Path(given) if given else Path()
