"""approve: what people wrote is deleted for good by a plan that two of them have signed, or not at all."""

import json
import shutil

DAY = ("--as-of", "2026-03-02")  # as tests/cli/conftest.py applies
GONE = ("--as-of", "2026-12-02")  # P6's retention has passed, as `signing` saves
PURGED = ["im1:account/di", "mail1:mailbox/di@small.example", "pbx1:voicemail/2105"]
LEFT = f"left out: {', '.join(PURGED)} would be deleted for good, which needs 2 approvals"


def refused(done, line):
    assert (done.code, done.out) == (3, "")
    assert line in done.err
    assert "Traceback" not in done.err


def test_a_purge_is_made_by_a_saved_plan_that_two_people_signed(signing):
    said = signing.save()
    assert "needs 2 approvals until " in said.out
    assert f": commsroom approve {signing.file} --by ID --key FILE" in said.out
    refused(signing("apply", signing.file, "--yes"), "has 0 of 2 approvals; 2 to come until")
    first = signing.approve(signing.file, "P1")
    assert first.code == 0
    for word in ("plan, asked for by P3 on", *PURGED, "signatures count until", "signed by P1"):
        assert word in first.out
    refused(signing("apply", signing.file, "--yes"), "has 1 of 2 approvals, by P1; 1 to come until")
    assert signing.there()
    assert "next: " not in first.out
    second = signing.approve(signing.file, "P2")
    assert (second.code, f"next: commsroom apply {signing.file}" in second.out) == (0, True)
    done = signing("apply", signing.file, "--yes")
    assert (done.code, signing.there()) == (0, False), done.err
    assert signing("approvals").out == "nothing is asked for\n"
    assert "used  plan, asked for by P3" in signing("approvals", "--all").out


def test_an_unsaved_apply_refuses_a_purge_and_names_both_commands(signing):
    done = signing("apply", "--yes", *GONE)
    refused(done, "commsroom plan --out PLAN --by ID, then commsroom approve PLAN --by ID --key")
    assert signing.there()
    said = signing("plan", *GONE)
    assert f"apply will refuse this: {', '.join(PURGED)} would be deleted for good" in said.out


def test_who_asks_for_a_purge_is_named_and_does_not_approve_it(signing):
    done = signing("plan", "--out", signing.file, *GONE)
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("neither of them who asks (say who you are: --by ID)\n")
    assert not signing.file.exists()
    signing.save(by="P1")
    refused(signing.approve(signing.file, "P1"), "P1 asked for ")
    signing.approve(signing.file, "P2")
    refused(signing("apply", signing.file, "--yes"), "has 1 of 2 approvals, by P2")


def test_signatures_of_one_plan_approve_no_other(signing):
    signing.save("--only", "im1:*")
    for name in ("P1", "P2"):
        assert signing.approve(signing.file, name).code == 0
    other = signing.path / "whole.plan"
    assert signing("plan", "--out", other, "--by", "P3", *GONE).code == 0
    refused(signing("apply", other, "--yes"), "has 0 of 2 approvals")
    assert signing("apply", signing.file, "--yes").code == 0


def test_a_plan_whose_requester_was_edited_is_refused(signing):
    signing.save(by="P1")
    content = json.loads(signing.file.read_text("utf-8"))
    content["approval"]["requester"] = "P3"
    signing.file.write_text(json.dumps(content), "utf-8")
    for done in (signing.approve(signing.file, "P1"), signing("apply", signing.file, "--yes")):
        assert done.code == 1
        assert "was edited after it was saved" in done.err


def test_at_night_the_rest_is_done_and_the_purge_stays_due(signing):
    done = signing("apply", "--due", "--yes", *GONE)
    assert done.code == 0, done.err
    assert LEFT in done.out
    assert signing.there()
    again = signing("apply", "--due", "--yes", "--json", *GONE)
    assert again.code == 0
    assert again.document["left_out"] == PURGED
    assert [item for item in again.document["plan"]["changes"] if item["address"] in PURGED] == []


