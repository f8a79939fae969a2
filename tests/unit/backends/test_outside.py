"""Services seen from the network: real TLS servers here, and such that hang, lie or speak what they should not."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from commsroom.backends import outside, outside_hello, outside_starttls
from commsroom.estate.backend import Target
from commsroom.estate.inspection import Encryption, Service
from commsroom.policy.inspection import WEAK_CIPHERS

pytestmark = pytest.mark.slow

NAME = "mail1.test"


def certificate(folder, name=NAME, days=30):
    """Make a certificate that is its own authority; returns the file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture
def serve():
    """Serve each connection on a port of its own with a function; returns the port."""
    with contextlib.ExitStack() as stack:

        def start(handle):
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept():
                while True:
                    try:
                        link, _ = server.accept()
                    except OSError:
                        return
                    threading.Thread(target=guarded, args=(handle, link), daemon=True).start()

            threading.Thread(target=accept, daemon=True).start()
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            return server.getsockname()[1]

        yield start


def guarded(handle, link):
    with contextlib.suppress(OSError), link:
        link.settimeout(10)
        handle(link)


def tls(file, *, oldest=ssl.TLSVersion.TLSv1_2, ciphers="", before=lambda _link: None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.minimum_version = oldest
    if ciphers:
        context.set_ciphers(ciphers)

    def handle(link):
        before(link)
        with context.wrap_socket(link, server_side=True) as secured:
            secured.recv(1)

    return handle


@pytest.fixture
def look(tmp_path):
    """Look at one service on a port here."""
    file = certificate(tmp_path)

    def call(port, *, ca=file, seconds=20.0, forbidden=WEAK_CIPHERS, **values):
        service = Service(name="x", port=port, **{"encryption": Encryption.TLS, **values})
        target = Target("mail1", "127.0.0.1", NAME, tmp_path, ca=ca)
        found = outside.look(target, [service], ports=(), forbidden=forbidden, seconds=seconds)
        return found[service.place]

    call.file = file
    return call


def test_a_sound_service_is_verified_and_refuses_everything_old_and_weak(serve, look):
    found = look(serve(tls(look.file)))
    assert (found["verified"], found["days"], found["version"]) == (True, 30, "TLSv1.3")
    assert found["old"] == {"1.0": "refused", "1.1": "refused", "1.2": "accepted"}
    assert found["weak"]["accepted"] == []
    assert found["weak"]["unknown"] == ""
    assert found["weak"]["offered"] > 25


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_0_that_is_still_spoken_is_found_whatever_our_own_library_would_offer(serve, look):
    old = tls(look.file, oldest=ssl.TLSVersion.TLSv1, ciphers="ALL:@SECLEVEL=0")
    found = look(serve(old))
    assert found["old"]["1.0"] == found["old"]["1.1"] == "accepted"


def test_anonymous_and_null_ciphers_that_are_accepted_are_named(serve, look):
    weak = tls(
        look.file, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256:AECDH-AES128-SHA:aNULL:eNULL:@SECLEVEL=0"
    )
    accepted = look(serve(weak))["weak"]["accepted"]
    assert "ECDH_ANON_WITH_AES_128_CBC_SHA" in accepted
    assert "ECDHE_ECDSA_WITH_NULL_SHA" in accepted


@pytest.mark.parametrize(
    ("name", "days", "why"),
    [(NAME, -2, "certificate has expired"), ("other.test", 30, "Hostname mismatch")],
)
def test_a_certificate_that_does_not_hold_is_told_with_its_end(serve, look, name, days, why):
    file = certificate(look.file.parent, name, days)
    found = look(serve(tls(file)), ca=file)
    assert found["verified"] is False
    assert why in found["why"]
    assert found["days"] == days


def test_a_stranger_s_authority_is_not_trusted(serve, look, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    found = look(serve(tls(certificate(other))))
    assert (found["verified"], found["days"]) == (False, 30)


def test_a_service_that_hangs_is_unknown_within_the_deadline(serve, look):
    began = time.monotonic()
    found = look(serve(lambda link: link.recv(10) and time.sleep(30)), seconds=1.0)
    assert found == {"unknown": "no answer within 1 s"}
    assert time.monotonic() - began < 5


def test_a_service_that_is_not_there_or_talks_nonsense_is_unknown(serve, look):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert look(port) == {"unknown": "connection refused"}
    assert look(serve(lambda link: link.sendall(b"220 hello\r\n" * 9)))["unknown"].startswith("TLS")


def smtp(link, offer="250-STARTTLS\r\n250 AUTH PLAIN\r\n", answer="220 go\r\n"):
    link.sendall(b"220-a greeting\r\n220 of two lines\r\n")
    link.recv(100)
    link.sendall(f"250-x\r\n{offer}".encode())
    link.recv(100)
    link.sendall(answer.encode())


def imap(link):
    link.sendall(b"* OK ready\r\n")
    link.recv(100)
    link.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na OK done\r\n")
    link.recv(100)
    link.sendall(b"b OK begin\r\n")


def sieve(link):
    link.sendall(b'"IMPLEMENTATION" "x"\r\n"SASL" ""\r\n"STARTTLS"\r\nOK "ready"\r\n')
    link.recv(100)
    link.sendall(b'OK "begin"\r\n')


def xmpp(link):
    link.recv(500)
    link.sendall(
        b"<?xml version='1.0'?><stream:stream><stream:features><starttls><required/></starttls>"
        b"</stream:features>"
    )
    link.recv(500)
    link.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


@pytest.mark.parametrize(
    ("dialogue", "before", "clear"),
    [("smtp", smtp, ["PLAIN"]), ("imap", imap, []), ("sieve", sieve, []), ("xmpp", xmpp, [])],
)
def test_starttls_is_spoken_and_logins_offered_in_clear_are_named(
    serve, look, dialogue, before, clear
):
    found = look(
        serve(tls(look.file, before=before)), encryption=Encryption.STARTTLS, dialogue=dialogue
    )
    assert (found["verified"], found["clear"]) == (True, clear)
    assert found["old"]["1.0"] == "refused"


@pytest.mark.parametrize("answer", [{"offer": "250 AUTH PLAIN\r\n"}, {"answer": "454 not now\r\n"}])
def test_starttls_that_is_not_to_be_had_is_unknown(serve, look, answer):
    found = look(
        serve(lambda link: smtp(link, **answer)), encryption=Encryption.STARTTLS, dialogue="smtp"
    )
    assert found["unknown"].startswith("tls is not offered")


def test_a_server_that_drips_is_given_up_on(serve, monkeypatch):
    monkeypatch.setattr(outside_starttls, "_SECONDS", 0.5)

    def drip(link):
        while True:
            link.sendall(b"2")
            time.sleep(0.05)

    with (
        socket.create_connection(("127.0.0.1", serve(drip)), 5) as link,
        pytest.raises(TimeoutError),
    ):
        outside_starttls.begin(link, "smtp", NAME)


def test_ports_are_told_open_closed_or_silent(serve, tmp_path):
    port = serve(lambda link: None)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    target = Target("mail1", "127.0.0.1", NAME, tmp_path)
    found = outside.look(target, [], ports=(port, closed), forbidden=WEAK_CIPHERS, seconds=10)
    assert found["ports"] == {"looked": 2, "open": [port], "silent": []}


def test_without_the_security_check_no_port_is_tried(tmp_path):
    target = Target("mail1", "127.0.0.1", NAME, tmp_path)
    assert outside.look(target, [], ports=(1, 2), forbidden=(), seconds=5) == {}


@given(st.binary(max_size=120))
def test_no_answer_to_a_hello_is_misread_or_fails(heard):
    answer = outside_hello.understood(heard)
    if answer is not None and answer.version:
        assert heard[0] == 22


def test_an_unknown_name_is_only_a_warning():
    warning = bytes([21, 3, 3, 0, 2, 1, 112])
    assert outside_hello.understood(warning) is None
    refused = bytes([21, 3, 3, 0, 2, 2, 70])
    assert outside_hello.understood(warning + refused).refused == "protocol version"


def test_only_addresses_of_the_estates_own_systems_are_connected_to(monkeypatch, tmp_path):
    tried = []

    def connect(address, _timeout):
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    service = Service(name="https", port=5281, encryption=Encryption.TLS, tls_name="share.test")
    target = Target("im1", str(ipaddress.ip_address("198.18.7.13")), NAME, Path(tmp_path))
    outside.look(target, [service], ports=(22, 23), forbidden=("RC4",), seconds=10)
    assert set(tried) == {"198.18.7.13"}
