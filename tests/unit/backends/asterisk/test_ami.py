"""The manager interface, with a scripted Asterisk on the other end of a socket."""

import socket
import threading

import pytest

from commsroom.backends.asterisk.on_target_ami import Manager
from commsroom.backends.on_target import TargetError

WELCOME = "Response: Success\r\nActionID: 0\r\nMessage: Authentication accepted\r\n\r\n"


@pytest.fixture
def asterisk(tmp_path):
    """Return a function that starts a server which says `text` and gives a session with it."""
    listener = socket.create_server(("127.0.0.1", 0))
    secret = tmp_path / "manager.conf"
    secret.write_text("[commsroom]\nsecret=abc123\n")
    heard, threads, managers = [], [], []

    def serve(text):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            heard.append(connection.recv(65536).decode())
            for start in range(0, len(text), 7):  # in small pieces, as a network may
                connection.sendall(text.encode()[start : start + 7])
            while connection.recv(65536):
                pass

    def start(text):
        thread = threading.Thread(target=serve, args=(text,))
        thread.start()
        threads.append(thread)
        manager = Manager(listener.getsockname()[1], str(secret), 2.0)
        managers.append(manager)
        return manager

    start.heard = heard
    start.secret = secret
    yield start
    for manager in managers:
        manager.__exit__()
    listener.close()
    for thread in threads:
        thread.join(5)


def test_each_question_gets_its_own_answer(asterisk):
    manager = asterisk(
        WELCOME
        + "Response: Success\r\nActionID: 1\r\nEventList: start\r\n\r\n"
        + "Event: FullyBooted\r\nStatus: x\r\n\r\n"  # nobody asked for it
        + "Event: EndpointDetail\r\nActionID: 1\r\nContext: a: b\r\nAors: \r\nTos: 0\r\n\r\n"
        + "Response: Error\r\nActionID: 1\r\nMessage: Unable to retrieve transport x\r\n\r\n"
        + "Event: EndpointDetailComplete\r\nActionID: 1\r\nEventList: Complete\r\n\r\n"
        + "Response: Error\r\nActionID: 2\r\nMessage: Unable to retrieve endpoint y\r\n\r\n"
    )
    one, two = manager.ask([{"Action": "A"}, {"Action": "B"}])
    assert [message["Context"] for message in one if "Context" in message] == ["a: b"]
    assert "Aors" in one[1]
    assert two[0]["Response"] == "Error"


def test_a_commands_lines_are_kept(asterisk):
    manager = asterisk(
        WELCOME
        + "Response: Success\r\nActionID: 1\r\nOutput: PIN: 1\r\nOutput: \r\nOutput: x\r\n\r\n"
    )
    assert manager.command("show") == "PIN: 1\n\nx"


def test_the_secret_is_read_where_asterisk_put_it(asterisk):
    asterisk(WELCOME)
    assert "Secret: abc123" in asterisk.heard[0]


def test_a_value_with_a_line_break_is_never_sent(asterisk):
    manager = asterisk(WELCOME)
    with pytest.raises(TargetError, match="line break"):
        manager.ask([{"Action": "Command", "Command": "x\r\nAction: Originate"}])


def test_a_refused_login_says_what_to_do(asterisk):
    with pytest.raises(TargetError, match="run the role pbx") as caught:
        asterisk("Response: Error\r\nActionID: 0\r\nMessage: Authentication failed\r\n\r\n")
    assert caught.value.kind == "missing"


def test_no_asterisk_is_named_as_such(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    secret = tmp_path / "manager.conf"
    with pytest.raises(TargetError, match=r"manager.conf: No such file"):
        Manager(port, str(secret), 1.0)
    secret.write_text("secret=00ff\n")
    with pytest.raises(TargetError, match="does not answer on"):
        Manager(port, str(secret), 1.0)
