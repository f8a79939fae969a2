"""What only a store on a server can do wrong, on a real OpenBao server: lost replies, silence, wrong mounts."""

import http.server
import re
import socket
import threading
import time
from contextlib import closing
from pathlib import Path

import hvac
import pytest
from store_kits import Vault

from commsroom.errors import CommsroomError, Exit
from commsroom.estate.secret import Secret, SecretRef
from commsroom.policy.stores import StorePlace
from commsroom.secrets.store import StoreMissing
from commsroom.secrets.stores import opening
from commsroom.secrets.stores.vault import VaultStore
from commsroom.secrets.stores.vault_client import Kv, Place, VaultUnknown

REFS = [SecretRef(f"p{number}/sip", "password", generation=1) for number in range(5)]


@pytest.fixture
def kit(vault_server, tmp_path):
    return Vault(tmp_path, vault_server)


@pytest.fixture
def store(kit):
    opened = kit.open()
    yield opened
    opened.close()


def lose(store, monkeypatch, *, before=(), after=()):
    """Lose the so-many-th writes: `before` they reach the server, or `after`, with their reply."""
    real, numbers = store._kv.create, iter(range(1000))

    def create(key, data):
        number = next(numbers)
        if number in before:
            raise VaultUnknown("cut")
        done = real(key, data)
        if number in after:
            raise VaultUnknown("cut")
        return done

    monkeypatch.setattr(store._kv, "create", create)


def test_a_write_whose_reply_is_lost_is_read_back_and_not_sent_again(store, monkeypatch):
    lose(store, monkeypatch, after=[0])
    store.put("wei/sip", 1, Secret("one"))
    assert store.get("wei/sip", 1).reveal() == "one"


def test_a_write_that_never_arrived_is_sent_again(store, monkeypatch):
    lose(store, monkeypatch, before=[0, 1])
    store.put("wei/sip", 1, Secret("one"))
    assert store.get("wei/sip", 1).reveal() == "one"


def test_a_write_that_stays_unknown_is_said_to_be_unknown(store, monkeypatch):
    lose(store, monkeypatch, before=range(3))
    with pytest.raises(VaultUnknown) as error:
        store.put("wei/sip", 1, Secret("one"))
    assert error.value.exit_code is Exit.INCOMPLETE


def test_a_run_that_was_cut_off_in_the_middle_is_finished_by_the_next(store, monkeypatch):
    with monkeypatch.context() as patch:
        lose(store, patch, before=range(2, 1000))
        with pytest.raises(VaultUnknown):
            store.ensure(REFS, lambda ref: Secret(f"{ref.path} first"))
    kept = {place: one.reveal() for place, one in store.everything().items()}
    assert 0 < len(kept) < 5
    assert store.ensure(REFS, lambda ref: Secret(f"{ref.path} second")) == 5 - len(kept)
    found = {place: one.reveal() for place, one in store.everything().items()}
    assert found == {(ref.path, 1): f"{ref.path} second" for ref in REFS} | kept


def test_a_generation_that_was_deleted_there_is_told_and_never_made_anew(store, kit):
    store.put("wei/sip", 1, Secret("one"))
    kv = kit.server.client.secrets.kv.v2
    kv.delete_latest_version_of_secret(f"{kit.prefix}/wei/sip/1")
    for attempt in (
        lambda: store.get("wei/sip", 1),
        lambda: store.put("wei/sip", 1, Secret("two")),
        lambda: store.ensure([SecretRef("wei/sip", "password", generation=1)], None),
    ):
        with pytest.raises(CommsroomError, match=r"was deleted there \(vault kv undelete"):
            attempt()
    kv.undelete_secret_versions(f"{kit.prefix}/wei/sip/1", [1])
    assert store.get("wei/sip", 1).reveal() == "one"


def test_a_mount_of_version_1_would_overwrite_and_is_refused(kit):
    kit.server.client.sys.enable_secrets_engine(
        "kv", path=f"v1{kit.prefix[:8]}", options={"version": "1"}
    )
    with pytest.raises(CommsroomError, match="no store of kind KV version 2"):
        VaultStore.open(kit.kv(mount=f"v1{kit.prefix[:8]}"))


