"""Telephones, boxes, classes, rooms and groups changed in Asterisk's files, and reloaded at its console."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from seeding import ways
from seeding.disturbance import Named
from seeding.shell import added, edited, key

_FOLDER: Final = "/etc/asterisk/commsroom"
_PJSIP, _PLAN = f"{_FOLDER}/pjsip.conf", f"{_FOLDER}/extensions.conf"
_BOXES, _ROOMS = f"{_FOLDER}/voicemail.conf", f"{_FOLDER}/confbridge.conf"


def _console(command: str) -> tuple[str, ...]:
    return (f"asterisk -rx '{command}'",)


_PHONES = _console("module reload res_pjsip.so")
_DIALPLAN = _console("dialplan reload")
_VOICEMAIL = _console("module reload app_voicemail.so")
_CONFERENCES = _console("module reload app_confbridge.so")


def _section(file: str, head: str, program: str, **values: str) -> str:
    """Edit the lines of the section that begins with `head`; `program` is awk's, for each of them."""
    return edited(
        file, 'index($0, "[") == 1 {inside = (index($0, ENVIRON["head"]) == 1)}'
        " inside {" + program + "} {print}", head=head, **values,
    )  # fmt: skip


def _phone(part: str, program: str, **values: str) -> Any:
    return lambda item, others, random: _section(
        _PJSIP, f"[{key(item['address'])}](commsroom-{part})", program,
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
        return edited(_PLAN, program, number=number, routine=routine, place=str(place), text=text)

    return make


def _without(file: str, test: str) -> Any:
    """Drop the lines of which an awk test is true."""
    return lambda item, others, random: edited(
        file, f"!({test})", number=key(item["address"]), start=f"{key(item['address'])} => "
    )


def _phone_gone(item: Any, others: Any, random: Random) -> str:
    drop = 'index($0, "[") == 1 {drop = (index($0, "[" ENVIRON["number"] "]") == 1)} !drop'
    return edited(_PJSIP, drop, number=key(item["address"]))


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
        _BOXES, program, start=f"{key(item['address'])} => ", place=str(place), text=text
    )


def _in_class(part: str, program: str, pick: str = "") -> Any:
    """Edit one of a dialling class's contexts; `pick` names the attribute whose first value is `ENVIRON["it"]`."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        found = item["attributes"].get(pick) if pick else [""]
        if not found:
            return None
        return _section(
            _PLAN, f"[commsroom-{part}-{key(item['address'])}]", program,
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
    return edited(_PLAN, drop, heads=" ".join(heads))


def _stranger(address: str, file: str, text: str, after: tuple[str, ...]) -> ways.Way:
    """Write something of nobody's into a file for local additions, once."""
    first = text.split("\n", 1)[0]

    def make(item: Any, others: Any, random: Random) -> str:
        return added(file, text)

    def undo(item: Any) -> str:
        # All of these begin with a section: from it to the end of the file is ours to take back.
        cut = f"index($0, {first!r}) == 1 {{exit}} {{print}}".replace("'", '"')
        return f"if grep -qF {first!r} {file}; then {edited(file, cut)}; fi; {after[0]}"

    return ways.Way(
        name="somebody's own", make=make, after=after, undo=undo,
        names=lambda item: (Named(address=f"pbx1:{address}", kind="foreign"),),
        locks=lambda item: (file, f"pbx1:{address}"),
    )  # fmt: skip


def _way(name: str, make: Any, after: tuple[str, ...], **more: Any) -> ways.Way:
    return ways.Way(name=name, make=make, after=after, **more)


def _open(values: Any) -> bool:
    return not values["suspended"]


def _local(name: str) -> str:
    return f"/etc/asterisk/{name}_local.conf"


_PHONE_TEXT = (
    "[2990](commsroom-endpoint)\ncontext=commsroom-class-internal\nauth=2990\naors=2990\n"
    "[2990](commsroom-auth)\nusername=2990\npassword=made-by-hand-2990\n[2990](commsroom-aor)"
)

