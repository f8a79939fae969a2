"""Inspection of real servers: sound ones pass whole, and each fault made by hand is named, and nothing else.

Faults are made on the servers with their own tools, many at a time: what is named must be exactly them.
"""

from __future__ import annotations

import datetime as dt
import time
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


def inspected(company, *words, expect):
    return company.json("inspect", *words, expect=expect)


def wrong(document):
    """Address → what was found, of everything that is not good; True, None and what is only noted apart."""
    assert [check for check in document["checks"] if check["ok"] is None] == []
    return {
        check["address"]: check["got"]
        for check in document["checks"]
        if not check["ok"] and check["weight"] != "note"
    }


@contextmanager
def faults(company, host, make, repair):
    """Make faults on a server by a shell script, and repair them whatever happens."""
    try:
        company.on(host, f"set -e\n{make}")
        yield
    finally:
        company.on(host, f"set -x\n{repair}", check=False)


@contextmanager
def limits(company, text):
    """Have policy say something else for a while."""
    file = company.root / "policies/inspection.yml"
    before = file.read_text("utf-8")
    file.write_text(text, "utf-8")
    try:
        yield
    finally:
        file.write_text(before, "utf-8")


def test_sound_servers_pass_and_probe_accounts_are_used(company):
    document = inspected(company, expect=0)
    assert wrong(document) == {}
    assert document["findings"] == []
    assert {check["system"] for check in document["checks"]} == {
        "pbx1",
        "mail1",
        "im1",
        "equipment",
        "people",
    }
    assert {proof["use"].split()[0] for proof in document["proofs"]} >= {
        "login",
        "imap",
        "register",
    }
    refused = {
        check["address"]: check["got"] for check in document["checks"] if check["name"] == "tls-old"
    }
    assert len(refused) == 2 * 8  # TLS 1.0 and 1.1, on each encrypted service
    assert set(refused.values()) == {"refused"}


def test_an_inspection_writes_to_no_server_and_needs_few_round_trips(company):
    stamp = "find /etc /var/lib -newer /run/seed.stamp -type f 2>/dev/null | grep -v -e random-seed -e /chrony -e lastlog || true"
    company.on("im1", "touch /run/seed.stamp; sleep 1.1")
    before = company.on("im1", "journalctl -u ssh -o cat | grep -c Accepted || true")
    inspected(company, "--no-use", expect=0)
    after = company.on("im1", "journalctl -u ssh -o cat | grep -c Accepted || true")
    assert int(after) - int(before) == 2  # the inspection's one, and the question after it
    assert company.on("im1", stamp) == ""


MAIL = """
mount -t tmpfs -o size=1m seed /mnt && head -c 1000000 /dev/zero >/mnt/full
chmod 0644 /etc/commsroom/tls/mail.key
useradd seed-empty && passwd -qd seed-empty
useradd seed-default && echo seed-default:changeme | chpasswd
useradd -o -u 0 seed-root
systemd-run -q --unit seed-listener python3 -m http.server 8080
systemd-run -q --unit seed-fails false
printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/chrony.service
systemctl -q enable chrony
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-seed.conf
touch /run/reboot-required
cp -p /etc/dovecot/dovecot.conf /run/dovecot.conf
sed -i 's/^ssl_min_protocol.*/ssl_min_protocol = TLSv1\\nssl_cipher_list = ALL:@SECLEVEL=0/' /etc/dovecot/dovecot.conf
doveadm reload
postconf -e defer_transports=error && postfix reload 2>/dev/null
for n in 1 2; do echo hello | sendmail -f root@lianhe.example somebody@outside.invalid; done
sleep 3
"""
MEND_MAIL = """
umount /mnt; chmod 0600 /etc/commsroom/tls/mail.key; rm -f /run/reboot-required /etc/ssh/sshd_config.d/00-seed.conf
for name in seed-empty seed-default; do userdel -r $name; done; sed -i /^seed-root:/d /etc/passwd /etc/shadow
systemctl stop seed-listener; systemctl reset-failed
systemctl disable chrony; rm -f /etc/systemd/system/chrony.service; systemctl daemon-reload
cp -p /run/dovecot.conf /etc/dovecot/dovecot.conf; doveadm reload
postconf -X defer_transports; postsuper -d ALL; postfix reload
sleep 2
"""
STRICT = "---\nthresholds:\n  queue_length: 1\n  queue_age: 1s\n"


def test_every_fault_of_a_mail_server_is_named_and_nothing_else(company):
    with limits(company, STRICT), faults(company, "mail1", MAIL, MEND_MAIL):
        found = wrong(inspected(company, "--no-use", expect=2))
    assert set(found) == {
        "mail1:disk//mnt",
        "mail1:file-mode//etc/commsroom/tls/mail.key",
        "mail1:password/seed-empty",
        "mail1:password/seed-default",
        "mail1:masters/uid 0",
        "mail1:listener/tcp 8080 on 0.0.0.0",
        "mail1:unit/seed-fails.service",
        "mail1:time-sync/service",
        "mail1:ssh/password login",
        "mail1:reboot/system",
        "mail1:tls-old/imaps 993 TLS 1.0",
        "mail1:tls-old/imaps 993 TLS 1.1",
        "mail1:tls-old/sieve 4190 TLS 1.0",
        "mail1:tls-old/sieve 4190 TLS 1.1",
        "mail1:tls-cipher/imaps 993",
        "mail1:tls-cipher/sieve 4190",
        "mail1:queue/length",
        "mail1:queue/age",
    }
    assert found["mail1:queue/length"] == "2 wait"
    assert found["mail1:file-mode//etc/commsroom/tls/mail.key"] == "0644, of root"
    assert found["mail1:listener/tcp 8080 on 0.0.0.0"] == "python3 listens"
    assert found["mail1:tls-old/imaps 993 TLS 1.0"] == "accepted"
    assert wrong(inspected(company, "--no-use", expect=0)) == {}


