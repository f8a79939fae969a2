"""Desk telephones as they really are: profiles over HTTPS from the lab's pbx1, and telephones that use them.

Linphone's console client starts with nothing but a URL, is given its profile, registers and is called. It
takes no NOTIFY; that is taken by a small telephone of our own, which registers as one of the company's
desks and fetches when it is told.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import http.client
import io
import itertools
import json
import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import threading
import time
import wave
from pathlib import Path

import pytest

from commsroom.backends.phone import vendors

pytestmark = [
    pytest.mark.lab,
    pytest.mark.phones,
    pytest.mark.timeout(900),  # the exchange's roles are run once more, and once more after
    pytest.mark.skipif(
        not shutil.which("linphonec"), reason="linphonec is not installed: make setup-tests"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="a telephone gets names of its own as root only"),
]

HERE = Path(__file__).parent / "phones"
HOST, NAME, EXCHANGE = "198.18.7.11", "prov1.lianhe.example", "pbx1.lianhe.example"
SOFT, SECOND, DESK, OTHER = "LH-S01", "LH-S02", "LH-P008", "LH-P009"
SOFT_PHONES = [
    {"asset_tag": SOFT, "kind": "phone", "vendor": "Linphone", "model": "Desktop 5", "site": "taipei",
     "holder": "L007", "state": "issued"},
    {"asset_tag": SECOND, "kind": "phone", "vendor": "baresip", "model": "1.0", "site": "taipei",
     "holder": "L010", "state": "issued"},
]  # fmt: skip
FETCHES = "/var/log/commsroom-provisioning/fetches.log"


@pytest.fixture(scope="module")
def office(company):
    """The company with telephones: prov1 on pbx1's machine, and soft phones for two people instead of a desk's."""
    root = company.root
    kept = root / "before"
    kept.mkdir()
    for name in ("inventory", "policies"):
        shutil.copytree(root / name, kept / name)
    shutil.copy(HERE / "hosts.yml", root / "inventory" / "phones.yml")
    for name in ("phones.yml", "provisioning.yml"):
        shutil.copy(HERE / name, root / "inventory" / "group_vars" / name)
    replaced = {"LH-P007", "LH-P010"}
    devices(
        root, lambda rows: [row for row in rows if row["asset_tag"] not in replaced] + SOFT_PHONES
    )
    company.run("commsroom", "lab", "up", timeout=900)
    company.commsroom("apply", "--yes")
    yield company
    devices(root, lambda _rows: [])
    company.commsroom(
        "apply", "--yes", "--allow-removal", "prov1:phone_profile", "--allow-removal", "total"
    )
    assert company.on("pbx1", "ls /var/lib/commsroom/provisioning/devices") == ""
    company.on(
        "pbx1",
        "systemctl disable --now nginx && rm -r /var/lib/commsroom/provisioning"
        " /etc/nginx/conf.d/commsroom-provisioning.conf",
    )
    numbers = (root / "policies" / "allocations.lock").read_bytes()
    for name in ("inventory", "policies"):
        shutil.rmtree(root / name)
        shutil.copytree(kept / name, root / name)
    shutil.rmtree(kept)
    (root / "policies" / "allocations.lock").write_bytes(numbers)
    company.run("commsroom", "lab", "up", timeout=900)
    company.commsroom("apply", "--yes")


def listed(root):
    with (root / "policies" / "devices.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def devices(root, change):
    file, rows = root / "policies" / "devices.csv", listed(root)
    columns = list(rows[0])
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(change(rows))


def secret(office, tag, slot):
    listed = office.json("secret", "show", f"prov1:phone_profile/{tag}")["secrets"]
    return next(one["value"] for one in listed if one["slot"] == slot)


def number(office, person):
    lines = (office.root / "policies" / "allocations.lock").read_text("utf-8").splitlines()
    return next(line.split()[2] for line in lines if line.startswith(f"{person} "))


def registered(office):
    """Return who is logged in, by number: the lines of the exchange about it."""
    shown = office.on("pbx1", "asterisk -rx 'pjsip show contacts'")
    return dict(re.findall(r"Contact:\s+(\d+)/(\S+)", shown))


def until(what, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.3)
    return found


def context(office):
    return ssl.create_default_context(cafile=str(office.root / ".commsroom" / "ca" / "ca.crt"))


def fetch(office, file, name="", password="", agent="a telephone"):
    """Ask for a file as a telephone would; return status and content."""

    class Named(http.client.HTTPSConnection):
        def connect(self):
            plain = socket.create_connection((HOST, 443), 5)
            self.sock = context(office).wrap_socket(plain, server_hostname=NAME)

    line = Named(NAME, timeout=5)
    word = base64.b64encode(f"{name}:{password}".encode()).decode()
    headers = {"User-Agent": agent} | ({"Authorization": f"Basic {word}"} if name else {})
    with contextlib.closing(line):
        line.request("GET", file, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read()


class Linphone:
    """Linphone's console client in a home of its own; what it is told at first is a URL, and whom to trust."""

    def __init__(self, office, home, url):
        self.home, self.office = home, office
        (home / ".local/share/linphone").mkdir(parents=True)
        ca = office.root / ".commsroom" / "ca" / "ca.crt"
        (home / "rc").write_text(f"[misc]\nconfig-uri={url}\n[sip]\nroot_ca={ca}\n")
        (home / "hosts").write_text(f"127.0.0.1 localhost\n{HOST} {EXCHANGE} {NAME}\n")
        self.start()

    def start(self):
        script = f"mount --bind {self.home}/hosts /etc/hosts && exec linphonec -a -c {self.home}/rc"
        with (self.home / "said").open("a") as said:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script],
                env={**os.environ, "HOME": str(self.home)},
                stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        self.tell("soundcard use files")

    def tell(self, command):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def online(self, number):
        """Wait until it is registered.

        On a challenge its console asks, before it looks into its profile, for a password "for (null) on (null)",
        and does nothing until it has some answer; as a command the word means nothing to it.
        """

        def there():
            self.tell("none")
            return number in registered(self.office)

        until(there)

    def said(self):
        return (self.home / "said").read_text("utf-8", "replace")

    def stop(self):
        """Quit as its user would; twice is no harm."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(OSError):
            self.tell("quit")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()


@pytest.fixture
def linphone(office, tmp_path):
    url = f"https://{NAME}/t/{secret(office, SOFT, 'fetch')}/{SOFT.lower()}.xml"
    phone = Linphone(office, tmp_path / "phone", url)
    yield phone
    phone.stop()


def proofs(office, tag):
    found = office.json("prove", "--only", f"prov1:phone_profile/{tag}")["proofs"]
    return {one["use"]: one["ok"] for one in found}


def rings_and_is_answered(office, mine):
    """Have the exchange call a telephone, and see the call up; without encryption neither would take it."""
    office.on(
        "pbx1", "asterisk -rx 'module load res_clioriginate.so'"
    )  # the exchange goes without it
    office.on("pbx1", f"asterisk -rx 'channel originate PJSIP/{mine} application Wait 20'")

    def up():
        shown = office.on("pbx1", "asterisk -rx 'core show channels concise'")
        return any(
            line.startswith(f"PJSIP/{mine}-") and "!Up!" in line for line in shown.splitlines()
        )

    until(up)
    office.on("pbx1", "asterisk -rx 'channel request hangup all'")


def test_a_soft_phone_starts_with_a_url_registers_and_takes_a_call_and_follows_its_number(
    office, linphone
):
    mine = number(office, "L007")
    linphone.online(mine)
    rings_and_is_answered(office, mine)
    seen = proofs(office, SOFT)
    assert set(seen.values()) == {True}
    assert {"fetch", "fetch, wrong password", "last fetched", "registered"} <= set(seen)

    file = office.root / "policies" / "allocations.lock"
    file.write_text(file.read_text("utf-8").replace(f" {mine} ", " 2177 "), "utf-8")
    office.commsroom("apply", "--yes")
    told = office.json("drift", expect=2)["findings"]
    text = next(one["text"] for one in told if one["address"].endswith(SOFT))
    assert text.startswith("its telephone last fetched an older profile")
    linphone.stop()  # Linphone takes no NOTIFY: it fetches when it starts
    linphone.start()
    linphone.online("2177")
    assert mine not in registered(office)
    rings_and_is_answered(office, "2177")
    assert set(proofs(office, SOFT).values()) == {True}
    assert not [one for one in office.json("drift")["findings"] if one["system"] == "prov1"]


@pytest.mark.skipif(
    not shutil.which("baresip"), reason="baresip is not installed: make setup-tests"
)
@pytest.mark.skipif("baresip" not in vendors.names(), reason="there is no template for baresip")
def test_baresip_is_given_its_line_and_is_called(office, tmp_path, md5_only):
    word, mine = secret(office, SECOND, "fetch"), number(office, "L010")
    status, accounts = fetch(office, "/accounts", SECOND.lower(), word, agent="curl")
    assert status == 200
    home = tmp_path / "baresip"
    home.mkdir()
    (home / "accounts").write_bytes(accounts.replace(b"answermode=manual", b"answermode=auto"))
    (home / "hosts").write_text(f"127.0.0.1 localhost\n{HOST} {EXCHANGE} {NAME}\n")
    (home / "in.wav").write_bytes(silence())
    ca = office.root / ".commsroom" / "ca" / "ca.crt"
    names = Names()
    modules = "".join(f"module {name}.so\n" for name in ("g711", "g722", "aufile", "srtp"))
    (home / "config").write_text(
        f"poll_method epoll\naudio_source aufile,{home}/in.wav\naudio_player aufile,{home}/out.wav\n"
        f"audio_alert aufile,/dev/null\nsip_cafile {ca}\nsip_verify_server yes\n"
        f"dns_server 127.0.0.1:{names.port}\n"
        f"module_path /usr/lib/baresip/modules\n{modules}module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n"
    )
    script = f"mount --bind {home}/hosts /etc/hosts && exec baresip -f {home}"
    with (home / "said").open("w") as said:
        phone = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(lambda: mine in registered(office))
        rings_and_is_answered(office, mine)
        assert set(proofs(office, SECOND).values()) == {True}
    finally:
        phone.terminate()
        phone.wait(10)
        names.close()


@pytest.fixture
def md5_only(office):
    """An exchange for old telephones (`pbx_digest_algorithms: [MD5]`): baresip 1.0 gives up on any other challenge."""
    file, line = "/etc/asterisk/pjsip.conf", "default_auth_algorithms_uas="
    office.on(
        "pbx1",
        f"cp -p {file} /tmp/kept && sed -i 's/^{line}.*/{line}MD5/' {file} && systemctl restart asterisk",
    )
    until(lambda: office.on("pbx1", "asterisk -rx 'core show uptime'", check=False))
    yield
    office.on("pbx1", f"cp -p /tmp/kept {file} && rm /tmp/kept && systemctl restart asterisk")
    until(lambda: office.on("pbx1", "asterisk -rx 'core show uptime'", check=False))


class Names:
    """A name server (RFC 1035) that knows every name's address, the lab's exchange: baresip reads no hosts file."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                asked, who = self.socket.recvfrom(512)
                end = asked.index(b"\0", 12) + 5
                address = asked[end - 4 : end - 2] == b"\0\1"
                head = asked[:2] + b"\x81\x80\0\1" + bytes([0, address]) + b"\0\0\0\0"
                answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(HOST)
                self.socket.sendto(head + asked[12:end] + (answer if address else b""), who)

    def close(self):
        self.socket.close()


