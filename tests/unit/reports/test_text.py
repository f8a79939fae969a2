"""Plans and reports as people read them."""

from dataclasses import replace

import pytest

from commsroom.estate.backend import Outcome, Status
from commsroom.estate.kinds import Account
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Action, Address, Change, Provenance, Resource
from commsroom.reports import model, text
from commsroom.reports.lines import line, plain, printable, value

PLAN = """\
im1
  - delete im1:account/bob

pbx1
  + create pbx1:extension/2107  (policies/telephony.yml:12, clause 2.2.1)
      display_name    "王伟"
      dialling_class  "national"
      secret:sip      new
      suspended: unsupported by pbx1
  ~ update pbx1:extension/2108  (policies/telephony.yml:12, clause 2.2.1)
      dialling_class  "international" → "national"
      secret:sip      will be written again
  ~ update pbx1:hunt_group/2900  (policies/telephony.yml:12, clause 2.2.1)
      members  + 2107, - 2101

Foreign: not made by commsroom, not in policy, never touched
  ? im1:account/visitor

Sealed: in policy, but in a file that is not ours to write
  ? pbx1:extension/2200

Unsupported: in policy, but its system cannot hold it
  ? pbx1:voicemail/2107: email

Unknown: could not be read, nothing is planned there
  ! mail1: connect: no answer within 10 s

Plan: 1 to create, 2 to update, 1 to delete, 0 to adopt.
"""


def test_a_plan_reads_like_terraform(plan):
    assert text.plan_text(plan) == PLAN


def test_an_empty_plan_says_that_the_estate_matches_policy():
    assert text.plan_text(Plan()) == "No changes. The estate matches policy.\n"


def test_an_empty_plan_does_not_claim_a_match_where_something_cannot_be_had():
    lost = {
        Address("prov1", "phone_profile", f"T-{n}"): "its clock changes twice a year" for n in "123"
    }
    shown = text.plan_text(Plan(unsupported=lost)).splitlines()
    assert shown[-1] == "No changes. 3 things that policy asks for cannot be had (above)."
    assert sum("phone_profile/T-" in one for one in shown) == 3
    (name,) = list(lost)[:1]
    one = text.plan_text(Plan(unsupported={name: lost[name]}))
    assert "No changes. 1 thing that policy asks for cannot be had (above)." in one


def test_an_empty_plan_with_an_unknown_system_does_not_claim_a_match():
    assert "matches policy" not in text.plan_text(Plan(unknown={"pbx1": "down"}))


def test_every_line_about_a_simulated_system_says_so(plan):
    shown = text.plan_text(replace(plan, simulated=frozenset({"pbx1"}))).splitlines()
    named = [line for line in shown if "pbx1" in line and "unsupported by" not in line]
    assert len(named) == 7
    assert all("simulated" in line for line in named)
    assert not any("simulated" in line for line in shown if "im1" in line and "pbx1" not in line)


def _many(number):
    for count in range(number):
        address = Address("im1", "account", f"user{count:04}")
        made = Resource(
            address, Account(), person=f"p{count}", provenance=Provenance("people.csv", 2)
        )
        yield Change(Action.CREATE, address, None, made, ())


def test_a_long_plan_is_summed_up_by_kind_and_people():
    shown = text.plan_text(Plan(changes=tuple(_many(1000))))
    assert "+ create 1,000 account  for 1,000 people" in shown
    assert "--full" in shown
    assert len(shown.splitlines()) < 10
    assert shown.endswith("Plan: 1000 to create, 0 to update, 0 to delete, 0 to adopt.\n")


def test_a_long_plan_in_full_names_every_address():
    lines = [plain(item) for item in text.plan_lines(Plan(changes=tuple(_many(1000))), full=True)]
    assert sum("im1:account/user" in item for item in lines) == 1000


def test_a_report_names_place_difference_and_repair(report):
    shown = text.report_text(report)
    assert (
        "error: pbx1:extension/2108 differs  (policies/telephony.yml:12, clause 2.2.1)\n"
        '    dialling_class  is "international", should be "national"\n'
        "    secret:sip      is not the one we wrote\n"
        "    repair: commsroom apply --only pbx1:extension/2108\n"
    ) in shown
    assert "pbx1:extension/2107 call 2102: expected answered, got busy here" in shown
    assert "never accepted before" in shown
    assert "apply  1 min 07 s" in shown


