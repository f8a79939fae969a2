"""An account has more than one door, and files may say otherwise than what is in force: both are told."""

import pytest

from commsroom.backends.postfix_dovecot import on_target_state as state
from commsroom.backends.postfix_dovecot.on_target_objects import objects
from commsroom.backends.postfix_dovecot.on_target_table import Table
from commsroom.backends.postfix_dovecot.on_target_waiting import MARK, marked

ANN, ALIAS = "ann@a.test", "ann.lee@a.test"


def read(unbuilt="", **texts):
    """Return how the fields of ann's mailbox are read from the files' texts; one map has its old content."""
    given = {
        state.USERS: f"{ANN}:{{SSHA512}}abc:::Ann::mailbox:",
        state.MAILBOXES: f"{ANN} OK",
        state.ALIASES: f"{ALIAS} {ANN}",
        state.SENDERS: f"{ANN} {ANN}\n{ALIAS} {ANN}",
        **{getattr(state, name): text for name, text in texts.items()},
    }
    tables = {path: Table(given.get(path, "")) for path in state.TABLES}
    dumps = {
        path: {key: tables[path].value(key) for key in tables[path].keys()}  # noqa: SIM118
        for path in state.MAPS
    }
    if unbuilt:
        dumps[getattr(state, unbuilt)] = {}
    seen = state.State(tables, {**dumps, state.LOCAL_ALIASES: {}}, {ANN: {}}, {}, Table(""))
    return next(item["fields"] for item in marked(seen, objects(seen)) if item["key"] == ANN)


@pytest.mark.parametrize(
    ("texts", "suspended"),
    [
        ({}, False),
        ({"SUSPENDED": ANN, "REFUSED": f"{ANN} 554 closed"}, True),
        ({"SUSPENDED": ANN}, "may not log in"),
        ({"REFUSED": f"{ANN} 554 closed"}, "may not hand in messages"),
        ({"SENDERS": f"{ALIAS} {ANN}"}, "may not send as itself"),
    ],
    ids=["open", "closed", "Dovecot alone", "Postfix alone", "no sender of its own"],
)
def test_an_account_that_is_half_closed_is_neither_open_nor_closed(texts, suspended):
    assert read(**texts)["suspended"] == suspended


def test_an_alias_one_may_not_send_as_is_told():
    assert read()["aliases"] == [ALIAS]
    assert read(SENDERS=f"{ANN} {ANN}")["aliases"] == [f"{ALIAS} (may not send as it)"]


@pytest.mark.parametrize("name", ["MAILBOXES", "CLOSED", "REFUSED", "LISTS", "ALIASES"])
def test_a_map_that_was_edited_and_not_built_is_told_of_its_account(name):
    line = f"{ALIAS} {ANN}" if name == "ALIASES" else f"{ANN} x"
    assert read(**{name: line})["display_name"] == "Ann"
    assert read(name, **{name: line})["display_name"] == f"Ann {MARK}"
