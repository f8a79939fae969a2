"""Telephones, boxes, classes, rooms and groups changed in Asterisk's files, and reloaded at its console."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from seeding import lines, ways
from seeding.exchange import (
    BOXES,
    CONFERENCES,
    DIALPLAN,
    PHONES,
    PJSIP,
    PLAN,
    ROOMS,
    VOICEMAIL,
    local,
    section,
    stranger,
    way,
)
from seeding.shell import edited, key


def _phone(part: str, program: str, **values: str) -> Any:
    return lambda item, others, random: section(
        PJSIP, f"[{key(item['address'])}](commsroom-{part})", program,
        number=key(item["address"]), **values,
    )  # fmt: skip


def _set(option: str, text: str) -> str:
    """Give an option of a section another value."""
    return f'if (index($0, "{option}=") == 1) $0 = "{option}=" {text}'


def _argument(place: int, text: str, routine: str, *, when: Any = None) -> Any:
    """Replace one argument of the line by which a number calls our routine (from 1, split at commas)."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        if when is not None and not when(item["attributes"]):
            return None
        number = key(item["address"])
        # exten => N,1,Gosub(ROUTINE,s,1(A1,A2,…)): the third part holds "1(A1".
        program = (
            'index($0, "exten => " ENVIRON["number"] ",1,Gosub(" ENVIRON["routine"] ",") == 1 {'
            ' start = index($0, ",1("); head = substr($0, 1, start + 2);'
            ' rest = substr($0, start + 3); sub(/\\)\\)$/, "", rest);'
            ' n = split(rest, part, ","); part[ENVIRON["place"]] = ENVIRON["text"];'
            ' $0 = head part[1]; for (i = 2; i <= n; i++) $0 = $0 "," part[i]; $0 = $0 "))"}'
            " {print}"
        )
        return edited(PLAN, program, number=number, routine=routine, place=str(place), text=text)

    return make


def _without(file: str, test: str) -> Any:
    """Drop the lines of which an awk test is true."""
    return lambda item, others, random: edited(
        file, f"!({test})", number=key(item["address"]), start=f"{key(item['address'])} => "
    )


def _phone_gone(item: Any, others: Any, random: Random) -> str:
    drop = 'index($0, "[") == 1 {drop = (index($0, "[" ENVIRON["number"] "]") == 1)} !drop'
    return edited(PJSIP, drop, number=key(item["address"]))


def _second_login(item: Any, others: Any, random: Random) -> str:
    program = (
        '$0 == "auth=" ENVIRON["number"] {$0 = $0 "," ENVIRON["number"] "-seeded"} {print}'
        ' END {print "[" ENVIRON["number"] "-seeded](commsroom-auth)\\nusername=" ENVIRON["number"];'
        ' print "password=made-by-hand-2"}'
    )
    return edited(PJSIP, program, number=key(item["address"]))


def _other_class(item: Any, others: Any, random: Random) -> str:
    names = [key(one["address"]) for one in others if one["kind"] == "dialling_class"]
    other = random.choice([name for name in names if name != item["attributes"]["dialling_class"]])
    return str(
        _phone("endpoint", _set("context", 'ENVIRON["to"]'), to=f"commsroom-class-{other}")(
            item, others, random
        )
    )


def _box(place: int, text: str) -> Any:
    """Replace one part of a box's line `N => PIN,name,email`."""
    program = (
        'index($0, ENVIRON["start"]) == 1 {rest = substr($0, length(ENVIRON["start"]) + 1);'
        ' n = split(rest, part, ","); part[ENVIRON["place"]] = ENVIRON["text"];'
        ' $0 = ENVIRON["start"] part[1] "," part[2] "," part[3]} {print}'
    )
    return lambda item, others, random: edited(
        BOXES, program, start=f"{key(item['address'])} => ", place=str(place), text=text
    )


