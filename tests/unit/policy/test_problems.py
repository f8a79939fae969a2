"""Whatever is wrong in policy or roster is one line: place, fault, and the nearest valid word."""

import pytest

from commsroom import policy
from commsroom.errors import PolicyErrors

YAML = {
    "duplicate key": (
        "telephony.yml", "  by_mail: true", "  by_mail: true\n  by_mail: false",
        ("policies/telephony.yml:68:3: 'by_mail' is here twice, first in line 67"
        " (keep one; YAML would silently use the last)"),
    ),
    "duplicate part": (
        "company.yml", "  sales:\n", "  sales:\n    name: x\n  sales:\n",
        ("policies/company.yml:29:3: 'sales' is here twice, first in line 27"
        " (keep one; YAML would silently use the last)"),
    ),
    "unknown key": (
        "telephony.yml", "by_mail", "by_mial",
        "policies/telephony.yml:67:3: unknown key 'by_mial' (did you mean 'by_mail'?)",
    ),
    "missing key": (
        "security.yml", "lead_days: 3\n", "",
        "policies/security.yml:3:1: 'lead_days' is missing",
    ),
    "nothing given": (
        "security.yml", "lead_days: 3", "lead_days:",
        "policies/security.yml:7:11: lead_days must be a whole number, not nothing",
    ),
    "text for a number": (
        "telephony.yml", "rings: 3", "rings: three",
        'policies/telephony.yml:60:10: rings must be a whole number, not "three"',
    ),
    "number for text": (
        "telephony.yml", 'number: "8001"', "number: 8001",
        ("policies/telephony.yml:71:13: number must be text, not 8001"
        ' (write "8001" in quotes: numbers to dial and names are text)'),
    ),
    "text for a list": (
        "telephony.yml", '["2100-2999"]', "2100-2999",
        ("policies/telephony.yml:8:17: extensions must be a list: [first, second],"
        ' not "2100-2999"'),
    ),
    "leading zero": (
        "telephony.yml", '["0800", "0809"]', '[0800, "0809"]',
        ("policies/telephony.yml:27:16: 0800 without quotes is not the same to every YAML reader"
        ' (write "0800" for the text)'),
    ),
    "the Norway problem": (
        "company.yml", "country: TW", "country: NO",
        ("policies/company.yml:13:14: NO without quotes is not the same to every YAML reader"
        ' (write "NO" for the text, or true / false)'),
    ),
    "yes for true": (
        "telephony.yml", "by_mail: true", "by_mail: yes",
        ("policies/telephony.yml:67:12: yes without quotes is not the same to every YAML reader"
        ' (write "yes" for the text, or true / false)'),
    ),
    "base 60": (
        "telephony.yml", '"mon-fri 07:00-21:00"', "12:34:56",
        ("policies/telephony.yml:50:13: 12:34:56 without quotes is not the same to every YAML reader"
        ' (write "12:34:56" for the text)'),
    ),
    "alias": (
        "company.yml", "name: 台北總公司", "name: &a 台北", "name: 高雄分公司", "name: *a",
        "policies/company.yml:12:11: anchors and aliases are not used in policy (write it out twice)",
    ),
    "tag": (
        "company.yml", "name: 台北總公司", "name: !!python/name:os.system x",
        ("policies/company.yml:12:11: the tag !!python/name:os.system is not used in policy"
        " (leave it out)"),
    ),
    "not YAML": (
        "company.yml", "sites:", "sites: [",
        "policies/company.yml:12:9: not valid YAML: did not find expected ',' or ']'",
    ),
    "a tab": (
        "company.yml", "    country: TW", "\tcountry: TW",
        "policies/company.yml:13:1: a tab (indent with spaces)",
    ),
    "a tab behind a dash": (
        "security.yml", '  - "*:shared_mailbox', '  -\t- "*:shared_mailbox',
        "policies/security.yml:16:4: a tab (indent with spaces)",
    ),
    "unknown word": (
        "security.yml", "custody: managed", "custody: managd",
        'policies/security.yml:26:30: custody: "managd" is not valid (did you mean \'managed\'?)',
    ),
    "time zone": (
        "company.yml", "Asia/Taipei", "Asia/Taipeh",
        ("policies/company.yml:7:12: time_zone: no time zone is called 'Asia/Taipeh';"
        " did you mean 'Asia/Taipei'?"),
    ),
    "the zone of whatever machine reads it": (
        "company.yml", "Asia/Taipei", "localtime",
        "policies/company.yml:7:12: time_zone: no time zone is called 'localtime'",
    ),
    "size": (
        "mail.yml", "36 MiB", "36 Mb",
        ("policies/mail.yml:8:15: message_size: '36 Mb' is not a size:"
        " write 25 MiB, 10 GiB or unlimited"),
    ),
    "attachments that would not fit": (
        "mail.yml", "36 MiB", "30 MiB",
        ("policies/mail.yml:8:15: attachments of the size allowed would not fit: they need 34 MiB"
        " (base64 makes an attachment 4/3 as large)"),
    ),
    "telephone number": (
        "telephony.yml", "+886 2 5550 2000", "+886 2 5550",
        ("policies/telephony.yml:9:18: main_number: '+886 2 5550' has too many or too few digits"
        " for its country"),
    ),
    "dangling department": (
        "telephony.yml", "department: engineering", "department: enginering",
        ("policies/telephony.yml:99:17: there is no department 'enginering' in company.yml"
        " (did you mean 'engineering'?)"),
    ),
    "dangling person": (
        "mail.yml", "L028: [read]", "L928: [read]",
        "policies/mail.yml:61:13: there is no person 'L928' in the roster (did you mean 'L028'?)",
    ),
    "dangling clause": (
        "mail.yml", 'clause: "4.6.2"', 'clause: "4.6.9"',
        ("policies/mail.yml:54:13: there is no clause '4.6.9' in regulation.yml"
        " (did you mean '4.6.2'?)"),
    ),
    "dangling dialling class": (
        "positions.yml", "dialling_class: international", "dialling_class: internationl",
        ("policies/positions.yml:9:29: there is no dialling class 'internationl' in telephony.yml"
        " (did you mean 'international'?)"),
    ),
    "departments in a circle": (
        "company.yml", "manager: L001", "manager: L001\n    parent: logistics",
        ("policies/company.yml:27:13: departments above each other in a circle:"
        " administration → logistics → administration"),
    ),
    "overlapping ranges": (
        "telephony.yml", '["3100-3999"]', '["2900-3999"]',
        ("policies/telephony.yml:12:18: the range 2900-3999 overlaps 2100-2999"
        " (a number has one owner)"),
    ),
    "range the wrong way round": (
        "telephony.yml", '["2100-2999"]', '["2999-2100"]',
        ("policies/telephony.yml:8:18: extensions, entry 1: the range 2999-2100 ends before it"
        " begins: write 2100-2999"),
    ),
    "range exhausted": (
        "telephony.yml", '["2100-2999"]', '["2100-2110"]',
        ("policies/telephony.yml:8:17: the number range 2100-2110 is exhausted: 11 numbers for"
        " 21 people at site 'taipei' (widen the range, or give fewer posts a telephone)"),
    ),
    "room inside a range": (
        "telephony.yml", 'number: "8001"', 'number: "2101"',
        ("policies/telephony.yml:71:13: 2101 lies in the range 2100-2999 that people's numbers are"
        " taken from (take a number outside it)"),
    ),
    "two groups, one number": (
        "telephony.yml", 'number: "8200"', 'number: "8100"',
        "policies/telephony.yml:90:13: 8100 is the number of administration too (change one)",
    ),
    "a number like an emergency number": (
        "telephony.yml", 'number: "8001"', 'number: "1101"',
        "policies/telephony.yml:71:13: numbers from 1101 collide with the emergency number 110 (choose numbers no prefix begins)",
    ),
    "a number that begins like an outside one": (
        "telephony.yml", '["3100-3999"]', '["0100-0999"]',
        ("policies/telephony.yml:12:18: numbers from 0100 begin like outside numbers (national: 0)"
        " (choose numbers no prefix begins)"),
    ),
    "premium allowed": (
        "telephony.yml", "[toll-free, national]", "[toll-free, premium]",
        "policies/telephony.yml:49:24: 'premium' is in always_barred: nobody may dial it",
    ),
    "a time without end": (
        "security.yml", "retention: 90d", "retention: 99999999999999d",
        "policies/security.yml:8:12: retention: '99999999999999d' is too long: at most 200y",
    ),
    "a time of many digits": (
        "security.yml", "retention: 90d", f"retention: {'9' * 5000}y",
        f"policies/security.yml:8:12: retention: '{'9' * 58}… is too long: at most 200y",
    ),
    "a size without end": (
        "mail.yml", "36 MiB", f"{'9' * 30} TiB",
        ("policies/mail.yml:8:15: message_size: '999999999999999999999999999999 TiB' is too large:"
         " at most 1048576 TiB"),
    ),
    "no country": (
        "company.yml", "country: TW", "country: ZZ",
        ("policies/company.yml:13:14: country: no country has the code 'ZZ': write TW, VN or GB"
         " (ISO 3166)"),
    ),
    "soft hyphen, escaped": (
        "company.yml", "業務部", '"業\\u00ad務部"',
        ("policies/company.yml:28:11: a character that is not seen (U+00AD soft hyphen) may not be"
         " part of a policy"),
    ),
    "private use": (
        "company.yml", "業務部", "業\ue000部",
        "policies/company.yml:28:12: a private-use character (U+E000) may not be part of a policy",
    ),
    "unassigned": (
        "company.yml", "業務部", "業\u0378部",
        "policies/company.yml:28:12: an unassigned character (U+0378) may not be part of a policy",
    ),
    "a site nobody knows": (
        "allocations.lock", "taipei ", "taipie ",
        ("policies/allocations.lock:3:1: there is no site 'taipie' in company.yml, where C801 is"
         " (did you mean 'taipei'? a site goes after its people: move them, apply, then remove it)"),
    ),
    "hidden direction": (
        "company.yml", "業務部", "業\u202e務部",
        ("policies/company.yml:28:12: a bidirectional control character (U+202E) may not be part"
        " of a policy"),
    ),
    "hidden direction, escaped": (
        "company.yml", "業務部", '"\\u202e務部"',
        ("policies/company.yml:28:11: a bidirectional control character (U+202E) may not be"
        " part of a policy"),
    ),
    "line break in a title, escaped": (
        "company.yml", "業務部", '"業\\n部"',
        "policies/company.yml:28:11: name: a line break may not be part of a text",
    ),
    "bad byte": (
        "company.yml", "業務部", b"caf\xe9",
        "policies/company.yml:28:14: byte 0xe9 is not UTF-8 (save the file as UTF-8)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", YAML.values(), ids=YAML)
def test_a_fault_in_a_policy_file_is_one_line_with_place_and_remedy(sample, case):
    file, *changes, expected = case
    sample.change(file, *changes)
    assert sample.problems == [expected]


def test_a_tab_in_a_key_is_told_without_one(sample):
    sample.change("company.yml", "  logistics:", "  lo\tgistics:")
    (found,) = [item for item in sample.problems if item.startswith("policies/company.yml:36:")]
    assert found.startswith("policies/company.yml:36:3: 'lo\\tgistics': ")
    assert found.isprintable()


def test_faults_of_all_files_come_at_once(sample):
    sample.change("telephony.yml", "by_mail", "by_mial", "department: engineering", "department: x")
    sample.change("mail.yml", "36 MiB", "36 Mb", "L028: [read]", "L928: [read]")
    sample.change("people.csv", "L010,Seán O'Brien,,sales", "L010,Seán O'Brien,,sails")
    sample.change("allocations.lock", " 2107 ", " 2108 ")
    places = [problem.rsplit(": ", 1)[0].split(": ")[0] for problem in sample.problems]
    assert places == [
        "policies/allocations.lock:21:1",
        "policies/mail.yml:8:15",
        "policies/mail.yml:61:13",
        "policies/people.csv:11:20",
        "policies/telephony.yml:67:3",
        "policies/telephony.yml:99:17",
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("telephony.yml", "dialling_classes:", "dialing_classes:",
         ["unknown key 'dialing_classes' (did you mean 'dialling_classes'?)"]),
        ("telephony.yml", "destinations:", "destination:",
         ["unknown key 'destination' (did you mean 'destinations'?)"]),
        ("company.yml", "departments:", "department:",
         ["unknown key 'department' (did you mean 'departments'?)"]),
        ("messaging.yml", "rooms:", "room:", ["unknown key 'room' (did you mean 'rooms'?)"]),
        ("positions.yml", "positions:\n", "position:\n",
         ["unknown key 'position' (did you mean 'positions'?)"]),
    ],
)  # fmt: skip
def test_a_misspelt_section_is_told_and_nothing_that_follows_from_it(sample, name, old, new, told):
    sample.change(name, f"\n{old}", f"\n{new}")
    assert [problem.partition(": ")[2] for problem in sample.problems] == told


