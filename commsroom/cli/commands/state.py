"""Commands about what we keep: secrets, their key and the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commsroom.cli import output
from commsroom.cli.completion import addresses
from commsroom.cli.options import AsOf, LedgerUrl, day
from commsroom.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add the groups `secret`, `key` and `ledger` to `app`."""
    secret = typer.Typer(help="The secrets commsroom keeps for managed accounts.")
    command(secret, "show", "commsroom secret show pbx1:extension/2107")(secret_show)
    command(secret, "enter", "commsroom secret enter pbx1:trunk/main", works=True)(secret_enter)
    command(secret, "move", "commsroom secret move", works=True)(secret_move)
    app.add_typer(secret, name="secret")
    key = typer.Typer(help="The estate's master key.")
    command(key, "rotate", "commsroom key rotate", works=True)(key_rotate)
    app.add_typer(key, name="key")
    ledger = typer.Typer(help="What was done and by whom, and that nobody rewrote it.")
    command(ledger, "show", "commsroom ledger show", "commsroom ledger show pbx1:extension/2107")(
        ledger_show
    )
    command(
        ledger,
        "verify",
        "commsroom ledger verify",
        "commsroom ledger verify --anchor /mnt/notary/checkpoints.jsonl",
        "commsroom ledger verify --anchor 'commsroom-checkpoint-*'",
    )(ledger_verify)
    command(
        ledger,
        "checkpoint",
        "commsroom ledger checkpoint --key ~/.ssh/id_ed25519 --out /mnt/notary/checkpoints.jsonl",
        "commsroom ledger checkpoint --key ~/.ssh/id_ed25519 --git-tag --mail",
        works=("out", "git_tag", "mail"),
    )(ledger_checkpoint)
    command(ledger, "unlock", "commsroom ledger unlock wei@ops1", works=True)(ledger_unlock)
    command(
        ledger,
        "export",
        "commsroom ledger export --baseline baseline.json --sign ~/.ssh/id_ed25519 --expires 30d",
        "commsroom ledger export --fingerprint-key ~/ci.key",
        works=True,
    )(ledger_export)
    app.add_typer(ledger, name="ledger")


def secret_show(
    session: Session,
    *,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", show_default=False, autocompletion=addresses)
    ],
    as_of: AsOf = None,
) -> int:
    """Show secrets, to hand them to their owner.

    The ledger remembers who was shown what.
    """
    from commsroom.app import secrets
    from commsroom.reports.lines import printable

    with session.open() as estate:
        found = secrets.reveal(estate, address, as_of=day(as_of))
    # The one place of the package where secrets are shown: it is what was asked for.
    session.out.text(
        "".join(
            f"{printable(str(item))}  {slot}  {secret.reveal()}\n" for item, slot, secret in found
        )
    )
    session.out.document(
        {
            "secrets": [
                {"address": str(item), "slot": slot, "value": secret.reveal()}
                for item, slot, secret in found
            ]
        }
    )
    return 0


def secret_enter(
    session: Session,
    *,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", show_default=False, autocompletion=addresses)
    ],
) -> int:
    """Keep a password somebody else made, such as the telephone company's.

    It is asked for without being shown, or read from standard input; apply sends it.
    """
    from commsroom.app import secrets
    from commsroom.cli import forms
    from commsroom.reports.lines import printable

    with session.open(founding=True) as estate:
        at = secrets.enter(estate, address, forms.password)
    session.out.text(f"Kept. commsroom apply sends it to {printable(str(at))}.\n")
    session.out.document({"address": str(at)})
    return 0


def secret_move(session: Session) -> int:
    """Carry all secrets into the store that policies/security.yml names now.

    Every one is read back there before anything depends on it; the old store stays as it is. Killed
    anywhere, run it again.
    """
    from commsroom.app import moving
    from commsroom.reports.lines import count, printable

    with session.open() as estate:
        estate.require_ledger()
        done = moving.move(estate)
    session.out.text(
        f"Moved: {count(done.count, 'secret')}, each read back\n"
        f"From:  {printable(done.old)} (still there: remove it when your backups hold the new one)\n"
        f"To:    {printable(done.new)}\n"
    )
    session.out.document({"moved": done.count, "from": done.old, "to": done.new})
    return 0


def key_rotate(session: Session) -> int:
    """Renew the master key, and seal every secret anew under it.

    Killed anywhere, the store opens, and the same command goes on. What the ledger knows of passwords
    stays comparable; saved plans are made anew. The old key is kept beside: it opens older backups.
    """
    from commsroom.app import keying
    from commsroom.reports.lines import count, printable

    with session.open() as estate:
        estate.require_ledger()
        done = keying.rotate(estate)
    session.out.text(
        f"Renewed: {printable(str(done.file))} ({count(done.count, 'secret')} sealed anew). Back it up now,"
        " apart from the store, and replace every copy of it.\n"
        f"Old key: {printable(str(done.old))} opens backups from before. Remove it when you need none of them.\n"
    )
    session.out.document({"sealed": done.count, "file": str(done.file), "old": str(done.old)})
    return 0


def ledger_show(
    session: Session,
    *,
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", show_default=False, autocompletion=addresses),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="At most this many events, the newest.")
    ] = 50,
    ledger: LedgerUrl = None,
) -> int:
    """Show what was done and by whom, oldest first."""
    from commsroom.app import ledgers
    from commsroom.estate.resource import Address
    from commsroom.reports import documents, objects

    at = Address.parse(address) if address else None
    with session.open(ledger=ledger, read_only=True) as estate:
        found = sorted(ledgers.events(estate, address=at, limit=limit), key=lambda item: item.seq)
    session.out.lines(objects.event_lines(found, at=address or ""))
    session.out.document({"events": [documents.event_document(item) for item in found]})
    return 0


