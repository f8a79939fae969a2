"""What opens secrets and where they are: the master key, the key for fingerprints, the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom import files
from commsroom.app import settled
from commsroom.app.once import once
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    import contextlib
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from commsroom.policy.stores import StorePlace
    from commsroom.secrets.store import Store


class Custody:
    """An estate's keys and store, each opened when asked and closed with the estate."""

    def __init__(
        self,
        *,
        root: Path,
        state: Path,
        home: Path,
        read_only: bool,
        founding: bool,
        noting: bool,
        place: Callable[[], StorePlace],
        scratch: Callable[[], Path],
        closing: contextlib.ExitStack,
        opening: threading.RLock,
    ) -> None:
        """Remember where things are; touches nothing yet.

        Args:
            root: The estate's folder, which policy's paths are below.
            state: `.commsroom/`, of the estate or of a simulation of it.
            home: The folder that is in, whose key counts.
            read_only: Make nothing.
            founding: Make what a new estate lacks.
            noting: Heed and keep the note of where secrets are; a simulation does not.
            place: Tells where policy keeps secrets.
            scratch: Makes a folder that is gone with the estate's handle.
            closing: Closes what was opened.
            opening: The estate's lock: one for all it opens, so that no two wait for each other.
        """
        self._root = root
        self._state = state
        self._home = home
        self._read_only = read_only
        self._founding = founding
        self._noting = noting
        self._place = place
        self._scratch = scratch
        self._closing = closing
        self._opening = opening

    @once
    def key(self) -> bytes:
        """The estate's master key; made on the very first use of a new estate, never after.

        Where there is none yet, a verb that founds nothing works with one that is not kept.
        """
        from commsroom.secrets import key

        if self._read_only or self.left_traces:
            return key.find(self._home)
        if self._founding:
            return key.find_or_create(self._home)[0]
        try:
            return key.find(self._home)
        except key.NeverMade:
            return key.passing()

    def other_keys(self) -> list[bytes]:
        """Return the keys to try when ours opens no sealed file: it may be renewed while we work."""
        from commsroom.secrets import key

        return key.candidates(self._home)

    @property
    def sealed(self) -> Path:
        """The sealed file, which is the store where policy names no other."""
        file = self._state / "secrets.db"
        files.require_regular(file)
        return file

    @property
    def left_traces(self) -> bool:
        """Whether secrets were kept before: here, or in a store that is noted here."""
        return self.sealed.exists() or self._noted is not None

    @property
    def store(self) -> Store:
        """The store of secrets; one that is not kept where there is none and nothing is founded.

        Raises:
            CommsroomError: policy names another place than the one they are in, which may be since just
                now; or the store cannot be used.
        """
        store = self._store
        _ = self.chosen  # what is written after `secret move` into the old one would be lost
        return store

    @once
    def _store(self) -> Store:
        from commsroom.secrets.sealed import SealedStore

        store = self._existing
        if store is None and self._founding:
            store = self._opened(create=True)
        if store is None:
            scratch = self._scratch() / self.sealed.name
            return self._closing.enter_context(SealedStore.open(scratch, self.key))
        if self._founding and self._noting:
            settled.note(self._state, self.chosen)
        return store

    @once
    def _existing(self) -> Store | None:
        from commsroom.secrets.store import StoreMissing

        try:
            return self._opened(create=False)
        except StoreMissing:
            return None

    def _opened(self, *, create: bool) -> Store:
        from commsroom.secrets.stores import opening

        store = opening.opened(
            self.chosen,
            self._root,
            self.sealed,
            lambda: self.key,
            others=self.other_keys,
            create=create,
        )
        self._closing.callback(store.close)
        return store

    @property
    def chosen(self) -> StorePlace:
        """Where secrets are, which is where policy says.

        Raises:
            CommsroomError: policy names another place than the one they are in.
        """
        wanted = self._place()
        there = self.there
        if there is not None and there.where != wanted.where:
            raise CommsroomError(
                f"the secrets are in another place ({there.where}) than policy says ({wanted.where})",
                remedy="commsroom secret move takes them there",
            )
        return wanted

    @property
    def there(self) -> StorePlace | None:
        """Where secrets were kept last, None where they never were from here."""
        from commsroom.policy.stores import StorePlace

        noted = self._noted
        return StorePlace() if noted is None and self.sealed.exists() else noted

    @property
    def _noted(self) -> StorePlace | None:
        return settled.at(self._state) if self._noting else None

    def require_store(self) -> None:
        """Raise CommsroomError when the store is gone that holds what was written to the systems."""
        from commsroom.secrets.stores import opening

        place = self.chosen
        there = opening.is_there(place, self._root, self.sealed)
        if there and (place.vault is None or self._existing is not None):
            return
        said = "the secrets are gone, though the systems hold what was written"
        if place.is_sealed:
            raise CommsroomError(
                f"{self.sealed}: {said}",
                remedy="restore it from a backup; without one, make an empty file of that name: what"
                " needs a lost secret then stays undecided until that is renewed",
            )
        raise CommsroomError(f"{place.where}: {said}", remedy="restore it from a backup")