def _in_class(part: str, program: str, pick: str = "") -> Any:
    """Edit one of a dialling class's contexts; `pick` names the attribute whose first value is `ENVIRON["it"]`."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        found = item["attributes"].get(pick) if pick else [""]
        if not found:
            return None
        return section(
            PLAN, f"[commsroom-{part}-{key(item['address'])}]", program,
            it=random.choice(list(found)),
        )  # fmt: skip

    return make


def _class_gone(item: Any, others: Any, random: Random) -> str:
    name = key(item["address"])
    heads = [f"[commsroom-{part}-{name}]" for part in ("class", "emergency", "prefixes", "allowed")]
    drop = (
        'BEGIN {split(ENVIRON["heads"], head, " ")} index($0, "[") == 1 {drop = 0;'
        " for (i in head) if (index($0, head[i]) == 1) drop = 1} !drop"
    )
    return edited(PLAN, drop, heads=" ".join(heads))


_PHONE_TEXT = (
    "[2990](commsroom-endpoint)\ncontext=commsroom-class-internal\nauth=2990\naors=2990\n"
    "[2990](commsroom-auth)\nusername=2990\npassword=made-by-hand-2990\n[2990](commsroom-aor)"
)

WAYS: Final = {
    ("extension", "display_name"): [
        way("another name", _phone("endpoint", _set("callerid", '"\\"Seeded\\" <" ENVIRON["number"] ">"')), PHONES),
        way("an option more, not reloaded", _phone("endpoint", 'if (index($0, "context=") == 1) $0 = $0 "\\ndirect_media=yes"'), (),
             locks=lambda item: (item["address"],)),
    ],
    ("extension", "caller_id"): [
        way("another number", _phone("endpoint", _set("set_var", '"COMMSROOM_CALLER_ID=+886299990000"')), PHONES),
        way("as somebody else inside", _phone("endpoint", 'if (index($0, "callerid=") == 1) sub(/<[0-9]+>/, "<110>")'), PHONES),
    ],
    ("extension", "dialling_class"): [
        way("another class", _other_class, PHONES),
        way("a context of another name", _phone("endpoint", _set("context", '"commsroom-outward"')), PHONES),
    ],
    ("extension", "transport"): [
        way("speech in clear", _phone("endpoint", _set("media_encryption", '"no"')), PHONES),
    ],
    ("extension", "ring_seconds"): [
        way("another time", _argument(2, "47", "commsroom-ring"), DIALPLAN),
    ],
    ("extension", "voicemail"): [
        way("no box", _argument(3, "", "commsroom-ring", when=lambda v: v["voicemail"]), DIALPLAN),
    ],
    ("extension", "suspended"): [
        way("shut", _phone("endpoint", 'if (index($0, "aors=") == 1) $0 = "deny=0.0.0.0/0.0.0.0"'), PHONES),
        way("may not call", _phone("endpoint", 'if (index($0, "aors=") == 1) $0 = $0 "\\ndeny=0.0.0.0/0.0.0.0"'), PHONES),
        way("cannot be called", _phone("endpoint", 'if (index($0, "aors=") == 1) next'), PHONES),
    ],
    ("extension", "secret:sip"): [
        way("another password", _phone("auth", _set("password", '"made-by-hand-1"')), PHONES),
    ],
    ("extension", "secret:previous"): [way("a second password", _second_login, PHONES)],
    ("extension", ways.GONE): [way("removed", _phone_gone, PHONES)],
    ("extension", ways.STRANGE): [stranger("extension/2990", local("pjsip"), _PHONE_TEXT, PHONES)],
    ("voicemail", "display_name"): [way("another name", _box(2, "Seeded"), VOICEMAIL)],
    ("voicemail", "email"): [way("another address", _box(3, "seeded@lianhe.example"), VOICEMAIL)],
    ("voicemail", ways.GONE): [
        way("removed", _without(BOXES, 'index($0, ENVIRON["start"]) == 1'), VOICEMAIL),
    ],
    ("voicemail", ways.STRANGE): [
        stranger("voicemail/2990", local("voicemail"), "[default]\n2990 => 4711,Seeded", VOICEMAIL),
    ],
    ("conference", "title"): [
        way("another title", _argument(2, "Seeded", "commsroom-conference"), DIALPLAN),
    ],
    ("conference", "max_members"): [
        way("another limit", lambda item, others, random: section(
            ROOMS, f"[commsroom-{key(item['address'])}](commsroom-bridge)", _set("max_members", '"199"')), CONFERENCES),
    ],
    ("conference", "secret:pin"): [
        way("another PIN", lambda item, others, random: section(
            ROOMS, f"[commsroom-{key(item['address'])}](commsroom-user)", _set("pin", '"471199"')), CONFERENCES),
    ],
    ("conference", ways.GONE): [
        way("removed", _without(PLAN, 'index($0, "exten => " ENVIRON["number"] ",1,Gosub(commsroom-conference,") == 1'), DIALPLAN),
    ],
    ("conference", ways.STRANGE): [
        stranger("conference/8990", local("extensions"),
                  "[commsroom-conferences](+)\nexten => 8990,1,Gosub(commsroom-conference,s,1(8990,Seeded))", DIALPLAN),
    ],
    ("hunt_group", "strategy"): [way("another strategy", _argument(1, "linear", "commsroom-hunt", when=lambda v: v["strategy"] != "linear"), DIALPLAN),
        way("all at once", _argument(1, "ringall", "commsroom-hunt", when=lambda v: v["strategy"] != "ringall"), DIALPLAN)],
    ("hunt_group", "ring_seconds"): [way("another time", _argument(2, "47", "commsroom-hunt"), DIALPLAN)],
    ("hunt_group", "fallback"): [way("nowhere", _argument(3, "", "commsroom-hunt", when=lambda v: v["fallback"]), DIALPLAN)],
    ("hunt_group", "title"): [way("another title", _argument(4, "Seeded", "commsroom-hunt"), DIALPLAN)],
    ("hunt_group", "members"): [way("others", _argument(5, "2100", "commsroom-hunt"), DIALPLAN)],
    ("hunt_group", ways.GONE): [
        way("removed", _without(PLAN, 'index($0, "exten => " ENVIRON["number"] ",1,Gosub(commsroom-hunt,") == 1'), DIALPLAN),
    ],
    ("hunt_group", ways.STRANGE): [
        stranger("hunt_group/8991", local("extensions"),
                  "[commsroom-groups](+)\nexten => 8991,1,Gosub(commsroom-hunt,s,1(ringall,9,,Seeded,2100))", DIALPLAN),
    ],
    ("dialling_class", "title"): [
        way("another title", _in_class("allowed", 'if (/^exten => title/) $0 = "exten => title,1,NoOp(Seeded)"'), DIALPLAN),
    ],
    ("dialling_class", "allowed"): [
        way("another prefix", _in_class("prefixes", 'sub("_" ENVIRON["it"] "!", "_" ENVIRON["it"] "7!")', "allowed"), DIALPLAN),
    ],
    ("dialling_class", "barred"): [
        way("another prefix", _in_class("prefixes", 'sub("_" ENVIRON["it"] "!", "_" ENVIRON["it"] "7!")', "barred"), DIALPLAN),
    ],
    ("dialling_class", "hours"): [
        way("other hours", _in_class("allowed", 'if (/GotoIfTime/) sub(/[0-9][0-9]:[0-9][0-9]-/, "05:05-")', "hours"), DIALPLAN),
    ],
    ("dialling_class", "emergency"): [
        way("one number fewer", _in_class("emergency", 'if (index($0, "exten => " ENVIRON["it"] ",") == 1) {skip = 1; next} if (skip && /same =>/) {skip = 0; next}', "emergency"), DIALPLAN),
    ],
    ("dialling_class", ways.GONE): [way("removed", _class_gone, DIALPLAN)],
    ("dialling_class", ways.STRANGE): [
        stranger("dialling_class/seeded", local("extensions"),
                  "[commsroom-class-seeded]\nexten => _X!,1,Goto(commsroom-outward,s,1)", DIALPLAN),
    ],
    **lines.WAYS,
}  # fmt: skip

UNTESTABLE: Final = {
    (
        "voicemail",
        "secret:pin",
    ): "personal: its owner changes it at the phone, so another one is no drift",
}