def test_a_mount_that_is_not_there_is_not_an_empty_store(kit):
    with pytest.raises(CommsroomError):
        VaultStore.open(kit.kv(mount="nowhere"))
    kv = kit.kv(mount="nowhere")
    with pytest.raises(CommsroomError, match=r"refused|may not do this"):
        kv.read("x")
    kv.close()


def policy_for(kit):
    """The policy that docs/howto/stores.md tells to give, with our prefix in it."""
    page = Path(__file__).parents[2] / "docs/howto/stores.md"
    text = re.search(r"```hcl\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[1]
    return text.replace("commsroom/", f"{kit.prefix}/")


def token_with(kit, policy):
    name = kit.prefix.replace("/", "-")
    kit.server.client.sys.create_or_update_policy(name, policy)
    made = kit.server.client.auth.token.create(policies=[name], no_default_policy=False)
    return made["auth"]["client_token"]


def test_the_documented_policy_is_enough_and_opens_nothing_else(kit):
    token = token_with(kit, policy_for(kit))
    store = kit.open(token=token)
    assert store.ensure(REFS, lambda _: Secret("x")) == 5
    assert len(store.everything()) == 5
    assert store.latest("p1/sip") == 1
    assert store.latest("nobody/sip") == 0
    store.close()
    theirs = hvac.Client(kit.server.url, token=token, verify=str(kit.server.authorities))
    with pytest.raises(hvac.exceptions.Forbidden):
        theirs.secrets.kv.v2.create_or_update_secret("somebody/else", {"x": "y"})
    with pytest.raises(hvac.exceptions.Forbidden):
        theirs.secrets.kv.v2.delete_metadata_and_all_versions(f"{kit.prefix}/p1/sip/1")
    theirs.session.close()


def test_a_token_that_may_only_read_reads(kit, store):
    store.put("wei/sip", 1, Secret("one"))
    token = token_with(kit, policy_for(kit).replace('"create", "read"', '"read"'))
    reader = kit.open(token=token, read_only=True)
    assert reader.get("wei/sip", 1).reveal() == "one"
    reader.close()
    writer = kit.open(token=token)
    with pytest.raises(CommsroomError, match="may not do this"):
        writer.put("wei/sip", 2, Secret("two"))
    writer.close()


def test_namespaces_are_kept_apart(kit, vault_server):
    name = kit.prefix[:8]
    vault_server.client.sys.create_namespace(name)
    theirs = hvac.Client(
        vault_server.url,
        token=vault_server.token,
        verify=str(vault_server.authorities),
        namespace=name,
    )
    theirs.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
    theirs.session.close()
    place = Place(vault_server.url, "secret", kit.prefix, name, str(vault_server.authorities))
    inside, outside = VaultStore.open(Kv(place, vault_server.token)), kit.open()
    inside.put("wei/sip", 1, Secret("inside"))
    assert outside.get("wei/sip", 1) is None
    assert inside.get("wei/sip", 1).reveal() == "inside"
    inside.close()
    outside.close()
    nowhere = Place(
        vault_server.url, "secret", kit.prefix, "nowhere", str(vault_server.authorities)
    )
    with pytest.raises(CommsroomError):
        VaultStore.open(Kv(nowhere, vault_server.token))


# ── servers that are none, or do not answer ─────────────────────────────────────────────────


def test_a_certificate_that_nobody_we_trust_vouches_for_is_refused(kit, vault_server):
    place = Place(vault_server.url, "secret", kit.prefix)
    with pytest.raises(CommsroomError, match="certificate is not accepted"):
        VaultStore.open(Kv(place, vault_server.token))


def test_a_server_that_accepts_and_says_nothing_is_unknown_in_time(vault_server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = Place(f"https://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(VaultUnknown, match="gives no answer"):
            VaultStore.open(Kv(place, "t", connect_seconds=0.3, read_seconds=0.3))
        assert time.monotonic() - began < 10


def test_nobody_there_is_unknown(vault_server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = Place(f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(VaultUnknown, match="gives no answer"):
        VaultStore.open(Kv(place, "t"))


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers everything with what its server was told, and notes the tokens it was sent."""

    def do_GET(self):
        self.server.tokens.append(self.headers.get("X-Vault-Token"))
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def odd():
    """A server that answers as it is told."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.tokens = []
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, b'{"errors":["Vault is sealed"]}', VaultUnknown),
        (500, b"canary", VaultUnknown),
        (502, b"<html>canary</html>", VaultUnknown),
        (429, b'{"errors":["too many requests"]}', VaultUnknown),
        (418, b"canary", VaultUnknown),
        (200, b"canary", VaultUnknown),
        (200, b"[]", CommsroomError),
        (200, b'{"data":{"type":"kv","options":null}}', CommsroomError),
        (204, b"", VaultUnknown),
        (404, b'{"errors":[]}', CommsroomError),
        (404, b"<html>canary</html>", CommsroomError),
        (400, b'{"errors":["malformed"]}', CommsroomError),
        (403, b'{"errors":["permission denied"]}', CommsroomError),
    ],
)
def test_odd_answers_are_one_line_and_never_a_store(odd, status, body, kind):
    odd.answer = (status, {"Content-Type": "application/json"}, body)
    place = Place(f"http://127.0.0.1:{odd.server_port}")
    with pytest.raises(kind) as error:
        VaultStore.open(Kv(place, "canary-token"))
    assert "canary" not in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_redirect_is_not_followed_so_the_token_stays_here(odd):
    """A stand-by's redirect: requests would send our own header on to whatever it names."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.3)
        there = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        odd.answer = (307, {"Location": there}, b"")
        with pytest.raises(VaultUnknown, match="redirects are not followed"):
            VaultStore.open(Kv(Place(f"http://127.0.0.1:{odd.server_port}"), "token"))
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_the_token_is_in_no_text_of_ours(kit, store):
    assert kit.server.token not in repr(store)
    assert kit.server.token not in repr(store._kv)


# ── as policy names it ──────────────────────────────────────────────────────────────────────


def named(kit, **more):
    """Policy's `store` for the server of the tests."""
    return StorePlace.model_validate(
        {
            "vault": {
                "url": kit.server.url,
                "prefix": kit.prefix,
                "authorities": str(kit.server.authorities),
                **more,
            }
        }
    )


def opened(kit, tmp_path, place, environ=None, **how):
    estate = tmp_path / "estate"
    estate.mkdir(exist_ok=True)
    return opening.opened(place, estate, estate / "none", None, environ=environ or {}, **how)


def test_the_token_comes_from_a_file_or_the_environment_and_nowhere_else(kit, tmp_path):
    with pytest.raises(CommsroomError, match="there is no token"):
        opened(kit, tmp_path, named(kit))
    with closing(opened(kit, tmp_path, named(kit), {"VAULT_TOKEN": kit.server.token})) as store:
        store.put("wei/sip", 1, Secret("one"))
    file = tmp_path / "token"
    file.write_text(f"{kit.server.token}\n")
    file.chmod(0o644)
    with pytest.raises(CommsroomError, match="can be read by others") as error:
        opened(kit, tmp_path, named(kit, token_file=str(file)))
    assert kit.server.token not in str(error.value)
    file.chmod(0o600)
    for place, environ in (
        (named(kit, token_file=str(file)), {"VAULT_TOKEN": "s.another"}),
        (named(kit, token_file="/nowhere"), {"COMMSROOM_STORE_KEY_FILE": str(file)}),
    ):
        with closing(opened(kit, tmp_path, place, environ)) as store:
            assert store.get("wei/sip", 1).reveal() == "one"


def test_a_store_is_made_only_by_who_founds_it(kit, tmp_path):
    environ = {"VAULT_TOKEN": kit.server.token}
    with pytest.raises(StoreMissing, match="no store of secrets"):
        opened(kit, tmp_path, named(kit), environ, create=False)
    opened(kit, tmp_path, named(kit), environ).close()
    opened(kit, tmp_path, named(kit), environ, create=False).close()
