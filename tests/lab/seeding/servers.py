"""Every file, service, package and account of the roles, and the ways in which each is changed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seeding.disturbance import Disturbance, Named
from seeding.shell import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seeding.managed import Managed

#: way → (script, more of the disturbance), or nothing where it does not apply
Make = "Callable[[Managed], tuple[str, dict[str, Any]] | None]"

_EMPTY: Final = ("/masters", "_local.conf", "/etc/dovecot/users", "/commsroom/closed")
_FIREWALL: Final = "commsroom-firewall"
_SYSTEM: Final = {"asterisk", "dovecot", "prosody"}
#: What may not be taken off a server to see whether it is missed.
KEPT: Final = {
    "asterisk": "the exchange itself",
    "asterisk-core-sounds-en-gsm": "the exchange goes with it", "asterisk-modules": "the exchange itself",
    "dovecot-imapd": "the mail server itself", "dovecot-lmtpd": "the mail server itself",
    "dovecot-managesieved": "Dovecot's settings name it: without it dpkg cannot start Dovecot again",
    "dovecot-sieve": "the mail server itself", "postfix": "the mail server itself",
    "postfix-lmdb": "without it Postfix cannot read a single map",
    "prosody": "the chat server itself",
    "python3": "Ansible and commsroom run on it: the server would be unknown",
    "nftables": "its own tool checks the rules before they are written: the server would be unknown",
}  # fmt: skip


def _comment(path: str) -> str:
    if path.endswith(".lua"):
        return "-- "
    return "; " if path.startswith("/etc/asterisk/") else "# "


def _line(item: Managed) -> Any:
    return (
        f"printf '\\n%sseeded by hand\\n' {quote(_comment(item.thing))} >> {quote(item.thing)}",
        {},
    )


def _gone(item: Managed) -> Any:
    more: dict[str, Any] = {}
    if item.thing == "/etc/postfix/main.cf":
        more = {"blind": True}
    if item.thing.startswith("/etc/commsroom/firewall/"):  # what is not there cannot be compared
        more = {"follows": (f"{item.host}: Load the rules again*",)}
    if (
        item.thing == f"/etc/systemd/system/{_FIREWALL}.service"
    ):  # nor does a unit start that is not there
        more = {"follows": (f"{item.host}: Have the rules loaded now and after every start",)}
    return f"rm {quote(item.thing)}", more


def _mode(item: Managed) -> Any:
    return f"chmod o+w {quote(item.thing)}", {}


def _owner(item: Managed) -> Any:
    return f"chown daemon {quote(item.thing)}", {}


def _group(item: Managed) -> Any:
    return f"chgrp daemon {quote(item.thing)}", {}


def _expiring(item: Managed) -> Any:
    """Put a certificate for the same name in its place that ends in five days."""
    if not item.thing.endswith(".crt"):
        return None
    file = quote(item.thing)
    return (
        f"key=$(mktemp) && openssl ecparam -genkey -name prime256v1 -noout -out $key && subject=$(openssl"
        f" x509 -in {file} -noout -subject -nameopt compat | sed 's/^subject=//') && openssl req -x509 -new"
        f' -key $key -days 5 -subj "/CN=${{subject##*=}}" -out $key.crt && cat $key.crt > {file};'
        " rm -f $key $key.crt"
    ), {}


def _there(item: Managed) -> Any:
    return f"echo '-- seeded by hand' > {quote(item.thing)}", {}


def _stopped(item: Managed) -> Any:
    more: dict[str, Any] = {"blind": item.thing in _SYSTEM}
    if item.thing == _FIREWALL:
        more["follows"] = (f"{item.host}: Load the rules again*",)
    return f"systemctl stop {quote(item.thing)}", more


def _disabled(item: Managed) -> Any:
    return f"systemctl disable {quote(item.thing)} 2>/dev/null", {}


def _masked(item: Managed) -> Any:
    if item.thing == _FIREWALL:  # its unit is in /etc, and systemd masks none of those
        return None
    return f"systemctl mask {quote(item.thing)} 2>/dev/null", {}


def _unmasked(item: Managed) -> Any:
    return f"systemctl unmask {quote(item.thing)} 2>/dev/null", {}


def _package(item: Managed) -> Any:
    if item.thing in KEPT:
        return None
    name = quote(item.thing)
    alone = f'[ "$(apt-get -s remove {name} | grep -c ^Remv)" = 1 ]'  # nothing else goes with it
    remove = f"DEBIAN_FRONTEND=noninteractive apt-get remove -y {name} >/dev/null"
    return f"{alone} && {remove}", {"first": True}


def _unbuilt(item: Managed) -> Any:
    if not item.thing.endswith(".lmdb"):
        return None
    # Without a map of ours, all accounts in it are told too.
    ours = "/commsroom/" in item.thing
    more = {"follows": (f"{item.host}:*/*",), "blind": True} if ours else {}
    return f"rm {quote(item.thing)}", more


def _shell(item: Managed) -> Any:
    return f"usermod -s /bin/bash {quote(item.thing)}", {}


def _home(item: Managed) -> Any:
    return f"usermod -d /tmp {quote(item.thing)}", {}


def _number(item: Managed) -> Any:
    return f"groupmod -g 4711 {quote(item.thing)}", {
        "follows": (f"{item.host}: Make the folders for mail",),
        "locks": {f"{item.host}:/var/vmail{part}" for part in ("", "/.commsroom", "/.trash")},
    }


def _emptied(item: Managed) -> Any:
    """Take a file away that is empty as long as nobody uses it."""
    return (f"rm {quote(item.thing)}", {}) if item.thing.endswith(_EMPTY) else None


def _rule(item: Managed) -> Any:
    return "nft insert rule inet commsroom input tcp dport 4711 accept", {}


def _flushed(item: Managed) -> Any:
    return "nft destroy table inet commsroom", {}


_RIGHTS: Final = {"writable by all": _mode, "another owner": _owner, "another group": _group}
_FILE: Final = {
    "a line more": _line,
    "removed": _gone,
    **_RIGHTS,
    "expires in five days": _expiring,
}

#: What a task does, by module and (for files) state → ways to undo it by hand.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "template": _FILE,
    "copy": _FILE,
    "file directory": _RIGHTS,
    "file touch": {"removed": _emptied, **_RIGHTS},
    "file absent": {"there again": _there},
    "systemd_service started": {"stopped": _stopped, "disabled": _disabled, "masked": _masked},
    "systemd_service restarted": {"a rule more": _rule, "all rules flushed": _flushed},
    "systemd_service masked": {"unmasked": _unmasked},
    "apt": {"removed": _package},
    "user": {"another shell": _shell, "another home": _home},
    "group": {"another number": _number},
    "command": {"not built": _unbuilt},
}


def sort(item: Managed) -> str:
    """Name what a task does to a thing: its module, and its state where that makes a difference."""
    state = str(item.args.get("state") or ("masked" if item.args.get("masked") else ""))
    return f"{item.module} {state}" if item.module in {"file", "systemd_service"} else item.module


def _skipped(item: Managed) -> bool:
    """Tell whether the role leaves a thing alone there; what it does only where it must, it does not."""
    return bool(item.args.get("skipped")) and item.args.get("state") != "restarted"


def disturbances(item: Managed) -> Iterator[Disturbance]:
    """Yield every way in which one managed thing is changed by hand."""
    if _skipped(item):
        return
    for name, make in WAYS.get(sort(item), {}).items():
        made = make(item)
        if made is None:
            continue
        script, more = made
        if more.get("blind"):  # its accounts cannot be read, which is told too
            more["follows"] = (*more.get("follows", ()), item.host)
        # A user and its group have one name and are two things.
        sort_of = f"{item.module} " if item.module in {"user", "group"} else ""
        locks = {f"{item.host}:{sort_of}{item.thing or item.task}", *more.pop("locks", ())}
        yield Disturbance(
            host=item.host, row=f"role {item.role}: {sort(item)}", way=name,
            place=item.thing or item.task, script=script,
            names=(Named(address=f"{item.host}: {item.task}", text=_told(item)),),
            locks=frozenset(locks), **more,
        )  # fmt: skip


def reason(item: Managed) -> str:
    """Say why a thing cannot be changed for a test, "" where it is."""
    if _skipped(item):
        return "not managed on the lab's servers: the task's own condition says no"
    if item.module == "apt" and item.thing in KEPT:
        return f"not taken away: {KEPT[item.thing]}"
    return ""


def _told(item: Managed) -> str:
    """Return what the finding must name."""
    return item.thing
