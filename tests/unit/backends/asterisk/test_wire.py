"""What Asterisk cannot hold is said by name; everything else becomes an operation and comes back."""

import pytest

from commsroom.backends.asterisk import BACKEND, wire
from commsroom.estate.kinds import Conference, DiallingClass, Extension, HuntGroup, Voicemail
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.estate.secret import Secret, SecretRef, Shape


def item(key, body):
    return Resource(Address("pbx1", body.kind, key), body)


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("2100", Extension(display_name="王" * 27), "longer than Asterisk keeps"),
        ("2100", Voicemail(display_name="a,b," * 15), "longer than Asterisk keeps"),
        ("2100", Extension(display_name="a\u201ab"), "stands for a comma"),
        ("2100", Extension(display_name=" a"), "begins or ends with a space"),
        ("21o0", Extension(), "no number to dial"),
        ("2100", Extension(caller_id="+49 30"), "no number"),
        ("2100", Extension(dialling_class="a]b"), "cannot be a context's name"),
        ("2100", Extension(transport="tcp"), "neither tls nor udp"),
        ("2100", Voicemail(email="a,b@c"), "cannot stand in voicemail.conf"),
        ("Big", DiallingClass(), "cannot be a context's name"),
        ("x", DiallingClass(allowed=("0X",)), "no prefix"),
        ("x", DiallingClass(hours=("daily",)), "write mon-fri"),
        ("x", DiallingClass(hours=("mon-fri 08:00-23:59",)), "write 24:00"),
        ("8100", HuntGroup(members=("21-00",)), "no number to dial"),
        ("8100", HuntGroup(strategy="random"), "neither ringall nor linear"),
        ("8100", HuntGroup(members=tuple(f"{n}" for n in range(20000, 21000))), "more members"),
        ("8001x", Conference(), "no number to dial"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(key, body, reason):
    [(address, text)] = BACKEND.refusals([item(key, body)]).items()
    assert address.key == key
    assert reason in text


def test_what_fits_is_not_refused():
    fine = [
        item("2100", Extension(display_name='王 偉 ] ; " , $HOME \\ \' <b>', caller_id="+88625552100",
                               dialling_class="night-shift", transport="tls")),
        item("2100", Voicemail(display_name="王, 偉", email="wei@lianhe.example")),
        item("x", DiallingClass(allowed=("0",), hours=("sat 08:00-24:00",), emergency=("110",))),
        item("8100", HuntGroup(members=("2100",), strategy="linear", fallback="")),
    ]  # fmt: skip
    assert BACKEND.refusals(fine) == {}


def test_only_what_a_change_names_is_sent():
    ref = SecretRef("wei/sip", "sip", Shape.SIP, generation=1)
    body = Extension(display_name="Wei", dialling_class="x", suspended=True)
    after = Resource(Address("pbx1", "extension", "2100"), body, (ref,))
    change = Change(Action.UPDATE, after.address, after, after, ("suspended",))
    operation = wire.operation(change, lambda _: Secret("never asked"))
    assert operation == {
        "do": "put", "kind": "extension", "key": "2100", "values": {"suspended": True}, "secret": {},
    }  # fmt: skip
    adopted = Change(Action.ADOPT, after.address, after, after, ())
    assert wire.operation(adopted, lambda _: Secret("x")) is None
