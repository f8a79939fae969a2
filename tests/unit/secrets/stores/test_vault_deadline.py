"""A server that answers byte by byte is in time for every read of its own, and not for the whole."""

import socket
import threading
import time

import pytest

from commsroom.secrets.stores.vault_client import Kv, Place, VaultUnknown


@pytest.fixture
def dripping():
    """Answer whoever connects with a byte every twentieth of a second, without end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        serving = threading.Thread(target=serve)
        serving.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()
        serving.join(5)


def test_a_request_has_an_end_whatever_the_server_does(dripping):
    began = time.monotonic()
    store = Kv(Place(dripping), "t", read_seconds=2, whole_seconds=0.5)
    with pytest.raises(VaultUnknown, match="does not come to the end of its answer"):
        store.read("wei/sip")
    assert time.monotonic() - began < 3
    store.close()


def test_what_went_wrong_is_told_as_ever_though_another_thread_asked():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = Place(f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(VaultUnknown, match="gives no answer"):
        Kv(place, "t").read("wei/sip")
