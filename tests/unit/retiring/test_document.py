"""A certificate says what may be said and nothing else, and its file can be read in one way only."""

import copy
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.estate.retiring import document
from commsroom.estate.retiring.certificate import (
    CertificateRefused,
    Destination,
    Evidence,
    Listed,
    Method,
    Result,
    Technique,
    Verified,
)
from commsroom.estate.retiring.document import Document, NotAsWritten, NotRead, hash_of, text_of

SCHEMA = Path(__file__).parents[3] / "docs/reference/certificate.schema.json"


# ── what is never certified ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("result", [Result.FAIL, Result.UNKNOWN])
def test_what_failed_or_is_unknown_is_never_certified(build, result):
    with pytest.raises(CertificateRefused, match=r"only what passed is certified"):
        build.medium(result=result)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": Evidence(Verified.WHOLE, "", None, None, ()), "method": Method.DESTROY,
          "destination": Destination.DESTROYED}, "nobody who saw the destruction"),
        ({"destination": Destination.DESTROYED}, "do not agree"),
        ({"technique": Technique.OTHER, "details": " "}, "which technique"),
        ({"destination": Destination.OTHER, "destination_details": ""}, "where it went"),
        ({"tool": ""}, "tool is empty"),
        ({"source": " "}, "source is empty"),
        ({"notes": "two\nlines"}, "notes holds a line break"),
        ({"model": "\u202eabc"}, "bidirectional"),
        ({"notes": "x" * 2001}, "longer than"),
    ],
    ids=["unseen", "destroyed", "technique", "destination", "tool", "source", "lines", "bidi", "long"],
)  # fmt: skip
def test_a_medium_that_says_too_little_or_two_things_is_refused(build, change, said):
    with pytest.raises(CertificateRefused, match=said):
        build.medium(**change)


def test_a_destruction_that_people_saw_is_certified(build):
    seen = Evidence(Verified.WITNESSED, "", None, None, ("Bo", "Cy"))
    made = build.medium(
        method=Method.DESTROY, technique=Technique.SHRED, evidence=seen, destination=Destination.DESTROYED
    )  # fmt: skip
    assert made.result is Result.PASS


@pytest.mark.parametrize(
    "evidence",
    [
        (Verified.WITNESSED, "", None, None, ()),
        (Verified.SAMPLED, "", None, 95, ()),
        (Verified.SAMPLED, "", 299, None, ()),
        (Verified.SAMPLED, "", 0, 95, ()),
        (Verified.SAMPLED, "", 299, 100, ()),
        (Verified.WHOLE, "", 299, 95, ()),
        (Verified.WITNESSED, "", None, None, ("",)),
    ],
    ids=["no witness", "no sample", "no confidence", "none read", "certain", "whole", "nameless"],
)
def test_evidence_that_does_not_fit_is_refused(evidence):
    with pytest.raises(CertificateRefused):
        Evidence(*evidence)


def test_people_act_in_order_and_can_be_asked(build):
    made = build.certificate()
    with pytest.raises(CertificateRefused, match="is not after"):
        replace(made, verified=replace(made.verified, at=build.at(5)))
    with pytest.raises(CertificateRefused, match="nobody could ask them"):
        build.person(phone="", mail="")
    with pytest.raises(CertificateRefused, match="has no id"):
        replace(made, validated=replace(made.validated, by=build.person(key="")))
    with pytest.raises(CertificateRefused, match="media names none"):
        replace(made, media=())


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 2, 1, 0),  # noqa: DTZ001 - that it has no zone is the point
        datetime(2026, 3, 2, 1, 0, tzinfo=timezone(timedelta(hours=8))),
        datetime(2026, 3, 2, 1, 0, 0, 5, tzinfo=UTC),
    ],
    ids=["no zone", "Taipei", "fraction"],
)
def test_times_are_utc_in_whole_seconds(build, at):
    with pytest.raises(CertificateRefused, match="is not UTC in whole seconds"):
        replace(build.certificate().performed, at=at)


def test_a_batch_has_every_device_once_and_in_order(build):
    one, two = (Listed(tag, f"{tag}-2026-03-02", "0" * 64) for tag in ("PH-1", "PH-2"))
    whole = {"estate": "e-1", "assets": (one, two)}
    assert build.batch(**whole).number == "batch-spring-2026-03-02"
    for assets in ((), (two, one), (one, one)):
        with pytest.raises(CertificateRefused, match=r"sorted|twice"):
            build.batch(**{**whole, "assets": assets})


