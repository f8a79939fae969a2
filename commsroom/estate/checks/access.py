"""The security check of a machine (clause 5.2.2): who may get in, and by which door."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.checks.topic import Topic, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.estate.inspection import Check, Facts, Service, Standard
    from commsroom.estate.resource import Provenance

_DAY: Final = 86400.0


def rule(*path: str) -> Any:
    """Return where policy states a rule of the security check, as a function of the standard."""

    def because(standard: Standard) -> Provenance:
        return standard.because("security", *path, clause="5.2.2")

    return because


def updates(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge apt's own view: security updates that wait, if its lists are young enough to know.

    Where no archive is called a security archive, every update counts: which of them mends a hole
    cannot be told.
    """
    rules = standard.rules.security
    pending = list(fact["pending"])
    divided = fact["security_archive"] is True
    counted = [str(item["package"]) for item in pending if item["security"] or not divided]
    sort = "security update" if divided else "update"
    age = fact["age"]
    limit = rules.lists_age.total_seconds()
    ok: bool | None
    if age is None or not int(fact["archives"]):
        ok, got = None, "apt has no package lists"
    elif float(age) > limit:
        ok, got = None, f"its package lists are {float(age) / _DAY:.1f} days old"
    else:
        ok = len(counted) <= rules.pending_updates
        got = f"{len(counted)} wait" + (
            f": {names(counted[:20], len(counted[20:]))}" if counted else ""
        )
    yield standard.check(
        "updates", "packages",
        expected=f"at most {rules.pending_updates} {sort}s wait, by lists at most"
        f" {limit / _DAY:g} days old",
        got=got, ok=ok, because=rule("pending_updates")(standard),
        remedy="apt-get update && apt-get dist-upgrade",
    )  # fmt: skip


