"""What the shell offers after TAB: people of the roster, devices, addresses of what is ours."""

from __future__ import annotations

from pathlib import Path

import typer


def people(context: typer.Context, incomplete: str) -> list[str]:
    """Offer ids of the roster; read straight from the file, because a key press cannot wait."""
    return _column(context, "people.csv", "id", incomplete)


def tags(context: typer.Context, incomplete: str) -> list[str]:
    """Offer asset tags, straight from devices.csv."""
    return _column(context, "devices.csv", "asset_tag", incomplete)


def holders(context: typer.Context, incomplete: str) -> list[str]:
    """Offer who and what may hold a device: people of the roster, places of equipment.yml."""
    return [*people(context, incomplete), *places(context, incomplete)]


def places(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the places of equipment.yml."""
    return _keys(context, "equipment", "places", incomplete)


def tasks(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of maintenance plans."""
    return _keys(context, "equipment", "maintenance", incomplete)


def courses(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of courses."""
    return _keys(context, "positions", "courses", incomplete)


def device_kinds(incomplete: str) -> list[str]:
    """Offer the kinds of device there are."""
    from commsroom.policy.devices import DeviceKind

    return [str(kind) for kind in DeviceKind if kind.startswith(incomplete)]


def device_states(incomplete: str) -> list[str]:
    """Offer the states of a device."""
    from commsroom.policy.devices import DeviceState

    return [str(state) for state in DeviceState if state.startswith(incomplete)]


def _keys(context: typer.Context, subject: str, part: str, incomplete: str) -> list[str]:
    from commsroom.policy import tree

    file = _estate(context) / "policies" / f"{subject}.yml"
    found = tree.read(file, file.name, subject, []).names(part) if file.exists() else ()
    return sorted(name for name in found if name.startswith(incomplete))


def _column(context: typer.Context, name: str, column: str, incomplete: str) -> list[str]:
    import csv

    try:
        with (_estate(context) / "policies" / name).open(encoding="utf-8-sig") as file:
            found = [row.get(column) or "" for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return []
    return [value for value in found if value and value.startswith(incomplete)]


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


def systems(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the systems of the inventory."""
    from commsroom.app.estate import open_estate
    from commsroom.errors import CommsroomError

    try:
        with open_estate(_estate(context), read_only=True) as estate:
            return [name for name in estate.systems if name.startswith(incomplete)]
    except CommsroomError:
        return []


def languages(incomplete: str) -> list[str]:
    """Offer the languages of the reports."""
    from commsroom.reports.languages import available

    tags = [name.replace("_", "-") for name in available()]
    return [found for found in tags if found.startswith(incomplete)]


def _estate(context: typer.Context) -> Path:
    given = context.params.get("estate") or (context.find_root().params or {}).get("estate")
    return Path(given) if given else Path()
