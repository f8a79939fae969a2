"""The estate's private certificate authority: one root, a certificate for each server.

It lives with the estate on the controller, in `.commsroom/ca/`; its keys never leave that folder
and are readable by their owner alone. The roles copy a server's key and certificate to the server.

A root is renewed with overlap, in steps that the files themselves record, so that a kill loses none:

1. *introduced*: `ca.next.key` is there, and `ca.crt` holds the old root, then the new one. Whoever trusts that
   file trusts both; the old one signs.
2. *moved*: `ca.crt` holds the new one first, and what comes first signs; every server gets a certificate of it.
3. settled: `ca.next.key` has become `ca.key`, and `ca.crt` holds the new root alone.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from commsroom import files
from commsroom.errors import CommsroomError
from commsroom.estate.certificates import SERVER_DAYS, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: A server's is renewed when less than a third is left, so the old and new one overlap.
_RENEW_DAYS: Final = SERVER_DAYS // 3
_ROOT_DAYS: Final = 3650
#: A server's clock may be slow.
_BACKDATE: Final = dt.timedelta(hours=1)


class Authority:
    """The authority of one estate; made where there is none."""

    def __init__(self, folder: Path, *, organisation: str = "commsroom") -> None:
        """Open the authority in `folder`, or make it.

        Raises:
            CommsroomError: key and certificate there do not belong together or cannot be read.
        """
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._key_file.exists() and not self.certificate.exists():
            key, root = _make_root(organisation)
            files.replace_private(self._key_file, _pem(key))
            files.replace_private(self.certificate, _text(root))
        try:
            self._roots = x509.load_pem_x509_certificates(self.certificate.read_bytes())
            keys = [_load_key(path) for path in (self._key_file, self._next_file) if path.exists()]
        except (OSError, ValueError, TypeError) as error:
            raise CommsroomError(
                f"{folder}: the certificate authority cannot be read: {type(error).__name__}",
                remedy="restore the folder from a backup, or remove it to begin with a new one",
            ) from error
        if not self._key_file.exists():
            raise CommsroomError(
                f"{folder}: ca.key is not there", remedy="restore the folder from a backup"
            )
        signing = [key for key in keys if key.public_key() == self.root.public_key()]
        if not signing:
            raise CommsroomError(
                f"{folder}: ca.key is not the key of ca.crt", remedy="restore both from one backup"
            )
        self._key = signing[0]

    @property
    def certificate(self) -> Path:
        """The file of the root certificates that clients trust: one, or two while it is renewed."""
        return self.folder / "ca.crt"

    @property
    def root(self) -> x509.Certificate:
        """The root that signs."""
        return self._roots[0]

    @property
    def step(self) -> Step:
        """How far its renewal is."""
        if (
            len(self._roots) == 1
        ):  # a next key alone was never published, and the next try makes another
            return Step.SETTLED
        next_one = self._next_file.exists() and _load_key(self._next_file).public_key()
        return Step.INTRODUCED if next_one == self._roots[1].public_key() else Step.MOVED

    @property
    def _key_file(self) -> Path:
        return self.folder / "ca.key"

    @property
    def _next_file(self) -> Path:
        return self.folder / "ca.next.key"

    # ── a new root, step by step ────────────────────────────────────────────────────────────────

    def introduce(self, *, organisation: str = "commsroom") -> None:
        """Make the next root, and have `ca.crt` hold it beside the one that signs."""
        key, root = _make_root(organisation)
        files.replace_private(self._next_file, _pem(key))
        self._publish([self.root, root])

    def move(self) -> None:
        """Have the next root sign from now on; both stay trusted."""
        self._publish([self._roots[1], self._roots[0]])
        self._key = _load_key(self._next_file)

    def settle(self) -> None:
        """Let go of the old root, key and all: what it signed is trusted no more."""
        if self._next_file.exists():
            self._next_file.rename(self._key_file)
        self._publish([self.root])

    def _publish(self, roots: list[x509.Certificate]) -> None:
        files.replace_private(self.certificate, "".join(_text(root) for root in roots))
        self._roots = roots

    # ── servers ─────────────────────────────────────────────────────────────────────────────────

    def server(
        self,
        name: str,
        names: Sequence[str],
        *,
        addresses: Sequence[str] = (),
        anew: bool = False,
        now: dt.datetime | None = None,
    ) -> bool:
        """See that `NAME.crt` and `NAME.key` are there, good for these names; tell whether they are new.

        A certificate is made anew when it misses a name, comes from another root than the one that
        signs, or has less than a third of its life left.

        Args:
            name: Of the files.
            names: DNS names it is for; the first is the subject.
            addresses: IP addresses it is for, too.
            anew: Make new ones whatever is there: somebody may know the key.
            now: The time, for tests.
        """
        now = now or dt.datetime.now(dt.UTC)
        wanted = _alternatives(names, addresses)
        if not anew and self._good(name, wanted, now):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_subject(names[0]), self.root.subject, key.public_key(), now, SERVER_DAYS)
            .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )  # fmt: skip
        certificate = builder.sign(self._key, hashes.SHA256())
        # The key first: a certificate without its key is found and made anew, never used.
        files.replace_private(self.folder / f"{name}.key", _pem(key))
        files.replace_private(self.folder / f"{name}.crt", _text(certificate))
        return True

    def issued(self, name: str) -> tuple[dt.datetime, bool] | None:
        """Return when a server's certificate ends, and whether the root that signs now signed it.

        None where none can be read.
        """
        try:
            held = x509.load_pem_x509_certificate((self.folder / f"{name}.crt").read_bytes())
        except (OSError, ValueError):
            return None
        return held.not_valid_after_utc, _signed(held, self.root)

    def _good(self, name: str, wanted: Sequence[x509.GeneralName], now: dt.datetime) -> bool:
        try:
            held = x509.load_pem_x509_certificate((self.folder / f"{name}.crt").read_bytes())
            key = _load_key(self.folder / f"{name}.key")
            names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is right
            return False
        left = held.not_valid_after_utc - now
        return (
            _signed(held, self.root)
            and held.public_key() == key.public_key()
            and list(names) == list(wanted)
            and left > dt.timedelta(days=_RENEW_DAYS)
        )


def _make_root(organisation: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    # The year keeps two roots of one authority apart wherever names are listed.
    subject = _subject(f"{organisation} private CA {now:%Y-%m-%d}")
    builder = (
        _builder(subject, subject, key.public_key(), now, _ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return key, builder.sign(key, hashes.SHA256())


def _signed(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except Exception:  # noqa: BLE001 - names that differ, a bad signature, an odd algorithm: it did not
        return False
    return True


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _alternatives(names: Sequence[str], addresses: Sequence[str]) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(each) for each in names),
        *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses),
    ]


def _subject(name: str) -> x509.Name:
    # A common name has at most 64 characters (RFC 5280); the alternative names are what counts.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(path.name)
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