def silence():
    """Return a second of silence as a WAV file of 16 kHz."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))
    return made.getvalue()


def test_a_telephone_is_given_its_own_files_and_nobody_another_s(office):
    rows = {row["asset_tag"]: row["mac"] for row in listed(office.root)}
    mine, other = (re.sub("[^0-9a-f]", "", rows[tag].lower()) for tag in (DESK, OTHER))
    word = secret(office, DESK, "fetch")
    status, content = fetch(office, f"/{mine}.cfg", mine, word)
    assert (status, b"account.1.user_name" in content) == (200, True)
    assert fetch(office, f"/{mine}.cfg")[0] == 401
    assert fetch(office, f"/{mine}.cfg", mine, word + "x")[0] == 401
    assert fetch(office, f"/cfg{other}.xml", mine, word)[0] == 404
    assert fetch(office, f"/{mine}.cfg", other, secret(office, OTHER, "fetch"))[0] == 404
    for path in ("/", "/profile.json", "/../profile.json", "/..%2fprofile.json", "/htpasswd", f"/devices/{mine}/profile.json",
                 f"/t/{word}/{mine}.cfg", "/.current", "/current"):  # fmt: skip
        assert fetch(office, path, mine, word)[0] in {400, 403, 404}, path


def test_no_secret_is_in_a_log_of_the_server(office, linphone):
    linphone.online(number(office, "L007"))
    logs = office.on("pbx1", f"cat {FETCHES} /var/log/nginx/*.log; journalctl --no-pager -u nginx")
    assert SOFT.lower() in logs
    for tag in (SOFT, DESK):
        for slot in ("admin", "fetch", "sip"):
            assert secret(office, tag, slot) not in logs


class Desk:
    """A desk telephone of our own: registers over TLS (RFC 3261, RFC 8760) and does what a NOTIFY says."""

    def __init__(self, office, mac, mine, password, on_notify):
        self.office, self.mine, self.password, self.on_notify = office, mine, password, on_notify
        self.agent = f"Yealink SIP-T54W 96.86.0.70 {mac}"
        plain = socket.create_connection((HOST, 5061), 5)
        self.line = context(office).wrap_socket(plain, server_hostname=EXCHANGE)
        self.tag, self.call, self.count = secrets.token_hex(4), secrets.token_hex(8), 0
        self.events, self.lamps, self.heard, self.body = [], [], b"", ""
        try:
            self.register()
        except BaseException:
            self.line.close()
            raise
        self.line.settimeout(None)  # from now on it waits to be told something, however long
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def register(self):
        host, port = self.line.getsockname()[:2]
        contact = f"Contact: <sip:{self.mine}@{host}:{port};transport=tls>\r\n"
        uri, more = f"sip:{EXCHANGE}", f"{contact}Expires: 300\r\n"
        self.send("REGISTER", uri, f"sip:{self.mine}@{EXCHANGE}", more)
        self.send(
            "REGISTER", uri, f"sip:{self.mine}@{EXCHANGE}", more + self.login("REGISTER", uri, self.read())
        )  # fmt: skip
        assert self.read().startswith("SIP/2.0 200")

    def watch(self, number):
        """Have a lamp for a colleague's number (RFC 4235); what it shows comes into `lamps`."""
        host, port = self.line.getsockname()[:2]
        self.call, self.watching = secrets.token_hex(8), f"sip:{number}@{EXCHANGE}"
        self.more = (
            f"Contact: <sip:{self.mine}@{host}:{port};transport=tls>\r\nEvent: dialog\r\n"
            "Accept: application/dialog-info+xml\r\nExpires: 300\r\n"
        )
        self.send("SUBSCRIBE", self.watching, self.watching, self.more)

    def login(self, method, uri, challenge):
        """Answer a challenge with SHA-256 (RFC 8760)."""

        def h(text):
            return hashlib.sha256(text.encode()).hexdigest()

        asked = re.search(r"Digest [^\r]*algorithm=SHA-256[^\r]*", challenge)[0]
        realm, nonce = (re.search(f'{word}="([^"]*)"', asked)[1] for word in ("realm", "nonce"))
        response = h(
            f"{h(f'{self.mine}:{realm}:{self.password}')}:{nonce}:00000001:abc:auth:{h(f'{method}:{uri}')}"
        )
        return (
            f'Authorization: Digest username="{self.mine}",realm="{realm}",nonce="{nonce}",uri="{uri}",'
            f'response="{response}",algorithm=SHA-256,qop=auth,nc=00000001,cnonce="abc"\r\n'
        )

    def send(self, method, uri, to, more):
        self.count += 1
        host, port = self.line.getsockname()[:2]
        self.line.sendall(
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TLS {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.mine}@{EXCHANGE}>;tag={self.tag}\r\nTo: <{to}>\r\n"
            f"Call-ID: {self.call}\r\nCSeq: {self.count} {method}\r\n"
            f"User-Agent: {self.agent}\r\n{more}Content-Length: 0\r\n\r\n".encode()
        )

    def read(self):
        while b"\r\n\r\n" not in self.heard.lstrip(b"\r\n"):  # before it: keep-alives (RFC 5626)
            piece = self.line.recv(65536)
            if not piece:
                return ""
            self.heard += piece
        head, _, self.heard = self.heard.lstrip(b"\r\n").partition(b"\r\n\r\n")
        assert b"Content-Length" in head, head
        length = int(re.search(rb"Content-Length:\s*(\d+)", head, re.IGNORECASE)[1])
        while len(self.heard) < length:
            self.heard += self.line.recv(65536)
        self.body, self.heard = self.heard[:length].decode(), self.heard[length:]
        return head.decode()

    def listen(self):
        with contextlib.suppress(OSError):
            while head := self.read():
                if head.startswith("SIP/2.0 401"):
                    login = self.login("SUBSCRIBE", self.watching, head)
                    self.send("SUBSCRIBE", self.watching, self.watching, self.more + login)
                if head.startswith("SIP/2.0"):
                    continue
                kept = re.findall(
                    r"^(?:Via|From|To|Call-ID|CSeq):[^\r]*", head, re.MULTILINE | re.IGNORECASE
                )
                self.line.sendall(
                    "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode()
                )
                event = re.search(r"^Event:\s*([^\r]*)", head, re.MULTILINE | re.IGNORECASE)
                if head.startswith("NOTIFY") and event:
                    self.events.append(event[1])
                    self.lamps += re.findall("<state>([^<]*)</state>", self.body)
                    if event[1].startswith("check-sync"):
                        self.on_notify()

    def close(self):
        self.line.close()


