"""Lines to telephone companies: what is written, and what a call from outside can never reach."""

import re
from pathlib import Path
from typing import ClassVar

import pytest

from commsroom.backends.asterisk import on_target_ami as ami
from commsroom.backends.asterisk import on_target_conf as conf
from commsroom.backends.asterisk import on_target_objects as objects
from commsroom.backends.asterisk import on_target_trunk as trunk

PLAN = Path(__file__).parents[4] / "roles/pbx/templates/extensions.conf.j2"
LINE = {
    "title": "A, ${SHELL(x)}", "provider": "sip.itsp.example", "port": 5061, "transport": "tls",
    "username": "lianhe", "max_calls": 2, "main_number": "886255502000", "answered_by": "8100",
    "direct_prefixes": ["8862555"], "secret": {"password": "a;b"},
}  # fmt: skip


@pytest.fixture
def routines():
    return {name: "\n".join(lines) for name, lines in conf.sections(PLAN.read_text())}


def test_a_call_from_outside_is_led_to_people_and_groups_alone(routines):
    leads = set(re.findall(r"\?(commsroom-[a-z]+),", routines["commsroom-inward"]))
    assert leads == {"commsroom-groups", "commsroom-extensions"}


def test_a_lines_way_in_includes_nothing_and_calls_only_the_routine_for_calls_from_outside():
    inward = trunk.context_lines("itsp1", LINE)[trunk.INWARD + "itsp1"]
    assert not [one for one in inward if "include" in one]
    assert set(re.findall(r"Gosub\(([a-z-]+)", "\n".join(inward))) == {"commsroom-inward"}


def test_the_company_may_not_pass_calls_on_nor_be_told_by_its_name():
    written = trunk.sections("itsp1", LINE)
    assert "allow_transfer=no" in written
    assert "identify_by=ip" in written
    assert "line=yes" in written


def test_a_line_over_tls_encrypts_its_sound_and_one_in_clear_says_so():
    assert "media_encryption=sdes" in trunk.sections("itsp1", LINE)
    assert "media_encryption=no" in trunk.sections("itsp1", {**LINE, "transport": "udp"})


def test_a_password_with_a_semicolon_is_no_comment_and_a_title_is_no_function():
    assert "password=a\\;b" in trunk.sections("itsp1", LINE)
    carry = "\n".join(trunk.context_lines("itsp1", LINE)[trunk.CARRY + "itsp1"])
    assert "${" not in carry


def test_an_emergency_call_does_not_wait_for_a_free_channel(routines):
    first, second, *_ = routines["commsroom-carry"].split("\n")[1:]
    assert first == 'exten => s,1,GotoIf($["${COMMSROOM_URGENT}" = "yes"]?take)'
    assert "GROUP_COUNT" in second


def test_a_line_in_our_files_is_ours_and_no_extension():
    texts = objects.edited(dict.fromkeys(objects.FILES, ""), {("trunk", "itsp1"): LINE})
    assert ("trunk", "itsp1") in objects.ours(texts)
    assert not [key for kind, key in objects.ours(texts) if kind == "extension"]
    gone = objects.edited(texts, {("trunk", "itsp1"): None})
    assert not any(text.strip() for text in gone.values())


class NoPlan:
    steps: ClassVar[dict] = {}
    includes: ClassVar[dict] = {}


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ("sip:sip.itsp.example:5061;transport=tls", "sip.itsp.example"),
        ("sip:192.0.2.7", "sip.itsp.example, calls to sip:192.0.2.7"),
    ],
)
def test_calls_that_go_elsewhere_than_the_line_registers_are_told_with_its_provider(contact, said):
    messages = [
        {"Event": "EndpointDetail"},
        {"Event": "AorDetail", "Contacts": f"trunk-main/{contact}"},
    ]
    held = {"trunk-main": {"ServerUri": "sip:sip.itsp.example:5061;transport=tls"}}
    assert trunk.values("main", messages, held, NoPlan())["provider"] == said


def test_the_fields_a_line_is_read_from_are_among_those_kept_of_a_message():
    source = Path(trunk.__file__).read_text("utf-8")
    raw = "".join(f"{name}: x\r\n" for name in re.findall(r'\.get\("([A-Z]\w+)"', source))
    assert set(ami._message(raw.encode())) == set(re.findall(r'\.get\("([A-Z]\w+)"', source))