def test_with_nothing_else_due_the_purge_is_still_told(signing):
    signing("apply", "--due", "--yes", *GONE)
    done = signing("apply", "--due", "--yes", *GONE)
    assert (done.code, LEFT in done.out, "Nothing is due" in done.out) == (0, True, False)


def test_the_rest_of_an_apply_is_made_without_its_purges_where_that_is_asked(signing):
    done = signing("apply", "--yes", "--without-purges", *GONE)
    assert (done.code, LEFT in done.out, signing.there()) == (0, True, True), done.err
    signing.save()
    for name in ("P1", "P4"):
        assert signing.approve(signing.file, name).code == 0
    assert signing("apply", signing.file, "--yes").code == 0
    assert not signing.there()


def test_what_holds_nothing_is_deleted_without_a_signature(signing):
    done = signing("apply", "--yes", "--only", "pbx1:extension/2105", *GONE)
    assert (done.code, "1 deleted" in done.out) == (0, True), done.err


def test_an_estate_that_never_approved_approvers_works_as_ever(estate, approvers_keys):
    estate.leave("P6")
    assert estate("apply", "--yes", *DAY).code == 0
    done = estate("apply", "--yes", *GONE)
    assert (done.code, "4 deleted" in done.out) == (0, True), done.err


def test_a_plan_saved_before_approvers_stood_is_not_made_after(estate, approvers_keys, left):
    estate.leave("P6")
    estate("apply", "--yes", *DAY)
    file = estate.path / "old.plan"
    assert "needs" not in estate("plan", "--out", file, *GONE).out
    shutil.copy(left / "policies/approvers", estate.path / "policies/approvers")
    done = estate("approve", file, "--by", "P1", "--key", approvers_keys / "P1", "--yes")
    assert (done.code, "needs no approval" in done.err) == (1, True)
    for name in ("P1", "P2"):
        words = ("--by", name, "--key", approvers_keys / name, "--yes")
        assert estate("approve", "policies/approvers", *words).code == 0
    refused(estate("apply", file, "--yes"), "this plan was saved before that needed approvals")


def test_policy_lets_what_goes_over_the_limit_or_is_protected_be_signed_too(signing):
    signing.policy(
        "security.yml",
        "removal_limit",
        "approvals: {plans: [over-limit, protected]}\nremoval_limit",
    )
    signing.leave("P4", "P5")
    kinds = ("pbx1:extension", "im1:account", "im1:member", "mail1:mailbox", "total")
    words = ["--yes", *(word for kind in kinds for word in ("--allow-removal", kind))]
    done = signing("apply", *words, "--as-of", "2026-03-03")
    refused(done, "would be deleted or suspended, which two people must approve")
    done = signing("plan", "--out", signing.file, "--by", "P3", "--as-of", "2026-03-03")
    assert "needs 2 approvals" in done.out
    for name in ("P1", "P2"):
        said = signing.approve(signing.file, name).out
    assert "beyond the limit  2 of " in said
    refused(signing("apply", signing.file, "--yes"), "allow exactly this with --allow-removal")
    done = signing("apply", signing.file, *words)
    assert done.code == 0, done.err


def test_policy_asks_for_signatures_where_nobody_may_give_any(estate):
    estate.policy("security.yml", "removal_limit", "approvals: {plans: [protected]}\nremoval_limit")
    estate.policy("messaging.yml", "Everyone", "All of us")
    done = estate("apply", "--yes", "--allow-protected", "im1:room/everyone", *DAY)
    refused(done, "im1:room/everyone is protected and would be changed, which two people must")
    file = estate.path / "a.plan"
    assert estate("plan", "--out", file, "--by", "P3", *DAY).code == 0
    refused(estate("apply", file, "--yes"), "plan: no signature counts yet: two people must let")