WAYS: Final = {
    ("extension", "display_name"): [
        _way("another name", _phone("endpoint", _set("callerid", '"\\"Seeded\\" <" ENVIRON["number"] ">"')), _PHONES),
        _way("an option more, not reloaded", _phone("endpoint", 'if (index($0, "context=") == 1) $0 = $0 "\\ndirect_media=yes"'), (),
             locks=lambda item: (item["address"],)),
    ],
    ("extension", "caller_id"): [
        _way("another number", _phone("endpoint", _set("set_var", '"COMMSROOM_CALLER_ID=+886299990000"')), _PHONES),
        _way("as somebody else inside", _phone("endpoint", 'if (index($0, "callerid=") == 1) sub(/<[0-9]+>/, "<110>")'), _PHONES),
    ],
    ("extension", "dialling_class"): [
        _way("another class", _other_class, _PHONES),
        _way("a context of another name", _phone("endpoint", _set("context", '"commsroom-outward"')), _PHONES),
    ],
    ("extension", "transport"): [
        _way("speech in clear", _phone("endpoint", _set("media_encryption", '"no"')), _PHONES),
    ],
    ("extension", "ring_seconds"): [
        _way("another time", _argument(2, "47", "commsroom-ring"), _DIALPLAN),
    ],
    ("extension", "voicemail"): [
        _way("no box", _argument(3, "", "commsroom-ring", when=lambda v: v["voicemail"]), _DIALPLAN),
    ],
    ("extension", "suspended"): [
        _way("shut", _phone("endpoint", 'if (index($0, "aors=") == 1) $0 = "deny=0.0.0.0/0.0.0.0"'), _PHONES),
        _way("may not call", _phone("endpoint", 'if (index($0, "aors=") == 1) $0 = $0 "\\ndeny=0.0.0.0/0.0.0.0"'), _PHONES),
        _way("cannot be called", _phone("endpoint", 'if (index($0, "aors=") == 1) next'), _PHONES),
    ],
    ("extension", "secret:sip"): [
        _way("another password", _phone("auth", _set("password", '"made-by-hand-1"')), _PHONES),
    ],
    ("extension", ways.GONE): [_way("removed", _phone_gone, _PHONES)],
    ("extension", ways.STRANGE): [_stranger("extension/2990", _local("pjsip"), _PHONE_TEXT, _PHONES)],
    ("voicemail", "display_name"): [_way("another name", _box(2, "Seeded"), _VOICEMAIL)],
    ("voicemail", "email"): [_way("another address", _box(3, "seeded@lianhe.example"), _VOICEMAIL)],
    ("voicemail", ways.GONE): [
        _way("removed", _without(_BOXES, 'index($0, ENVIRON["start"]) == 1'), _VOICEMAIL),
    ],
    ("voicemail", ways.STRANGE): [
        _stranger("voicemail/2990", _local("voicemail"), "[default]\n2990 => 4711,Seeded", _VOICEMAIL),
    ],
    ("conference", "title"): [
        _way("another title", _argument(2, "Seeded", "commsroom-conference"), _DIALPLAN),
    ],
    ("conference", "max_members"): [
        _way("another limit", lambda item, others, random: _section(
            _ROOMS, f"[commsroom-{key(item['address'])}](commsroom-bridge)", _set("max_members", '"199"')), _CONFERENCES),
    ],
    ("conference", "secret:pin"): [
        _way("another PIN", lambda item, others, random: _section(
            _ROOMS, f"[commsroom-{key(item['address'])}](commsroom-user)", _set("pin", '"471199"')), _CONFERENCES),
    ],
    ("conference", ways.GONE): [
        _way("removed", _without(_PLAN, 'index($0, "exten => " ENVIRON["number"] ",1,Gosub(commsroom-conference,") == 1'), _DIALPLAN),
    ],
    ("conference", ways.STRANGE): [
        _stranger("conference/8990", _local("extensions"),
                  "[commsroom-conferences](+)\nexten => 8990,1,Gosub(commsroom-conference,s,1(8990,Seeded))", _DIALPLAN),
    ],
    ("hunt_group", "strategy"): [_way("another strategy", _argument(1, "linear", "commsroom-hunt", when=lambda v: v["strategy"] != "linear"), _DIALPLAN),
        _way("all at once", _argument(1, "ringall", "commsroom-hunt", when=lambda v: v["strategy"] != "ringall"), _DIALPLAN)],
    ("hunt_group", "ring_seconds"): [_way("another time", _argument(2, "47", "commsroom-hunt"), _DIALPLAN)],
    ("hunt_group", "fallback"): [_way("nowhere", _argument(3, "", "commsroom-hunt", when=lambda v: v["fallback"]), _DIALPLAN)],
    ("hunt_group", "title"): [_way("another title", _argument(4, "Seeded", "commsroom-hunt"), _DIALPLAN)],
    ("hunt_group", "members"): [_way("others", _argument(5, "2100", "commsroom-hunt"), _DIALPLAN)],
    ("hunt_group", ways.GONE): [
        _way("removed", _without(_PLAN, 'index($0, "exten => " ENVIRON["number"] ",1,Gosub(commsroom-hunt,") == 1'), _DIALPLAN),
    ],
    ("hunt_group", ways.STRANGE): [
        _stranger("hunt_group/8991", _local("extensions"),
                  "[commsroom-groups](+)\nexten => 8991,1,Gosub(commsroom-hunt,s,1(ringall,9,,Seeded,2100))", _DIALPLAN),
    ],
    ("dialling_class", "title"): [
        _way("another title", _in_class("allowed", 'if (/^exten => title/) $0 = "exten => title,1,NoOp(Seeded)"'), _DIALPLAN),
    ],
    ("dialling_class", "allowed"): [
        _way("another prefix", _in_class("prefixes", 'sub("_" ENVIRON["it"] "!", "_" ENVIRON["it"] "7!")', "allowed"), _DIALPLAN),
    ],
    ("dialling_class", "barred"): [
        _way("another prefix", _in_class("prefixes", 'sub("_" ENVIRON["it"] "!", "_" ENVIRON["it"] "7!")', "barred"), _DIALPLAN),
    ],
    ("dialling_class", "hours"): [
        _way("other hours", _in_class("allowed", 'if (/GotoIfTime/) sub(/[0-9][0-9]:[0-9][0-9]-/, "05:05-")', "hours"), _DIALPLAN),
    ],
    ("dialling_class", "emergency"): [
        _way("one number fewer", _in_class("emergency", 'if (index($0, "exten => " ENVIRON["it"] ",") == 1) {skip = 1; next} if (skip && /same =>/) {skip = 0; next}', "emergency"), _DIALPLAN),
    ],
    ("dialling_class", ways.GONE): [_way("removed", _class_gone, _DIALPLAN)],
    ("dialling_class", ways.STRANGE): [
        _stranger("dialling_class/seeded", _local("extensions"),
                  "[commsroom-class-seeded]\nexten => _X!,1,Goto(commsroom-outward,s,1)", _DIALPLAN),
    ],
}  # fmt: skip

UNTESTABLE: Final = {
    (
        "voicemail",
        "secret:pin",
    ): "personal: its owner changes it at the phone, so another one is no drift",
    # The sample company has no line to outside yet, so the sampler meets none: their drift is untested.
    **{
        (kind, field): "no line of this sort is in the sample company"
        for kind, fields in {
            "trunk": (
                "title",
                "provider",
                "port",
                "transport",
                "username",
                "max_calls",
                "main_number",
                "answered_by",
                "direct_prefixes",
                "secret:password",
                ways.GONE,
                ways.STRANGE,
            ),
            "route": ("prefixes", "exact", "trunks", ways.GONE, ways.STRANGE),
        }.items()
        for field in fields
    },
}
