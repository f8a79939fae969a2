"""One private CA an estate: certificates that verify, renewed in time, keys for their owner alone."""

import contextlib
import datetime as dt
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.estate.certificates import SERVER_DAYS, Step
from commsroom.secrets.authority import Authority

NAMES = ["im1.lianhe.example", "lianhe.example"]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


def certificate(authority, name="im1"):
    return x509.load_pem_x509_certificate((authority.folder / f"{name}.crt").read_bytes())


def handshake(authority, host_name):
    """Do a TLS handshake in memory between a server with im1's certificate and a strict client."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority.folder / "im1.crt", authority.folder / "im1.key")
    client = ssl.create_default_context(cafile=str(authority.certificate))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=host_name)
    two = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (one, two):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return one.getpeercert()


@pytest.mark.parametrize("name", [*NAMES, "198.18.7.13"])
def test_strict_client_accepts_every_name(authority, name):
    authority.server("im1", NAMES, addresses=["198.18.7.13"])
    assert handshake(authority, name)["subject"] == ((("commonName", NAMES[0]),),)


def test_client_refuses_another_name(authority):
    authority.server("im1", NAMES)
    with pytest.raises(ssl.SSLCertVerificationError, match="mail1"):
        handshake(authority, "mail1.lianhe.example")


def test_client_of_another_estate_refuses(authority, tmp_path):
    authority.server("im1", NAMES)
    other = Authority(tmp_path / "other")
    for kind in ("crt", "key"):
        (other.folder / f"im1.{kind}").write_bytes((authority.folder / f"im1.{kind}").read_bytes())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(other, NAMES[0])


def test_good_certificate_is_kept(authority):
    assert authority.server("im1", NAMES)
    before = certificate(authority).serial_number
    assert not Authority(authority.folder).server("im1", NAMES)
    assert certificate(authority).serial_number == before


@pytest.mark.parametrize(("days", "renewed"), [(200, False), (SERVER_DAYS - 100, True)])
def test_renewed_while_the_old_one_is_still_good(authority, days, renewed):
    now = dt.datetime.now(dt.UTC)
    authority.server("im1", NAMES, now=now)
    assert authority.server("im1", NAMES, now=now + dt.timedelta(days=days)) is renewed


@pytest.mark.parametrize(
    "names", [[*NAMES, "share.lianhe.example"], NAMES[:1]], ids=["one more", "one less"]
)
def test_other_names_are_another_certificate(authority, names):
    authority.server("im1", NAMES)
    assert authority.server("im1", names)


def test_damaged_certificate_is_made_anew(authority):
    authority.server("im1", NAMES)
    (authority.folder / "im1.crt").write_text("half a certif")
    assert authority.server("im1", NAMES)
    assert handshake(authority, NAMES[0])


def test_key_of_another_certificate_is_made_anew(authority):
    authority.server("im1", NAMES)
    authority.server("mail1", ["mail1.lianhe.example"])
    (authority.folder / "mail1.key").rename(authority.folder / "im1.key")
    assert authority.server("im1", NAMES)
    assert handshake(authority, NAMES[0])


def test_keys_are_readable_by_their_owner_alone(authority):
    authority.server("im1", NAMES)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.folder.glob("*.key")
    }
    assert modes == {"ca.key": 0o600, "im1.key": 0o600}


def test_server_certificate_signs_nothing_and_the_root_signs_no_second_authority(authority):
    authority.server("im1", NAMES)
    root = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    own = certificate(authority).extensions
    assert own.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert own.get_extension_for_class(x509.KeyUsage).value.key_cert_sign is False
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_authority_without_its_key_is_never_replaced(authority):
    (authority.folder / "ca.key").unlink()
    with pytest.raises(CommsroomError, match="restore the folder"):
        Authority(authority.folder)
    assert not (authority.folder / "ca.key").exists()


# ── a new root, with overlap ───────────────────────────────────────────────────────────────────


def trusts(bundle, authority, name="im1"):
    """Tell whether somebody who has this copy of ca.crt accepts a server's certificate now."""
    mine = authority.folder.parent / "mine.crt"
    mine.write_bytes(bundle)
    copy = Copy(authority.folder, mine)
    try:
        handshake(copy, NAMES[0])
    except ssl.SSLCertVerificationError:
        return False
    return True


class Copy:
    """The servers' files, with somebody's own idea of whom to trust."""

    def __init__(self, folder, certificate):
        self.folder, self.certificate = folder, certificate


def test_nobody_who_takes_part_is_ever_without_trust(authority):
    authority.server("im1", NAMES)
    first = authority.certificate.read_bytes()
    authority.introduce()
    both = authority.certificate.read_bytes()
    assert not authority.server("im1", NAMES)  # the old root still signs
    assert trusts(first, authority)
    assert trusts(both, authority)
    authority.move()
    assert authority.server("im1", NAMES)
    assert not trusts(first, authority)
    assert trusts(both, authority)
    authority.settle()
    assert trusts(both, authority)
    assert trusts(authority.certificate.read_bytes(), authority)
    assert not authority.server("im1", NAMES)
    assert sorted(path.name for path in authority.folder.glob("ca*")) == ["ca.crt", "ca.key"]


STEPS = ("introduce", "move", "settle")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kill", [1, 2, 3])
def test_killed_at_any_write_the_next_run_goes_on(authority, monkeypatch, step, kill):
    for before in STEPS[: STEPS.index(step)]:
        getattr(authority, before)()
    authority.server("im1", NAMES)
    left, write, rename = [kill], files.replace_private, Path.rename

    def die_in_time():
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    def writing(path, text):
        die_in_time()
        write(path, text)

    def renaming(path, target):
        die_in_time() if path.suffix == ".key" and "next" in path.stem else None
        return rename(path, target)

    monkeypatch.setattr(files, "replace_private", writing)
    monkeypatch.setattr(Path, "rename", renaming)
    with contextlib.suppress(KeyboardInterrupt):
        getattr(authority, step)()
    monkeypatch.undo()

    for _ in range(3):
        again = Authority(authority.folder)
        again.server("im1", NAMES)
        assert handshake(again, NAMES[0])
        following = {
            Step.SETTLED: again.introduce, Step.INTRODUCED: again.move, Step.MOVED: again.settle
        }  # fmt: skip
        following[again.step]()
        if again.step is Step.SETTLED:
            break
    again = Authority(authority.folder)
    again.server("im1", NAMES)
    assert handshake(again, NAMES[0])
    assert again.certificate.read_bytes().count(b"BEGIN") == (
        1 if again.step is Step.SETTLED else 2
    )


def test_a_certificate_that_somebody_may_have_the_key_of_is_made_anew(authority):
    authority.server("im1", NAMES)
    before = certificate(authority).public_key()
    assert authority.server("im1", NAMES, anew=True)
    assert certificate(authority).public_key() != before


def test_what_is_known_of_a_certificate_says_which_root_signed_it(authority):
    authority.server("im1", NAMES)
    assert authority.issued("im1")[1]
    authority.introduce()
    authority.move()
    assert not authority.issued("im1")[1]
    assert authority.issued("nobody") is None
