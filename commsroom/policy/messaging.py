"""messaging.yml: chat rooms with roles, and who may share files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from commsroom.policy.base import Audience, Section
from commsroom.policy.scalars import Domain, Duration, Id, Size, Text

if TYPE_CHECKING:
    from commsroom.policy.entitlements import Entitlement
    from commsroom.policy.people import Person


class RoomRule(Section):
    """A persistent room that only its members may enter (clause 4.2.1)."""

    title: Text
    members: Audience = Audience()
    admins: Audience = Field(default=Audience(), description="May invite, remove and give voice")
    owners: Audience = Field(default=Audience(), description="May change the room itself")
    moderated: bool = Field(default=False, description="Only those given voice may speak")


class SharingGroup(Section):
    """People who may share files (clause 4.2.2)."""

    title: Text
    members: Audience


class FileSharing(Section):
    """Limits for all shared files, and the groups that may share."""

    max_size: Size = Field(default=20 * 2**20, description="Largest file, e.g. 20 MiB")
    keep: Duration = Field(default=timedelta(days=30), description="Removed from the server after")
    groups: Mapping[Id, SharingGroup] = Field(default_factory=dict)


class Messaging(Section):
    """messaging.yml."""

    domain: Domain | None = Field(
        default=None, description="Of the accounts; default the mail domain"
    )
    history: Duration = Field(default=timedelta(days=365), description="Messages are kept so long")
    rooms: Mapping[Id, RoomRule] = Field(default_factory=dict)
    file_sharing: FileSharing = FileSharing()

    def affiliation(self, room: str, person: Person, entitlement: Entitlement) -> str:
        """Return a person's place in a room: owner, admin, member, or "" when they have none.

        Nobody without a chat account has a place.
        """
        if entitlement.chat is None:
            return ""
        rule = self.rooms[room]
        if rule.owners.includes(person):
            return "owner"
        if rule.admins.includes(person):
            return "admin"
        return "member" if room in entitlement.chat.rooms or rule.members.includes(person) else ""

    def may_share(self, person: Person, entitlement: Entitlement) -> bool:
        """Tell whether a person may share files: by post, by name, or in a sharing group."""
        if entitlement.chat is None:
            return False
        return entitlement.chat.file_sharing or any(
            group.members.includes(person) for group in self.file_sharing.groups.values()
        )
