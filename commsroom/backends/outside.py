"""A system as the network sees it: certificates, TLS really negotiated, TCP ports that answer.

Only addresses of the estate's own systems are ever looked at. Every connection has time limits, so many are
open at a time, and nothing here outlives the deadline: what did not answer by then is unknown.
Certificates are verified by name against the estate's authority while connecting to an address.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends import outside_hello, outside_starttls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from commsroom.estate.backend import Target
    from commsroom.estate.inspection import Facts, Service

_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 6.0
_PORT_SECONDS: Final = 2.0
_WORKERS: Final = 16
#: Versions tried one by one; 1.3 is never too old.
_OLD: Final = ("1.0", "1.1", "1.2")
_CLOSED: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH})


def look(
    target: Target,
    services: Sequence[Service],
    *,
    ports: Iterable[int],
    forbidden: Sequence[str],
    seconds: float,
) -> Facts:
    """Look at all services and ports of one system; never raises.

    Args:
        target: The system; only its own address is connected to.
        services: What it offers.
        ports: TCP ports to try beside those of the services.
        forbidden: Parts of names of ciphers that must be refused; with none of them nothing of the
            security check is tried: no old versions, no ports.
        seconds: When to stop waiting, whatever is still missing.

    Returns:
        By the place of each encrypted service what it looked like, and `ports`; `{"unknown": why}` for
        what could not be had.
    """
    jobs: dict[str, Callable[[], Any]] = {
        service.place: lambda service=service: _service(target, service, forbidden)  # type: ignore[misc] # bound early
        for service in services
        if service.encrypted
    }
    if forbidden:
        wanted = {service.port for service in services if service.transport == "tcp"} | {*ports}
        jobs["ports"] = lambda: _ports(target.host, sorted(wanted))
    return side_by_side(jobs, workers=_WORKERS, seconds=seconds)


def side_by_side(jobs: dict[str, Callable[[], Any]], *, workers: int, seconds: float) -> Facts:
    """Do all jobs at the same time, `workers` at most; what is late or fails is unknown.

    The threads are daemons: one that hangs must not keep the process from ending.
    """
    found: Facts = {name: {"unknown": f"no answer within {seconds:g} s"} for name in jobs}
    waiting = list(reversed(jobs.items()))
    lock, closed = threading.Lock(), False

    def work() -> None:
        while True:
            with lock:
                if not waiting or closed:
                    return
                name, job = waiting.pop()
            try:
                said = job()
            except OSError as error:
                said = {"unknown": _reason(error)}
            except Exception as error:  # noqa: BLE001 - one service's nonsense hides no other
                said = {"unknown": f"unexpected {type(error).__name__}"}
            with lock:
                if not closed:
                    found[name] = said

    deadline = time.monotonic() + seconds
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(jobs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    with lock:
        closed = True
        return dict(found)


def _service(target: Target, service: Service, forbidden: Sequence[str]) -> Facts:
    name = service.tls_name or target.tls_name
    fact: Facts = {"name": name}
    context = ssl.create_default_context(cafile=str(target.ca) if target.ca else None)
    link, clear = _begin(target.host, service, name)
    with link:
        try:
            with context.wrap_socket(link, server_hostname=name) as tls:
                fact |= {"verified": True, "why": "", **_negotiated(tls)}
        except ssl.SSLCertVerificationError as error:
            fact |= {"verified": False, "why": error.verify_message or "it is not valid"}
    if not fact["verified"]:
        fact |= _unverified(target.host, service, name)
    fact["clear"] = clear
    if forbidden:
        fact["old"] = {version: _old(target.host, service, name, version) for version in _OLD}
        fact["weak"] = _weak(target.host, service, name, forbidden)
    return fact


def _begin(host: str, service: Service, name: str) -> tuple[socket.socket, list[str]]:
    """Connect, and say what comes before TLS; return also which logins were offered in clear."""
    link = socket.create_connection((host, service.port), _CONNECT_SECONDS)
    link.settimeout(_ANSWER_SECONDS)
    try:
        offered = outside_starttls.begin(link, service.dialogue, name) if service.dialogue else []
    except BaseException:
        link.close()
        raise
    return link, offered


def _negotiated(tls: ssl.SSLSocket) -> Facts:
    cipher = tls.cipher()
    der = tls.getpeercert(binary_form=True) or b""
    return {"version": tls.version() or "", "cipher": cipher[0] if cipher else "", **_validity(der)}


def _validity(der: bytes) -> Facts:
    from cryptography import x509

    end = x509.load_der_x509_certificate(der).not_valid_after_utc
    left = end - datetime.now(UTC)
    return {"days": left.days, "until": end.date().isoformat()}


def _unverified(host: str, service: Service, name: str) -> Facts:
    """Look at a certificate that does not hold, to say when it ends; nothing is sent to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    link, _ = _begin(host, service, name)
    with link, context.wrap_socket(link, server_hostname=name) as tls:
        return _negotiated(tls)


