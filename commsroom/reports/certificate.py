"""A certificate of sanitization on paper: every field of the form, in the reader's language, and its hash.

The page is for people; what proves anything is the signed file. So both carry the same hash, which the QR
code holds too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.retiring import document
from commsroom.estate.retiring.certificate import (
    BackedUp,
    Batch,
    Certificate,
    Destination,
    Evidence,
    Method,
    Result,
    Technique,
    Verified,
)
from commsroom.reports import html, languages, paper
from commsroom.reports.languages import N_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from gettext import NullTranslations

TITLE: Final = N_("Certificate of sanitization")
BATCH: Final = N_("Certificate of sanitization of a batch")
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "method": {Method.CLEAR: N_("Clear"), Method.PURGE: N_("Purge"), Method.DESTROY: N_("Destroy")},
    "technique": {
        Technique.OVERWRITE: N_("overwritten"),
        Technique.BLOCK_ERASE: N_("block erase"),
        Technique.CRYPTO_ERASE: N_("cryptographic erase"),
        Technique.FACTORY_RESET: N_("factory reset"),
        Technique.DEGAUSS: N_("degaussed"),
        Technique.SHRED: N_("shredded"),
        Technique.DISINTEGRATE: N_("disintegrated"),
        Technique.PULVERIZE: N_("pulverized"),
        Technique.MELT: N_("melted"),
        Technique.INCINERATE: N_("incinerated"),
        Technique.OTHER: N_("another technique"),
    },
    "verified": {
        Verified.WHOLE: N_("the whole medium was read"),
        Verified.SAMPLED: N_("a sample was read"),
        Verified.DEVICE_REPORTED: N_("reported by the device"),
        Verified.WITNESSED: N_("witnessed"),
    },
    "result": {
        Result.PASS: N_("passed"),
        Result.FAIL: N_("failed"),
        Result.UNKNOWN: N_("unknown"),
    },
    "backed_up": {BackedUp.YES: N_("yes"), BackedUp.NO: N_("no"), BackedUp.UNKNOWN: N_("unknown")},
    "destination": {
        Destination.INTERNAL_REUSE: N_("reuse in the company"),
        Destination.EXTERNAL_REUSE: N_("reuse outside"),
        Destination.RECYCLING: N_("recycling"),
        Destination.MANUFACTURER: N_("the manufacturer"),
        Destination.DESTROYED: N_("destroyed"),
        Destination.OTHER: N_("elsewhere"),
    },
}
#: Words of ours that a certificate holds as text: kinds of device and medium, categories, who did it.
OURS: Final = frozenset(
    (
        N_("phone"), N_("computer"), N_("headset"), N_("mobile"),
        N_("fax"), N_("switch"), N_("gateway"), N_("other"),
        N_("ATA magnetic disk"), N_("ATA solid-state disk"),
        N_("SCSI magnetic disk"), N_("SCSI solid-state disk"), N_("NVMe solid-state disk"),
        N_("flash memory"), N_("virtual disk"), N_("disk"),
        N_("memory of a telephone"), N_("memory of a network device"),
        N_("company's mobile"), N_("person's own mobile"), N_("SIM card"), N_("paper"),
        N_("low"), N_("moderate"), N_("high"), N_("none"), N_("by hand"),
    )
)  # fmt: skip
_SAMPLE: Final = N_(
    "%(samples)d blocks; 1 %% of residue would have been found with %(confidence)d %%"
)


def page(certificate: Certificate | Batch, *, signer: str, language: str = "en") -> str:
    """Return the page; `signer` is the fingerprint of the key it was signed with."""
    made, words = html.environment(language), languages.load(language)
    style = html.source(made, "certificate.css")
    sha256 = document.hash_of(certificate)
    return made.get_template("certificate.html.j2").render(
        it=certificate,
        title=BATCH if isinstance(certificate, Batch) else TITLE,
        language=language.replace("_", "-"),
        sha256=sha256,
        signer=signer,
        code=paper.code(document.URI + sha256),
        say=lambda field, value: words.gettext(WORDS[field][value]),
        ours=lambda text: words.gettext(text) if text in OURS else text,
        evidence=lambda found: _evidence(found, words),
        style=style,
        policy=f"default-src 'none'; style-src '{html.digest(style)}'",
    )


def pdf(certificate: Certificate | Batch, *, signer: str, language: str = "en") -> bytes:
    """Return the page on paper, the same file each time; raises CommsroomError where that cannot be made."""
    name = f"{document.hash_of(certificate)}-{language}".encode()
    return paper.pdf(page(certificate, signer=signer, language=language), identifier=name)


def _evidence(found: Evidence, words: NullTranslations) -> str:
    named = WORDS["verified"][found.verified]
    said = words.gettext(named)
    if found.samples is not None:
        sample = {"samples": found.samples, "confidence": found.confidence}
        said += f" ({words.gettext(_SAMPLE) % sample})"
    return said