def test_who_asks_is_only_said_of_a_plan_that_is_saved(signing):
    done = signing("plan", "--by", "P3")
    assert (done.code, "add --out PLAN" in done.err) == (1, True)


def test_nothing_is_signed_before_somebody_said_yes(signing):
    signing.save()
    words = ("--by", "P1", "--key", signing.keys / "P1")
    done = signing("approve", signing.file, *words)
    assert (done.code, done.out) == (1, "")
    assert "approve asks before it changes anything, and there is no terminal" in done.err


def test_a_list_of_approvers_that_was_edited_is_told_and_changes_nothing(signing):
    signing.save()
    file = signing.path / "policies/approvers"
    file.write_text(file.read_text().replace("P4 ", "P3 "))
    line = "policies/approvers is not as it was approved: what P1 and P2 approved on "
    done = signing.approve(signing.file, "P4")
    assert (done.code, line in done.err) == (0, True)
    assert line in signing("apply", signing.file, "--yes").err
    assert line in signing("approvals").err
    found = signing("inspect", "--json", "--no-use", "--only", "people:approvers/*")
    (check,) = found.document["checks"]
    assert (found.code, check["ok"]) == (2, False)
    assert line in check["got"]


def test_inspect_finds_the_approvers_as_they_were_approved(signing):
    done = signing("inspect", "--json", "--no-use", "--only", "people:approvers/*")
    (check,) = done.document["checks"]
    assert (done.code, check["ok"], check["got"]) == (0, True, "the same")


def test_inspect_notes_that_nobody_approved_who_may_sign(estate, left):
    shutil.copy(left / "policies/approvers", estate.path / "policies/approvers")
    done = estate("inspect", "--json", "--no-use", "--only", "people:approvers/*")
    (check,) = done.document["checks"]
    assert (done.code, check["ok"], check["severity"]) == (0, False, "note")
    assert "without approvals" in check["got"]


def test_an_order_is_signed_by_its_name_too(signing, ordering):
    ordering.equip("T-1,phone,Yealink,T54W,S1,,2018-03-11,,5200,home,P1,issued,\n")
    name = ordering("order", "--by", "P3", "--json").document["order"]
    for person in ("P1", "P2"):
        words = ("--by", person, "--key", ordering.keys / person, "--yes")
        done = ordering.estate("approve", name, *words, simulated=False)
        assert done.code == 0, done.err
    assert ordering.orders()[0]["standing"] == "approved"


def test_a_request_nobody_made_is_told_with_what_to_look_at(signing):
    done = signing.approve("3f2a9c81d07e", "P1")
    assert (done.code, done.out) == (1, "")
    assert "there is no request '3f2a9c81d07e'" in done.err


def test_what_is_withdrawn_is_told_and_made_no_more(signing):
    name = signing.save("--json").document["approval"]["request"]
    for person in ("P1", "P2"):
        signing.approve(name, person)
    done = signing("approvals", "--withdraw", name, "--by", "P4", "--reason", "kept after all")
    assert (done.code, f"{name}  withdrawn" in done.out) == (0, True)
    refused(signing("apply", signing.file, "--yes"), f"plan {name} was withdrawn: ask again")
    assert "need" in signing("approvals", "--withdraw", name).err


def test_the_documents_keep_their_published_contract(signing, contract):
    contract("plan", signing.save("--json").document)
    contract("approve", signing.approve(signing.file, "P1", "--json").document)
    contract("approvals", signing("approvals", "--json", "--all").document)
    contract("apply", signing("apply", "--due", "--yes", "--json", *GONE).document)


def test_the_ledger_names_what_was_asked_and_each_who_signed(signing):
    name = signing.save("--json").document["approval"]["request"]
    signing.approve(name, "P1")
    signing.approve(name, "P2")
    text = signing("ledger", "show").out
    assert f"  approval asked {name} plan  " in text
    assert f"  approval given {name} plan, signed by P2 after P1  " in text
    assert signing("ledger", "verify").code == 0
