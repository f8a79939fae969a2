"""The role's nginx configuration as nginx itself understands it: who is given what, on loopback.

The program on the server is run here instead of over SSH; everything else is real. The lab's test has the
telephones; this one needs nothing but nginx, and is skipped without it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import socket
import ssl
import subprocess
import time
from base64 import b64encode
from dataclasses import replace
from http.client import HTTPSConnection
from pathlib import Path

import jinja2
import pytest

from commsroom.backends import ssh
from commsroom.backends.phone import BACKEND, on_target
from commsroom.estate.backend import Batch, ProofRequest, Status, Target, Tools
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef, Shape
from commsroom.secrets.authority import Authority

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="files are given to nginx's own user"),
]

TEMPLATE = Path(__file__).parents[4] / "roles/provisioning/templates/commsroom-provisioning.conf.j2"
MAC, OTHER = "0015650000ab", "000413000002"
BODY = PhoneProfile(
    vendor="yealink", model="T54W", mac="00:15:65:00:00:ab", template=1, ring="general", transport="tls",
    display_name="王 偉", number="2101", voicemail="", busy_lamps=(), time_zone="Asia/Taipei",
    language="en", codecs=("g722",), lldp=True, resync="at start", as_rendered=True,
)  # fmt: skip


def word(ref):
    return Secret(f"{ref.path.replace('/', '').replace('-', '')}0123456789abcdef")


def profile(key, **change):
    refs = tuple(
        SecretRef(f"{key}/{slot}", slot, Shape.SIP, generation=1) for slot in PhoneProfile.slots
    )
    return Resource(Address("prov1", "phone_profile", key), replace(BODY, **change), refs)


WANTED = [
    profile("LH-P1"),
    profile("LH-P2", vendor="snom", mac="00:04:13:00:00:02", number="2102"),
    profile("LH-S1", vendor="linphone", mac="", number="2103"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folders as the role makes them, and nginx serving from them with certificates of its own."""
    place = tmp_path_factory.mktemp("served")
    place.parent.chmod(0o755)
    place.chmod(0o755)
    for parent in place.parents:
        parent.chmod(parent.stat().st_mode | 0o011)
    folder = place / "provisioning"
    for name in ("devices", "tokens", "certified"):
        (folder / name).mkdir(parents=True)
        shutil.chown(folder / name, "root", "www-data")
    (folder / "htpasswd").touch()
    for name in (folder, folder / "htpasswd"):
        shutil.chown(name, "root", "www-data")
    authority = Authority(place / "ca")
    authority.server("localhost", ["localhost"], addresses=[])
    maker_s_certificate(place)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = jinja2.Environment(trim_blocks=True, autoescape=False).from_string(
        TEMPLATE.read_text("utf-8")
    ).render(
        ansible_managed="a test", provisioning_interface="127.0.0.1", provisioning_port=port,
        provisioning_tls_minimum="1.2", provisioning_client_ca="x",
    )  # fmt: skip
    for old, new in (
        ("/var/lib/commsroom/provisioning", folder), ("/var/log/commsroom-provisioning", place),
        ("/var/log/nginx", place), ("/etc/commsroom/tls/provisioning-clients.crt", place / "ca/ca.crt"),
        ("/etc/commsroom/tls/provisioning.crt", place / "ca/localhost.crt"),
        ("/etc/commsroom/tls/provisioning.key", place / "ca/localhost.key"),
    ):  # fmt: skip
        text = text.replace(old, str(new))
    conf = place / "nginx.conf"
    conf.write_text(
        f"daemon off; pid {place}/pid; user www-data;\nevents {{}}\nhttp {{\n{text}}}\n"
    )
    with (place / "said").open("w") as said:
        process = subprocess.Popen(["nginx", "-c", str(conf)], stderr=said)
    try:
        end = time.monotonic() + 10
        while not answers(port) and time.monotonic() < end:
            time.sleep(0.1)
        yield place, port
    finally:
        process.terminate()
        process.wait(10)