def test_a_desk_that_is_told_by_its_exchange_fetches_and_the_apply_says_so(office):
    row = next(row for row in listed(office.root) if row["asset_tag"] == DESK)
    mac = row["mac"].replace(":", "")
    mine, word = number(office, "L008"), secret(office, DESK, "fetch")

    def get():
        assert fetch(office, f"/{mac}.cfg", mac, word, agent="Yealink SIP-T54W")[0] == 200

    rules = office.root / "policies" / "phones.yml"
    before = rules.read_text("utf-8")
    desk = Desk(office, row["mac"], mine, secret(office, DESK, "sip"), get)
    try:
        get()
        assert set(proofs(office, DESK).values()) == {True}
        rules.write_text(before.replace("most: 8", "most: 3"), "utf-8")
        told = office.json("apply", "--yes", "--only", f"prov1:phone_profile/{DESK}")
        assert "was told" not in json.dumps(told), told.get("outcomes", told)
        # Waiting messages are told to whoever registers, too (RFC 3842).
        assert [one for one in desk.events if one != "message-summary"] == [
            "check-sync;reboot=false"
        ]
        assert "its telephone fetched it after" in json.dumps(told)
        assert set(proofs(office, DESK).values()) == {True}
    finally:
        desk.close()
        rules.write_text(before, "utf-8")
        office.commsroom("apply", "--yes")


