"""The remote program against a stand-in for Prosody's admin socket."""

import ast
import inspect
import json
import socket
import threading

import pytest

from commsroom.backends import on_target as shared
from commsroom.backends.prosody import on_target

STATE = {
    "version": "13.0.1",
    "accounts": [
        {"login": "bob", "verifier": "v2", "display_name": "B & <b>"},
        {"login": "ann", "verifier": "v1"},
    ],
    "rooms": [
        {"room": "z", "members": [{"jid": "b@a"}, {"jid": "a@a"}]},
        {"room": "a", "members": []},
    ],
}


class Prosody:
    """Answers every request on a socket by a function of its own, in pieces of a few bytes."""

    def __init__(self, path, answer, piece=7):
        self.path = str(path)
        self.asked = []
        self._answer = answer
        self._piece = piece
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection):
        connection.sendall(b"<?xml version='1.0'?><stream:stream id='' xmlns='x'>")
        heard = b""
        while data := connection.recv(4096):
            heard += data
            while b"</request>" in heard:
                whole, _, heard = heard.partition(b"</request>")
                text = whole.rpartition(b">")[2].decode()
                request = json.loads(on_target.unquoted(text))
                self.asked.append(request)
                answer = self._answer(request)
                if answer is None:
                    return
                for start in range(0, len(answer), self._piece):
                    connection.sendall(answer[start : start + self._piece])


def response(value):
    text = on_target.quoted(json.dumps(value))
    return f"<response xmlns='urn:commsroom:1'>{text}</response>".encode()


def willing(request):
    if request["do"] == "state":
        return response({"ok": STATE})
    return response({"ok": {"results": [{"ok": True} for _ in request["ops"]]}})


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Start a stand-in; give it and the data a request needs."""
    for name in ("LOCKS", "STATE"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(shared, name, tmp_path / name)
    started = []

    def start(answer, **kwargs):
        server = Prosody(tmp_path / "sock", answer, **kwargs)
        started.append(server)
        return server, {"socket": server.path, "host": "a", "rooms": "r.a", "timeout": 2}

    yield start
    for server in started:
        server.close()


def test_state_comes_back_sorted_however_the_answer_is_cut(serve):
    _, data = serve(willing, piece=3)
    found = on_target.read(data)
    assert [item["login"] for item in found["state"]["accounts"]] == ["ann", "bob"]
    assert found["state"]["accounts"][1]["display_name"] == "B & <b>"
    assert [item["room"] for item in found["state"]["rooms"]] == ["a", "z"]
    assert found["token"] == on_target.read(data)["token"]


def test_many_operations_travel_in_order_over_one_connection(serve):
    server, data = serve(willing, piece=4096)
    ops = [{"do": "account_put", "login": f"u{n}", "display_name": "x" * 99} for n in range(200)]
    token = on_target.read(data)["token"]
    answer = on_target.apply({**data, "ops": ops, "token": token, "fence": 1, "estate_id": "e"})
    sent = [op for request in server.asked if request["do"] == "apply" for op in request["ops"]]
    assert sent == ops
    assert len(answer["results"]) == len(ops)
    assert len([request for request in server.asked if request["do"] == "apply"]) > 1


def test_only_the_last_parcel_says_that_no_more_comes(serve):
    server, data = serve(willing, piece=4096)
    ops = [{"do": "member_put", "room": "z", "login": f"u{n}" * 20} for n in range(200)]
    token = on_target.read(data)["token"]
    on_target.apply({**data, "ops": ops, "token": token, "fence": 1, "estate_id": "e"})
    more = [request["more"] for request in server.asked if request["do"] == "apply"]
    assert len(more) > 1
    assert more == [True] * (len(more) - 1) + [False]


def test_memberships_of_a_room_that_could_not_be_saved_have_failed_in_every_parcel(serve):
    def full(request):
        if request["do"] == "state":
            return response({"ok": STATE})
        results = [{"ok": True} for _ in request["ops"]]
        unsaved = {} if request["more"] else {"unsaved": {"z": "disk full"}}
        return response({"ok": {"results": results, **unsaved}})

    _, data = serve(full, piece=4096)
    ops = [{"do": "member_put", "room": "az"[n % 2], "login": f"u{n}" * 20} for n in range(200)]
    token = on_target.read(data)["token"]
    answer = on_target.apply({**data, "ops": ops, "token": token, "fence": 1, "estate_id": "e"})
    failed = [op["room"] for op, one in zip(ops, answer["results"], strict=True) if not one["ok"]]
    assert failed == ["z"] * 100
    assert answer["results"][1]["error"] == "disk full"


def test_nothing_is_sent_when_reality_moved(serve):
    server, data = serve(willing)
    job = {**data, "ops": [{"do": "x"}], "token": "old", "fence": 1, "estate_id": "e"}
    with pytest.raises(shared.TargetError) as caught:
        on_target.apply(job)
    assert caught.value.kind == "moved"
    assert {request["do"] for request in server.asked} == {"state"}


def test_verifiers_of_before_are_told_only_for_accounts_concerned(serve):
    _, data = serve(willing)
    ops = [{"do": "account_put", "login": "ann", "password": "p"}]
    token = on_target.read(data)["token"]
    answer = on_target.apply({**data, "ops": ops, "token": token, "fence": 1, "estate_id": "e"})
    assert answer["verifiers"] == {"ann": "v1"}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            b"<repl-result type='error'>No module handled this query.</repl-result>",
            "missing",
            "role im",
        ),
        (response({"error": "Prosody has no VirtualHost a"}), "failed", "no VirtualHost a"),
        (b"<response xmlns='urn:commsroom:1'/>", "failed", "empty answer"),
        (None, "failed", "closed its admin socket"),
        (b"<response", "failed", "timed out"),
    ],
    ids=["module missing", "says why", "empty", "hangs up", "silent"],
)
def test_every_way_not_to_answer_is_a_clear_line(serve, answer, kind, words):
    _, data = serve(lambda _request: answer)
    with pytest.raises(shared.TargetError) as caught:
        on_target.read({**data, "timeout": 0.2})
    assert caught.value.kind == kind
    assert words in caught.value.message


def test_no_prosody_is_a_clear_line(tmp_path):
    data = {"socket": str(tmp_path / "none"), "host": "a", "rooms": "r.a", "timeout": 1}
    with pytest.raises(shared.TargetError, match="does not answer"):
        on_target.read(data)


def test_it_runs_on_the_python_of_older_servers():
    ast.parse(inspect.getsource(on_target), feature_version=(3, 9))
