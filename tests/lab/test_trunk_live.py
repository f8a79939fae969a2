"""Lines to a telephone company as they really are: a second Asterisk in the lab is the company.

Telephones of the proof call through pbx1; what the company saw is read from its own log.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from commsroom.backends.asterisk.proof.line import Refused
from commsroom.backends.asterisk.proof.sip_line import RealExchange

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

HERE = Path(__file__).parent / "itsp"
HOST, NAME, SECOND = "198.18.7.11", "itsp1.lianhe.example", "itsp2.lianhe.example"
WITHIN = 40.0  # a company that is frozen is noticed in 32 s (RFC 3261, timer B)
OUTSIDE, STRANGER = "0255501234", "0912345678"
TRUST = "/usr/local/share/ca-certificates/lab.crt"


class Company:
    """The telephone company: a throw-away host of the lab."""

    def __init__(self, estate, made):
        self.estate, self.made = estate, made

    def on(self, script, *, check=True):
        done = subprocess.run(
            ["ssh", "-F", self.made["ssh_config"], self.made["name"], "sh", "-s"], input=script,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def console(self, command):
        return self.on(f"asterisk -rx '{command}'")

    def put(self, files):
        for name, text in files.items():
            self.on(f"mkdir -p /root/itsp && cat > /root/itsp/{name} <<'END-OF-FILE'\n{text}\nEND-OF-FILE")  # fmt: skip

    def password(self, word):
        """Give the customer's first account another password."""
        self.on(f"echo password={word} > /etc/asterisk/lianhe.password; asterisk -rx 'module reload res_pjsip.so'")  # fmt: skip

    def seen(self):
        """Return what it has noted since this was asked last."""
        lines = self.on("cat /var/log/asterisk/seen; : > /var/log/asterisk/seen").splitlines()
        return [line.split(" SAW ")[1] for line in lines if " SAW " in line]

    def calls(self, number):
        """Have somebody outside call a number of the customer; return at once."""
        self.console(f"channel originate Local/{number}@to-customer/n extension s@hold")

    def ports(self, rule):
        """Shut its ports (a rule of nftables for `tcp dport`), or open them again."""
        self.on("nft delete table inet itsp 2>/dev/null; true")
        if rule:
            self.on(f"nft 'add table inet itsp; add chain inet itsp in {{ type filter hook input priority 0; }}; add rule inet itsp in tcp dport {rule}'")  # fmt: skip


def lab(root, *words):
    done = subprocess.run(
        [sys.executable, "-m", "commsroom.lab", "--estate", str(root), *words],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def itsp(lines):
    """The company at work, trusted and found by pbx1, and both lines registered."""
    root = lines.root
    there = Company(root, json.loads(lab(root, "run", "itsp1", "--dns", NAME, "--dns", SECOND)))
    there.put(
        {
            **{f.name: f.read_text("utf-8") for f in HERE.iterdir()},
            "itsp.crt": Path(there.made["certificate"]).read_text("utf-8"),
            "itsp.key": Path(there.made["key"]).read_text("utf-8"),
            "lianhe.password": "password=given-main-1",
        }
    )
    there.on("sh /root/itsp/install.sh")
    ca = Path(there.made["ca"]).read_text("utf-8")
    lines.on(
        "pbx1",
        f"cat > {TRUST} <<'END'\n{ca}\nEND\nupdate-ca-certificates </dev/null 2>&1\n"
        # The lab has no name server, and its hosts' names are read-only.
        f"(cat /etc/hosts; echo {there.made['address']} {NAME} {SECOND}) > /run/hosts\n"
        "mount --bind /run/hosts /etc/hosts && echo nameserver 127.0.0.1 > /etc/resolv.conf\n"
        "systemctl restart asterisk",
    )
    until(lambda: registered(lines) == {"main", "spare"}, 60)
    yield there
    lines.on(
        "pbx1",
        f"umount /etc/hosts; rm -f /run/hosts /etc/resolv.conf {TRUST}\n"
        "update-ca-certificates --fresh </dev/null >/dev/null 2>&1; systemctl restart asterisk",
    )
    lab(root, "rm", "itsp1")


def until(what, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.5)
    return found


def registered(lines):
    """Return the lines that are registered, by the exchange's own word."""
    shown = lines.on("pbx1", "asterisk -rx 'pjsip show registrations'", check=False)
    rows = [line.split() for line in shown.splitlines() if line.strip().startswith("trunk-")]
    return {row[0].split("/")[0].removeprefix("trunk-") for row in rows if "Registered" in row}


@pytest.fixture(scope="module")
def numbers(lines):
    """Return people's extensions by id."""
    text = (lines.root / "policies" / "allocations.lock").read_text("utf-8")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: row[2] for row in rows if row[2] != "-"}