def test_a_colleague_s_lamp_is_lit_while_he_is_on_the_telephone(office, linphone):
    row = next(row for row in listed(office.root) if row["asset_tag"] == DESK)
    busy = number(office, "L007")
    linphone.online(busy)
    desk = Desk(
        office, row["mac"], number(office, "L008"), secret(office, DESK, "sip"), lambda: None
    )
    try:
        desk.watch(busy)
        until(lambda: desk.lamps and desk.lamps[-1] == "terminated")
        rings_and_is_answered(office, busy)
        until(lambda: "confirmed" in desk.lamps and desk.lamps[-1] == "terminated")
    finally:
        desk.close()


def test_a_profile_edited_behind_our_back_is_drift_and_is_put_right(office):
    office.on(
        "pbx1", "cd /var/lib/commsroom/provisioning/devices/lh-s01/current && echo x >> lh-s01.xml"
    )
    assert [one["address"] for one in office.json("plan")["changes"]] == [
        f"prov1:phone_profile/{SOFT}"
    ]
    office.commsroom("apply", "--yes")
    assert office.json("plan")["changes"] == []


class Caller:
    """Calls a telephone again and again, and keeps when a call of its came through."""

    def __init__(self, office, mine):
        self.office, self.mine = office, mine
        self.answered = [time.monotonic()]
        self.over = threading.Event()
        office.on("pbx1", "asterisk -rx 'module load res_clioriginate.so'")
        self.thread = threading.Thread(target=self.call, daemon=True)
        self.thread.start()

    def call(self):
        while not self.over.is_set():
            shown = self.office.on(
                "pbx1",
                f"asterisk -rx 'channel originate PJSIP/{self.mine} application Wait 3'; sleep 1;"
                " asterisk -rx 'core show channels concise'; asterisk -rx 'channel request hangup all'",
                check=False,
            )
            if any(f"PJSIP/{self.mine}-" in line and "!Up!" in line for line in shown.splitlines()):
                self.answered.append(time.monotonic())

    def longest(self):
        """End; return the longest time without a call that was answered, in seconds."""
        self.over.set()
        self.thread.join(30)
        times = [*self.answered, time.monotonic()]
        return max(after - before for before, after in itertools.pairwise(times))


