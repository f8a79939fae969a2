"""The telephone's parts against the standards' own examples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.backends.asterisk.proof import media, sip_message, srtp


def test_keys_are_derived_as_rfc_3711_b3_says():
    key = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    assert srtp._derive(key, salt, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert srtp._derive(key, salt, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert srtp._derive(key, salt, 1, 20).hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"


def packet(sequence, payload=b"sound", source=b"ssrc"):
    return b"\x80\x00" + sequence.to_bytes(2, "big") + bytes(4) + source + payload


def test_sound_survives_the_way_past_the_end_of_the_sequence_numbers():
    key = bytes(range(srtp.KEY_BYTES))
    here, there = srtp.Stream(key), srtp.Stream(key)
    for sequence in (65533, 65534, 65535, 0, 1, 2):
        sealed = here.protect(packet(sequence))
        assert b"sound" not in sealed
        assert there.open(sealed) == b"sound"


@given(st.integers(0, 26))
def test_a_packet_somebody_touched_is_not_heard(place):
    key = bytes(range(srtp.KEY_BYTES))
    sealed = bytearray(srtp.Stream(key).protect(packet(7)))
    sealed[place] ^= 1
    with pytest.raises(srtp.Forged):
        srtp.Stream(key).open(bytes(sealed))


def test_another_key_hears_nothing():
    sealed = srtp.Stream(bytes(range(30))).protect(packet(7))
    with pytest.raises(srtp.Forged):
        srtp.Stream(bytes(30)).open(sealed)


def test_what_was_under_way_under_an_old_key_deafens_nobody_to_the_new_one():
    """As when a call is passed on: its keys change while packets are still under way."""
    old, new, heard = srtp.Stream(bytes(range(30))), srtp.Stream(bytes(30)), srtp.Stream(bytes(30))
    with pytest.raises(srtp.Forged):
        heard.open(old.protect(packet(60_000)))
    for sequence in (5, 6):
        assert heard.open(new.protect(packet(sequence))) == b"sound"


def test_another_source_of_the_same_sender_counts_for_itself():
    key = bytes(range(srtp.KEY_BYTES))
    here, there = srtp.Stream(key), srtp.Stream(key)
    for sequence, source in ((60_000, b"one "), (5, b"two "), (60_001, b"one "), (6, b"two ")):
        assert there.open(here.protect(packet(sequence, source=source))) == b"sound"
    assert srtp.Stream(key).open(srtp.Stream(key).protect(packet(5, source=b"two "))) == b"sound"


def test_a_login_is_computed_as_rfc_7616_3_9_1_says(monkeypatch):
    monkeypatch.setattr(
        sip_message.secrets, "token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    common = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
    offers = [
        f'Digest {common}, algorithm=MD5, opaque="x"',
        f'Digest {common}, algorithm=SHA-256, opaque="x"',
    ]
    for chosen, response in (
        (offers[:1], "8ca523f5e9506fed4657c9700eebdbec"),
        (offers, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        text = sip_message.answer(
            chosen, method="GET", target="/dir/index.html", user="Mufasa", password="Circle of Life"
        )
        assert f'response="{response}"' in text


def test_a_challenge_we_cannot_answer_is_no_login():
    with pytest.raises(sip_message.BadMessage):
        sip_message.answer(["Digest algorithm=X"], method="A", target="b", user="c", password="d")


def test_a_name_with_anything_in_it_does_not_hide_the_number():
    value = r'"a \"b\" <sip:9@x> \\" <sip:2100@pbx;user=phone>;tag=7'
    assert sip_message.user(value) == "2100"
    assert sip_message.display_name(value) == 'a "b" <sip:9@x> \\'
    assert sip_message.parameter(value, "tag") == "7"


def test_a_message_is_read_as_it_was_written():
    message = sip_message.Message(
        "INVITE sip:x SIP/2.0", [("Via", "a"), ("Via", "b"), ("CSeq", "1 INVITE")], b"v=0"
    )
    read = sip_message.parse(message.encode())
    assert (read.start, read.all("via"), read.body) == (message.start, ["a", "b"], b"v=0")
    assert (
        sip_message.parse(b"SIP/2.0 403 Forbidden now\r\nv: a\r\nCSeq: 1 INVITE\r\n\r\n").reason
        == "Forbidden now"
    )


@pytest.mark.parametrize(
    "raw", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"SIP/2.0 200 OK\r\nl: 99999999\r\n\r\n"]
)
def test_what_is_no_sip_is_refused(raw):
    with pytest.raises(sip_message.BadMessage):
        sip_message.length(sip_message.parse(raw))


def test_a_header_cannot_smuggle_another():
    with pytest.raises(sip_message.BadMessage):
        sip_message.Message("A sip:b SIP/2.0", [("To", "x\r\nRoute: y")]).encode()


@pytest.mark.parametrize("tone", [440, 1100, 2090])
def test_a_tone_is_told_from_others_and_from_silence(tone):
    heard = media.Media(440, secure=False)
    wave = media._wave(tone)
    for start in range(0, len(wave) * 2, 160):
        heard._hear((wave * 4)[start : start + 160])
    assert [other for other in range(440, 2200, 110) if heard.hears(other)] == [tone]
    silent = media.Media(440, secure=False)
    silent._hear(b"\xff" * 2400)
    assert not silent.hears(tone)
    quiet = media.Media(440, secure=False)
    quiet._hear(bytes(media._compressed(round(20 * math.sin(n))) for n in range(2400)))
    assert not quiet.hears(tone)


def test_a_description_tells_address_port_and_key():
    class Ear:
        port, key = 4000, bytes(range(30))

    body = media.offer("192.0.2.1", Ear)
    assert media.understood(body) == ("192.0.2.1", 4000, Ear.key)
    assert media.understood(b"m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n") == (
        "192.0.2.2",
        9,
        b"",
    )
