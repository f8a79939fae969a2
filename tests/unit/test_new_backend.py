"""`make new-backend` gives a folder that works before a line of it is changed."""

import importlib
import json
import runpy
import socket
import ssl
import subprocess
import sys
import threading
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import commsroom.backends
from commsroom.backends import on_target
from commsroom.errors import TargetMoved
from commsroom.estate.backend import Batch, Deadlines, ProofRequest, Status, Target, Tools
from commsroom.estate.kinds.messaging import Account
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Action, Address, Recorded, Resource
from commsroom.estate.secret import Secret, SecretRef

SCAFFOLD = runpy.run_path(str(Path(__file__).parents[2] / "packaging/new_backend.py"))
NAME = "chat_box"
TOOLS = Tools(fingerprint=lambda text: f"fp:{hash(text)}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a new back end where the package finds it, without touching the checkout."""
    SCAFFOLD["create"](NAME, tmp_path)
    paths = [*commsroom.backends.__path__, str(tmp_path)]
    monkeypatch.setattr(commsroom.backends, "__path__", paths)
    commsroom.backends.names.cache_clear()
    commsroom.backends.backend.cache_clear()
    yield tmp_path / NAME
    commsroom.backends.names.cache_clear()
    commsroom.backends.backend.cache_clear()
    for module in [name for name in sys.modules if name.startswith(f"commsroom.backends.{NAME}")]:
        del sys.modules[module]
    vars(commsroom.backends).pop(NAME, None)


@pytest.fixture
def backend(folder):
    return commsroom.backends.backend(NAME)


@pytest.fixture
def target(tmp_path):
    return Target(system="box1", host="127.0.0.1", tls_name="box1.test", estate=tmp_path)


def account(login, **values):
    ref = SecretRef(path=f"{login}/chat", slot="password", generation=1)
    return Resource(Address("box1", "account", login), Account(**values), secrets=(ref,))


def secret(ref):
    return Secret(f"word of {ref.path}")


def batch(plan, fence=1):
    return Batch(plan.changes, plan.tokens["box1"], secret, "estate-1", fence)


def planned(desired, provider, backend, known):
    return build(desired, {"box1": provider.read()}, known, {"box1": backend})


def lines(plan):
    order = {Action.UPDATE: 0, Action.DELETE: 1, Action.CREATE: 2}
    found = []
    for change in sorted(plan.changes, key=lambda each: order[each.action]):
        fields = f" [{' '.join(change.fields)}]" if change.fields else ""
        found.append(f"{change.action} {str(change.address).removeprefix('box1:')}{fields}")
    return found


def test_its_case_comes_true_on_its_fake(folder, backend, target):
    case = yaml.safe_load((folder / "cases/leaver.yaml").read_text(encoding="utf-8"))
    state = folder / "state.json"
    existing = {key.partition("/")[2]: values for key, values in case["existing"].items()}
    state.write_text(json.dumps({"ours": existing, "local": {}, "fence": 0}))
    provider = backend.fake(target, TOOLS, state)
    owned = frozenset(Address.parse(f"box1:{key}") for key in case["owned"])
    known = Known(owned, secrets={each: {"password": Recorded(1)} for each in owned})
    desired = [account(key.partition("/")[2], **body) for key, body in case["desired"].items()]

    plan = planned(desired, provider, backend, known)
    applied = provider.apply(batch(plan))

    assert lines(plan) == case["plan"]
    assert {outcome.status for outcome in applied.outcomes} == {Status.DONE}
    again = backend.fake(target, TOOLS, state)
    mine = frozenset(item.address for item in desired)
    prints = {o.address: o.verifiers.get("password") for o in applied.outcomes}
    known = Known(mine, secrets={a: {"password": Recorded(1, prints.get(a))} for a in mine})
    after = planned(desired, again, backend, known)
    assert after.changes == ()
    assert [str(address) for address in after.foreign] == ["box1:account/root"]


def test_it_refuses_a_plan_that_reality_has_left_behind(backend, target, tmp_path):
    provider = backend.fake(target, TOOLS, tmp_path / "state.json")
    plan = planned([account("ann", display_name="Ann")], provider, backend, Known())
    provider.apply(batch(plan))

    with pytest.raises(TargetMoved):
        provider.apply(batch(plan))


@pytest.fixture
def program(folder, tmp_path, monkeypatch):
    """The part that runs on a server, here in a folder of its own."""
    for name in ("LOCKS", "STATE"):
        place = tmp_path / name
        place.mkdir()
        monkeypatch.setattr(on_target, name, place)
    module = importlib.import_module(f"commsroom.backends.{NAME}.on_target")
    monkeypatch.setattr(module, "_ITERATIONS", 1)
    return module


def test_a_server_that_will_not_reload_keeps_the_old_accounts(program, tmp_path):
    place = {"folder": str(tmp_path), "reload": []}
    edits = {"ann": {"values": {"display_name": "Ann"}, "password": "sesame"}}
    job = {**place, "edits": edits, "fence": 1, "estate_id": "estate-1"}

    done = program.apply({**job, "token": program.read(place)["token"]})
    failing = {**job, "edits": {"ann": None}, "reload": ["false"], "token": done["token"]}
    failed = program.apply(failing)

    assert done["failed"] == ""
    assert "sesame" not in json.dumps(done)
    assert failed["failed"] == "false: exit status 1"
    assert failed["ours"] == done["ours"]
    assert failed["token"] == done["token"]


def certificate(path, name):
    """Write a self-signed certificate with its key; it names `name`, not an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )


class Login(BaseHTTPRequestHandler):
    def do_GET(self):
        login, _, password = b64decode(self.headers["Authorization"][6:]).decode().partition(":")
        self.send_response(200 if (login, password) == ("ann", "word of ann/chat") else 401)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    certificate(tmp_path / "server.pem", "box1.test")
    served = HTTPServer(("127.0.0.1", 0), Login)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    served.socket = context.wrap_socket(served.socket, server_side=True)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served.server_port
    served.shutdown()
    thread.join()
    served.server_close()


def connected(backend, tmp_path, port, name="box1.test"):
    target = Target(
        system="box1",
        host="127.0.0.1",
        tls_name=name,
        estate=tmp_path,
        variables={f"{NAME}_https_port": port},
        ca=tmp_path / "server.pem",
    )
    return backend.connect(target, Tools(TOOLS.fingerprint, Deadlines(connect=2)))


def test_its_client_proves_a_login_and_a_refusal_over_https(backend, tmp_path, server):
    provider = connected(backend, tmp_path, server)
    requests = [
        ProofRequest(account("ann"), secret),
        ProofRequest(account("bob"), secret, refused=True, accepted_before=True),
    ]

    proofs = list(provider.prove(requests))

    assert [(proof.address.key, proof.use, proof.got, proof.ok) for proof in proofs] == [
        ("ann", "login", "accepted", True),
        ("ann", "wrong password", "refused", True),
        ("bob", "login", "refused", True),
    ]


@pytest.mark.parametrize("case", ["certificate for another name", "nobody listens"])
def test_what_cannot_be_decided_is_unknown(backend, tmp_path, server, case):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        if case == "certificate for another name":
            provider = connected(backend, tmp_path, server, name="other.test")
        else:
            provider = connected(backend, tmp_path, port)

        [proof] = provider.prove([ProofRequest(account("ann"), secret)])

    assert proof.ok is None
    assert "word" not in repr(proof)


@pytest.mark.parametrize("name", ["", "Box", "a/../b", "class", "ssh", "1st", "x" * 60])
def test_a_name_that_cannot_be_is_refused_in_one_line(name):
    script = Path(__file__).parents[2] / "packaging/new_backend.py"
    done = subprocess.run(
        [sys.executable, script, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
