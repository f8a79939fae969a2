"""Numbers and classes as dialplan: written, listed by Asterisk, understood again; changes by hand are seen."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.backends.asterisk import on_target_dialplan as dialplan

TITLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
PREFIXES = st.lists(st.text("0123456789", min_size=1, max_size=5), unique=True, max_size=5).map(
    sorted
)
HOURS = st.lists(
    st.sampled_from(["mon-fri 07:00-21:00", "sat 08:00-24:00", "sun 22:00-06:00"]), unique=True
)


def listed(sections):
    """List lines of dialplan as the manager interface does."""
    messages, last = [], ""
    for context, lines in sections.items():
        for line in lines[1:]:
            if line.startswith("include => "):
                messages.append(
                    {"Event": "ListDialplan", "Context": context, "IncludeContext": line[11:]}
                )
                continue
            head = re.fullmatch(r"(?:exten => ([^,]+),1| same => n),(\w+)\((.*)\)", line)
            last = head[1] or last
            messages.append(
                {"Event": "ListDialplan", "Context": context, "Extension": last,
                 "Application": head[2], "AppData": head[3]}
            )  # fmt: skip
    return dialplan.Dialplan(messages)


@given(TITLE, PREFIXES, PREFIXES, HOURS, PREFIXES)
def test_a_class_comes_back_as_it_was(title, allowed, barred, hours, emergency):
    values = {
        "title": title, "allowed": allowed, "barred": barred, "hours": hours, "emergency": emergency,
    }  # fmt: skip
    plan = listed(dialplan.class_sections("night-shift", values))
    assert dialplan.class_values(plan, "night-shift") == values


ADDED = {
    "commsroom-prefixes-x": "exten => _00!,1,Goto(commsroom-outward,s,1)",
    "commsroom-emergency-x": " same => n,Hangup()",
    "commsroom-class-x": "include => by-hand",
    "commsroom-allowed-x": "exten => s,1,Goto(commsroom-outward,s,1)",
}


@pytest.mark.parametrize("context", ADDED)
def test_whatever_somebody_adds_to_a_class_shows_in_it(context):
    values = {"title": "T", "allowed": ["0"], "barred": [], "hours": [], "emergency": ["110"]}
    sections = dialplan.class_sections("x", values)
    sections[context].append(ADDED[context])
    assert dialplan.class_values(listed(sections), "x") != values


@given(
    TITLE,
    st.lists(st.text("0123456789", min_size=2, max_size=5)),
    st.sampled_from(["ringall", "linear"]),
)
def test_a_group_comes_back_as_it_was(title, members, strategy):
    values = {
        "title": title, "members": members, "strategy": strategy, "ring_seconds": 20, "fallback": "2100",
    }  # fmt: skip
    plan = listed({dialplan.GROUPS: ["", *dialplan.group_line("8100", values)]})
    assert dialplan.group_values(plan, "8100") == values


@given(TITLE)
def test_a_room_comes_back_as_it_was(title):
    plan = listed({dialplan.CONFERENCES: ["", *dialplan.conference_line("8001", {"title": title})]})
    assert dialplan.conference_values(plan, "8001") == {"title": title}


@pytest.mark.parametrize(
    "line",
    ["exten => 2100,1,Dial(PJSIP/2999)", "exten => 2100,1,Gosub(commsroom-ring,s,1(2999,15,))"],
)
def test_a_number_led_elsewhere_by_hand_agrees_with_no_policy(line):
    plan = listed({dialplan.EXTENSIONS: ["", line]})
    assert dialplan.extension_values(plan, "2100")["ring_seconds"] == -1


def test_what_is_dialled_is_never_an_argument_before_it_was_checked():
    values = {
        "title": "${SHELL(id)}",
        "allowed": ["0"],
        "barred": ["00"],
        "hours": [],
        "emergency": ["110"],
    }
    lines = [line for body in dialplan.class_sections("x", values).values() for line in body]
    assert [line for line in lines if "EXTEN" in line] == [
        "exten => _0!,1,Set(COMMSROOM_DIALLED=${EXTEN})"
    ]
    assert not [line for line in lines if "SHELL(" in line]


def test_a_hint_typed_in_by_hand_is_read_and_seen():
    """The manager interface lists it without `AppData`: its device stands where an application would."""
    hint = {"Event": "ListDialplan", "Context": dialplan.EXTENSIONS, "Extension": "2107",
            "Priority": "hint", "Application": "PJSIP/2107", "Registrar": "pbx_config"}  # fmt: skip
    plan = dialplan.Dialplan([hint])
    assert plan.steps[dialplan.EXTENSIONS]["2107"] == [("PJSIP/2107", "")]
    assert dialplan.extension_values(plan, "2107") != dialplan.extension_values(
        dialplan.Dialplan([]), "2107"
    )
