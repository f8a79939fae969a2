"""What policy decides about the servers themselves, as variables of the roles that build them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commsroom.policy import Policy


def variables(policy: Policy) -> dict[str, dict[str, Any]]:
    """Return role variables by inventory group (`pbx`, `mail`, `im`, and `commsroom` for all).

    The roles' argument specifications describe each of them.
    """
    mail, messaging = policy.mail, policy.messaging
    archive = f"{mail.archive.mailbox}@{mail.domain}" if mail.archive else ""
    return {
        "commsroom": {
            "commsroom_domain": mail.domain,
            "commsroom_tls_minimum": policy.security.tls.minimum,
            "firewall_management": list(policy.inspection.firewall.management),
            "firewall_ssh_port": policy.inspection.security.ssh.port,
            "firewall_extra_ports": _extra_ports(policy),
        },
        "pbx": {
            "pbx_udp": any(site.sip_transport == "udp" for site in policy.company.sites.values()),
            "pbx_voicemail_number": policy.telephony.voicemail.access_number,
            "pbx_voicemail_seconds": round(policy.telephony.voicemail.max_message.total_seconds()),
        },
        "mail": {
            "mail_domains": list(mail.domains),
            "mail_message_size": mail.message_size,
            "mail_archive_address": archive,
        },
        "im": {
            "im_domain": messaging.domain or mail.domain,
            "im_share_bytes": messaging.file_sharing.max_size,
            "im_share_days": messaging.file_sharing.keep.days,
            "im_archive_days": messaging.history.days,
        },
    }


def _extra_ports(policy: Policy) -> dict[str, list[dict[str, Any]]]:
    """Return the ports policy adds to what the services declare, by system; `*` is all."""
    return {
        system: [
            {
                "name": "added by policy",
                "port": extra.port,
                "last": extra.last or 0,
                "transport": extra.transport,
            }
            for extra in ports
        ]
        for system, ports in policy.inspection.security.ports.items()
    }