def files(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge who may touch files with secrets; globs that find nothing are nothing to tell."""
    for pattern, wanted in standard.rules.security.secret_files.items():
        found = fact.get(pattern)
        if not isinstance(found, dict):
            raise TypeError
        count, wrong = int(found["files"]), list(found["wrong"])
        expected = f"{wanted.mode} or less, of {wanted.owner}"
        because = rule("secret_files", pattern)(standard)
        for item in wrong:
            path, mode, owner = (str(item[name]) for name in ("path", "mode", "owner"))
            yield standard.check(
                "file-mode", path, expected=expected, got=f"{mode}, of {owner}", ok=False,
                because=because,
                remedy=f"chmod {wanted.mode} {path}; then commsroom rotate --compromised whose secrets it held"
                if int(mode, 8) & 0o007
                else f"chmod {wanted.mode} {path}",
            )  # fmt: skip
        if int(found["more"]):
            yield standard.check(
                "file-mode", pattern, expected=expected, got=f"{found['more']} more are not", ok=False,
                because=because, remedy=f"chmod {wanted.mode} {pattern}",
            )  # fmt: skip
        elif count and not wrong:
            yield standard.check(
                "file-mode", pattern, expected=expected,
                got="it is" if count == 1 else f"all {count} are", ok=True, because=because,
            )  # fmt: skip


def accounts(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Name accounts of the machine that anybody may log in to, and masters beside root."""
    because = rule("default_passwords")(standard)
    tried = str(fact["tried"])
    wrong = [(str(name), "an empty password") for name in fact["empty"]]
    wrong += [(str(name), "a password everybody knows") for name in fact["default"]]
    for name, got in wrong:
        yield standard.check(
            "password", name, expected="no empty or default password", got=got, ok=False,
            because=because, remedy=f"passwd --lock {name}",
        )  # fmt: skip
    if not wrong:
        yield standard.check(
            "password", "*", expected="no empty or default password",
            got=f"none, of {int(fact['with_password'])} with a password"
            + ("" if tried == "all" else f"; tried: {tried}"),
            ok=True if tried == "all" else None, because=because,
        )  # fmt: skip
    others = sorted(str(name) for name in fact["masters"] if name != "root")
    yield standard.check(
        "masters", "uid 0", expected="root alone", got=names(others) or "root alone",
        ok=not others, because=because, remedy=f"userdel {others[0]}" if others else "",
    )  # fmt: skip


def ssh(fact: Facts, standard: Standard) -> Iterator[Check]:
    """Judge how administrators may log in."""
    rules = standard.rules.security.ssh
    password = "yes" in {fact["passwordauthentication"], fact["kbdinteractiveauthentication"]}
    root = password and fact["permitrootlogin"] == "yes"
    asked = (
        ("password_login", "password login", password, rules.password_login,
         "PasswordAuthentication no and KbdInteractiveAuthentication no"),
        ("root_password_login", "root's password login", root, rules.root_password_login,
         "PermitRootLogin prohibit-password"),
        ("", "empty passwords", fact["permitemptypasswords"] == "yes", False,
         "PermitEmptyPasswords no"),
    )  # fmt: skip
    for key, place, allowed, may, setting in asked:
        yield standard.check(
            "ssh", place, expected="allowed or not" if may else "not allowed",
            got="allowed" if allowed else "not allowed", ok=may or not allowed,
            because=rule("ssh", *((key,) if key else ()))(standard),
            remedy=f"{setting} in /etc/ssh/sshd_config.d, then systemctl reload ssh",
        )  # fmt: skip


def listeners(services: Sequence[Service]) -> Topic:
    """Return the topic of open ports: nothing listens that is not declared, all that is declared does."""

    def judge(fact: Facts, standard: Standard) -> Iterator[Check]:
        found = [
            (str(item["transport"]), int(item["port"]), str(item["address"]),
             names(map(str, item["programs"])))
            for item in fact["open"]
            if not ip_address(item["address"]).is_loopback
        ]  # fmt: skip
        because = rule("ports")(standard)
        strangers = sorted(
            {item for item in found if not allowed(item[0], item[1], services, standard)}
        )
        for transport, port, address, programs in strangers:
            yield standard.check(
                "listener", f"{transport} {port} on {address}",
                expected="only what services declare or policy adds",
                got=f"{programs or 'a program'} listens", ok=False, because=because,
                remedy=f"stop {programs or 'it'}, or add the port to policies/inspection.yml with its reason",
            )  # fmt: skip
        if not strangers:
            ports = sorted({f"{transport} {port}" for transport, port, *_ in found})
            yield standard.check(
                "listener", "*", expected="only what services declare or policy adds",
                got=f"open: {names(ports)}", ok=True, because=because,
            )  # fmt: skip
        for service in services:
            if not service.on_demand:
                listens = any(service.covers(item[0], item[1]) for item in found)
                yield standard.check(
                    "service", service.place, expected="listens",
                    got="listens" if listens else "does not listen", ok=listens,
                    because=standard.because("thresholds"),
                    remedy="look at its journal; ansible-playbook playbooks/site.yml",
                )  # fmt: skip

    return Topic("sockets", "listener", "*", "only declared ports are open", rule("ports"), judge)


def allowed(transport: str, port: int, services: Sequence[Service], standard: Standard) -> bool:
    """Tell whether a port may be open: a service's, sshd's, or one policy adds."""
    if transport == "tcp" and port == standard.rules.security.ssh.port:
        return True
    if any(service.covers(transport, port) for service in services):
        return True
    return any(
        extra.transport == transport and extra.port <= port <= (extra.last or extra.port)
        for extra in standard.rules.ports_of(standard.system)
    )


TOPICS: Final = (
    Topic("updates", "updates", "packages", "no security update waits", rule("pending_updates"), updates),
    Topic("files", "file-mode", "*", "secrets are read by their owners alone", rule("secret_files"), files),
    Topic("accounts", "password", "*", "no empty or default password", rule("default_passwords"), accounts),
    Topic("sshd", "ssh", "*", "no login by password", rule("ssh"), ssh),
)  # fmt: skip