PBX = """
cp -p /etc/asterisk/commsroom/voicemail.conf /run/voicemail.conf
sed -i '2s/=> *[0-9]*/=> 1234/' /etc/asterisk/commsroom/voicemail.conf
chmod o+r /etc/asterisk/commsroom/pjsip.conf
nft insert rule inet commsroom input tcp dport 8088 accept
systemd-run -q --unit seed-listener python3 -m http.server 8088
sleep 1
"""
MEND_PBX = """
cp -p /run/voicemail.conf /etc/asterisk/commsroom/voicemail.conf; chmod o-r /etc/asterisk/commsroom/pjsip.conf
systemctl stop seed-listener; systemctl reload commsroom-firewall
"""


def test_every_fault_of_an_exchange_is_named_and_nothing_else(company):
    with faults(company, "pbx1", PBX, MEND_PBX):
        found = wrong(inspected(company, "--no-use", expect=2))
    assert set(found) == {
        "pbx1:password/voicemail",
        "pbx1:file-mode//etc/asterisk/commsroom/pjsip.conf",
        "pbx1:listener/tcp 8088 on 0.0.0.0",
        "pbx1:open-port/tcp 8088",
        "pbx1:plaintext/tcp",
    }
    assert wrong(inspected(company, "--no-use", expect=0)) == {}


def test_a_port_the_firewall_closes_is_seen_from_within_and_not_from_outside(company):
    make = "systemd-run -q --unit seed-listener python3 -m http.server 8080; sleep 1"
    with faults(company, "im1", make, "systemctl stop seed-listener"):
        found = wrong(inspected(company, "--no-use", "--only", "im1:*", expect=2))
    assert set(found) == {"im1:listener/tcp 8080 on 0.0.0.0"}


def short_lived(company, days):
    """Sign the mail server's own key again with the estate's authority, for few days."""
    ca = company.root / ".commsroom/ca"
    authority = x509.load_pem_x509_certificate((ca / "ca.crt").read_bytes())
    signer = serialization.load_pem_private_key((ca / "ca.key").read_bytes(), None)
    own = x509.load_pem_x509_certificate((ca / "mail1.crt").read_bytes())
    now = dt.datetime.now(dt.UTC)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail1")]))
        .issuer_name(authority.subject).public_key(own.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=90))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(names, critical=False)
        .sign(signer, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(("days", "said"), [(5, "valid for 5 days more"), (-3, "has expired")])
def test_a_certificate_that_ends_is_named_on_every_service_that_shows_it(company, days, said):
    make = (
        "cp -p /etc/commsroom/tls/mail.crt /run/mail.crt\n"
        f"cat >/etc/commsroom/tls/mail.crt <<'END'\n{short_lived(company, days)}END\n"
        "doveadm reload; postfix reload 2>/dev/null; sleep 2"
    )
    mend = "cat /run/mail.crt >/etc/commsroom/tls/mail.crt; doveadm reload; postfix reload; sleep 2"
    with faults(company, "mail1", make, mend):
        found = wrong(inspected(company, "--no-use", "--only", "mail1:*", expect=2))
    assert set(found) == {
        f"mail1:certificate/{place}"
        for place in ("imaps 993", "sieve 4190", "smtp 25", "submission 587")
    }
    assert all(said in got for got in found.values())


def test_a_server_that_hangs_is_unknown_in_time_and_the_others_are_complete(company):
    # It goes on by itself: nobody could log in to make it.
    kill = "systemctl kill --kill-whom=main"
    stop = f"systemd-run -q --on-active=95 --timer-property=AccuracySec=1s {kill} -s CONT ssh; {kill} -s STOP ssh"
    company.on("im1", stop)
    began = time.monotonic()
    document = inspected(company, "--no-use", expect=4)
    took = time.monotonic() - began
    time.sleep(max(0, 100 - took))
    assert took < 90
    (finding,) = document["findings"]
    assert (finding["system"], finding["kind"]) == ("im1", "unknown")
    assert wrong(document) == {}
    seen = {check["system"] for check in document["checks"] if check["name"] == "disk"}
    assert seen == {"pbx1", "mail1"}
    # Its services are seen from outside all the same.
    assert "im1:certificate/xmpp 5222" in {check["address"] for check in document["checks"]}
    assert wrong(inspected(company, "--no-use", expect=0)) == {}


def test_the_playbook_tells_the_same(company):
    company.run("ansible-playbook", "playbooks/inspect.yml", "-e", "use=false")
    with faults(company, "im1", "touch /run/reboot-required", "rm /run/reboot-required"):
        said = company.run("ansible-playbook", "playbooks/inspect.yml", "-e", "use=false", expect=2)
    assert "im1:reboot/system" in said