def test_findings_that_are_alike_share_what_is_said_of_them():
    strangers = tuple(Address("im1", "account", f"stranger{number}") for number in range(1000))
    report = model.from_plan(Plan(foreign=strangers), estate="x")
    short, full = text.report_text(report), text.report_text(report, full=True)
    assert short.count("is foreign") == 20
    assert "and 980 more; --full lists them" in short
    assert full.count("is foreign") == 1000
    assert short.count("repair: ") == full.count("repair: ") == 1


def test_a_long_report_is_cut_short_and_says_so():
    report = model.from_plan(Plan(changes=tuple(_many(1000))), estate="x")
    short, full = text.report_text(report), text.report_text(report, full=True)
    assert short.count("is missing") == 200
    assert "and 800 more; --full lists them" in short
    assert full.count("is missing") == 1000


def test_a_clean_report_is_one_line():
    clean = model.from_plan(Plan(), estate="lianhe")
    assert text.report_text(clean) == "Drift: none. The estate matches policy.\n"


def test_an_apply_names_what_failed_and_what_is_left(plan):
    failed = Outcome(plan.changes[0].address, Status.FAILED, "refused by the server")
    done = [Outcome(change.address, Status.DONE) for change in plan.changes[1:]]
    left = Plan(changes=plan.changes[:1])
    shown = [plain(item) for item in text.apply_lines(plan, [failed, *done], left, 1.25)]
    assert shown[0] == "  ✗ failed im1:account/bob: refused by the server"
    assert shown[1] == "Applied: 1 created, 2 updated, 0 deleted, 0 adopted, in 1.2 s."
    assert "still to do" in shown[2]
    assert shown[-1] == "Plan: 0 to create, 0 to update, 1 to delete, 0 to adopt."


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("王伟 Ann", "王伟 Ann"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("two\nlines", "two\\nlines"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("\ufffe", "\\ufffe"),
    ],
    ids=["names", "escape", "bidi", "newline", "zero width", "surrogate", "no character"],
)
def test_what_a_system_holds_cannot_drive_the_terminal(given, shown):
    assert printable(given) == shown
    assert plain(line(given)) == shown


def test_a_number_a_text_and_a_list_look_different():
    assert [value(item) for item in (7, "7", ("7",), True, None)] == [
        "7",
        '"7"',
        "[7]",
        "yes",
        "nothing",
    ]


def test_a_reason_that_a_whole_system_shares_is_said_once():
    lost = "mail1: apply: the connection was lost"
    boxes = [Address("mail1", "mailbox", f"p{number}@x") for number in range(5)]
    outcomes = [Outcome(box, Status.UNKNOWN, lost) for box in boxes[:3]]
    outcomes += [Outcome(box, Status.UNKNOWN, f"not tried: {lost}") for box in boxes[3:]]
    outcomes.append(Outcome(Address("pbx1", "extension", "2107"), Status.FAILED, "no such class"))
    shown = [plain(item) for item in text.apply_lines(Plan(), outcomes, Plan(), 1.0)]
    assert shown[:3] == [
        "  ✗ unknown 5 objects on mail1 (2 not tried): mail1: apply: the connection was lost",
        "  ✗ failed pbx1:extension/2107: no such class",
        "Applied: 0 created, 0 updated, 0 deleted, 0 adopted, in 1.0 s.",
    ]


NARROW = """\
error:
    mail1:mailbox/ann.lee2101@lianhe.example
    is missing
    since 2026-11-24, new
    repair:
        commsroom apply --only mail1:mailbox/ann.lee2101@lianhe.example
error: pbx1:extension/2100 differs
    (policies/telephony.yml:10, clause
    4.1.2)
    dialling_class  is "international",
        should be "national"
"""


def test_forty_columns_break_at_spaces_and_leave_addresses_and_commands_whole(rich_report):
    lines = text.report_lines(rich_report(2, 0, 0, unknown=False), width=40)
    shown = "".join(f"{plain(item)}\n" for item in lines)
    assert shown.startswith(NARROW)


def test_a_check_is_counted_when_it_is_good_and_told_when_it_is_not(rich_report):
    shown = text.report_text(rich_report(1, 24))
    assert "pbx1   clock        1 of 1 as policy says\n" in shown
    assert "im1    disk         0 of 1 as policy says, 1 unknown\n" in shown
    assert "  ? im1:disk//var  unknown: no answer within 5 s; should be at most 80 % full" in shown
    assert "✓" not in shown
    assert text.report_text(rich_report(1, 24), full=True).count("✓") >= 20