def test_a_section_of_the_wrong_form_is_told_and_nothing_that_follows_from_it(sample):
    text = sample.file("telephony.yml").read_text("utf-8")
    begin, end = text.index("\ndialling_classes:"), text.index("\n# Answered within")
    sample.change("telephony.yml", text[begin:end], "\ndialling_classes: [internal]\n")
    assert len(sample.problems) == 1
    assert "dialling_classes must be a mapping" in sample.problems[0]


def test_load_raises_one_error_that_carries_every_problem(sample):
    sample.change("telephony.yml", "by_mail", "by_mial")
    sample.change("company.yml", "country: TW", "country: NO")
    with pytest.raises(PolicyErrors) as caught:
        sample.load()
    assert len(caught.value.problems) == 2
    assert str(caught.value).count("\n") == 1


def test_a_faulty_file_does_not_hide_the_names_it_has(sample):
    """Nothing follows from a fault: departments of a faulty company.yml still exist."""
    sample.change("company.yml", "country: TW", "country: Taiwan")
    assert len(sample.problems) == 1


def test_a_missing_file_and_a_misspelt_one_are_both_named(sample):
    sample.file("messaging.yml").rename(sample.file("mesaging.yml"))
    assert sample.problems[:2] == [
        "policies/mesaging.yml: not a policy file (did you mean 'messaging.yml'?)",
        "policies/messaging.yml: the file is missing (commsroom init DIR writes a complete set)",
    ]


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "a: " + "[" * 2000 + "]" * 2000, "- " * 5000, "{" * 60 + "}" * 60],
    ids=["unclosed", "lists", "sequences", "mappings"],
)
def test_nesting_without_end_is_refused_quickly(sample, text):
    sample.file("mail.yml").write_text(text)
    assert any("policies/mail.yml" in problem for problem in sample.problems)


def test_a_bomb_of_aliases_is_refused_unexpanded(sample):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    sample.file("mail.yml").write_text("\n".join(lines))
    assert any("anchors and aliases" in problem for problem in sample.problems)


def test_a_huge_policy_file_is_not_even_read(sample):
    with sample.file("mail.yml").open("wb") as stream:
        stream.truncate(5 * 2**20)
    assert "policies/mail.yml: larger than a policy file may be (4 MiB)" in sample.problems


def test_a_sound_estate_has_neither_problems_nor_warnings(sample):
    found = policy.validate(sample.path)
    assert (found.problems, found.warnings) == ((), ())
    assert found.counts["people"] == 41


def test_odd_but_usable_policy_is_a_warning(sample):
    sample.change("people.csv", "L008,王偉,,", "L008,王偉,wei.wang9,")
    sample.change("people.csv", "2026-06-01,2027-05-31", "2026-06-01,")
    found = policy.validate(sample.path)
    assert found.ok
    assert [str(item) for item in found.warnings] == [
        (
            "policies/people.csv:9:1: L008 keeps the login 'wei.wang': a login never changes"
            " (take 'wei.wang9' out of the roster)"
        ),
        "policies/people.csv:41:1: contractor C801 has no end date",
    ]