@pytest.fixture(scope="module")
def exchange(lines):
    async def clock():
        return ("mon", "10:00")

    ca = lines.root / ".commsroom" / "ca" / "ca.crt"
    return RealExchange(HOST, "pbx1.lianhe.example", ca, {"tls": 5061}, clock)


@pytest.fixture(scope="module")
def desk(lines, exchange):
    """Switch on the telephones of some numbers, logged in."""

    @asynccontextmanager
    async def on(*wanted):
        async with AsyncExitStack() as stack:
            phones = []
            for number in wanted:
                found = lines.json("secret", "show", f"pbx1:extension/{number}")["secrets"]
                phone = await stack.enter_async_context(
                    exchange.phone(number, found[0]["value"], "tls")
                )
                await phone.register()
                stack.push_async_callback(phone.unregister)
                phones.append(phone)
            yield phones

    return on


async def echoed(phone, number):
    """Call out, and hear one's own voice come back from the company; return the call."""
    call = await phone.call(number, WITHIN)
    assert await call.hears(phone.tone, 4)
    return call


async def refused(phone, number):
    """Call out and return the status of the refusal, and how long it took."""
    began = time.monotonic()
    with pytest.raises(Refused) as no:
        await phone.call(number, WITHIN)
    return no.value.code, time.monotonic() - began


def test_a_line_is_proven_by_its_registration_and_nobody_is_called(lines, itsp):
    itsp.seen()
    proofs = lines.json("prove", "--only", "pbx1:trunk/*")["proofs"]
    assert {(one["address"], one["ok"]) for one in proofs} == {
        ("pbx1:trunk/main", True), ("pbx1:trunk/spare", True),
    }  # fmt: skip
    assert itsp.seen() == []
    assert lines.json("plan")["changes"] == []


def test_what_a_class_allows_is_carried_with_the_callers_own_number(itsp, desk, numbers):
    async def talk():
        async with desk(numbers["L006"]) as [phone]:
            await (await echoed(phone, OUTSIDE)).hang_up()
            return await refused(phone, "0255509999"), await refused(phone, "0255508888")

    itsp.seen()
    (unknown, _), (busy, _) = asyncio.run(talk())
    assert (unknown, busy) == (404, 486)
    mine = f"+8862555{numbers['L006']}"
    assert itsp.seen() == [f"{n} by lianhe from {mine}" for n in (OUTSIDE, "0255509999", "0255508888")]  # fmt: skip


def test_what_a_class_bars_never_reaches_the_company(lines, itsp, desk, numbers):
    inside = next(
        key for key in (one["address"].rpartition("/")[2] for one in lines.json("show", "pbx1:extension/*")["resources"]
                        if one["attributes"]["dialling_class"] == "internal")
    )  # fmt: skip

    async def talk():
        async with desk(numbers["L006"], inside) as [sales, warehouse]:
            codes = [await refused(sales, "0204000000"), await refused(warehouse, OUTSIDE)]
            await (await echoed(warehouse, "119")).hang_up()
            return [code for code, _ in codes]

    itsp.seen()
    assert asyncio.run(talk()) == [403, 403]
    [seen] = itsp.seen()
    assert seen.startswith("119 by lianhe from ")


