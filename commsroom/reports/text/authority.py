"""The estate's certificates: how they are, and what is to be done next, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from commsroom.reports.lines import Span, Style, count, line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from commsroom.estate.certificates import Renewed, Standing
    from commsroom.reports.lines import Line

_SITE: Final = "ansible-playbook playbooks/site.yml --tags instance"
_ROOT: Final = "commsroom tls renew --root"
_STEPS: Final = {
    "settled": "one root, which everything trusts and which signs",
    "introduced": "a new root is trusted beside the old one, which still signs",
    "moved": "the new root signs; the old one is still trusted",
}


def standing_lines(found: Standing, now: datetime) -> Iterator[Line]:
    """Tell of the root, each certificate, and what is other authorities'."""
    days = (found.until - now).days
    yield line(
        Span("root", Style.STRONG), f"  ends {found.until:%Y-%m-%d}, in {count(days, 'day')}  ",
        Span(f"{found.file}: {_STEPS[found.step]}", Style.QUIET),
    )  # fmt: skip
    for name, held in sorted(found.certificates.items()):
        who = ", ".join(held.names)
        if held.until is None:
            yield line(Span(name, Style.STRONG), Span("  there is none  ", Style.BAD), who)
            continue
        days = (held.until - now).days
        by = "" if held.current else ", of the old root"
        yield line(
            Span(name, Style.STRONG), f"  ends {held.until:%Y-%m-%d}, in {count(days, 'day')}{by}  ",
            Span(who, Style.QUIET),
        )  # fmt: skip
    for system, path in sorted(found.others.items()):
        yield line(Span(system, Style.STRONG), Span(f"  another authority's: {path}", Style.QUIET))
    if found.step != "settled" or found.root_due(now):
        yield line("The root is to be renewed: " * (found.step == "settled"), _command(_ROOT))


def renewed_lines(done: Renewed) -> Iterator[Line]:
    """Tell what is new, and what comes next."""
    if done.began != done.step:
        yield line(f"Root: {_STEPS[done.step]}.")
    if done.made:
        yield line(
            f"New: {', '.join(done.made)}. Put {'it' if len(done.made) == 1 else 'them'} on: ",
            _command(_SITE),
        )
    elif done.began == done.step == "settled":
        yield line("Nothing is due.")
    for place in done.old:
        yield line(
            Span("  ✗ ", Style.BAD), f"{place} shows a certificate that the new root did not sign"
        )
    for system, why in sorted(done.unknown.items()):
        yield line(Span("  ? ", Style.DOUBT), f"{system}: {why}")
    if done.old and not done.made:
        yield line("The old root stays trusted. Put the new certificates on: ", _command(_SITE))
    if done.step == "introduced":
        yield line(
            "Give ca.crt to whatever trusts the old root alone (telephones, people's programs), then: ",
            _command(_ROOT),
        )
    elif done.step == "moved" and not done.old:
        yield line("Once every server shows its new one: ", _command(_ROOT))


def standing_document(found: Standing, now: datetime) -> dict[str, Any]:
    """Return the same as JSON."""
    return {
        "root": {
            "until": found.until.isoformat(), "step": str(found.step), "file": str(found.file),
            "due": found.root_due(now),
        },
        "certificates": [
            {
                "name": name, "names": list(held.names), "systems": list(held.systems),
                "until": held.until.isoformat() if held.until else None,
                "root": None if held.until is None else "current" if held.current else "old",
            }
            for name, held in sorted(found.certificates.items())
        ],
        "others": dict(found.others),
    }  # fmt: skip


def renewed_document(done: Renewed) -> dict[str, Any]:
    """Return the same as JSON."""
    return {
        "made": done.made, "root": {"began": str(done.began), "step": str(done.step)},
        "old": done.old, "unknown": done.unknown,
    }  # fmt: skip


def _command(text: str) -> Span:
    return Span(text, Style.COMMAND)