def test_a_soft_phone_takes_calls_all_through_a_rotation_of_its_password(office, linphone, notes):
    mine, first = number(office, "L007"), secret(office, SOFT, "sip")
    linphone.online(mine)
    until(lambda: set(proofs(office, SOFT).values()) == {True})
    caller = Caller(office, mine)
    rotating = subprocess.Popen(
        ["commsroom", "rotate", f"pbx1:extension/{mine}", "--yes", "--wait", "4m", "--json"],
        cwd=office.root, env=office.environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(
        lambda: first not in profile(office), 60
    )  # it waits for the telephone, which has the old one
    still = len(caller.answered)
    until(lambda: len(caller.answered) > still + 2, 60)
    linphone.stop()  # Linphone takes no NOTIFY: it fetches when it starts
    linphone.start()
    linphone.online(mine)
    told = json.loads(rotating.communicate(timeout=240)[0])
    assert rotating.returncode == 0, told
    assert [(one["phase"], len(one["places"])) for one in told["rotations"]] == [("grace", 2)]
    assert secret(office, SOFT, "sip") != first
    assert office.json("plan")["changes"] == []
    longest = caller.longest()
    notes.append(
        f"a soft phone through a rotation: at most {longest:.1f} s without an answered call"
    )
    assert longest < 30  # its own start, on a busy machine
    rings_and_is_answered(office, mine)


def profile(office):
    """Return what the exchange's machine serves to the soft phone."""
    folder = f"/var/lib/commsroom/provisioning/devices/{SOFT.lower()}"
    return office.on("pbx1", f"cat {folder}/current/*", check=False)
