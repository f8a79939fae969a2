"""A real drift is mailed and messaged exactly once, and so is its repair."""

from __future__ import annotations

import email
import email.policy
import imaplib
import ssl

import pytest

pytestmark = pytest.mark.lab

#: A manager who is told, and somebody whose chat account is closed by hand.
TOLD, OTHER = "L003", "L020"
NOTIFY = f"---\nmail: {{people: [{TOLD}]}}\nchat: {{people: [{TOLD}], rooms: [administration]}}\n"


def login_of(company, person: str) -> str:
    lines = (company.root / "policies/allocations.lock").read_text("utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.split()[0] == person)


def letters(company, login: str) -> list[email.message.EmailMessage]:
    """What the reader finds in the inbox from our sender, over IMAPS."""
    address = f"{login}@lianhe.example"
    shown = company.json("secret", "show", f"mail1:mailbox/{address}")
    status = company.json("lab", "status")
    context = ssl.create_default_context(cafile=status["ca"])
    context.check_hostname = False  # by address here; the proofs check the name
    with imaplib.IMAP4_SSL(*status["services"]["imaps"], ssl_context=context, timeout=15) as link:
        link.login(address, shown["secrets"][0]["value"])
        link.select("INBOX", readonly=True)
        numbers = link.search(None, "FROM", "commsroom@lianhe.example")[1][0].split()
        parts = [link.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]
    return [email.message_from_bytes(part, policy=email.policy.default) for part in parts]


def said(company, login: str, text: str) -> tuple[int, int]:
    """How often a text was written to somebody, and in the room, as the server keeps it."""
    name = login.replace(".", "%2e").replace("-", "%2d")
    counts = []
    for files in (f"archive/{name}.list", "muc_log/administration.list"):
        script = (
            f"cat /var/lib/prosody/*/{files} 2>/dev/null | grep -o 'im1:account/{text} ' | wc -l"
        )
        counts.append(int(company.on("im1", script)))
    return counts[0], counts[1]


def test_a_drift_and_its_repair_are_each_told_once(clean) -> None:
    (clean.root / "policies/notify.yml").write_text(NOTIFY, "utf-8")
    clean.commsroom("apply", "--yes")
    clean.commsroom("drift", "--notify")  # what other tests left standing is told now
    reader, other = login_of(clean, TOLD), login_of(clean, OTHER)
    before, heard = letters(clean, reader), said(clean, reader, other)
    clean.commsroom("drift", "--notify")
    # By their text: a message is equal to itself only, and other tests may have left one here.
    assert list(map(str, letters(clean, reader))) == list(map(str, before))

    clean.on("im1", f"prosodyctl shell user disable {other}@lianhe.example")
    for _ in range(2):
        clean.commsroom("drift", "--notify", expect=2)
    clean.on("im1", f"prosodyctl shell user enable {other}@lianhe.example")
    for _ in range(2):
        clean.commsroom("drift", "--notify")

    new, repaired = letters(clean, reader)[len(before) :]
    assert "新增 1 項" in new["Subject"]
    assert "已修復 1 項" in repaired["Subject"]
    assert new["Auto-Submitted"] == "auto-generated"
    assert f"im1:account/{other} " in new.get_body(("plain",)).get_content()
    assert next(new.iter_attachments()).get_content_type() == "text/html"
    assert said(clean, reader, other) == (heard[0] + 2, heard[1] + 2)
    assert clean.json("prove", "--only", "*:*/*commsroom*")["ok"] is True
    assert clean.json("ledger", "verify")["ok"] is True
