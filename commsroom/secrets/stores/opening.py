"""Open the store that policy names, with the key that lies outside of the estate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.errors import CommsroomError
from commsroom.secrets import key as keys
from commsroom.secrets import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from commsroom.policy.stores import AgeFolder, AnsibleVaultFile, StorePlace, VaultServer
    from commsroom.secrets.store import Store

#: Instead of the password, identity or token file that policy names: a pipeline, a service's credential.
FILE_VARIABLE: Final = "COMMSROOM_STORE_KEY_FILE"
TOKEN_VARIABLE: Final = "VAULT_TOKEN"  # noqa: S105 - the name of a variable
_LARGEST: Final = 2**16


def is_there(place: StorePlace, root: Path, sealed: Path) -> bool:
    """Tell whether a store was made at a place, without a key; of a server only its own can tell: True."""
    if place.ansible_vault is not None:
        return (root / place.ansible_vault.file).exists()
    if place.age is not None:
        from commsroom.secrets.stores.age import MARK

        return (root / place.age.folder / MARK).exists()
    return place.vault is not None or sealed.exists()


def opened(
    place: StorePlace,
    root: Path,
    sealed: Path,
    key: Callable[[], bytes],
    *,
    others: Callable[[], Iterable[bytes]] = tuple,
    read_only: bool = False,
    create: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Open the store at a place.

    Args:
        place: What policy says.
        root: The estate's folder, which its files are below, and no key may be in.
        sealed: The sealed file, where policy names no other store.
        key: Gives the estate's master key, which opens that file and no other store.
        others: Gives the keys to try when that one does not, since it may be renewed meanwhile.
        read_only: Change nothing there.
        create: Whether to make one where there is none yet.
        environ: Environment, for tests.

    Raises:
        StoreMissing: there is none, and none is to be made.
        CommsroomError: its key is missing or opens it not, or it cannot be used.
    """
    from commsroom.secrets.store import StoreMissing

    if not create and not is_there(place, root, sealed):
        raise StoreMissing(f"there is no store of secrets yet: {place.where}")
    if place.ansible_vault is not None:
        return _ansible_vault(place.ansible_vault, root, environ, read_only=read_only)
    if place.age is not None:
        return _age(place.age, root, environ, read_only=read_only)
    if place.vault is not None:
        return _vault(place.vault, root, environ, read_only=read_only, create=create)
    from commsroom.secrets.sealed import SealedStore

    return SealedStore.open(sealed, key(), read_only=read_only, others=others)


def _ansible_vault(
    place: AnsibleVaultFile, root: Path, environ: Mapping[str, str], *, read_only: bool
) -> Store:
    from commsroom.secrets.stores.ansible_vault import AnsibleVaultStore

    file = _given(environ) or Path(place.password_file).expanduser()
    password = keys.private(file, root, most=_LARGEST, what="password").strip()  # as Ansible does
    if not password:
        raise CommsroomError(f"the password file {file} is empty")
    return AnsibleVaultStore.open(
        root / place.file, password, vault_id=place.vault_id, read_only=read_only
    )


def _age(place: AgeFolder, root: Path, environ: Mapping[str, str], *, read_only: bool) -> Store:
    from commsroom.secrets.stores import age_keys
    from commsroom.secrets.stores.age import AgeStore

    given = _given(environ)
    named = [given] if given else [Path(one).expanduser() for one in place.identities]
    contents = [keys.private(one, root, most=_LARGEST, what="identity") for one in named]
    ours = age_keys.identities(named, contents)
    recipients = () if read_only else age_keys.recipients(root / place.recipients)
    return AgeStore.open(root / place.folder, recipients, ours, read_only=read_only)


def _vault(
    place: VaultServer, root: Path, environ: Mapping[str, str], *, read_only: bool, create: bool
) -> Store:
    from importlib.util import find_spec

    if find_spec("hvac") is None:
        raise CommsroomError(
            "a store on Vault needs hvac, which is not installed",
            remedy="pip install 'commsroom[vault]'",
        )
    from commsroom.secrets.stores.vault import VaultStore
    from commsroom.secrets.stores.vault_client import Kv, Place

    file = _given(environ) or (Path(place.token_file).expanduser() if place.token_file else None)
    if file is not None:
        token = (
            keys.private(file, root, most=_LARGEST, what="token").decode("ascii", "replace").strip()
        )
    else:
        memory.keep_private()
        token = environ.get(TOKEN_VARIABLE, "").strip()
    if not token or not token.isprintable() or not token.isascii():
        if file is not None:
            raise CommsroomError(
                f"the token file {file} holds no token for {place.url}",
                remedy="one line, as the server gave it",
            )
        raise CommsroomError(
            f"there is no token for {place.url}",
            remedy=f"token_file in security.yml, {FILE_VARIABLE}, or {TOKEN_VARIABLE}",
        )
    at = Place(
        place.url,
        place.mount,
        place.prefix,
        place.namespace,
        str(Path(place.authorities).expanduser()) if place.authorities else "",
    )
    return VaultStore.open(Kv(at, token), read_only=read_only, create=create)


def _given(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(FILE_VARIABLE, "")
    return Path(named).expanduser() if named else None
