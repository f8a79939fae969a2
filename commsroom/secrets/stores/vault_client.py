"""The way to a HashiCorp Vault or OpenBao server: four requests of its KV version 2 API.

From developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and openbao.org/api-docs/secret/kv/kv-v2. Every
phase has a time limit, TLS is verified, no redirect is followed (requests would take the token along), and
no answer of the server is ever part of a message, save its own words for an error.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from commsroom.errors import CommsroomError, Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    import hvac
    import requests

#: Seconds to connect, TLS included, and to wait for each part of an answer.
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0
#: Seconds for a request and its answer as a whole: what comes byte by byte is always in time otherwise.
WHOLE_SECONDS: Final = 30.0
_LONGEST_WORDS: Final = 200


class VaultUnknown(CommsroomError):
    """The server gave no answer: whether it did what was asked is not known."""

    exit_code = Exit.INCOMPLETE


@dataclass(frozen=True, slots=True)
class Place:
    """A server and where on it our secrets are."""

    url: str
    mount: str = "secret"
    prefix: str = "commsroom"
    namespace: str = ""
    #: File of the authorities that may vouch for it; empty: the system's.
    authorities: str = ""

    def __str__(self) -> str:
        """Name it in messages."""
        return f"{self.url} ({self.mount}/{self.prefix})"


class Kv:
    """Keys under one prefix of a mount of kind KV version 2. Each thread has a connection of its own."""

    def __init__(
        self,
        place: Place,
        token: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        """Remember where; nothing is sent yet."""
        self.place = place
        self._token = token
        self._limits = (connect_seconds, read_seconds)
        self._whole = whole_seconds
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []
        self._noting = threading.Lock()

    def __repr__(self) -> str:
        """Name the server, never the token."""
        return f"Kv({str(self.place)!r})"

    def close(self) -> None:
        """Let go of all connections."""
        with self._noting:
            while self._sessions:
                self._sessions.pop().close()

    def require_version_2(self) -> None:
        """See that the mount is there and of version 2: version 1 would take our writes, and overwrite.

        Raises:
            CommsroomError: it is not, or may not be looked at.
            VaultUnknown: no answer.
        """
        answer = self._ask(
            lambda client: client.adapter.get(f"/v1/sys/internal/ui/mounts/{self.place.mount}")
        )
        about = _data(answer)
        if about.get("type") != "kv" or (about.get("options") or {}).get("version") != "2":
            raise CommsroomError(
                f"{self.place.url}: {self.place.mount} is no store of kind KV version 2",
                remedy="vault secrets enable -version=2 -path=… kv, or name another mount",
            )

    def read(self, key: str) -> dict[str, Any] | None:
        """Return what is under a key, None where nothing ever was.

        Raises:
            CommsroomError: it was deleted there, or may not be read.
            VaultUnknown: no answer.
        """
        answer = self._ask(
            lambda client: client.secrets.kv.v2.read_secret_version(
                self._key(key), mount_point=self.place.mount, raise_on_deleted_version=False
            )
        )
        if answer is None:
            return None
        data = _data(answer)
        if not isinstance(data.get("data"), dict):
            raise CommsroomError(
                f"{self.place.url}: {self.place.mount}/{self._key(key)} was deleted there",
                remedy="vault kv undelete, or rotate this secret",
            )
        return dict(data["data"])

    def create(self, key: str, data: dict[str, Any]) -> bool:
        """Store under a key that was never used (check-and-set 0); return False where it was.

        Raises:
            CommsroomError: it may not be written.
            VaultUnknown: no answer; it may be stored or not.
        """
        try:
            answer = self._ask(
                lambda client: client.secrets.kv.v2.create_or_update_secret(
                    self._key(key), data, cas=0, mount_point=self.place.mount
                )
            )
        except _TakenAlready:
            return False
        if not answer or "version" not in _data(answer):
            raise VaultUnknown(f"{self.place}: gave no version for what was stored")
        return True

    def names(self, key: str) -> list[str]:
        """Return the names below a key, folders with a slash behind.

        Raises:
            CommsroomError: they may not be listed.
            VaultUnknown: no answer.
        """
        answer = self._ask(
            lambda client: client.secrets.kv.v2.list_secrets(
                self._key(key), mount_point=self.place.mount
            )
        )
        return [str(name) for name in _data(answer).get("keys", [])] if answer else []

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _key(self, key: str) -> str:
        return f"{self.place.prefix}/{key}" if key else self.place.prefix

    def _client(self) -> hvac.Client:
        client: hvac.Client | None = getattr(self._mine, "client", None)
        if client is None:
            import hvac
            import requests

            session = requests.Session()
            session.verify = self.place.authorities or True
            client = hvac.Client(
                url=self.place.url, token=self._token, session=session, timeout=self._limits,
                allow_redirects=False, strict_http=True,
            )  # fmt: skip
            # Not from VAULT_NAMESPACE: policy says where the secrets are.
            client.adapter.namespace = self.place.namespace or None
            self._mine.client = client
            with self._noting:
                self._sessions.append(session)
        return client

    def _ask(self, request: Callable[[hvac.Client], Any]) -> Any:
        """Return the server's answer, None where it knows of no such key."""
        import requests
        from hvac import exceptions

        try:
            answer = self._in_time(request)
        except exceptions.InvalidPath as error:
            if error.errors:  # no such mount or namespace: not the same as no such key
                raise self._refused(error) from None
            return None
        except exceptions.InvalidRequest as error:
            if "check-and-set" in str(error):
                raise _TakenAlready(str(self.place)) from None
            raise self._refused(error) from None
        except (exceptions.Forbidden, exceptions.Unauthorized):
            raise CommsroomError(
                f"{self.place}: the token is not accepted, or may not do this",
                remedy="docs/howto/stores.md has the policy it needs",
            ) from None
        except exceptions.VaultError as error:
            raise VaultUnknown(f"{self.place}: {_words(error)}", remedy="try again") from None
        except requests.exceptions.SSLError:
            raise CommsroomError(
                f"{self.place.url}: its certificate is not accepted",
                remedy="authorities in security.yml names the file of its authority",
            ) from None
        except requests.exceptions.RequestException as error:
            raise VaultUnknown(
                f"{self.place.url} gives no answer ({type(error).__name__})", remedy="try again"
            ) from None
        if not isinstance(answer, dict):
            raise VaultUnknown(
                f"{self.place.url} does not answer as Vault does",
                remedy="name the address of the server itself; redirects are not followed",
            )
        return answer

    def _in_time(self, request: Callable[[hvac.Client], Any]) -> Any:
        """Carry a request out within the limit of the whole; one that takes longer is left to itself, and its connection.

        Raises:
            VaultUnknown: it took longer; the server may have done it, or will.
        """
        client = self._client()
        ended: list[tuple[Any, BaseException | None]] = []

        def ask() -> None:
            try:
                ended.append((request(client), None))
            except BaseException as error:  # noqa: BLE001 - raised again below, by whoever waits for it
                ended.append((None, error))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._whole)
        if not ended:
            self._mine.client = None
            raise VaultUnknown(
                f"{self.place.url} does not come to the end of its answer in {self._whole:g} s",
                remedy="try again",
            )
        answer, error = ended[0]
        if error is not None:
            raise error
        return answer

    def _refused(self, error: Exception) -> CommsroomError:
        return CommsroomError(f"{self.place}: refused: {_words(error)}")


class _TakenAlready(CommsroomError):
    """The key was used before."""


def _data(answer: Any) -> dict[str, Any]:
    found = answer.get("data") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def _words(error: Exception) -> str:
    """Return the server's words, in one short line."""
    said = "; ".join(map(str, getattr(error, "errors", None) or [])) or type(error).__name__
    return " ".join(said.split())[:_LONGEST_WORDS]