# ── one form ────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_read_back_as_it_was_and_is_of_the_published_form(sample):
    assert Document.read(sample.text.encode()) == sample
    form = json.loads(SCHEMA.read_text("utf-8"))
    assert form == document.schema(), "run: python packaging/policy_reference.py"
    jsonschema.Draft202012Validator.check_schema(form)
    jsonschema.Draft202012Validator(form).validate(json.loads(sample.text))


def test_the_hash_is_of_what_anybody_gets_by_rfc_8785(sample):
    told = json.loads(sample.text)["certificate"]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert text_of(sample.certificate) == text.encode()
    assert hash_of(sample.certificate) == hashlib.sha256(text.encode()).hexdigest()


def places(value, path=()):
    """Yield the path of every value, parts and leaves."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from places(item, (*path, key))


def put(data, path, value):
    data = copy.deepcopy(data)
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return data


JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({})


@given(data=st.data())
def test_whatever_is_put_in_any_field_it_is_another_certificate_or_none(sample, data):
    told = json.loads(sample.text)
    path = data.draw(st.sampled_from([path for path in places(told) if path]))
    changed = put(told, path, data.draw(JSON))
    try:
        found = Document.read(json.dumps(changed).encode())
    except (NotAsWritten, NotRead):
        return
    same = json.dumps(changed) == json.dumps(told)  # in Python, 1 == True
    assert (found == sample) is same
    assert (hash_of(found.certificate) == hash_of(sample.certificate)) is (
        json.dumps(changed["certificate"]) == json.dumps(told["certificate"])
    )


@given(data=st.data())
def test_a_byte_that_is_changed_means_the_same_or_is_seen(sample, data):
    raw = bytearray(sample.text.encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    try:
        found = Document.read(bytes(raw))
    except (NotAsWritten, NotRead):
        return
    if found.signature == sample.signature and hash_of(found.certificate) == hash_of(
        sample.certificate
    ):
        assert json.loads(bytes(raw)) == json.loads(sample.text)


def without(data, path):
    data = copy.deepcopy(data)
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return data


def test_no_field_may_be_left_out_or_added(sample):
    told = json.loads(sample.text)
    for path in places(told):
        if path and path[:2] != ("certificate", "media"):
            with pytest.raises((NotAsWritten, NotRead)):
                Document.read(json.dumps(without(told, path)).encode())
        if isinstance(at_path(told, path), dict):
            with pytest.raises(NotAsWritten):
                Document.read(json.dumps(put(told, (*path, "more"), "")).encode())


def test_a_medium_that_is_left_out_makes_another_certificate(sample):
    less = without(json.loads(sample.text), ("certificate", "media", 1))
    found = Document.read(json.dumps(less).encode())
    assert hash_of(found.certificate) != hash_of(sample.certificate)


def at_path(data, path):
    for key in path:
        data = data[key]
    return data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"simulated": false', '"simulated": true, "simulated": false'),
        ('"serial": "S1"', '"serial": "S2", "serial": "S1"'),
        ('"signature": ', '"signature": "", "signature": '),
    ],
    ids=["deep", "device", "signature"],
)
def test_a_key_that_comes_twice_is_refused(sample, old, new):
    assert old in sample.text
    with pytest.raises(NotAsWritten, match="twice"):
        Document.read(sample.text.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-03-02T01:30:00Z", "2026-03-02T01:30:00+00:00"),
        ("2026-03-02T01:30:00Z", "2026-03-02T09:30:00+08:00"),
        ("2026-03-02T01:30:00Z", "2026-03-02 01:30:00Z"),
        ('"2026-03-02T01:30:00Z"', "1772415000"),
        ('"samples": 299', '"samples": 299.0'),
        ('"samples": 299', '"samples": "299"'),
        ('"format": 1', '"format": true'),
        ('"format": 1', '"format": 2'),
    ],
    ids=["offset", "Taipei", "space", "seconds", "fraction", "text", "boolean", "newer"],
)
def test_another_spelling_of_a_value_is_refused(sample, old, new):
    assert old in sample.text
    with pytest.raises(NotAsWritten):
        Document.read(sample.text.replace(old, new).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"%PDF-1.7",
        b"[]",
        b"{}",
        b"null",
        b'{"signature": ""}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
    ids=["empty", "bytes", "pdf", "list", "object", "null", "half", "deep", "number"],
)
def test_what_is_no_certificate_at_all_is_told_apart(raw):
    with pytest.raises(NotRead):
        Document.read(raw)


@pytest.mark.parametrize(
    "value", ["\ud800", float("nan"), 10**400], ids=["half a character", "no number", "huge"]
)
def test_what_cannot_be_hashed_is_refused(sample, value):
    told = put(json.loads(sample.text), ("certificate", "notes"), value)
    with pytest.raises(NotAsWritten):
        Document.read(json.dumps(told).encode())