def ledger_verify(
    session: Session,
    *,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|TAG",
            help="Compare with the checkpoints in this file, or in tags of this name or glob.",
            show_default=False,
        ),
    ] = None,
    signers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Whose checkpoints count.  [default: policies/checkpoint-signers]",
            show_default=False,
        ),
    ] = None,
    ledger: LedgerUrl = None,
) -> int:
    """Check that no event was changed, removed, inserted or moved.

    With a checkpoint that was kept elsewhere it also shows a ledger that was computed anew as a whole.
    What cannot be seen is said.
    """
    from commsroom.app import anchoring
    from commsroom.errors import Exit
    from commsroom.reports.text import ledger as text

    with session.open(ledger=ledger, read_only=True) as estate:
        found = anchoring.verify(estate, anchor or (), signers=signers)
    document = anchoring.verified_document(found)
    session.out.lines(text.verified_lines(document))
    session.out.document(document)
    return Exit.ERROR if found.faults else Exit.DONE


def ledger_checkpoint(
    session: Session,
    *,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Sign it with this SSH key (or the public half of one in your agent).",
            envvar="COMMSROOM_CHECKPOINT_KEY_FILE",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add it to this file, a line each.", show_default=False),
    ] = None,
    git_tag: Annotated[
        bool, typer.Option("--git-tag", help="Put it into an annotated tag, to be pushed.")
    ] = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="Send it to those whom policies/notify.yml names.")
    ] = False,
) -> int:
    """Sign what the ledger is now, to be kept where nobody who may write the ledger can.

    It is what `ledger verify --anchor` compares with. Without a place it is printed. Prints the line by
    which policies/checkpoint-signers knows the signer, where it does not yet.
    """
    from commsroom.app import anchoring
    from commsroom.errors import UsageError
    from commsroom.reports.text import ledger as text

    if key is None:
        raise UsageError(
            "ledger checkpoint: no key is named, and one that is not signed anybody can write",
            remedy="--key FILE, or COMMSROOM_CHECKPOINT_KEY_FILE",
        )
    with session.open() as estate:
        estate.require_ledger()
        made = anchoring.checkpoint(
            estate, key, out=out, tag=git_tag, mail=mail, progress=session.progress
        )
    document = anchoring.made_document(made)
    session.out.lines(text.checkpoint_lines(document))
    if made.signers_line:  # apart from what may go into a file of checkpoints
        output.warn(f"To know its signer, add to {anchoring.SIGNERS}:\n{made.signers_line}")
    session.out.document(document)
    return 0


def ledger_unlock(
    session: Session,
    *,
    holder: Annotated[str, typer.Argument(metavar="HOLDER", show_default=False)],
) -> int:
    """Break the lock of a holder whose apply hangs.

    The next write of that apply is refused on every system.
    """
    from commsroom.app import ledgers
    from commsroom.reports.lines import printable

    with session.open() as estate:
        ledgers.unlock(estate, holder)
    session.out.text(f"The lock of {printable(holder)} is broken.\n")
    session.out.document({"unlocked": holder})
    return 0


def ledger_export(
    session: Session,
    *,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write here what a drift check needs of the ledger; no secret is in it.",
            show_default=False,
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            metavar="KEY",
            help="Sign it, into FILE.sig, with this SSH key (or the public half of one in your agent).",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str,
        typer.Option(
            metavar="DATE|SPAN",
            help="It is refused after this day, or this long from now, as 30d.",
            show_default=False,
        ),
    ] = "",
    fingerprint_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write here the key by which a check sees that a password was changed. It opens no"
            " secret, and is one: for a pipeline's secret variable.",
            show_default=False,
        ),
    ] = None,
    ledger: LedgerUrl = None,
) -> int:
    """Export what a pipeline needs to check for drift without the ledger.

    Prints the line by which policies/baseline-signers trusts the signer, where it does not yet.
    """
    from commsroom.app import baseline as exporting
    from commsroom.errors import UsageError
    from commsroom.reports.lines import count, printable

    if baseline is None and fingerprint_key is None:
        raise UsageError("nothing to export", remedy="--baseline FILE, --fingerprint-key FILE")
    if baseline is None and (sign or expires):
        raise UsageError("--sign and --expires are about a baseline", remedy="add --baseline FILE")
    done = None
    with session.open(ledger=ledger, read_only=True) as estate:
        if fingerprint_key is not None:
            exporting.export_fingerprint_key(estate, fingerprint_key)
        if baseline is not None:
            done = exporting.export(estate, baseline, sign=sign, expires=expires)
    said = []
    if done is not None:
        until = f", until {done.expires}" if done.expires else ""
        said.append(f"Baseline: {done.file} ({count(done.objects, 'object')}{until})")
        said.append(
            f"Signed: {done.signature}"
            if done.signature
            else f"Not signed: ssh-keygen -Y sign -n {exporting.NAMESPACE} -f KEY {done.file}"
        )
        if done.signers_line:
            said += [f"To trust its signer, add to {exporting.SIGNERS}:", done.signers_line]
    if fingerprint_key is not None:
        said.append(f"Key for fingerprints: {fingerprint_key} (keep it secret)")
    session.out.text("".join(f"{printable(line)}\n" for line in said))
    session.out.document(exporting.as_document(done, fingerprint_key))
    return 0
