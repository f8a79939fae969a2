"""Lines to telephone companies in telephony.yml: what is refused, said where it stands."""

import pytest

LINE = """
trunks:
  main:
    title: 市話線路
    provider: sip.itsp.example
    username: lianhe
    destinations: [national, toll-free]
    main_number: "+886 2 5550 2000"
    answered_by: "8100"
    direct_numbers: [taipei]
"""
SECOND = """
  spare:
    title: 備用線路
    provider: sip.other.example
    username: lianhe-2
    main_number: "+886 7 555 3000"
"""


@pytest.fixture
def lined(sample):
    file = sample.file("telephony.yml")
    file.write_text(file.read_text("utf-8") + LINE + SECOND, "utf-8")
    return sample


def test_a_line_is_taken_as_written_with_what_a_company_expects_by_default(lined):
    assert lined.problems == []
    main = lined.load().telephony.trunks["main"]
    assert (main.port, main.transport, main.max_calls) == (5061, "tls", 10)
    assert main.main_number == "+886255502000"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('answered_by: "8100"', 'answered_by: "8900"', "8900 is neither a hunt group nor an extension"),
        ("direct_numbers: [taipei]", "direct_numbers: [kaohsiung]", "site 'kaohsiung' has no direct_prefix here"),
        ("direct_numbers: [taipei]", "direct_numbers: [taibei]", "site 'taibei' has no direct_prefix here"),
        ("[national, toll-free]", "[national, tollfree]", "tollfree"),
        ('lianhe-2\n    main_number: "+886 7 555 3000"', 'lianhe-2\n    main_number: "+886 2 5550 2000"', "+886255502000 is the number of main too"),
        ("username: lianhe\n", "username: li an\n", "username"),
        ("provider: sip.itsp.example", "provider: 'sip.itsp.example;maddr=192.0.2.1'", "provider"),
        ("title: 備用線路", "title: 備用線路\n    port: 70000", "port"),
        ("title: 備用線路", "title: 備用線路\n    transport: tcp", "transport"),
        ("title: 備用線路", "title: 備用線路\n    site: taibei", "taibei"),
    ],
)  # fmt: skip
def test_a_line_that_would_ring_nobody_or_carry_nothing_is_refused(lined, old, new, said):
    lined.change("telephony.yml", old, new)
    [problem] = lined.problems
    assert said in problem
    assert "telephony.yml:" in problem


def test_no_destination_may_have_the_name_of_the_emergency_route(lined):
    lined.change(
        "telephony.yml", "destinations:\n",
        'destinations:\n  emergency: {title: x, prefixes: ["11"], example: "1100000"}\n',
    )  # fmt: skip
    assert any("the route of emergency numbers is called so" in one for one in lined.problems)


def test_a_company_without_lines_may_call_a_destination_as_it_likes(sample):
    sample.change(
        "telephony.yml", "destinations:\n",
        'destinations:\n  emergency: {title: x, prefixes: ["11"], example: "1100000"}\n',
    )  # fmt: skip
    assert not any("the route of emergency" in one for one in sample.problems)
