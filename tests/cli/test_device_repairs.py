"""device repairs: what repairs cost and how long devices were away, per model, vendor, site and period."""

import pytest

ROWS = """\
T-1,phone,Yealink,T54W,S1,,2023-03-11,,5200,home,P1,issued,
T-2,phone,Yealink,T57W,S2,,2023-03-11,,5400,home,,stock,
T-3,phone,Snom,D785,S3,,2023-01-08,,4800,home,P2,issued,
T-4,phone,Snom,D785,S4,,2023-01-08,,4800,home,P3,repair,
"""


@pytest.fixture
def device(ordering):
    ordering.equip(ROWS, "currency: TWD\n")
    for words in (
        ("fault", "T-1", "--reason", "x", "--on", "2024-12-22"),
        ("repair", "T-1", "--cost", "850", "--by", "Tai Yi", "--on", "2025-01-11"),
        ("fault", "T-2", "--reason", "y", "--on", "2025-03-01"),
        ("repair", "T-2", "--cost", "99.50", "--by", "Tai Yi", "--on", "2025-03-05"),
        ("fault", "T-3", "--reason", "z", "--on", "2025-03-30"),
        ("repair", "T-3", "--on", "2025-04-02"),
        ("fault", "T-1", "--reason", "again", "--on", "2025-06-01"),
    ):
        assert ordering(*words).code == 0
    return ordering


YEAR = ("--since", "2025-01-01", "--until", "2025-06-10")


def test_totals_per_model_vendor_site_and_month_each_add_up_to_the_whole(device):
    done = device("repairs", *YEAR)
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == """\
MODEL         FAULTS  REPAIRS  COST       DAYS AWAY
Yealink T54W  1       1        850 TWD    20
Yealink T57W  1       1        99.50 TWD  4
Snom D785     1       1        1 unsaid   3

VENDOR   FAULTS  REPAIRS  COST        DAYS AWAY
Yealink  2       2        949.50 TWD  24
Snom     1       1        1 unsaid    3

SITE  FAULTS  REPAIRS  COST                     DAYS AWAY
home  3       3        949.50 TWD and 1 unsaid  27

MONTH    FAULTS  REPAIRS  COST       DAYS AWAY
2025-01  0       1        850 TWD    10
2025-03  2       1        99.50 TWD  6
2025-04  0       1        1 unsaid   1
2025-06  1       0        -          10

T-1 is away since 2025-06-01: commsroom device repair T-1
T-4 is in repair since a day nobody recorded: its time is in no figure
3 faults, 3 repairs for 949.50 TWD and 1 unsaid, 27 days away from 2025-01-01 to 2025-06-10
"""
    )


def test_the_document_says_the_same_to_a_program(device, contract):
    words = ("repairs", *YEAR, "--by", "repairer", "--by", "year", "--by", "kind", "--json")
    found = device(*words).document
    contract("device repairs", found)
    assert found["whole"] == {
        "faults": 3, "repairs": 3, "unpriced": 1, "cost": "949.50", "days_away": 27,
    }  # fmt: skip
    assert [item["name"] for item in found["by"]["repairer"]] == ["Tai Yi", "-"]
    assert found["by"]["year"] == [{"name": "2025", **found["whole"]}]
    assert found["by"]["kind"] == [{"name": "phone", **found["whole"]}]
    assert found["away"] == [{"asset_tag": "T-1", "since": "2025-06-01"}]
    assert found["unknown"] == ["T-4"]


def test_the_last_year_is_what_is_told_unless_asked_otherwise(device, contract):
    from datetime import date, timedelta

    found = device("repairs", "--json").document
    contract("device repairs", found)
    since, until = (date.fromisoformat(found[name]) for name in ("since", "until"))
    assert until - since == timedelta(days=364)
    assert set(found["by"]) == {"model", "vendor", "site", "month"}


def test_a_period_without_faults_says_so_and_nonsense_is_told_in_one_line(device):
    done = device("repairs", "--since", "2019-01-01", "--until", "2019-12-31")
    assert done.out.endswith("0 faults, 0 repairs, 0 days away from 2019-01-01 to 2019-12-31\n")
    done = device("repairs", "--since", "2025-02-01", "--until", "2025-01-01")
    assert done.err == "error: the span ends on 2025-01-01, before it begins on 2025-02-01\n"
    done = device("repairs", "--by", "modell")
    assert done.err == "error: 'modell' is nothing that totals are for (did you mean 'model'?)\n"
