"""Text for people: plans, what an apply did, and reports. A folder, one file for each.

Lines carry their meaning (`lines.Style`), never colour; every line that speaks of a simulated
system says so.
"""

from commsroom.reports.text.findings import TITLE, finding_text
from commsroom.reports.text.plans import (
    LONG,
    MANY,
    SIGN,
    STYLE,
    apply_lines,
    nothing_due,
    plan_lines,
    plan_text,
    summary,
    summary_line,
)
from commsroom.reports.text.report import report_lines, report_text, verdict

__all__ = [
    "LONG",
    "MANY",
    "SIGN",
    "STYLE",
    "TITLE",
    "apply_lines",
    "finding_text",
    "nothing_due",
    "plan_lines",
    "plan_text",
    "report_lines",
    "report_text",
    "summary",
    "summary_line",
    "verdict",
]