def test_a_full_line_hands_over_to_the_next_and_an_emergency_waits_for_none(itsp, desk, numbers):
    async def talk():
        async with desk(numbers["L006"], numbers["L001"]) as [one, two]:
            held = [await echoed(phone, OUTSIDE) for phone in (one, two, one)]
            held += [await echoed(two, "119")]
            abroad = await refused(one, "0081355501000")  # the second line does not carry it
            for call in held:
                await call.hang_up()
            return abroad

    itsp.seen()
    code, _ = asyncio.run(talk())
    assert code == 503
    by = [line.split(" from ")[0] for line in itsp.seen()]
    assert by == [f"{OUTSIDE} by lianhe"] * 2 + [f"{OUTSIDE} by lianhe-2", "119 by lianhe"]


def test_calls_from_outside_reach_the_main_and_direct_numbers(lines, itsp, desk, numbers):
    group = next(one for one in lines.json("show", "pbx1:hunt_group/8100")["resources"])
    first, direct = group["attributes"]["members"][0], numbers["L006"]

    async def ring(called, number):
        async with desk(number) as [phone]:
            await asyncio.to_thread(itsp.calls, called)
            ringing = await phone.rings(6, STRANGER)
            call = await ringing.answer()
            await call.hang_up()

    asyncio.run(ring("886255502000", first))
    asyncio.run(ring(f"8862555{direct}", direct))


@pytest.mark.parametrize("called", ["8862555*97", "88625558001", "88625558100", "0255501234", "110", "88625550255501234", "+"])  # fmt: skip
def test_calls_from_outside_reach_nothing_else_and_never_lead_out_again(itsp, called):
    itsp.on(": > /var/log/asterisk/seen")
    itsp.calls(called)
    until(lambda: " RESULT " in itsp.on("cat /var/log/asterisk/seen"), 15)
    log = itsp.on("cat /var/log/asterisk/seen")
    assert " SAW " not in log
    assert " ANSWER " not in log


def test_a_line_that_is_gone_hands_over_and_comes_back_by_itself(lines, itsp, desk, numbers):
    async def talk(*wanted):
        async with desk(numbers["L006"]) as [phone]:
            for number in wanted:
                await (await echoed(phone, number)).hang_up()

    itsp.seen()
    itsp.ports("5061 reject with tcp reset")
    try:
        asyncio.run(talk(OUTSIDE, "119"))
        by = [line.split(" from ")[0] for line in itsp.seen()]
        assert by == [f"{OUTSIDE} by lianhe-2", "119 by lianhe-2"]
        itsp.ports("{5061, 5062} reject with tcp reset")

        async def nobody():
            async with desk(numbers["L006"]) as [phone]:
                return await refused(phone, OUTSIDE), await refused(phone, "119")

        for code, seconds in asyncio.run(nobody()):
            assert code == 503
            assert seconds < WITHIN
    finally:
        itsp.ports("")

    def by_main():
        asyncio.run(talk(OUTSIDE))
        return itsp.seen()[-1].startswith(f"{OUTSIDE} by lianhe from")

    until(by_main, 60)  # it is asked every 15 s whether it is there


def test_a_changed_password_is_noticed_and_entered_again(lines, itsp):
    itsp.password("given-main-2")
    lines.on("pbx1", "asterisk -rx 'pjsip send register trunk-main'")
    until(lambda: "main" not in registered(lines))
    [proof] = lines.json("prove", "--only", "pbx1:trunk/main", expect=2)["proofs"]
    assert proof["ok"] is False
    lines.run("commsroom", "secret", "enter", "pbx1:trunk/main", typed="given-main-2\n")
    lines.commsroom("apply", "--yes")
    until(lambda: "main" in registered(lines), 60)
    assert lines.json("prove", "--only", "pbx1:trunk/main")["proofs"][0]["ok"] is True


def test_the_companys_password_is_in_no_output(lines, itsp):
    lines.commsroom("show", "pbx1:trunk/*", "--json")
    lines.commsroom("plan", "--json", expect=None)
    assert lines.said
    assert not any("given-main" in text or "given-spare" in text for text in lines.said)
    kept = [p for p in (lines.root / ".commsroom").rglob("*") if p.is_file()]
    assert not any(b"given-main" in p.read_bytes() for p in kept)
