"""The roster: whatever rows hold, a bad one is one clear line and a good name comes back exactly."""

import csv
import gc
import json
import time

import pytest
import yaml

CSV = {
    "two people with one id": (
        "L005,Maria", "L004,Maria",
        ("policies/people.csv:6:1: two people have the id 'L004', the first in line 5"
        " (an id belongs to one person for ever)"),
    ),
    "bad byte": (
        "Gonçalves", b"Gon\xe7alves",
        "policies/people.csv:6:15: byte 0xe7 is not UTF-8 (save the file as UTF-8)",
    ),
    "missing column": (
        "department,", "",
        ("policies/people.csv:1:1: missing column: department (the first line names the columns:"
        " id,name,login,department,position,site,kind,start,end,manager,language,email)"),
    ),
    "unknown column": (
        ",manager,", ",manger,",
        "policies/people.csv:1:55: unknown column 'manger' (did you mean 'manager'?)",
    ),
    "column twice": (
        ",manager,", ",id,",
        "policies/people.csv:1:55: the column 'id' is here twice (keep one)",
    ),
    "10 MB line": (
        "Maria", "M" * 10_000_000,
        ("policies/people.csv:6:16385: this line has 10,000,075 characters, a row never more than"
        " 16,384 (is a quote or a line break missing?)"),
    ),
    "line break in a name": (
        "Maria Gonçalves", '"Maria\nGonçalves"',
        ("policies/people.csv:6: a line break inside a quoted value"
        " (a value ends in its line; is a quote missing?)"),
    ),
    "quote that does not end": (
        "Maria", '"Maria',
        ("policies/people.csv:6:6: a quoted value does not end"
        ' (write a quote inside a quoted value twice: "Ann ""Nan"" Lee")'),
    ),
    "NUL": (
        "Maria", "Mar\0ia",
        ("policies/people.csv:6:9: a NUL character may not be part of the roster"
        " (take it out; it would not be seen)"),
    ),
    "bidirectional control": (
        "Maria", "Mar\u202eia",
        ("policies/people.csv:6:9: a bidirectional control character (U+202E) may not be part of"
        " the roster (take it out; it would not be seen)"),
    ),
    "line separator": (
        "Maria", "Mar\u2028ia",
        ("policies/people.csv:6:9: a line break (U+2028) may not be part of the roster"
        " (take it out; it would not be seen)"),
    ),
    "tab in a name": (
        "Maria ", "Maria\t",
        "policies/people.csv:6:6: a tab may not be part of a name",
    ),
    "empty name": (
        "Maria Gonçalves", "",
        "policies/people.csv:6:6: `name` is empty",
    ),
    "too few values": (
        "2022-05-16,,", "2022-05-16,",
        ("policies/people.csv:6:1: too few values: 11 for 12 columns"
        " (an empty value keeps its comma)"),
    ),
    "dangling department": (
        "L010,Seán O'Brien,,sales", "L010,Seán O'Brien,,sails",
        ("policies/people.csv:11:20: there is no department 'sails' in company.yml"
        " (did you mean 'sales'?)"),
    ),
    "column found behind quotes": (
        "rocco.dangelo,support", "rocco.dangelo,suport",
        ("policies/people.csv:34:38: there is no department 'suport' in company.yml"
        " (did you mean 'support'?)"),
    ),
    "unknown kind": (
        "taipei,contractor", "taipei,contracter",
        "policies/people.csv:41:51: 'contracter' is no kind of person (did you mean 'contractor'?)",
    ),
    "end before start": (
        "2022-05-16,,", "2022-05-16,2021-01-01,",
        "policies/people.csv:6:72: `end` 2021-01-01 is before `start` 2022-05-16",
    ),
    "a week's day": (
        "2022-05-16", "2022-W20-1",
        "policies/people.csv:6:61: '2022-W20-1' is not a date (write 2026-11-24)",
    ),
    "no such day": (
        "2022-05-16", "2022-02-30",
        "policies/people.csv:6:61: there is no day '2022-02-30' (2022-02 has 28 days)",
    ),
    "no such month": (
        "2022-05-16", "2022-13-01",
        "policies/people.csv:6:61: there is no day '2022-13-01' (a year has 12 months)",
    ),
    "a day as Europeans write it": (
        "2022-05-16", "14.12.2026",
        "policies/people.csv:6:61: '14.12.2026' is not a date (write 2026-12-14)",
    ),
    "a day with slashes, year first": (
        "2022-05-16", "2026/12/4",
        "policies/people.csv:6:61: '2026/12/4' is not a date (write 2026-12-04)",
    ),
    "a day that may be read two ways is not guessed at": (
        "2022-05-16", "04/12/2026",
        "policies/people.csv:6:61: '04/12/2026' is not a date (write 2026-11-24)",
    ),
    "partner without end": (
        "2026-09-01,2027-02-28", "2026-09-01,",
        "policies/people.csv:42:42: a partner needs an end date (clause 1.2)",
    ),
    "zero-width space": (
        "Maria", "Mar\u200bia",
        ("policies/people.csv:6:9: a character that is not seen (U+200B zero width space) may not be"
         " part of the roster (take it out; it would not be seen)"),
    ),
    "tag": (
        "Maria", "Mar\U000e0061ia",
        ("policies/people.csv:6:9: a character that is not seen (U+E0061 tag latin small letter a) may"
         " not be part of the roster (take it out; it would not be seen)"),
    ),
    "no character": (
        "Maria", "Mar\uffffia",
        ("policies/people.csv:6:9: what is no character (U+FFFF) may not be part of the roster"
         " (take it out; it would not be seen)"),
    ),
    "nothing but joiners": (
        "Maria Gonçalves", "\u200d\u200c",
        "policies/people.csv:6:6: `name` is empty",
    ),
    "one value too many, though others name this person": (
        "L002,陳怡君,,", "L002,陳怡君,,,",
        ("policies/people.csv:3:1: too many values: 13 for 12 columns"
         " (put a value that holds a comma in quotes)"),
    ),
    "ids that differ by case": (
        "L009,曾雅雯", "l008,曾雅雯",
        ("policies/people.csv:10:1: the ids 'l008' and 'L008' differ only by case"
         " (the other is in line 9; an id must not depend on how it is typed)"),
    ),
    "their own manager": (
        "2022-05-16,,L002", "2022-05-16,,L005",
        ("policies/people.csv:6:73: L005 is their own manager"
         " (leave it empty for whoever has nobody above)"),
    ),
    "managers in a circle": (
        "2015-03-02,,,", "2015-03-02,,L007,",
        ("policies/people.csv:2:60: managers in a circle: L001 is led by L007, L007 by L006, L006 by"
         " L001 (leave it empty for whoever has nobody above)"),
    ),
    "a subaddress": (
        "L034,zh-Hant,\n", "L034,zh-Hant,ann.lee+x@lianhe.example\n",
        ("policies/people.csv:36:72: 'ann.lee+x@lianhe.example' is a subaddress of"
         " ann.lee@lianhe.example: its mail goes there (take an address without `+`)"),
    ),
    "unknown manager": (
        "2022-05-16,,L002", "2022-05-16,,L902",
        "policies/people.csv:6:73: there is no person 'L902' in the roster (did you mean 'L032'?)",
    ),
    "login twice": (
        "L008,王偉,,", "L008,王偉,wei.wang,", "L018,王偉,,", "L018,王偉,wei.wang,",
        "policies/people.csv:19:9: the login 'wei.wang' is given twice, first in line 9",
    ),
    "login that is none": (
        "L010,Seán O'Brien,,", "L010,Seán O'Brien,Seán,",
        "policies/people.csv:11:19: 'Seán' is not a login (small ASCII: wei.wang)",
    ),
    "address of another company": (
        "L034,zh-Hant,\n", "L034,zh-Hant,ming@other.example\n",
        ("policies/people.csv:36:72: 'ming@other.example' is no address of ours"
        " (did you mean 'lianhe.example'?)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CSV.values(), ids=CSV)
def test_a_bad_row_is_one_line_with_place_and_remedy(sample, case):
    *changes, expected = case
    if "Maria" in changes and len(changes[1]) > 1000:
        expected = expected.replace("10,000,075", f"{10_000_070 + 5:,}")
    sample.change("people.csv", *changes)
    assert [p for p in sample.problems if "people.csv" in p] == [expected]


NAMES = [
    "نمی\u200cخ Rezaei",
    "श्री\u200dमान्",
    "Ann 👩\u200d💻 ❤️ 🇹🇼",
    "\U00031350\U0002ebf0 newer than Python's tables",
    '] ; " , $ \\',
    "O'Brien; DROP TABLE",
    "${USER} `id`",
    "<b>&amp;</b>",
    "a]b[c",
    "=1+1",
    "%s",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["csv", "jsonl", "yml"])
def test_any_other_name_comes_back_exactly(sample, name, form):
    convert(sample, form, rename={"L005": name})
    assert sample.load().person("L005").name == name


@pytest.mark.parametrize("form", ["csv", "jsonl", "yml"])
def test_the_roster_may_be_csv_json_lines_or_yaml(sample, lianhe, form):
    convert(sample, form)
    people = sample.load().people
    assert [p.id for p in people] == [p.id for p in lianhe.people]
    assert people[8].start == lianhe.people[8].start
    assert people[-1].end == lianhe.people[-1].end


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(sample, lianhe):
    text = sample.file("people.csv").read_text("utf-8")
    sample.file("people.csv").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert sample.load().people == lianhe.people


def test_columns_may_stand_in_any_order_and_be_left_out(sample):
    sample.file("people.csv").write_text(
        "start,end,kind,name,id,site,position,department\n"
        + "".join(
            f"2020-01-01,,staff,Name {n},L{n:03},taipei,engineer,engineering\n"
            for n in range(1, 40)
        )
        + "2020-01-01,2027-01-01,contractor,C,C801,taipei,engineer,engineering\n"
        + "2020-01-01,2027-01-01,partner,X,X901,taipei,,\n"
    )
    person = sample.load().person("L007")
    assert (person.name, person.login, person.line) == ("Name 7", "", 8)


@pytest.mark.parametrize(("separator", "told"), [(";", ";"), ("\t", "tabs")])
def test_a_spreadsheets_other_separators_are_one_line(sample, separator, told):
    file = sample.file("people.csv")
    file.write_text(file.read_text("utf-8").replace(",", separator), "utf-8")
    expected = f"people.csv:1:3: the values are separated by {told} (save it with commas)"
    assert sample.problems == [f"policies/{expected}"]


def test_two_rosters_are_refused(sample):
    sample.file("people.jsonl").write_text("")
    assert sample.problems[0] == (
        "policies/people.jsonl: two rosters: people.csv and people.jsonl (keep one)"
    )


def test_an_id_with_zeros_keeps_them(sample):
    sample.change("people.csv", "L013,", "007,")
    assert sample.load().person("007").name == "劉宗翰"


@pytest.mark.parametrize(
    ("escape", "what"),
    [
        ("\\u202e", "a bidirectional control character (U+202E)"),
        ("\\u0000", "a NUL character"),
        ("\\n", "a line break"),
        ("\\ud800", "half a character (U+D800)"),
    ],
)
def test_what_may_not_be_there_may_not_be_escaped_either(sample, escape, what):
    convert(sample, "jsonl")
    text = sample.file("people.jsonl").read_text()
    sample.file("people.jsonl").write_text(text.replace('"Maria', f'"Maria{escape}'))
    expected = f"policies/people.jsonl:5:1: name: {what} may not be part of the roster"
    assert expected in sample.problems


def test_a_key_twice_in_a_json_line_is_refused(sample):
    convert(sample, "jsonl")
    sample.change("people.jsonl", '"id": "L001", ', '"id": "L001", "id": "L002", ')
    assert "policies/people.jsonl:1:1: not a JSON object: 'id' is here twice" in sample.problems


def test_a_thousand_bad_rows_are_fifty_lines_and_a_count(sample):
    rows = "".join(f"Z{n},N,,nowhere,engineer,taipei,staff,2020-01-01,,,,\n" for n in range(1000))
    with sample.file("people.csv").open("a") as stream:
        stream.write(rows)
    assert len(sample.problems) == 51
    assert sample.problems[-1] == "policies/people.csv:92:8: … and 950 more problems here"


def test_a_hundred_thousand_rows_are_ordinary(sample):
    """Read in about a second of processor time here; how busy the machine is does not count."""
    sample.change("telephony.yml", '"3100-3999"', '"3100-3999", "300000-499999"')
    with sample.file("people.csv").open("a", encoding="utf-8") as stream:
        stream.writelines(
            f"N{n:06},王小{chr(0x4E00 + n % 5000)},,engineering,engineer,kaohsiung,staff,2027-01-04,,"
            f"L016,zh-Hant,\n"
            for n in range(100_000)
        )
    began = time.process_time()
    loaded = sample.load()
    seconds = time.process_time() - began
    assert len(loaded.people) == 100_041
    assert gc.isenabled()
    assert seconds < 6


def convert(sample, form, rename=None):
    """Write the sample's roster in another form, with some names changed."""
    import csv

    file = sample.file("people.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["name"] = (rename or {}).get(row["id"], row["name"])
    file.unlink()
    target = sample.file(f"people.{form}")
    if form == "csv":
        with target.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif form == "jsonl":
        target.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        target.write_text(yaml.safe_dump(rows, allow_unicode=True, default_style='"'))


@pytest.mark.parametrize(
    "line", ["{", '{"id": 7}', "[1]", '{"id": "L002", "name": 5}'],
    ids=["cut", "no text", "no object", "a number"],
)  # fmt: skip
def test_who_is_named_by_others_and_could_not_be_read_is_one_problem(sample, line):
    """Nothing follows from a row that cannot be read: its cause is all that is said."""
    rows = sample.file("people.csv").read_text("utf-8").splitlines()
    columns = rows[0].split(",")
    people = [dict(zip(columns, row, strict=True)) for row in csv.reader(rows[1:])]
    lines = [json.dumps(item) if item["id"] != "L002" else line for item in people]
    sample.file("people.csv").unlink()
    sample.file("people.jsonl").write_text("\n".join(lines), "utf-8")
    assert len(sample.problems) == 1, sample.problems
    assert sample.problems[0].startswith("policies/people.jsonl:2:")


def test_a_row_too_short_to_hold_its_id_hides_nothing_and_adds_nothing(sample):
    sample.change("people.csv", "id,name,login", "name,login,id")
    file = sample.file("people.csv")
    head, *rows = csv.reader(file.read_text("utf-8").splitlines())
    moved = [[row[1], row[2], row[0], *row[3:]] if row[0] != "L002" else row[1:2] for row in rows]
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *moved])
    (found,) = sample.problems
    assert found.startswith("policies/people.csv:3:1: too few values: 1 for 12 columns")


def test_a_long_circle_of_managers_is_told_in_short(sample):
    people = "".join(
        f"C{n},Name {n},c{n}.x,sales,sales-representative,taipei,staff,2020-01-01,,C{(n + 1) % 40},,\n"
        for n in range(40)
    )
    text = sample.file("people.csv").read_text("utf-8")
    sample.file("people.csv").write_text(text + people, "utf-8")
    found = [item for item in sample.problems if "circle" in item]
    assert len(found) == 1
    assert "C0 is led by C1, C1 by C2, " in found[0]
    assert "… and C39 by C0" in found[0]
