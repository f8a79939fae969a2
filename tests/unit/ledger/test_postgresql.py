"""What only a shared PostgreSQL ledger has: roles, and a server that may go away."""

import base64
import json
import shutil
from pathlib import Path

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


def test_a_check_by_such_a_role_sees_drift_and_writes_nothing(url, sql, tmp_path, monkeypatch):
    """From a checkout with no state of its own: no secrets, no ledger, only the key and the URL."""
    from commsroom.app import applying
    from commsroom.app.estate import open_estate
    from commsroom.app.progress import Silent
    from commsroom.app.scope import Scope
    from commsroom.cli import main as entry

    monkeypatch.setenv("COMMSROOM_KEY", base64.b64encode(bytes(32)).decode())
    home = shutil.copytree(Path(__file__).parents[2] / "cli/estate", tmp_path / "controller")
    with open_estate(home, simulate=home, ledger_url=url) as opened:
        done = applying.apply(opened, Scope(), confirm=lambda _: True, progress=Silent())
        assert done.exit_code == 0
    name = f"reader_{make_url(url).database}"
    sql(f"CREATE ROLE {name} LOGIN", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    reader = make_url(url).set(username=name).render_as_string(hide_password=False)
    rows = "SELECT count(*), max(hash) FROM ledger_events"
    before = sql(rows)
    shutil.rmtree(home / ".commsroom")
    told = ["--estate", home, "--simulate", home, "--ledger", reader]
    held = json.loads((home / "im1.json").read_text("utf-8"))
    assert entry.main([str(word) for word in ["drift", *told]]) == 0
    held["accounts"]["cy"]["verifier"] = held["accounts"]["di"]["verifier"]
    (home / "im1.json").write_text(json.dumps(held), "utf-8")
    assert entry.main([str(word) for word in ["drift", *told]]) == 2
    assert entry.main([str(word) for word in ["plan", "--detailed-exitcode", *told]]) == 2
    exported = ["ledger", "export", "--baseline", tmp_path / "baseline.json", *told]
    assert entry.main([str(word) for word in exported]) == 0
    assert sql(rows) == before
