"""The XMPP client's parts that need no server: the password exchange and the stream's framing."""

import asyncio
from xml.etree.ElementTree import Element

import pytest

from commsroom.backends.prosody.proof import scram
from commsroom.backends.prosody.proof.chat import Undecided
from commsroom.backends.prosody.proof.stream import Stream

SHA1 = (
    "SCRAM-SHA-1",
    "fyko+d2lbbFgONRv9qkxdawL",
    b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
SHA256 = (
    "SCRAM-SHA-256",
    "rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    ),
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


@pytest.fixture
def exchange(monkeypatch):
    def start(mechanism, nonce):
        monkeypatch.setattr(scram.secrets, "token_urlsafe", lambda _bytes: nonce)
        return scram.Scram(mechanism, "user", "pencil")

    return start


@pytest.mark.parametrize(
    "example",
    [SHA1, SHA256],
    ids=["RFC 5802", "RFC 7677"],
)
def test_the_rfc_s_own_example_comes_out(exchange, example):
    mechanism, nonce, challenge, final, last = example
    client = exchange(mechanism, nonce)
    assert client.first() == f"n,,n=user,r={nonce}".encode()
    assert client.final(challenge) == final
    client.check(last)


@pytest.mark.parametrize("last", [b"", b"v=AAAA", SHA1[4]])
def test_a_server_that_does_not_know_the_password_is_not_believed(exchange, last):
    client = exchange(*SHA256[:2])
    client.final(SHA256[2])
    with pytest.raises(Undecided):
        client.check(last)


def test_a_server_cannot_skip_the_exchange(exchange):
    with pytest.raises(Undecided):
        exchange(*SHA256[:2]).check(b"v=")


@pytest.mark.parametrize(
    "challenge",
    [
        b"nonsense",
        b"r=somebody-else,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        SHA256[2].replace(b"i=4096", b"i=99999999"),
        SHA256[2].replace(b"i=4096", b"i=0"),
    ],
    ids=["nonsense", "another's nonce", "too many rounds", "no rounds"],
)
def test_a_challenge_that_is_not_for_us_is_not_answered(exchange, challenge):
    with pytest.raises(Undecided):
        exchange(*SHA256[:2]).final(challenge)


def test_a_comma_or_equals_sign_in_a_login_is_quoted():
    assert b"n=a=2Cb=3Dc," in scram.Scram("SCRAM-SHA-1", "a,b=c", "p").first()


HEADER = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
FEATURES = b"<stream:features><x xmlns='y'/></stream:features>"


class Deaf:
    """A writer nobody reads."""

    class transport:  # noqa: N801 - asyncio's own name
        @staticmethod
        def abort():
            return None

    def __init__(self):
        self.written = b""

    def is_closing(self):
        return False

    def write(self, data):
        self.written += data

    async def drain(self):
        return None

    def close(self):
        return None

    async def wait_closed(self):
        return None


def heard(*chunks):
    """Feed a stream some bytes, open it, and return what `next` gives until it raises."""

    async def listen():
        reader = asyncio.StreamReader()
        for chunk in chunks:
            reader.feed_data(chunk)
        reader.feed_eof()
        stream = Stream(reader, Deaf(), "a.test")
        found = []
        try:
            found.append(await stream.open())
            while True:
                found.append(await stream.next())
        except Undecided as end:
            found.append(str(end))
        await stream.close()
        return found

    return asyncio.run(listen())


def test_elements_come_out_whole_however_they_are_cut():
    data = HEADER + FEATURES + "<message><body>王 &lt;</body></message><a/>".encode()
    found = heard(*(data[n : n + 1] for n in range(len(data))))
    assert [item.tag if isinstance(item, Element) else item for item in found] == [
        "{http://etherx.jabber.org/streams}features",
        "{jabber:client}message",
        "{jabber:client}a",
        "the server closed the connection",
    ]
    assert found[1].findtext("{jabber:client}body") == "王 <"


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (
            b"<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
            "reset",
        ),
        (b"<oops></wrong>", "not XML"),
        (b"<message>" + b"x" * (2 << 20), "without end"),
    ],
    ids=["stream error", "not XML", "endless"],
)
def test_a_stream_that_breaks_is_a_clear_line(rest, words):
    assert words in heard(HEADER + FEATURES + rest)[-1]


def test_a_server_that_offers_nothing_is_a_clear_line():
    assert "what it offers" in heard(HEADER + b"<message/>")[-1]
