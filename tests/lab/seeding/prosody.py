"""Chat accounts, rooms and affiliations changed in Prosody's own shell."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from seeding import ways
from seeding.disturbance import Named
from seeding.shell import key, quote

_DOMAIN: Final = "lianhe.example"
_ROOMS: Final = f"rooms.{_DOMAIN}"


def _shell(line: str) -> str:
    """Type one line; the shell ends with 0 even when it says no, so its answer decides."""
    return (
        f'said=$(prosodyctl shell {quote(line)} 2>&1); echo "$said";'
        ' case "$said" in *"! "*|*rror*) false;; esac'
    )


def _jid(item: Any) -> str:
    return f"{key(item['address'])}@{_DOMAIN}"


def _user(line: str, *, when: Any = None) -> Any:
    """Give a command about the account; `{}` in it is its address."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        if when is not None and not when(item["attributes"]):
            return None
        return _shell(line.replace("{}", _jid(item)))

    return make


def _name(item: Any, others: Any, random: Random) -> str:
    login = key(item["address"])
    return _shell(
        f'> local s = prosody.hosts["{_DOMAIN}"].modules.pep.get_pep_service("{login}");'
        ' local st = require "prosody.util.stanza";'
        ' return s:publish("urn:xmpp:vcard4", true, "current", st.stanza("item",'
        ' {xmlns = "http://jabber.org/protocol/pubsub", id = "current"})'
        ':tag("vcard", {xmlns = "urn:ietf:params:xml:ns:vcard-4.0"})'
        ':tag("fn"):text_tag("text", "Seeded"):up():up())'
    )


def _room(call: str, *, when: Any = None) -> Any:
    """Call the room's own interface and have it saved."""

    def make(item: Any, others: Any, random: Random) -> str | None:
        if when is not None and not when(item["attributes"]):
            return None
        name = key(item["address"])
        return _shell(
            f'> local r = prosody.hosts["{_ROOMS}"].modules.muc.get_room_from_jid("{name}@{_ROOMS}");'
            f" r:{call}; return r:save(true)"
        )

    return make


def _affiliation(word: str, *, when: Any = None) -> Any:
    def make(item: Any, others: Any, random: Random) -> str | None:
        if when is not None and not when(item["attributes"]):
            return None
        room, _, login = key(item["address"]).partition("/")
        return _shell(
            f'muc:room("{room}@{_ROOMS}"):set_affiliation(true, "{login}@{_DOMAIN}", {word})'
        )

    return make


def _room_gone(item: Any, others: Any, random: Random) -> str:
    name = key(item["address"])
    return _shell(
        f'> local r = prosody.hosts["{_ROOMS}"].modules.muc.get_room_from_jid("{name}@{_ROOMS}");'
        " r:set_persistent(false); return r:destroy()"
    )


def _in_room(item: Any) -> tuple[str, ...]:
    room, _, login = key(item["address"]).partition("/")
    return (f"im1:room/{room}#{login}", f"im1:account/{login}#in {room}")


def _foreign(address: str) -> Any:
    return lambda item: (Named(address=f"im1:{address}", kind="foreign"),)


def _first_room(others: Any) -> str:
    return min(key(one["address"]) for one in others if one["kind"] == "room")


WAYS: Final = {
    ("account", "display_name"): [ways.Way(name="another name", make=_name)],
    ("account", "file_sharing"): [
        ways.Way(name="may no more", make=_user(f'user:set_role("{{}}", "{_DOMAIN}", "prosody:registered")', when=lambda v: v["file_sharing"])),
        ways.Way(name="may too", make=_user(f'user:set_role("{{}}", "{_DOMAIN}", "commsroom:sharer")', when=lambda v: not v["file_sharing"])),
    ],
    ("account", "suspended"): [
        ways.Way(name="closed", make=_user('user:disable("{}")', when=lambda v: not v["suspended"])),
    ],
    ("account", "secret:password"): [
        ways.Way(name="another password", make=_user('user:password("{}", "made-by-hand-1")')),
    ],
    ("account", ways.GONE): [
        ways.Way(name="removed", make=_user('user:delete("{}")'),
            follows=lambda item: (f"im1:member/*/{key(item['address'])}",)),
    ],
    ("account", ways.STRANGE): [
        ways.Way(name="somebody's own", make=lambda item, others, random: _shell(f'user:create("stranger@{_DOMAIN}", "made-by-hand-1", "prosody:registered")'),
            names=_foreign("account/stranger"), locks=lambda item: ("im1:stranger",),
            undo=lambda item: f'prosodyctl shell \'user:delete("stranger@{_DOMAIN}")\' >/dev/null 2>&1 || true'),
    ],
    ("room", "title"): [ways.Way(name="another title", make=_room('set_name("Seeded")'))],
    ("room", "members_only"): [
        ways.Way(name="open to all", make=_room("set_members_only(false)", when=lambda v: v["members_only"])),
    ],
    ("room", "moderated"): [
        ways.Way(name="moderated", make=_room("set_moderated(true)", when=lambda v: not v["moderated"])),
        ways.Way(name="not moderated", make=_room("set_moderated(false)", when=lambda v: v["moderated"])),
    ],
    ("room", ways.GONE): [
        ways.Way(name="removed", make=_room_gone, follows=lambda item: (f"im1:member/{key(item['address'])}/*",)),
    ],
    ("room", ways.STRANGE): [
        ways.Way(name="somebody's own", make=lambda item, others, random: _shell(
            f'> local r = prosody.hosts["{_ROOMS}"].modules.muc.create_room("seeded@{_ROOMS}"); r:set_persistent(true); return r:save(true)'),
            names=_foreign("room/seeded"),
            undo=lambda item: "prosodyctl shell " + quote(
                f'> local r = prosody.hosts["{_ROOMS}"].modules.muc.get_room_from_jid("seeded@{_ROOMS}");'
                " if r then r:set_persistent(false) r:destroy() end") + " >/dev/null 2>&1 || true"),
    ],
    ("member", "affiliation"): [
        ways.Way(name="raised", make=_affiliation('"admin"', when=lambda v: v["affiliation"] == "member"), locks=_in_room),
        ways.Way(name="lowered", make=_affiliation('"member"', when=lambda v: v["affiliation"] != "member"), locks=_in_room),
    ],
    ("member", ways.GONE): [
        ways.Way(name="put out", make=_affiliation("nil"), locks=_in_room),
        ways.Way(name="banned", make=_affiliation('"outcast"'), locks=_in_room,
            names=lambda item: (Named(address=item["address"], field="affiliation", kind="drift"),)),
    ],
    ("member", ways.STRANGE): [
        ways.Way(name="let in", make=lambda item, others, random: _shell(
            f'muc:room("{_first_room(others)}@{_ROOMS}"):set_affiliation(true, "stranger@{_DOMAIN}", "member")'),
            names=_foreign("member/*/stranger"), locks=lambda item: ("im1:stranger", "im1:room/administration#stranger"),
            undo=lambda item: f'prosodyctl shell \'muc:room("administration@{_ROOMS}"):set_affiliation(true, "stranger@{_DOMAIN}", nil)\' >/dev/null 2>&1 || true'),
    ],
}  # fmt: skip

UNTESTABLE: Final[dict[tuple[str, str], str]] = {}
