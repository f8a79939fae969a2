"""What the loaded policy answers: who may dial what, who has what, where it is written."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom import policy
from commsroom.policy import calendar, scalars, tree
from commsroom.policy.base import Audience
from commsroom.policy.loading import SUBJECTS
from commsroom.policy.positions import Chat

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 11, 24)

DIALS = [
    ("internal", "0255502000", False),
    ("internal", "0800000123", True),
    ("internal", "0028135550100", False),
    ("internal", "119", True),
    ("national", "0255502000", True),
    ("national", "0028135550100", False),
    ("national", "0204000000", False),
    ("international", "0028135550100", True),
    ("international", "0087012345678", False),
    ("international", "0204000000", False),
    ("international", "5550000", False),
]


@pytest.mark.parametrize(("dialling_class", "number", "may"), DIALS)
def test_a_class_dials_what_it_allows_and_nothing_else(lianhe, dialling_class, number, may):
    assert lianhe.telephony.may_dial(dialling_class, number) is may


def test_what_is_not_allowed_is_barred_where_a_shorter_prefix_would_let_it_through(lianhe):
    assert lianhe.telephony.allowed_prefixes("national") == ("0", "0800", "0809")
    assert lianhe.telephony.barred_prefixes("national") == ("00", "0203", "0204", "0208")
    assert "00870" in lianhe.telephony.barred_prefixes("international")


def test_every_destinations_example_is_refused_and_allowed_as_the_classes_say(lianhe):
    telephony = lianhe.telephony
    for name, rule in telephony.dialling_classes.items():
        for key, destination in telephony.destinations.items():
            assert telephony.may_dial(name, destination.example) is (key in rule.allow)


def test_outsiders_see_the_direct_number_or_the_main_one(lianhe):
    sites = lianhe.telephony.sites
    assert sites["taipei"].caller_id("2107") == "+88625552107"
    assert sites["kaohsiung"].caller_id("3100") == "+88675553000"


def test_a_partner_has_only_what_is_granted_by_name(lianhe):
    partner = lianhe.person("X901")
    found = lianhe.entitlement(partner, DAY)
    assert (found.phone, found.mailbox, found.chat) == (None, None, Chat(rooms=("project-atlas",)))
    assert found.source == ("positions", "named", "X901")
    assert not Audience(everyone=True, sites=("kaohsiung",)).includes(partner)
    assert Audience(people=("X901",)).includes(partner)


def test_a_right_by_name_ends_with_its_last_day(lianhe):
    shift_leader = lianhe.person("L038")
    last = date(2026, 12, 31)
    assert lianhe.entitlement(shift_leader, last).phone.dialling_class == "national"
    after = lianhe.entitlement(shift_leader, last + timedelta(days=1))
    assert after.phone.dialling_class == "internal"


def test_a_persons_place_in_a_room_is_the_highest_that_applies(lianhe):
    def place(room, key):
        person = lianhe.person(key)
        return lianhe.messaging.affiliation(room, person, lianhe.entitlement(person, DAY))

    assert place("all-staff", "L001") == "owner"
    assert place("all-staff", "L006") == "admin"
    assert place("all-staff", "L008") == "member"
    assert place("project-atlas", "X901") == "member"
    assert place("all-staff", "X901") == ""
    assert place("sales", "L018") == ""


def test_files_are_shared_by_post_or_group_only(lianhe):
    def may(key):
        person = lianhe.person(key)
        return lianhe.messaging.may_share(person, lianhe.entitlement(person, DAY))

    assert [may(key) for key in ("L001", "L018", "L008", "L036", "X901")] == [
        True, True, True, False, False,
    ]  # fmt: skip


STATES = [
    (-4, "absent"),
    (-3, "joining"),
    (-1, "joining"),
    (0, "active"),
    (10, "active"),
    (11, "closed"),
    (100, "closed"),
    (101, "purged"),
]


@pytest.mark.parametrize(("days", "state"), STATES)
def test_an_accounts_life_follows_the_dates_and_the_last_day_counts_whole(lianhe, days, state):
    from dataclasses import replace

    person = replace(lianhe.person("L008"), start=DAY, end=DAY + timedelta(days=10))
    day = DAY + timedelta(days=days)
    assert calendar.state_of(person, lianhe.security, day) == state


def test_every_part_knows_its_line_and_clause(lianhe):
    of = lianhe.sources.of
    lines = (ROOT / "policies/telephony.yml").read_text("utf-8").splitlines()
    place = of("telephony", "hunt_groups", "sales")
    assert lines[place.line - 1] == "  sales:"
    assert (place.file, place.column, place.clause) == ("policies/telephony.yml", 3, "4.1.1")
    assert of("telephony", "hunt_groups", "sales", "number").line == place.line + 1
    assert of("telephony", "hunt_groups", "sales", "strategy") == place
    assert of("telephony", "sites", "taipei").clause == "2.2.1"
    assert of("mail", "contact_mailboxes", "contact", "grants", "L028").clause == "4.6.2"
    person = of("people", "L008")
    assert (person.file, person.line) == ("policies/people.csv", lianhe.person("L008").line)


def test_a_secret_is_personal_where_policy_says_so(lianhe):
    rules = lianhe.security.secrets
    assert rules.mailbox.custody_of(lianhe.person("L001")) == "personal"
    assert rules.mailbox.custody_of(lianhe.person("L008")) == "managed"
    assert rules.voicemail_pin.custody_of(lianhe.person("L008")) == "personal"
    assert rules.contact_mailbox.custody_of(None) == "managed"


def test_nothing_loaded_can_be_changed(lianhe):
    with pytest.raises(Exception, match="frozen"):
        lianhe.telephony.ringing.rings = 9


def test_the_sample_is_the_company_it_should_be(lianhe):
    counts = policy.validate(ROOT).counts
    assert counts["sites"] == 2
    assert counts["departments"] == 5
    assert counts["positions"] == 8
    assert counts["conference_rooms"] == 2
    assert counts["contractor"] == counts["partner"] == counts["contact_mailboxes"] == 1
    assert {g.department for g in lianhe.telephony.hunt_groups.values()} == set(
        lianhe.company.departments
    )
    names = [person.name for person in lianhe.people]
    assert sorted(name for name in set(names) if names.count(name) > 1) == ["王偉"]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_files_schema_accepts_the_sample_and_the_starter(subject, tmp_path):
    schema = policy.schemas()[subject]
    jsonschema.Draft202012Validator.check_schema(schema)
    policy.write_starter(tmp_path)
    for estate in (ROOT, tmp_path):
        found = tree.read(estate / f"policies/{subject}.yml", "x", subject, problems := [])
        jsonschema.validate(found.data, schema)
        assert not problems


def test_a_files_schema_refuses_what_loading_refuses():
    schema = policy.schemas()["telephony"]
    with pytest.raises(jsonschema.ValidationError, match="by_mial"):
        jsonschema.validate({"voicemail": {"by_mial": True}}, schema)


def test_reference_and_schemas_are_what_the_models_say():
    import subprocess
    import sys

    script = ROOT / "packaging/policy_reference.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_policy_file_names_its_schema_for_editors():
    settings = json.loads((ROOT / ".vscode/settings.json").read_text())["yaml.schemas"]
    for subject in SUBJECTS:
        first = (ROOT / f"policies/{subject}.yml").read_text("utf-8").splitlines()[0]
        target = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)[1]
        assert (ROOT / "policies" / target).is_file()
        assert settings[f"./docs/reference/policy/{subject}.schema.json"] == [
            f"policies/{subject}.yml"
        ]


def test_the_starter_is_valid_and_never_written_over_anything(tmp_path):
    policy.write_starter(tmp_path)
    found = policy.validate(tmp_path)
    assert (found.problems, found.warnings) == ((), ())
    with pytest.raises(Exception, match="is there already"):
        policy.write_starter(tmp_path)


@given(st.integers(0, 99_999), st.integers(0, 500))
def test_a_range_counts_holds_and_lists_the_same_numbers(first, more):
    low, high = f"{first:05}", f"{min(first + more, 99_999):05}"
    found = scalars.number_range(f"{low}-{high}")
    numbers = list(found)
    assert len(numbers) == len(found)
    assert all(number in found and len(number) == 5 for number in numbers)
    assert (numbers[0], numbers[-1]) == (low, high)


SIZES = [("10 GiB", 10 * 2**30), ("25MB", 25_000_000), ("0 B", 0), ("unlimited", 0)]


@pytest.mark.parametrize(("text", "value"), SIZES)
def test_sizes_are_bytes(text, value):
    assert scalars.size(text) == value


SPANS = [("90d", 90 * 86400), ("36h", 129600), ("3m", 180), ("20s", 20), ("7y", 7 * 365 * 86400)]


@pytest.mark.parametrize(("text", "value"), SPANS)
def test_durations_are_exact(text, value):
    assert scalars.duration(text).total_seconds() == value
