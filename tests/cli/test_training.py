"""Training by post: who owes which course, what was taken, and an inspection that fails for who is late."""

import pytest

COURSES = """courses:
  desk-phone: {title: Using the telephone, within: 14d, again: 2y}
  safety: {title: Safety, since: 2026-01-01}
positions:"""
DAY = ("--as-of", "2026-03-02")


@pytest.fixture
def training(fresh):
    """Clerks are to take two courses."""
    fresh.policy("positions.yml", "positions:", COURSES)
    fresh.policy(
        "positions.yml", "title: Clerk", "title: Clerk\n    training: [desk-phone, safety]"
    )
    (fresh.path / "policies/people.csv").write_text(
        "id,name,login,department,position,site,kind,start,end,manager,language,email\n"
        "P1,Ann Lee,ann,office,clerk,home,staff,2020-01-01,,,en,\n"
        "P2,王伟,wei,office,clerk,home,staff,2026-02-20,,P1,en,\n"
        "P3,Cy Doe,cy,office,clerk,home,staff,2021-01-01,2026-02-01,P1,en,\n"
    )

    def call(*words):
        done = fresh("training", *words, simulated=False)
        assert "Traceback" not in done.err
        return done

    call.estate = fresh
    call.inspect = lambda *more: fresh(
        "inspect", "--no-use", "--json", "--only", "people:*", *more, simulated=False
    )
    return call


def owed(training, *words):
    found = training("due", "--json", *(words or DAY)).document["owed"]
    return [(item["due"], item["person"], item["course"], item["overdue"]) for item in found]


def test_a_course_is_owed_after_joining_or_its_beginning_by_who_is_here(training, contract):
    assert owed(training) == [
        ("2020-01-15", "P1", "desk-phone", True),
        ("2026-01-31", "P1", "safety", True),
        ("2026-03-06", "P2", "desk-phone", False),
        ("2026-03-22", "P2", "safety", False),
    ]
    contract("training due", training("due", "--json", *DAY).document)
    text = training("due", *DAY).out
    assert text.endswith("4 courses owed, 2 overdue\n")
    assert "2026-03-06  P2  王伟     desk-phone  Using the telephone  never\n" in text


def test_who_took_a_course_owes_it_no_more_until_it_is_to_be_taken_again(training, contract):
    done = training(
        "done", "P1", "P2", "--course", "desk-phone", "--by", "on site", "--on", "2026-02-25"
    )
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("P1  desk-phone  2026-02-25, on site  ")
    training("done", "P1", "--course", "safety", "--on", "2026-02-25")
    assert owed(training) == [("2026-03-22", "P2", "safety", False)]
    later = owed(training, "--as-of", "2028-03-01")
    assert ("2028-02-25", "P1", "desk-phone", True) in later
    assert not [item for item in later if item[1:3] == ("P1", "safety")]  # that one holds for good
    found = training("taken", "P1", "--json").document
    contract("training taken", found)
    assert [(item["course"], item["by"]) for item in found["taken"]] == [
        ("desk-phone", "on site"),
        ("safety", ""),
    ]
    assert training("taken").out.endswith("3 courses taken\n")


def test_who_is_late_fails_the_inspection_until_they_took_it(training):
    done = training.inspect(*DAY)
    assert done.code == 2
    late = {item["address"]: item for item in done.document["checks"] if not item["ok"]}
    assert set(late) == {"people:training/P1 desk-phone", "people:training/P1 safety"}
    check = late["people:training/P1 safety"]
    assert (check["expected"], check["got"]) == ("taken by 2026-01-31: Safety", "never taken")
    assert check["remedy"] == "commsroom training done P1 --course safety"
    assert (check["provenance"]["file"], check["provenance"]["line"]) == (
        "policies/positions.yml",
        5,
    )
    for course in ("desk-phone", "safety"):
        training("done", "P1", "--course", course, "--on", "2026-02-25")
    good = training.inspect(*DAY)
    assert good.code == 0
    assert [item["got"] for item in good.document["checks"]] == ["nobody is overdue"] * 2


