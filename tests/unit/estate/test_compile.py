"""What policy and roster become, on the sample estate, day by day."""

from __future__ import annotations

import csv
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from commsroom import policy as policies
from commsroom.estate.compile import SystemInfo, compile_estate
from commsroom.estate.kinds import Account, Extension, Grant, HuntGroup, Mailbox, MailList, kinds
from commsroom.estate.resource import Resource
from commsroom.policy import allocations as numbers

ROOT = Path(__file__).parents[3]
SYSTEMS = [
    SystemInfo("pbx1", frozenset({"extension", "voicemail", "dialling_class", "conference", "hunt_group"})),
    SystemInfo("mail1", frozenset({"mailbox", "shared_mailbox", "list", "grant"})),
    SystemInfo("im1", frozenset({"account", "room", "member"})),
]  # fmt: skip
TODAY = date(2026, 11, 24)


class Company:
    """A copy of the sample estate whose roster can be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "policies", root / "policies")

    def person(self, key: str, **changes: str) -> None:
        """Change one row of the roster, or add it."""
        file = self.root / "policies" / "people.csv"
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = list(rows[0])
        row = next((row for row in rows if row["id"] == key), None)
        if row is None:
            rows.append(row := {"id": key})
        row.update(changes)
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)

    def on(self, day: date, **at_sites: date) -> dict[str, Resource]:
        """Compile for a day."""
        policy = policies.load(self.root)
        proposed = numbers.propose(policy.people, numbers.load(self.root), policy, day)
        found = compile_estate(policy, proposed, day, SYSTEMS, at_sites=at_sites)
        return {str(item.address): item for item in found}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def of(found: dict[str, Resource], person: str) -> dict[str, Resource]:
    return {item.address.kind: item for item in found.values() if item.person == person}


def closed(found: dict[str, Resource], person: str) -> set[bool | None]:
    accounts = (item.body for item in of(found, person).values())
    return {body.suspended for body in accounts if isinstance(body, Extension | Mailbox | Account)}


def test_every_resource_knows_its_line_and_names_a_known_kind(company: Company) -> None:
    found = company.on(TODAY)
    assert len(found) > 250
    for item in found.values():
        assert item.provenance is not None
        assert item.provenance.line > 0
        assert type(item.body) is kinds()[item.address.kind]


def test_the_same_input_gives_the_same_estate(company: Company) -> None:
    assert list(company.on(TODAY).items()) == list(company.on(TODAY).items())


def test_what_a_resource_needs_is_asked_for_too(company: Company) -> None:
    found = company.on(TODAY)
    needed = {str(need) for item in found.values() for need in item.needs}
    assert needed
    assert needed <= set(found)


def test_a_joiner_appears_closed_lead_days_before_and_opens_on_the_first_day(
    company: Company,
) -> None:
    company.person("L900", name="林小晴", department="sales", position="sales-representative",
                   site="taipei", kind="staff", start="2026-12-10")  # fmt: skip
    first = date(2026, 12, 10)
    assert of(company.on(first - timedelta(days=4)), "L900") == {}
    early = company.on(first - timedelta(days=3))
    assert closed(early, "L900") == {True}
    assert "member" not in of(early, "L900")
    opened = company.on(first)
    assert closed(opened, "L900") == {False}
    assert "member" in of(opened, "L900")


def test_a_leavers_last_day_counts_whole_then_all_closes_and_rights_go(company: Company) -> None:
    company.person("L028", end="2026-12-31")
    last = company.on(date(2026, 12, 31))
    assert closed(last, "L028") == {False}
    assert isinstance(of(last, "L028")["grant"].body, Grant)

    after = company.on(date(2027, 1, 1))
    assert closed(after, "L028") == {True}
    assert {"grant", "member"}.isdisjoint(of(after, "L028"))
    address = of(after, "L028")["mailbox"].address.key
    assert all(
        address not in (item.body.members or ())
        for item in after.values()
        if isinstance(item.body, MailList)
    )
    number = of(after, "L028")["extension"].address.key
    assert all(
        number not in (item.body.members or ())
        for item in after.values()
        if isinstance(item.body, HuntGroup)
    )


def test_after_the_retention_a_leaver_is_gone(company: Company) -> None:
    company.person("L028", end="2026-12-31")
    assert of(company.on(date(2026, 12, 31) + timedelta(days=90)), "L028")
    assert of(company.on(date(2026, 12, 31) + timedelta(days=91)), "L028") == {}


def test_a_day_ends_where_the_person_works(company: Company) -> None:
    company.person("L004", end="2026-11-23")  # works in Kaohsiung
    assert closed(company.on(TODAY), "L004") == {True}
    assert closed(company.on(TODAY, kaohsiung=date(2026, 11, 23)), "L004") == {False}


def test_namesakes_keep_their_own_accounts_whoever_comes_first(company: Company) -> None:
    found = company.on(TODAY)
    logins = {person: of(found, person)["account"].address.key for person in ("L008", "L018")}
    assert logins == {"L008": "wei.wang", "L018": "wei.wang2"}


def test_a_partner_has_nothing_but_what_is_granted_by_name(company: Company) -> None:
    assert {item.address.kind for item in company.on(TODAY).values() if item.person == "X901"} == {
        "account", "member",
    }  # fmt: skip


def test_a_group_without_its_manager_falls_back_to_nobody(company: Company) -> None:
    company.person("L006", end="2026-01-31")
    found = company.on(TODAY)
    body = found["pbx1:hunt_group/8200"].body
    assert isinstance(body, HuntGroup)
    assert body.fallback == ""


def test_protection_in_policy_marks_the_resource(company: Company) -> None:
    marked = [address for address, item in company.on(TODAY).items() if item.protected]
    assert sorted(marked) == [
        "mail1:mailbox/archive@lianhe.example",
        "mail1:shared_mailbox/contact@lianhe.example",
    ]


def test_an_estate_without_telephones_asks_for_none(company: Company) -> None:
    policy = policies.load(company.root)
    proposed = numbers.propose(policy.people, numbers.load(company.root), policy, TODAY)
    found = compile_estate(policy, proposed, TODAY, SYSTEMS[1:])
    assert {item.address.system for item in found} == {"mail1", "im1"}
