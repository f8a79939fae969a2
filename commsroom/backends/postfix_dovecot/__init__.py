"""Postfix 3.10 with Dovecot 2.4: mailboxes, shared mailboxes, lists and rights (see README.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from commsroom.backends.postfix_dovecot import inspecting
from commsroom.backends.postfix_dovecot.services import access, services
from commsroom.backends.postfix_dovecot.settings import Settings
from commsroom.backends.postfix_dovecot.wire import ACCOUNTS, BODIES, refusals
from commsroom.errors import UsageError
from commsroom.estate.backend import Backend

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.estate.backend import Provider, Target, Tools


def _settings(target: Target) -> Settings:
    try:
        return Settings.model_validate(dict(target.variables))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"{target.system}: {first['loc'][0]}: {first['msg']}", remedy="correct the inventory"
        ) from error


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.postfix_dovecot.client import MailServer
    from commsroom.backends.postfix_dovecot.provider import Mail

    settings = _settings(target)
    return Mail(target.system, MailServer(target, tools, settings), settings, tools)


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.postfix_dovecot.fake import SimulatedMail
    from commsroom.backends.postfix_dovecot.provider import Mail

    settings = _settings(target)
    return Mail(target.system, SimulatedMail(target.system, state, settings), settings, tools)


BACKEND = Backend(
    name="postfix_dovecot",
    settings=Settings,
    supports={kind: frozenset(body.names()) for kind, body in BODIES.items()},
    connect=_connect,
    fake=_fake,
    slots={kind: frozenset({"password", "previous"}) for kind in ACCOUNTS},
    logins={kind: frozenset({"password"}) for kind in ACCOUNTS},
    refusals=refusals,
    services=lambda target: services(_settings(target)),
    judge=inspecting.judge,
    channel="mail",
    access=lambda target, resource: access(_settings(target), resource),
)
