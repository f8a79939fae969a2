"""What only a shared PostgreSQL ledger has: roles, and a server that may go away."""

import pytest
from sqlalchemy.engine import make_url

from commsroom.errors import CommsroomError
from commsroom.estate.resource import Action
from commsroom.ledger import Ledger

pytestmark = [
    pytest.mark.lab,
    pytest.mark.parametrize("url", ["postgresql"], indirect=True),
]


@pytest.fixture
def readers_url(estate, url, sql):
    """Give the URL for a role that may do nothing but read this ledger."""
    estate.do(estate.change(Action.CREATE, "wei"))
    name = f"reader_{make_url(url).database}"
    sql(
        f"CREATE ROLE {name} LOGIN",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}",
    )
    return make_url(url).set(username=name).render_as_string(hide_password=False)


def test_a_role_that_may_only_select_is_enough_to_read(estate, readers_url):
    with Ledger.open(readers_url, read_only=True) as reader:
        assert reader.known() == estate.ledger.known()
        assert reader.generation_of(["wei/xmpp"]) == {"wei/xmpp": 1}
        assert [event.kind for event in reader.events(limit=1)] == ["outcome"]
        assert reader.verify() == ()


def test_such_a_role_cannot_write_and_is_told_so(readers_url):
    with (
        Ledger.open(readers_url) as reader,
        pytest.raises(CommsroomError, match="may only be read with these rights"),
    ):
        reader.record("note", {}, actor="x")


def test_connections_cut_by_the_server_are_made_anew(ledger, sql):
    ledger.record("note", {}, actor="x")
    sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    ledger.record("note", {}, actor="x")
    assert len(list(ledger.events(kind="note"))) == 2


def test_a_database_that_is_not_there_is_named(url):
    other = make_url(url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(CommsroomError, match="nowhere does not exist there"):
        Ledger.open(other)


def test_a_commit_waits_for_the_disk(ledger):
    with ledger._database.read() as connection:
        setting = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    assert setting == "on"


def test_such_a_role_is_known_beforehand_not_to_be_able_to_write(url, readers_url):
    assert Ledger.writable(url)
    assert not Ledger.writable(readers_url)
