"""Lines to telephone companies, and the routes by them, changed in Asterisk's files."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from seeding import ways
from seeding.exchange import DIALPLAN, PHONES, PJSIP, PLAN, local, section, stranger, way
from seeding.shell import edited, key

Maker = Any


def _in_sip(options: str, text: str) -> Maker:
    """Give options of the line's SIP sections another value; `text` is awk's, `was` the value it had."""
    program = "; ".join(
        f'if (index($0, "{option}=") == 1) {{was = substr($0, length("{option}") + 2);'
        f' $0 = "{option}=" {text}}}'
        for option in options.split()
    )
    return _sip(program)


def _sip(program: str) -> Maker:
    return lambda item, others, random: section(PJSIP, f"[trunk-{key(item['address'])}]", program)


def _endpoint(program: str) -> Maker:
    return lambda item, others, random: section(
        PJSIP, f"[trunk-{key(item['address'])}](commsroom-endpoint)", program
    )


def _inward(field: str, pattern: str, text: str) -> Maker:
    """Replace an argument of the lines by which calls come in; `pattern` is around what it was."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        found = item["attributes"].get(field)
        if not found:
            return None
        was = "-".join(found) if isinstance(found, list) else str(found)
        return section(
            PLAN, f"[commsroom-inward-{key(item['address'])}]", f"sub({pattern}, {text})", was=was
        )

    return make


def _carry(program: str) -> Maker:
    return lambda item, others, random: section(
        PLAN, f"[commsroom-carry-{key(item['address'])}]", program
    )


def _line_gone(item: Any, others: Any, random: Random) -> str:
    drop = (
        'index($0, "[") == 1 {drop = (index($0, "[trunk-" ENVIRON["name"] "]") == 1)} !drop {print}'
    )
    return edited(PJSIP, drop, name=key(item["address"]))


def _route(program: str, pick: str = "") -> Maker:
    """Edit the lines of a route; with `pick` the one of a value of that attribute (`ENVIRON["it"]`) alone."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        values = item["attributes"].get(pick) if pick else [""]
        if not values:
            return None
        test = (
            'index($0, "exten => ") == 1 && index($0, ",1,Gosub(commsroom-lines,s,1(") &&'
            ' index($0, "," ENVIRON["name"] "))")'
        )
        return edited(
            PLAN, f"{test} {{{program}}} {{print}}", name=key(item["address"]),
            it=random.choice(list(values)),
        )  # fmt: skip

    return make


def _uri(item: Any) -> tuple[str, ...]:
    """Lock the line's URIs: provider and port are in the same ones."""
    return (f"{item['address']}#uri",)


_LINE: Final = (
    "[trunk-seeded](commsroom-endpoint)\ncontext=commsroom-inward-seeded\naors=trunk-seeded\n"
    "[trunk-seeded]\ntype=aor\ncontact=sip:192.0.2.7"
)
_ROUTE: Final = "[commsroom-routes](+)\nexten => _0999!,1,Gosub(commsroom-lines,s,1(main,seeded))"

WAYS: Final = {
    ("trunk", "title"): [
        way("another title", _carry('if (/^exten => title/) $0 = "exten => title,1,NoOp(Seeded)"'), DIALPLAN),
        way("calls from it dial out again", _endpoint('if (index($0, "context=") == 1) $0 = "context=commsroom-class-international"'), PHONES),
        way("it may transfer calls", _endpoint('if (index($0, "allow_transfer=") == 1) $0 = "allow_transfer=yes"'), PHONES),
        way("known by what it calls itself", _endpoint('if (index($0, "identify_by=") == 1) $0 = "identify_by=username"'), PHONES),
        way("an option more, not reloaded", _endpoint('if (index($0, "context=") == 1) $0 = $0 "\\ndirect_media=yes"'), (),
            locks=lambda item: (item["address"],)),
    ],
    ("trunk", "provider"): [
        way("another company", _in_sip("server_uri contact", '"sip:sip.seeded.example" substr(was, index(was, ":5"))'), PHONES, locks=_uri),
        way("calls sent to another", _in_sip("contact", '"sip:192.0.2.7"'), PHONES, locks=_uri),
    ],
    ("trunk", "port"): [way("another port", _in_sip("server_uri contact", 'substr(was, 1, index(was, ":5")) "5071" substr(was, index(was, ":5") + 5)'), PHONES, locks=_uri)],
    ("trunk", "transport"): [way("speech in clear", _in_sip("media_encryption", '"no"'), PHONES)],
    ("trunk", "username"): [
        way("another login", _in_sip("username", '"seeded"'), PHONES),
        way("another account", _in_sip("client_uri", '"sip:seeded@" substr(was, index(was, "@") + 1)'), PHONES),
        way("calls in another's name", _in_sip("from_user", '"seeded"'), PHONES),
    ],
    ("trunk", "max_calls"): [way("more calls", _carry('sub(/,[0-9]+\\)\\)/, ",97))")'), DIALPLAN)],
    ("trunk", "main_number"): [way("another number", _inward("main_number", '"1[(]" ENVIRON["was"] ","', '"1(886299990000,"'), DIALPLAN)],
    ("trunk", "answered_by"): [way("answered by another", _inward("answered_by", '"," ENVIRON["was"] ","', '",8299,"'), DIALPLAN)],
    ("trunk", "direct_prefixes"): [way("other numbers", _inward("direct_prefixes", '"," ENVIRON["was"] ","', '",88629999,"'), DIALPLAN)],
    ("trunk", "secret:password"): [way("another password", _in_sip("password", '"made-by-hand-1"'), PHONES)],
    ("trunk", ways.GONE): [way("removed", _line_gone, PHONES)],
    ("trunk", ways.STRANGE): [stranger("trunk/seeded", local("pjsip"), _LINE, PHONES)],
    ("route", "prefixes"): [way("another prefix", _route('sub("_" ENVIRON["it"] "!", "_" ENVIRON["it"] "7!")', "prefixes"), DIALPLAN)],
    ("route", "exact"): [
        way("another number", _route('sub("exten => " ENVIRON["it"] ",", "exten => " ENVIRON["it"] "7,")', "exact"), DIALPLAN),
        way("one number fewer", _route('if (index($0, "exten => " ENVIRON["it"] ",") == 1) next', "exact"), DIALPLAN),
    ],
    ("route", "trunks"): [way("by another line", _route('sub(/1[(][^,]*,/, "1(seeded,")'), DIALPLAN)],
    ("route", ways.GONE): [way("removed", _route("next"), DIALPLAN)],
    ("route", ways.STRANGE): [stranger("route/seeded", local("extensions"), _ROUTE, DIALPLAN)],
}  # fmt: skip
