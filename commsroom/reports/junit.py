"""JUnit XML: findings and proofs as test cases, for pipelines that draw tests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from commsroom.reports.lines import printable
from commsroom.reports.model import FindingKind, Severity
from commsroom.reports.text import finding_text

if TYPE_CHECKING:
    from commsroom.estate.backend import Proof
    from commsroom.reports.model import Finding, Report


def render(report: Report) -> str:
    """Return the report in the form of the common JUnit schema (testsuites, testsuite, testcase).

    A finding that is an error fails, what could not be read or decided is an error, a warning or a
    note is skipped with its text.
    """
    root = ET.Element("testsuites", name=printable(report.title))
    cases = [*map(_finding, report.findings), *map(_proof, report.proofs)]
    if not cases:
        cases = [("estate", ET.Element("testcase", classname="estate", name="matches policy"))]
    suites: dict[str, list[ET.Element]] = {}
    for system, case in cases:
        suites.setdefault(system, []).append(case)
    for system, members in sorted(suites.items()):
        suite = ET.SubElement(root, "testsuite", name=printable(system), timestamp=report.when[:19])
        suite.extend(members)
        _count(suite)
    _count(root)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    for outcome, name in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(outcome, str(len(element.findall(f".//{name}"))))


def _finding(item: Finding) -> tuple[str, ET.Element]:
    case = ET.Element("testcase", classname=printable(item.system), name=printable(item.address))
    if item.kind is FindingKind.UNKNOWN:
        tag = "error"
    else:
        tag = "failure" if item.severity is Severity.ERROR else "skipped"
    told = ET.SubElement(case, tag, message=str(item.kind))
    if tag != "skipped":
        told.set("type", str(item.kind))
    told.text = finding_text(item)
    return item.system, case


def _proof(proof: Proof) -> tuple[str, ET.Element]:
    system = proof.address.system
    name = f"{proof.address} {proof.use}"
    case = ET.Element("testcase", classname=printable(system), name=printable(name))
    case.set("time", f"{proof.ms / 1000:.3f}")
    if proof.ok is not True:
        tag, kind = ("error", "undecided") if proof.ok is None else ("failure", "refused")
        told = ET.SubElement(case, tag, message=printable(f"expected {proof.expected}"), type=kind)
        told.text = printable(f"got {proof.got}" + (f" ({proof.note})" if proof.note else ""))
    return system, case
