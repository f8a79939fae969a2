"""tls: what is shown and renewed of the estate's own authority; on real servers: tests/lab."""

from __future__ import annotations

import errno

import pytest
from cryptography import x509

from commsroom import files
from commsroom.backends import outside
from commsroom.ledger import Ledger
from commsroom.secrets.authority import Authority

VARIABLES = """\
    commsroom_domain: small.example
    commsroom_tls_certificate: "{{ inventory_dir }}/../.commsroom/ca/{{ inventory_hostname }}.crt"
    commsroom_tls_names: [small.example]
"""


@pytest.fixture
def office(estate):
    """The estate, with an authority of its own whose certificates are its servers'."""
    file = estate.path / "inventory/hosts.yml"
    text = file.read_text("utf-8").replace("    commsroom_domain: small.example\n", VARIABLES)
    file.write_text(text, "utf-8")
    Authority(estate.path / ".commsroom/ca")

    def call(*words):
        return estate("tls", *words, simulated=False)

    call.path = estate.path
    call.ca = estate.path / ".commsroom/ca"
    call.estate = estate
    return call


def serial(office, name):
    return x509.load_pem_x509_certificate((office.ca / f"{name}.crt").read_bytes()).serial_number


@pytest.fixture
def network(office, monkeypatch):
    """What the servers show: whatever lay with the estate when `put` was last called."""
    shown = {}

    def put():
        shown.update(
            {name: (office.ca / f"{name}.crt").read_bytes() for name in ("pbx1", "mail1", "im1")}
        )

    def look(target, services, **_):
        root = x509.load_pem_x509_certificate(target.ca.read_bytes())
        found = {}
        for service in services:
            said = shown[target.system]
            try:
                x509.load_pem_x509_certificate(said or b"").verify_directly_issued_by(root)
            except ValueError:
                found[service.place] = (
                    {"unknown": "connection refused"} if said is None else {"verified": False}
                )
            except Exception:  # noqa: BLE001 - another root signed it
                found[service.place] = {"verified": False}
            else:
                found[service.place] = {"verified": True}
        return found

    monkeypatch.setattr(outside, "look", look)
    put.shown = shown
    return put


def test_what_is_missing_is_made_and_what_is_good_is_kept(office):
    first = office("renew")
    assert (first.code, first.err) == (0, "")
    assert "New: im1, mail1, pbx1" in first.out
    assert "ansible-playbook playbooks/site.yml --tags instance" in first.out
    before = serial(office, "im1")
    assert "Nothing is due" in office("renew").out
    assert serial(office, "im1") == before


def test_a_named_server_gets_a_new_key_whatever_it_has(office, contract):
    office("renew")
    key, other = (office.ca / "im1.key").read_bytes(), serial(office, "pbx1")
    made = office("renew", "im1", "--json").document
    contract("tls renew", made)
    assert made["made"] == ["im1"]
    assert (office.ca / "im1.key").read_bytes() != key
    assert serial(office, "pbx1") == other


def test_show_says_until_when_for_whom_and_of_which_root(office, contract):
    office("renew")
    said = office("show")
    assert "im1" in said.out
    assert "im1.small.example, small.example" in said.out
    document = office("show", "--json").document
    contract("tls show", document)
    assert document["root"]["step"] == "settled"
    assert [(one["name"], one["root"]) for one in document["certificates"]] == [
        ("im1", "current"), ("mail1", "current"), ("pbx1", "current"),
    ]  # fmt: skip


def test_no_key_is_ever_in_an_output_or_the_ledger(office):
    said = office("renew").out + office("show", "--json").out
    lines = (office.ca / "im1.key").read_text("utf-8").splitlines()[1:-1]
    kept = (office.path / ".commsroom/ledger.db").read_bytes().decode("utf-8", "replace")
    assert lines
    assert not any(line in said or line in kept for line in lines)


def test_a_root_is_let_go_only_when_every_server_was_seen_to_show_the_new_one(office, network):
    office("renew")
    network()
    assert office("renew", "--root", "--yes", "--json").document["root"]["step"] == "introduced"
    moved = office("renew", "--root", "--yes", "--json").document
    assert (moved["root"]["step"], moved["made"]) == ("moved", ["im1", "mail1", "pbx1"])

    early = office("renew", "--root", "--yes")  # site.yml has not run
    assert early.code == 2
    assert "shows a certificate that the new root did not sign" in early.out
    assert office("show", "--json").document["root"]["step"] == "moved"

    network()
    network.shown["mail1"] = None
    silent = office("renew", "--root", "--yes", "--json")
    assert (silent.code, list(silent.document["unknown"])) == (4, ["mail1"])

    network()
    done = office("renew", "--root", "--yes", "--json")
    assert (done.code, done.document["root"]["step"]) == (0, "settled")
    told = office.estate("ledger", "show", "--json", simulated=False).document["events"]
    assert [one["data"] for one in told if one["kind"] == "root certificate"] == [
        {"step": "introduced"},
        {"step": "moved"},
        {"step": "settled"},
    ]


@pytest.mark.parametrize("words", [["renew"], ["renew", "--root", "--yes"]])
def test_a_full_disk_is_one_line_and_the_next_run_goes_on(office, monkeypatch, words):
    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace_private", full)
        done = office(*words)
    assert done.code == 1
    assert "cannot be written: No space left on device" in done.err
    assert "Traceback" not in done.err
    assert office(*words).code == 0


def test_who_waited_for_another_takes_the_step_after_theirs(office, monkeypatch):
    office("renew")
    lock, other = Ledger.lock, []

    def later(self, *words, **named):
        if not other:  # somebody else was quicker while we came to the lock
            Authority(office.ca).introduce()
            other.append((office.ca / "ca.crt").read_bytes())
        return lock(self, *words, **named)

    monkeypatch.setattr(Ledger, "lock", later)
    done = office("renew", "--root", "--yes", "--json").document
    assert done["root"] == {"began": "introduced", "step": "moved"}
    both = x509.load_pem_x509_certificates((office.ca / "ca.crt").read_bytes())
    assert both == x509.load_pem_x509_certificates(other[0])[::-1]


def test_what_is_not_ours_is_left_to_whom_it_is(office):
    file = office.path / "inventory/hosts.yml"
    text = file.read_text("utf-8")
    file.write_text(f"{text}      commsroom_tls_certificate: /etc/letsencrypt/im1.crt\n", "utf-8")
    assert office("show", "--json").document["others"] == {"im1": "/etc/letsencrypt/im1.crt"}
    refused = office("renew", "im1")
    assert refused.code == 1
    assert "another authority's: /etc/letsencrypt/im1.crt" in refused.err
    assert office("renew", "--json").document["made"] == ["mail1", "pbx1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["renew", "nobody"], "nobody is not in the inventory"),
        (["renew", "--root", "pbx1"], "--root concerns every server"),
        (["renew", "--root"], "no terminal to ask on"),
    ],
)
def test_what_cannot_be_done_is_one_line(office, words, said):
    done = office(*words)
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") <= 2


def test_an_estate_without_an_authority_says_so(estate):
    done = estate("tls", "show", simulated=False)
    assert done.code == 1
    assert "no authority of its own" in done.err


def test_a_simulation_makes_no_certificate(office):
    done = office.estate("tls", "renew")
    assert done.code == 1
    assert "leave out --simulate" in done.err
    assert not (office.ca / "im1.crt").exists()
