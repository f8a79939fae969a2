"""Reports to write: one plan with everything in it, and a report of any size with the rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commsroom.estate.backend import Proof
from commsroom.estate.inspection import Check
from commsroom.estate.kinds import Account, Extension, HuntGroup
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Action, Address, Change, Provenance, Resource
from commsroom.estate.secret import SecretRef
from commsroom.reports import model
from commsroom.reports.difference import Difference
from commsroom.reports.model import Acknowledged, Finding, FindingKind, Severity

CLAUSE = Provenance("policies/telephony.yml", 12, "2.2.1")
PHONE = Resource(
    Address.parse("pbx1:extension/2107"),
    Extension(display_name="王伟", dialling_class="national", suspended=False),
    (SecretRef("wang.wei/sip", "sip"),),
    provenance=CLAUSE,
    person="wang.wei",
)
LEAVER = Resource(Address.parse("im1:account/bob"), Account(display_name="Bob"))


def changed(resource, **fields):
    """Return the resource with other attributes."""
    return replace(resource, body=replace(resource.body, **fields))


@pytest.fixture
def plan():
    group = replace(
        PHONE,
        address=Address.parse("pbx1:hunt_group/2900"),
        body=HuntGroup(title="sales", members=("2101", "2102")),
        secrets=(),
        person="",
    )
    other = replace(PHONE, address=Address.parse("pbx1:extension/2108"))
    return Plan(
        changes=(
            Change(Action.DELETE, LEAVER.address, LEAVER, None),
            Change(
                Action.CREATE,
                PHONE.address,
                None,
                PHONE,
                ("display_name", "dialling_class", "secret:sip"),
                ("suspended",),
            ),
            Change(
                Action.UPDATE,
                other.address,
                changed(other, dialling_class="international"),
                other,
                ("dialling_class", "secret:sip"),
            ),
            Change(
                Action.UPDATE,
                group.address,
                group,
                changed(group, members=("2102", "2107")),
                ("members",),
            ),
        ),
        foreign=(Address.parse("im1:account/visitor"),),
        sealed=(Address.parse("pbx1:extension/2200"),),
        unsupported={Address.parse("pbx1:voicemail/2107"): "email"},
        unknown={"mail1": "mail1: connect: no answer within 10 s"},
        owned={("pbx1", "extension"): 10},
    )


@pytest.fixture
def proofs():
    phone, account = PHONE.address, LEAVER.address
    return (
        Proof(phone, "register", "accepted", "accepted", ok=True, ms=12.0, login=True),
        Proof(phone, "call 2101", "answered", "answered", ok=True, ms=80.0),
        Proof(phone, "call 2102", "answered", "busy here", ok=False, ms=90.0),
        Proof(
            account, "login", "refused", "refused", ok=None, ms=5.0, note="never accepted before"
        ),
    )


@pytest.fixture
def report(plan, proofs):
    found = model.from_plan(plan, estate="lianhe", when="2026-11-24T02:00:00+00:00")
    return found.plus(
        proofs=proofs, timings=[model.Timing("plan", 0.42), model.Timing("apply", 67.0)]
    )


# ── a rich report ───────────────────────────────────────────────────────────────────────────

WHEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_NAMES = ("wei.wang", "ann.lee", "yu-ting.chen", "marie.dupont", "zhi-hao.lin")
_SORTS = (
    (FindingKind.DRIFT, "pbx1", "extension/{n}"),
    (FindingKind.MISSING, "mail1", "mailbox/{name}{n}@lianhe.example"),
    (FindingKind.EXTRA, "im1", "account/{name}{n}"),
    (FindingKind.UNOWNED, "pbx1", "hunt_group/{n}"),
    (FindingKind.SEALED, "pbx1", "voicemail/{n}"),
    (FindingKind.FOREIGN, "im1", "room/visitors-{n}"),
    (FindingKind.UNSUPPORTED, "mail1", "list/all-{n}@lianhe.example"),
    (FindingKind.SERVER, "mail1", ""),
    (FindingKind.DRIFT, "mail1", "grant/contact@lianhe.example/{name}{n}"),
)
_TEXTS = {
    FindingKind.SEALED: "exists in a file that is not ours to write",
    FindingKind.FOREIGN: "not made by commsroom and not in policy; it is never touched",
    FindingKind.UNSUPPORTED: "mail1 cannot hold: moderators",
    FindingKind.SERVER: "is not as the role says: /etc/postfix/main.cf, /etc/dovecot/dovecot.conf",
}
_LOOKED = (
    ("certificate", "imaps 993", "valid for 30 days", "valid for 71 days"),
    ("certificate", "sips 5061", "valid for 30 days", "valid for 12 days"),
    ("queue", "deferred", "at most 50", "3"),
    ("disk", "/var", "at most 80 % full", "41 % full"),
    ("clock", "offset", "within 0.5 s", "0.002 s"),
    ("tls", "submission 587", "TLS 1.2 or newer", "TLS 1.3"),
    ("port", "5060/udp", "closed", "closed"),
    ("package", "security updates", "none pending", "none pending"),
)


def ago(days, hours=0):
    """Return a time before the run, as reports write it."""
    return (WHEN - timedelta(days=days, hours=hours)).isoformat(timespec="seconds")


def _finding(n):
    kind, system, place = _SORTS[n % len(_SORTS)]
    name = _NAMES[n % len(_NAMES)]
    address = f"{system}:{place.format(n=2100 + n, name=name)}" if place else f"{system}: task {n}"
    drifted = kind is FindingKind.DRIFT
    command = f"commsroom apply --only {address}"
    return Finding(
        kind=kind,
        address=address,
        system=system,
        text=_TEXTS.get(kind, ""),
        differences=(
            Difference("dialling_class", "national", "international"),
            Difference("display_name", "王偉", "Wei Wang"),
            Difference("members", ("2101", "2102", "2107"), ("2101", "2109")),
            Difference("secret:sip"),
        )[: 1 + n % 4]
        if drifted
        else (),
        provenance=Provenance("policies/telephony.yml", 10 + n, "4.1.2") if drifted else None,
        remedy="" if kind in {FindingKind.UNSUPPORTED, FindingKind.FOREIGN} else command,
        since=("", WHEN.isoformat(timespec="seconds"), ago(1), ago(12, 3))[n % 4],
        weight=Severity.WARNING if n % 7 == 3 else None,
        acknowledged=Acknowledged("li.na", "Umzug; 新電話已訂購 (ticket 4711)", "2026-12-31")
        if n % 6 == 5
        else None,
        fixable=drifted and n % 2 == 0,
    )


def _check(n):
    name, place, expected, got = _LOOKED[n % len(_LOOKED)]
    ok = None if n % 23 == 11 else n % len(_LOOKED) != 1
    return Check(
        system=("mail1", "pbx1", "im1")[n % 3],
        name=name,
        place=place if n < len(_LOOKED) * 3 else f"{place} #{n}",
        expected=expected,
        got="no answer within 5 s" if ok is None else got,
        ok=ok,
        provenance=Provenance("policies/security.yml", 5 + n, "5.2.2"),
        remedy="" if ok else "commsroom certificate renew pbx1",
    )


def _rich(findings=30, checks=60, points=30, *, unknown=True):
    """Return a report with as many findings, checks and runs of history as asked for."""
    found = [_finding(n) for n in range(findings - unknown)]
    if unknown:
        found.append(
            Finding(
                kind=FindingKind.UNKNOWN,
                address="im1",
                system="im1",
                text="im1: connect: no answer within 10 s",
                remedy="make im1 reachable and run the command again",
                since=ago(0, 5),
            )
        )
    address = Address.parse("pbx1:extension/2107")
    history = model.History(
        points=tuple(
            model.Point(ago(points - n), (n * 7) % 13, n % 4, 2 if n in {9, 10} else 0)
            for n in range(points)
        ),
        repaired=14,
        seconds_to_repair=22_320.0,
        flapping=(("pbx1:extension/2107", 4), ("mail1:mailbox/ann.lee@lianhe.example", 2)),
    )
    return model.Report(
        title="Drift",
        estate="聯合通訊 Lianhe",
        when=WHEN.isoformat(timespec="seconds"),
        findings=model.ordered(found),
        checks=tuple(_check(n) for n in range(checks)),
        proofs=(
            Proof(address, "register", "accepted", "accepted", ok=True, ms=12.0, login=True),
            Proof(address, "call 2101", "answered", "busy here", ok=False, ms=80.0),
        ),
        history=history if points else None,
        summary={"create": 4, "update": 9, "delete": 3, "adopt": 3},
        timings=(model.Timing("plan", 0.42), model.Timing("servers", 67.0)),
    )


@pytest.fixture(scope="session")
def rich_report():
    """Make a report with as many findings, checks and runs of history as asked for."""
    return _rich
