"""JUnit XML: findings, checks and proofs as test cases, for pipelines that draw tests.

The form is that of Jenkins' xUnit plug-in (junit-10.xsd), which GitLab and GitHub's actions read too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from commsroom.reports.lines import printable
from commsroom.reports.tally import Standing, checked, standing
from commsroom.reports.text.checks import check_text
from commsroom.reports.text.findings import acknowledged_text, finding_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commsroom.estate.backend import Proof
    from commsroom.estate.inspection import Check
    from commsroom.reports.model import Finding, Report

_TAGS: Final[Mapping[Standing, str]] = {
    Standing.UNKNOWN: "error",
    Standing.ERROR: "failure",
    Standing.WARNING: "skipped",
    Standing.NOTE: "skipped",
    Standing.ACKNOWLEDGED: "skipped",
}


def render(report: Report) -> str:
    """Return the report as testsuites, a suite per system.

    A finding that is an error fails, what could not be read or decided is an error; a warning, a
    note and what somebody answers for is skipped with its text. What is as policy says passes.
    """
    root = ET.Element("testsuites", name=printable(report.title))
    suites: dict[str, list[ET.Element]] = {}
    for system, case in _cases(report):
        suites.setdefault(system, []).append(case)
    for system, members in sorted(suites.items()):
        suite = ET.SubElement(
            root, "testsuite", name=printable(system), timestamp=printable(report.when[:19])
        )
        suite.extend(members)
        _count(suite, failures="failure", errors="error", skipped="skipped")
    # The schema has no `skipped` here.
    _count(root, failures="failure", errors="error")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _cases(report: Report) -> Iterator[tuple[str, ET.Element]]:
    if report.older:
        case = ET.Element("testcase", classname="estate", name="what is older")
        ET.SubElement(
            case, "skipped", message=f"{report.older} older stand, and were not asked for"
        )
        yield "estate", case
    elif not (report.findings or report.checks or report.proofs):
        yield "estate", ET.Element("testcase", classname="estate", name="matches policy")
    yield from (_finding(item, report.when) for item in report.findings)
    yield from map(_check, report.checks)
    yield from map(_proof, report.proofs)


def _count(element: ET.Element, **tags: str) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    for name, tag in tags.items():
        element.set(name, str(len(element.findall(f".//{tag}"))))


def _case(system: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=printable(system), name=printable(name))


def _finding(item: Finding, when: str) -> tuple[str, ET.Element]:
    case = _case(item.system, item.address)
    tag = _TAGS[standing(item)]
    message = acknowledged_text(item.acknowledged) if item.acknowledged else str(item.kind)
    told = ET.SubElement(case, tag, message=printable(message))
    if tag != "skipped":
        told.set("type", str(item.kind))
    told.text = finding_text(item, when=when)
    return item.system, case


def _check(item: Check) -> tuple[str, ET.Element]:
    case = _case(item.system, item.address)
    counts = checked(item)
    if counts is not Standing.GOOD:
        told = ET.SubElement(case, _TAGS[counts], message=printable(f"expected {item.expected}"))
        told.set("type", "unknown" if item.ok is None else printable(item.name))
        told.text = check_text(item)
    return item.system, case


def _proof(proof: Proof) -> tuple[str, ET.Element]:
    system = proof.address.system
    case = _case(system, f"{proof.address} {proof.use}")
    case.set("time", f"{proof.ms / 1000:.3f}")
    if proof.ok is not True:
        tag, kind = ("error", "undecided") if proof.ok is None else ("failure", "refused")
        told = ET.SubElement(case, tag, message=printable(f"expected {proof.expected}"), type=kind)
        told.text = printable(f"got {proof.got}" + (f" ({proof.note})" if proof.note else ""))
    return system, case
