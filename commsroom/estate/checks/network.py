"""Services as the network sees them: certificates (3.2.2), TLS really negotiated (5.1), open ports (5.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.checks.access import allowed, rule
from commsroom.estate.checks.topic import Topic, names
from commsroom.estate.inspection import Encryption

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.estate.inspection import Check, Facts, Service, Standard
    from commsroom.estate.resource import Provenance

#: Versions of TLS, oldest first.
VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3")
#: TCP ports of protocols that say everything in clear, by the name of the protocol.
PLAINTEXT: Final = {
    21: "ftp", 23: "telnet", 80: "http", 110: "pop3", 143: "imap", 389: "ldap", 513: "rlogin",
    514: "rsh", 5038: "Asterisk's manager", 5060: "sip", 5280: "xmpp over http", 8088: "Asterisk's http",
}  # fmt: skip
#: Ports that are looked at on every system, beside its own: what else is often left open.
WELL_KNOWN: Final = (
    *PLAINTEXT, 22, 25, 53, 111, 139, 443, 445, 465, 587, 631, 636, 873, 993, 995, 1433, 1723, 2000,
    2049, 2375, 3306, 3389, 4190, 4569, 5061, 5222, 5223, 5269, 5281, 5432, 5900, 5984, 6379, 8080,
    8089, 8443, 9090, 9200, 10000, 11211, 27017,
)  # fmt: skip


def of_service(service: Service, *, security: bool) -> Iterator[Topic]:
    """Yield what is judged of one encrypted service."""
    place = service.place

    def certificate(fact: Facts, standard: Standard) -> Iterator[Check]:
        days, until = int(fact["days"]), str(fact["until"])
        least = standard.rules.thresholds.certificate_days
        got = f"valid for {days} days more, until {until}"
        if fact["verified"] is not True:
            got = f"{fact['why']}; it ends {until}"
        yield standard.check(
            "certificate", place,
            expected=f"valid for {fact['name']} and for {least} days more, from the estate's authority",
            got=got, ok=fact["verified"] is True and days >= least, because=_days(standard),
            remedy="commsroom tls renew, then ansible-playbook playbooks/site.yml --tags instance"
            f" --limit {standard.system}",
        )  # fmt: skip

    yield Topic(place, "certificate", place, "a valid certificate", _days, certificate)
    if not security:
        return
    yield Topic(place, "tls-version", place, "a version of TLS policy allows", _minimum,
                lambda fact, standard: _version(service, fact, standard))  # fmt: skip
    yield Topic(place, "tls-cipher", place, "no weak cipher", rule("forbidden_ciphers"),
                lambda fact, standard: _ciphers(service, fact, standard))  # fmt: skip
    if service.encryption is not Encryption.TLS:
        yield Topic(place, "clear-login", place, "no login in clear", _minimum,
                    lambda fact, standard: _clear(service, fact, standard))  # fmt: skip


def _days(standard: Standard) -> Provenance:
    return standard.because("thresholds", "certificate_days")


def _minimum(standard: Standard) -> Provenance:
    return standard.stated("security", "tls", "minimum", clause="5.1")


def _version(service: Service, fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge the version negotiated, and that each one below the minimum is refused."""
    minimum = standard.policy.security.tls.minimum
    negotiated = str(fact["version"]).removeprefix("TLSv")
    known = negotiated in VERSIONS
    remedy = "set tls: minimum in policies/security.yml, then ansible-playbook playbooks/site.yml"
    yield standard.check(
        "tls-version", service.place, expected=f"TLS {minimum} or newer is spoken",
        got=f"TLS {negotiated}" if known else negotiated or "no version was named",
        ok=VERSIONS.index(negotiated) >= VERSIONS.index(minimum) if known else None,
        because=_minimum(standard), remedy=remedy,
    )  # fmt: skip
    for version in VERSIONS[: VERSIONS.index(minimum)]:
        said = str(fact["old"][version])
        ok = {"refused": True, "accepted": False}.get(said)
        yield standard.check(
            "tls-old", f"{service.place} TLS {version}", expected="refused",
            got=said, ok=ok,
            because=_minimum(standard), remedy=remedy,
        )  # fmt: skip


def _ciphers(service: Service, fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge the cipher negotiated, and that weak ones, offered alone, are refused."""
    parts = standard.rules.security.forbidden_ciphers
    negotiated = str(fact["cipher"])
    accepted = [str(name) for name in fact["weak"]["accepted"]]
    why = str(fact["weak"]["unknown"])
    weak = any(part.casefold() in negotiated.casefold() for part in parts)
    got = f"{negotiated}; {int(fact['weak']['offered'])} weak ones offered, "
    got += f"accepted: {names(accepted)}" if accepted else why or "none accepted"
    yield standard.check(
        "tls-cipher", service.place, expected=f"none of {names(parts)}", got=got,
        ok=False if weak or accepted else None if why else True,
        because=rule("forbidden_ciphers")(standard),
        remedy="ansible-playbook playbooks/site.yml puts the role's ciphers back",
    )  # fmt: skip


def _clear(service: Service, fact: Facts, standard: Standard) -> Iterator[Check]:
    offered = [str(name) for name in fact["clear"]]
    yield standard.check(
        "clear-login", service.place, expected="no login is offered before TLS",
        got=f"offered: {names(offered)}" if offered else "none is", ok=not offered,
        because=_minimum(standard), remedy="ansible-playbook playbooks/site.yml",
    )  # fmt: skip


def ports(services: Sequence[Service]) -> Topic:
    """Return the topic of TCP ports that answer from here: those declared and no others."""

    def judge(fact: Facts, standard: Standard) -> Iterator[Check]:
        open_ = sorted(int(port) for port in fact["open"])
        because = rule("ports")(standard)
        strangers = [port for port in open_ if not allowed("tcp", port, services, standard)]
        for port in strangers:
            yield standard.check(
                "open-port", f"tcp {port}", expected="closed", got="open", ok=False, because=because,
                remedy="stop what listens there, or add it to policies/inspection.yml with its reason",
            )  # fmt: skip
        if not strangers:
            yield standard.check(
                "open-port", "tcp *", expected="only declared ports answer",
                got=f"{int(fact['looked'])} looked at, open: {names(map(str, open_)) or 'none'}",
                ok=True, because=because,
            )  # fmt: skip
        declared = {s.port for s in services if s.encrypted and s.transport == "tcp"}
        clear = [
            f"{port} ({PLAINTEXT[port]})"
            for port in open_
            if port in PLAINTEXT and port not in declared
        ]
        yield standard.check(
            "plaintext", "tcp", expected="no port of a plaintext protocol answers",
            got=f"open: {names(clear)}" if clear else f"none of {len(PLAINTEXT)} does", ok=not clear,
            because=_minimum(standard), remedy="ansible-playbook playbooks/site.yml",
        )  # fmt: skip

    return Topic("ports", "open-port", "tcp *", "only declared ports answer", rule("ports"), judge)