def answers(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def maker_s_certificate(place):
    """Give a telephone the certificate its maker would: the MAC, in capitals, is its common name."""
    run = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    ca = ["-CA", "ca/ca.crt", "-CAkey", "ca/ca.key", "-CAcreateserial"]
    for argv in (
        [*run, "-keyout", "phone.key", "-out", "phone.csr", "-subj", f"/O=Maker/CN={MAC.upper()}"],
        ["openssl", "x509", "-req", "-in", "phone.csr", *ca, "-out", "phone.crt", "-days", "2"],
    ):
        subprocess.run(argv, cwd=place, check=True, capture_output=True)


class World:
    """The back end over this server."""

    def __init__(self, place, port):
        self.place, self.port, self.fence = place, port, 0
        variables = {
            "provisioning_port": port, "provisioning_folder": str(place / "provisioning"),
            "provisioning_log": str(place / "fetches.log"), "phone_resync_seconds": 0,
        }  # fmt: skip
        target = Target(
            "prov1", "127.0.0.1", "localhost", place, variables=variables, ca=place / "ca/ca.crt"
        )
        self.provider = BACKEND.connect(target, Tools(fingerprint=str))

    def apply(self, wanted):
        snapshot = self.provider.read()
        known = Known(frozenset(item.address for item in WANTED))
        plan = build(wanted, {"prov1": snapshot}, known, {"prov1": BACKEND})
        self.fence += 1
        done = self.provider.apply(Batch(plan.changes, snapshot.token, word, "x", self.fence))
        assert {item.status for item in done.outcomes} <= {Status.DONE}, done

    def get(self, path, name="", password="", *, certificate=False, method="GET"):
        context = ssl.create_default_context(cafile=str(self.place / "ca/ca.crt"))
        if certificate:
            context.load_cert_chain(self.place / "phone.crt", self.place / "phone.key")
        line = HTTPSConnection("localhost", self.port, timeout=5, context=context)
        headers = {"User-Agent": "a telephone"}
        if name:
            headers["Authorization"] = "Basic " + b64encode(f"{name}:{password}".encode()).decode()
        line.putrequest(method, path, skip_accept_encoding=True)
        for header in headers.items():
            line.putheader(*header)
        line.endheaders()
        try:
            return line.getresponse().status
        finally:
            line.close()


@pytest.fixture
def world(place, monkeypatch):
    def call(_session, module, function, data, **_):
        return getattr(importlib.import_module(module), function)(data)

    monkeypatch.setattr(ssh.Session, "call", call)
    monkeypatch.setattr(on_target, "locked", lambda *_, **__: contextlib.nullcontext())
    found = World(*place)
    found.apply(WANTED)
    yield found
    found.apply([])
    assert list((found.place / "provisioning" / "devices").iterdir()) == []


def test_the_back_end_s_own_proofs_hold_on_a_real_server(world):
    proofs = list(world.provider.prove([ProofRequest(item, word) for item in WANTED]))
    tried = [proof for proof in proofs if proof.use.startswith("fetch")]
    assert len(tried) == 3 * len(WANTED)
    assert [proof for proof in tried if proof.ok is not True] == []


def test_a_telephone_is_given_its_own_files_and_nothing_else_of_the_server(world):
    mine = word(SecretRef("LH-P1/fetch", "fetch")).reveal()
    assert world.get(f"/{MAC}.cfg", MAC, mine) == 200
    assert world.get("/y000000000000.boot", MAC, mine) == 200
    assert world.get(f"/{MAC}.cfg") == 401
    assert world.get(f"/{MAC}.cfg", OTHER, mine) == 401
    assert world.get(f"/{MAC}.cfg", "../LH-P1", mine) == 401
    assert world.get(f"/{MAC}.cfg", MAC, mine, method="POST") == 403
    for path in (f"/{OTHER.upper()}.xml", "/", "/profile.json", "/../profile.json", "/..%2fprofile.json", "/.current",
                 "/current", f"/t/{mine}/{MAC}.cfg", f"/devices/{MAC}/profile.json", "/htpasswd"):  # fmt: skip
        assert world.get(path, MAC, mine) in {400, 403, 404}, path


def test_a_maker_s_certificate_opens_that_device_s_files_and_no_other(world):
    assert world.get(f"/{MAC}.cfg", certificate=True) == 200
    assert world.get(f"/{OTHER.upper()}.xml", certificate=True) == 404


def test_what_was_fetched_is_the_very_profile_that_was_given_out(world):
    def seen(item, expected):
        """Look until it is so: nginx writes its log after it has answered."""
        end = time.monotonic() + 5
        while (got := world.provider.read().resources[item.address].body.fetched) != expected:
            assert time.monotonic() < end, got
            time.sleep(0.05)

    mine = word(SecretRef("LH-P1/fetch", "fetch")).reveal()
    assert world.get(f"/{MAC}.cfg", MAC, mine) == 200
    seen(WANTED[0], "current")
    changed = replace(WANTED[0], body=replace(WANTED[0].body, number="2177"))
    world.apply([changed, *WANTED[1:]])
    seen(WANTED[0], "older")
    assert world.get(f"/{MAC}.cfg", MAC, mine) == 200
    seen(WANTED[0], "current")


def test_no_log_holds_a_secret(world):
    secret = word(SecretRef("LH-S1/fetch", "fetch")).reveal()
    assert world.get(f"/t/{secret}/lh-s1.xml") == 200
    assert world.get(f"/t/{secret}x/lh-s1.xml") == 404
    time.sleep(0.5)  # nginx writes its log after it has answered
    logs = "".join(path.read_text("utf-8") for path in world.place.glob("*.log"))
    assert "lh-s1" in logs
    assert secret not in logs
