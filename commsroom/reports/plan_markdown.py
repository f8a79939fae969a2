"""A plan as Markdown, for the merge request that would bring it about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from commsroom.reports.lines import count, plain
from commsroom.reports.markdown import escape
from commsroom.reports.text.plans import plan_lines, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commsroom.estate.plan import Plan

#: Bytes that GitHub takes for a comment are 65,536; GitLab takes more. What is longer is cut there.
LONGEST = 60_000


def render(
    plan: Plan,
    company: str,
    *,
    full: bool = False,
    objection: str = "",
    uncompared: Mapping[str, str] | None = None,
) -> str:
    """Return the plan: its sum, what stands against it, and the changes in a block drawn as a diff.

    Nothing that a system or a policy says can become markup, a mention or the end of the block.
    It is never longer than a comment may be; what is cut off is said.
    """
    head = "\n".join(_head(plan, company, objection, uncompared or {}))
    *lines, _sum = (plain(line) for line in plan_lines(plan, full=full))
    block, left_out = _fitting(lines, LONGEST - len(head.encode()))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", block)), default=0))
    cut = f"\n{count(left_out, 'more line')}: `commsroom plan` shows them.\n" if left_out else ""
    return f"{head}\n\n{fence}diff\n{block}{fence}\n{cut}"


def _head(plan: Plan, company: str, objection: str, uncompared: Mapping[str, str]) -> Iterator[str]:
    yield f"### commsroom plan: {escape(company)}"
    yield from ("", f"**{escape(plain(summary(plan)))}**")
    for system, why in plan.unknown.items():
        yield from ("", f"**Unknown: {escape(system)}**: {escape(why)}")
    for system, why in uncompared.items():
        yield from ("", f"**{escape(system)}**: {escape(why)}")
    if objection:
        yield from ("", f"**apply would refuse it:** {escape(objection)}")


def _fitting(lines: list[str], most: int) -> tuple[str, int]:
    """Return as many whole lines as fit into so many bytes, each drawn, and how many do not."""
    kept: list[str] = []
    for index, text in enumerate(lines):
        drawn = f"{_drawn(text)}\n"
        most -= len(drawn.encode())
        if most < 0:
            return "".join(kept), len(lines) - index
        kept.append(drawn)
    return "".join(kept), 0


def _drawn(text: str) -> str:
    """Put a change's sign where a diff has it, so that it is coloured; an update is drawn with `!`."""
    sign = text[2:4] if text.startswith("  ") else ""
    if sign in {"+ ", "- ", "> ", "~ "}:
        return {"> ": "+ ", "~ ": "! "}.get(sign, sign) + text[4:]
    return f"  {text}" if text and text[0] in "+-!@#" else text