def test_what_somebody_is_taught_by_name_counts_beside_their_post(training):
    training.estate.policy("positions.yml", "training: [desk-phone, safety]", "training: []")
    file = training.estate.path / "policies/positions.yml"
    file.write_text(
        file.read_text() + "named:\n  P2: {reason: keeps the doors, training: [safety]}\n"
    )
    assert owed(training) == [("2026-03-22", "P2", "safety", False)]


REFUSED = {
    "nobody": (("done", "P9", "--course", "safety"), "there is no person 'P9' in the roster"),
    "no course": (
        ("done", "P1", "--course", "safty"),
        "there is no course 'safty' in positions.yml (did you",
    ),
    "to come": (
        ("done", "P1", "--course", "safety", "--on", "2199-01-01"),
        "--on: 2199-01-01 is yet",
    ),
    "one of them": (("done", "P1", "P9", "--course", "safety"), "there is no person 'P9'"),
    "before it began": (
        ("done", "P1", "--course", "safety", "--on", "2025-12-31"),
        "--on: safety began later, on 2026-01-01",
    ),
    "nothing to take back": (
        ("withdraw", "P1", "--course", "safety", "--on", "2026-02-01", "--reason", "slip"),
        "it is not recorded that 'P1' took 'safety' on 2026-02-01",
    ),
    "hidden": (("done", "P1", "--course", "safety", "--by", "a\u202eb"), "--by: "),
    "unknown": (("taken", "P9"), "there is no person 'P9'"),
}


def test_what_makes_no_sense_is_refused_in_one_line_and_nothing_is_recorded(training):
    for words, line in REFUSED.values():
        done = training(*words)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), words
        assert done.err.startswith(f"error: {line}")
    assert training("taken").out == "0 courses taken\n"


def test_a_course_is_recorded_once_a_day_and_person(training):
    words = ("done", "P1", "--course", "safety", "--on", "2026-02-25")
    assert training(*words).code == 0
    again = training(words[0], "P2", *words[1:])
    assert again.code == 1
    assert again.err.startswith("error: P1 took safety on 2026-02-25: that is recorded already")
    assert training("taken").out.endswith("1 course taken\n")


def test_a_wrong_record_is_taken_back_and_owed_again_and_the_ledger_keeps_both(training, contract):
    training("done", "P1", "P2", "--course", "safety", "--on", "2026-02-25")
    wrong = ("withdraw", "P1", "--course", "safety", "--on", "2026-02-25", "--reason")
    done = training(*wrong, "was ill", "--json")
    contract("training withdraw", done.document)
    assert [item["person"] for item in training("taken", "--json").document["taken"]] == ["P2"]
    assert ("2026-01-31", "P1", "safety", True) in owed(training)
    twice = training(*wrong, "was ill")
    assert twice.err.startswith("error: it is not recorded that 'P1' took 'safety' on 2026-02-25")
    assert training(*wrong, " ").err.startswith("error: --reason is empty")
    text = training.estate("ledger", "show", simulated=False).out
    assert "training done" in text
    assert "training withdrawn" in text
    assert training("done", "P1", "--course", "safety", "--on", "2026-02-25").code == 0
    assert training("taken", "P1").out.endswith("1 course taken\n")


def test_a_course_that_no_file_has_is_told_at_its_place(training):
    training.estate.policy("positions.yml", "[desk-phone, safety]", "[desk-fone, safety]")
    done = training.estate("validate", simulated=False)
    assert done.code == 1
    assert "positions.yml:9:16: there is no course 'desk-fone'" in done.err + done.out


def test_an_estate_without_courses_is_told_so_and_inspected_without(fresh):
    done = fresh("training", "due", simulated=False)
    assert done.err.startswith("error: policy has no courses (write `courses` into positions.yml")
    done = fresh("inspect", "--no-use", "--only", "people:*", simulated=False)
    assert (done.code, done.err.count("\n")) == (1, 1)
