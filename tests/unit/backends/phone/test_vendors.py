"""Every vendor's folder keeps what a vendor promises; one that is added is tested by being there.

Golden files are in the vendor's folder (`golden/NAME`); `pytest --update` writes them anew.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settled
from hypothesis import strategies as st

from commsroom.backends.phone import vendors, writers
from commsroom.backends.phone.render import MARK, CannotRender, Place, names, render
from commsroom.estate.kinds import PhoneProfile

PLACE = Place("pbx1.lianhe.example", 5061, 5060, "https://prov1.lianhe.example", "time.example")
BODY = PhoneProfile(
    model="X1", mac="00:15:65:ab:cd:ef", template=1, ring="general", display_name="王偉",
    number="2107", transport="tls", voicemail="*97", busy_lamps=("2101 林志明", "2102 Seán O'Brien"),
    time_zone="Asia/Taipei", language="zh-Hant", codecs=("g722", "pcma", "pcmu"), lldp=True,
    resync="nightly 03:00", as_rendered=True,
)  # fmt: skip
ODD = "王 \"偉\" ]]> ; # & <b>'$HOME' \\ {{ secret.sip }} {% raw %} %s ${x} --><!-- account.1.password = x"


#: Telephones with a clock of their own; programs have their machine's.
DESK = [name for name in vendors.names() if not vendors.vendor(name).machine_clock]


def each():
    return [(name, version) for name in vendors.names() for version in vendors.versions(name)]


SUMMER = [(name, version) for name, version in each() if vendors.vendor(name).summer is not None]


def rendered(name, version=1, **change):
    body = replace(BODY, vendor=name, template=version, **change)
    return render("LH-P007", body, PLACE)


def settings(name, text):
    """Return what a telephone would read: a list of (parameter, value)."""
    return list(vendors.vendor(name).reader(text))


@pytest.mark.parametrize(("name", "version"), each())
def test_a_profile_is_what_the_golden_file_says(name, version, request):
    for file, text in rendered(name, version).items():
        golden = Path(str(vendors.folder(name))) / "golden" / f"v{version}" / file
        if request.config.getoption("--update"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(text, "utf-8")
        assert text == golden.read_text("utf-8")


@pytest.mark.parametrize(("name", "version"), SUMMER)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_summer_time_is_what_the_golden_file_says(name, version, zone, request):
    """Fanvil has no words for it, and programs go by their machine: see the tests of either."""
    file, text = next(iter(rendered(name, version, time_zone=zone).items()))
    golden = Path(str(vendors.folder(name))) / "golden" / f"v{version}" / zone / file
    if request.config.getoption("--update"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


@pytest.mark.parametrize(("name", "version"), each())
def test_the_same_values_render_to_the_same_bytes(name, version):
    assert rendered(name, version) == rendered(name, version)


@pytest.mark.parametrize("name", vendors.names())
def test_an_odd_name_is_a_value_and_nothing_else_or_is_refused(name):
    plain = [settings(name, text) for text in rendered(name).values()]
    try:
        found = rendered(name, display_name=ODD)
    except CannotRender:
        return
    odd = [settings(name, text) for text in found.values()]
    assert [[key for key, _ in file] for file in odd] == [
        [key for key, _ in file] for file in plain
    ]


@pytest.mark.parametrize(
    "name", [name for name in vendors.names() if vendors.vendor(name).writer is writers.xml]
)
def test_what_is_xml_holds_any_name_and_gives_it_back_whole(name):
    texts = rendered(name, display_name=ODD).values()
    values = [value for text in texts for _, value in settings(name, text)]
    assert any(ODD in value or ODD in unquoted(value) for value in values)


def unquoted(value):
    """Read a name as SIP quotes it before an address (RFC 3261 §25.1)."""
    return re.sub(r"\\(.)", r"\1", value)


@pytest.mark.parametrize("name", vendors.names())
@settled(deadline=None)
@given(text=st.text(min_size=1, max_size=40), lamp=st.text(max_size=20))
def test_no_name_breaks_a_profile_or_adds_a_setting(name, text, lamp):
    """Either it is refused by name, or every other setting is what it was, and it comes back whole."""
    base = [settings(name, file) for file in rendered(name, busy_lamps=("2101 x",)).values()]
    try:
        found = rendered(name, display_name=text, busy_lamps=(f"2101 {lamp}",))
    except CannotRender:
        return
    for (file, whole), before in zip(found.items(), base, strict=True):
        after = settings(name, whole)
        assert [key for key, _ in after] == [key for key, _ in before], file
        for (key, value), (_, was) in zip(after, before, strict=True):
            held = (value, unquoted(value))
            names = (text.strip(), lamp.strip())
            assert value == was or any(one in each for one in names for each in held), (file, key)


@pytest.mark.parametrize("name", vendors.names())
@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\x00b", "a\u2028b", f"{MARK}sip{MARK}", "a\u202eb"]
)
def test_a_line_end_or_a_secret_s_mark_in_a_name_is_refused(name, text):
    if not any("name" in template for template in sources(name)):
        pytest.skip("it writes no name")
    with pytest.raises(CannotRender, match="cannot be written"):
        rendered(name, display_name=text)


@pytest.mark.parametrize("name", vendors.names())
def test_the_line_and_its_secrets_are_in_the_profile_proper(name):
    vendor = vendors.vendor(name)
    body = replace(BODY, vendor=name)
    main = rendered(name)[names(vendor, "LH-P007", body)[0]]
    assert "2107" in main
    assert f"{MARK}sip{MARK}" in main
    assert "pbx1.lianhe.example" in main


@pytest.mark.parametrize("name", vendors.names())
def test_encryption_follows_the_transport(name):
    assert rendered(name, transport="tls") != rendered(name, transport="udp")


@pytest.mark.parametrize("name", DESK)
def test_a_zone_whose_clocks_follow_no_rule_is_refused_by_name(name):
    with pytest.raises(CannotRender, match="Africa/Casablanca change by no rule"):
        rendered(name, time_zone="Africa/Casablanca")


@pytest.mark.parametrize(
    ("name", "zone", "why"),
    [
        ("fanvil", "Europe/Berlin", "no public source says for sure"),
        ("yealink", "America/Santiago", "can be told full hours of the day only, not 24:00"),
        ("yealink", "Pacific/Chatham", "can be told full hours of the day only, not 2:45"),
        ("poly", "Australia/Lord_Howe", "can be told of an hour only, not of 30 minutes"),
        ("grandstream", "America/Nuuk", "can be told times of the day only, not -1:00"),
        ("snom", "Asia/Jerusalem", "can be told times of the day only, not 26:00"),
        ("cisco", "Africa/Cairo", "can be told days of one month only"),
    ],
)
def test_summer_time_that_a_vendor_has_no_words_for_is_refused_by_name(name, zone, why):
    with pytest.raises(CannotRender, match=f"the clocks of {zone} change .*{why}"):
        rendered(name, time_zone=zone)


@pytest.mark.parametrize("name", [name for name in vendors.names() if name not in DESK])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Casablanca"])
def test_a_program_goes_by_its_machine_s_clock_whatever_the_zone(name, zone):
    assert rendered(name, time_zone=zone) == rendered(name, time_zone="Asia/Taipei")


@pytest.mark.parametrize("name", vendors.names())
def test_every_parameter_is_traced_to_a_public_source(name):
    page = vendors.folder(name).joinpath("README.md").read_text("utf-8")
    traced = {indexless(word) for word in re.findall("`([^` ]+)`", page)}
    for version in vendors.versions(name):
        zone = "Europe/Berlin" if vendors.vendor(name).summer else "Asia/Taipei"
        for text in rendered(name, version, time_zone=zone).values():
            read = {indexless(key) for key, _ in settings(name, text)}
            assert read
            assert not read - traced


def test_a_vendor_nobody_knows_is_refused_with_those_there_are():
    with pytest.raises(CannotRender, match=r"no template for 'acme'.*yealink"):
        rendered("acme")


def test_a_version_that_is_not_there_is_refused():
    with pytest.raises(CannotRender, match="Yealink has no template v99"):
        rendered("yealink", 99)


def test_a_desk_telephone_without_a_mac_is_refused():
    with pytest.raises(CannotRender, match="known by its MAC"):
        rendered("yealink", mac="")


def indexless(word):
    """Leave out which line, key or codec a parameter is about."""
    word = re.sub(r"codec(Pref)?\.[A-Za-z]\w*", r"codec\1.NAME", word)
    word = re.sub(r"^P23\d(\d\d)$", lambda match: f"P230{int(match[1]) % 5:02d}", word)
    return re.sub(r"(?<=[._])\d+(?=[._]|$)", "N", word)


def sources(name):
    folder = files(f"commsroom.backends.phone.vendors.{name}")
    for version in vendors.versions(name):
        for item in folder.joinpath(f"v{version}").iterdir():
            yield item.read_text("utf-8")
