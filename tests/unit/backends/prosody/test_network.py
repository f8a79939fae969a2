"""The XMPP client and the uploader against small servers on this machine, over real TLS."""

import asyncio
import ssl
import threading
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import pbkdf2_hmac, sha256
from hmac import digest
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from commsroom.backends.prosody.proof import upload
from commsroom.backends.prosody.proof.chat import Refused, Undecided
from commsroom.backends.prosody.proof.xmpp import Server

NAME = "a.test"
SALT, ROUNDS = b"salt of the test", 4096
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """Write a certificate with its key for NAME, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class Xmpp:
    """A server that knows one account, `ann` with `sesame`, and one room, `r`."""

    def __init__(self, mechanisms=("PLAIN", "SCRAM-SHA-256"), *, honest=True):
        self.mechanisms = mechanisms
        self.honest = honest
        self.silent = asyncio.Event()

    async def talk(self, reader, writer):
        try:
            await self._login(reader, writer)
            while True:
                await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _login(self, reader, writer):
        await self._open(reader, writer, "<mechanisms {}>{}</mechanisms>".format(
            SASL, "".join(f"<mechanism>{name}</mechanism>" for name in self.mechanisms)))  # fmt: skip
        first = (
            b64decode(_text(await reader.readuntil(b"</ns0:auth>"))).decode().removeprefix("n,,")
        )
        nonce = first.split("r=")[1] + "server"
        challenge = f"r={nonce},s={b64encode(SALT).decode()},i={ROUNDS}"
        writer.write(f"<challenge {SASL}>{_base64(challenge)}</challenge>".encode())
        final = b64decode(_text(await reader.readuntil(b"</ns0:response>"))).decode()
        bare, _, proof = final.rpartition(",p=")
        message = f"{first},{challenge},{bare}".encode()
        salted = pbkdf2_hmac("sha256", b"sesame" if self.honest else b"other", SALT, ROUNDS)
        client = digest(salted, b"Client Key", "sha256")
        signature = digest(sha256(client).digest(), message, "sha256")
        good = bytes(a ^ b for a, b in zip(client, signature, strict=True)) == b64decode(proof)
        if self.honest and not (good and first.startswith("n=ann,")):
            writer.write(f"<failure {SASL}><not-authorized/></failure>".encode())
            raise ConnectionError
        last = digest(digest(salted, b"Server Key", "sha256"), message, "sha256")
        writer.write(
            f"<success {SASL}>{_base64('v=' + b64encode(last).decode())}</success>".encode()
        )
        await self._open(reader, writer, "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
        await reader.readuntil(b"</ns0:iq>")
        writer.write(b"<iq type='result' id='bind'/>")

    @staticmethod
    async def _open(reader, writer, features):
        await reader.readuntil(b">")
        await reader.readuntil(b">")
        writer.write(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
            f"<stream:features>{features}</stream:features>".encode()
        )

    async def _serve(self, reader, writer):
        heard = (await reader.readuntil(b">")).decode()
        while not heard.endswith(("</ns0:presence>", "</ns0:message>", "</ns0:iq>")):
            heard += (await reader.readuntil(b">")).decode()
        if self.silent.is_set():
            return
        denied = "<error type='auth'><{} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
        if "presence" in heard and "r@rooms" in heard:
            writer.write(
                b"<presence from='r@rooms.a.test/x'><x xmlns='http://jabber.org/protocol/muc#user'>"
                b"<status code='110'/></x></presence>"
            )
        elif "presence" in heard:
            error = denied.format("registration-required")
            writer.write(
                f"<presence type='error' from='no@rooms.a.test'>{error}</presence>".encode()
            )
        elif "message" in heard:
            number = heard.split('id="')[1].split('"')[0]
            body = heard.split("body>")[1].split("<")[0]
            writer.write(
                f"<message from='r@rooms.a.test/x' type='groupchat' id='{number}'>"
                f"<body>{body}</body></message>".encode()
            )
        else:
            number = heard.split('id="')[1].split('"')[0]
            error = denied.format("resource-constraint")
            writer.write(f"<iq type='error' id='{number}'>{error}</iq>".encode())


def _text(data):
    return data.rpartition(b"</")[0].rpartition(b">")[2]


def _base64(text):
    return b64encode(text.encode()).decode()


def visit(tls, pem, scenario, server=None, *, domain=NAME, timeout=2.0, ca=True):
    """Run `scenario(client side)` against a server on this machine."""

    async def run():
        xmpp = server() if server else Xmpp()
        listener = await asyncio.start_server(xmpp.talk, "127.0.0.1", 0, ssl=tls)
        port = listener.sockets[0].getsockname()[1]
        chat = Server(
            address="127.0.0.1", port=port, domain=domain, rooms="rooms.a.test",
            ca=pem if ca else None, timeout=timeout,
        )  # fmt: skip
        try:
            return await scenario(chat, xmpp)
        finally:
            listener.close()
            await listener.wait_closed()

    return asyncio.run(run())


async def _login(chat, _xmpp):
    person = await chat.login("ann", "sesame")
    await person.leave()


def test_the_right_password_is_accepted(tls, pem):
    visit(tls, pem, _login)


def test_a_wrong_password_is_a_refusal_with_the_servers_own_word(tls, pem):
    async def wrong(chat, _xmpp):
        await chat.login("ann", "not sesame")

    with pytest.raises(Refused, match="not-authorized"):
        visit(tls, pem, wrong)


def test_leaving_is_quiet_when_the_connection_is_gone_already(tls, pem):
    async def cut(chat, _xmpp):
        person = await chat.login("ann", "sesame")
        transport = person._stream._writer.transport
        transport.close()
        transport.close()  # asyncio 3.11 then has nothing left to abort
        await person.leave()

    visit(tls, pem, cut)


def test_a_server_that_only_pretends_to_know_the_password_is_found_out(tls, pem):
    with pytest.raises(Undecided, match="could not show"):
        visit(tls, pem, _login, lambda: Xmpp(honest=False))


def test_no_password_is_ever_sent_in_clear(tls, pem):
    with pytest.raises(Undecided, match="no SCRAM"):
        visit(tls, pem, _login, lambda: Xmpp(mechanisms=("PLAIN",)))


def test_a_certificate_for_another_domain_is_not_accepted(tls, pem):
    with pytest.raises(Undecided, match="certificate"):
        visit(tls, pem, _login, domain="b.test")


def test_a_certificate_of_an_unknown_authority_is_not_accepted(tls, pem):
    with pytest.raises(Undecided, match="certificate"):
        visit(tls, pem, _login, ca=False)


def test_people_talk_in_a_room_and_are_turned_away_from_another(tls, pem):
    async def talk(chat, _xmpp):
        person = await chat.login("ann", "sesame")
        await person.enter("r")
        await person.say("r", "hello")
        await person.hear("r", "hello")
        with pytest.raises(Refused, match="registration-required"):
            await person.enter("no")
        with pytest.raises(Undecided, match="resource-constraint"):
            await person.share(fetch=False)
        await person.leave()

    visit(tls, pem, talk)


def test_a_server_that_falls_silent_is_undecided_in_time(tls, pem):
    async def wait(chat, xmpp):
        person = await chat.login("ann", "sesame")
        xmpp.silent.set()
        for action in (person.enter("r"), person.say("r", "x"), person.hear("r", "x")):
            with pytest.raises(Undecided, match=r"within 0\.2 s"):
                await action
        await person.leave()

    visit(tls, pem, wait, timeout=0.2)


def test_nobody_listening_is_undecided(pem):
    async def knock():
        chat = Server(address="127.0.0.1", port=1, domain=NAME, rooms="r", ca=pem, timeout=1)
        await chat.login("ann", "sesame")

    with pytest.raises(Undecided, match="network"):
        asyncio.run(knock())


class Files(BaseHTTPRequestHandler):
    """Takes a file, unless its name says otherwise, and gives it back."""

    kept = b""

    def do_PUT(self):
        type(self).kept = self.rfile.read(int(self.headers["Content-Length"]))
        status = {"/full": 507, "/denied": 403}.get(self.path, 201)
        right = self.headers["Authorization"] == "Bearer token"
        self._answer(status if right else 401, b"")

    def do_GET(self):
        self._answer(200, b"changed" if self.path == "/changed" else self.kept)

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def port(tls):
    served = HTTPServer(("127.0.0.1", 0), Files)
    served.socket = tls.wrap_socket(served.socket, server_side=True)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served.server_port
    served.shutdown()
    thread.join()
    served.server_close()


def send(pem, put, get):
    where = upload.Where("127.0.0.1", ssl.create_default_context(cafile=str(pem)), 2.0)
    upload.there_and_back(where, put, get, {"Authorization": "Bearer token"}, b"data")


def test_a_file_goes_there_and_back(pem, port):
    send(pem, f"https://{NAME}:{port}/f", f"https://{NAME}:{port}/f")


@pytest.mark.parametrize(
    ("paths", "error", "words"),
    [
        (("https://a.test:{}/denied", "https://a.test:{}/f"), Refused, "403"),
        (("https://a.test:{}/full", "https://a.test:{}/f"), Undecided, "507"),
        (("https://a.test:{}/f", "https://a.test:{}/changed"), Undecided, "another file"),
        (("http://a.test:{}/f", "https://a.test:{}/f"), Undecided, "not HTTPS"),
    ],
    ids=["denied", "server full", "another file", "not encrypted"],
)
def test_every_way_an_upload_fails_is_told_apart(pem, port, paths, error, words):
    with pytest.raises(error, match=words):
        send(pem, *(path.format(port) for path in paths))


def test_the_name_in_the_upload_address_must_be_in_the_certificate(pem, port):
    with pytest.raises(Undecided, match="certificate"):
        send(pem, f"https://b.test:{port}/f", f"https://{NAME}:{port}/f")