def _old(host: str, service: Service, name: str, version: str) -> str:
    """Return `accepted`, `refused`, or why it cannot be told."""
    answer = _hello(host, service, name, version, [*outside_hello.SOUND, *outside_hello.WEAK])
    if isinstance(answer, str):
        return answer
    if answer.version:
        return "accepted" if answer.version == version else f"it answered TLS {answer.version}"
    return "refused" if answer.refused else "the answer made no sense"


def _weak(host: str, service: Service, name: str, forbidden: Sequence[str]) -> Facts:
    """Offer nothing but weak ciphers; each one that is accepted is taken out and the rest tried again."""
    left = outside_hello.suites(forbidden)
    fact: Facts = {"offered": len(left), "accepted": [], "unknown": ""}
    codes = {text: code for code, text in {**outside_hello.SOUND, **outside_hello.WEAK}.items()}
    while left:
        answer = _hello(host, service, name, "1.2", left)
        if isinstance(answer, str):
            return {**fact, "unknown": answer}
        if not answer.version:
            return fact if answer.refused else {**fact, "unknown": "the answer made no sense"}
        fact["accepted"].append(answer.cipher)
        if codes.get(answer.cipher) not in left:
            return fact
        left.remove(codes[answer.cipher])
    return fact


def _hello(
    host: str, service: Service, name: str, version: str, ciphers: Sequence[int]
) -> outside_hello.Answer | str:
    """Say a hello of our own and return the server's answer, or why there is none.

    That the service speaks TLS at all was seen before, so one that hangs up on this hello refuses it.
    """
    try:
        link, _ = _begin(host, service, name)
        with link:
            link.sendall(outside_hello.hello(version, ciphers, name))
            heard, until = b"", time.monotonic() + _ANSWER_SECONDS
            while (answer := outside_hello.understood(heard)) is None:
                if time.monotonic() > until:
                    return "no answer in time"
                piece = link.recv(4096)
                if not piece:
                    return outside_hello.Answer(refused="it hung up")
                heard += piece
            return answer
    except ConnectionResetError:
        return outside_hello.Answer(refused="it hung up")
    except OSError as error:
        return _reason(error)


def _ports(host: str, ports: Sequence[int]) -> Facts:
    """Try TCP ports, sixteen at a time: which answer, which are closed, which say nothing."""
    said = side_by_side(
        {str(port): lambda port=port: _port(host, port) for port in ports},  # type: ignore[misc] # bound early
        workers=_WORKERS,
        seconds=_PORT_SECONDS * (len(ports) / _WORKERS + 2),
    )
    undecided = [port for port, state in said.items() if not isinstance(state, str)]
    if undecided:
        return {"unknown": f"port {undecided[0]}: {said[undecided[0]]['unknown']}"}
    return {
        "looked": len(ports),
        "open": [int(port) for port, state in said.items() if state == "open"],
        "silent": [int(port) for port, state in said.items() if state == "silent"],
    }


def _port(host: str, port: int) -> str:
    try:
        socket.create_connection((host, port), _PORT_SECONDS).close()
    except TimeoutError:
        return "silent"
    except OSError as error:
        if error.errno in _CLOSED or isinstance(error, ConnectionError):
            return "closed"
        raise
    return "open"


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}"
    return (error.strerror or str(error) or type(error).__name__).lower()
