# SPDX-License-Identifier: AGPL-3.0-or-later
# This file extends Synapse and is under Synapse's licence, unlike the rest of the project.
"""
What a practice promises about its rooms, as a module of Synapse.

* Nobody sends cleartext: every room is encrypted, so an event that is not encrypted, and is not one of the few that
  every room needs, is refused whatever the room's state says. Receipts, typing, reactions' targets, names of rooms
  and the graph of members stay visible to the server; to-device messages have no hook.
* Only staff (by user type, or an administrator of the server) create rooms and invite. A patient joins what they were
  invited to, finds nobody and publishes nothing.

Room creation is rewritten rather than refused, because clients ask for more than a practice grants. Synapse calls
`check_event_allowed` for every local event, also while a room is made, when its state is not there yet: no rule
looks at the state of a room. An exception in it refuses the event.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from synapse.api.errors import Codes, SynapseError
from synapse.module_api import NOT_SPAM, ModuleApi
from synapse.module_api.errors import ConfigError

MEGOLM = "m.megolm.v1.aes-sha2"
ENCRYPTED_FIELDS = {"algorithm", "ciphertext", "device_id", "sender_key", "session_id", "m.relates_to"}
RELATION_FIELDS = {"rel_type", "event_id", "m.in_reply_to", "is_falling_back"}
# Base64 without padding; the shortest real message is longer.
CIPHERTEXT = re.compile(r"[A-Za-z0-9+/]{100,}")
# Synapse sends these itself to mend a room's history.
DUMMY = "org.matrix.dummy_event"

# State whose content is free: what people see of a room, and what Synapse needs to end one.
PLAIN_STATE = {"m.room.name", "m.room.avatar", "m.room.pinned_events", "m.room.tombstone", "m.room.retention"}
# State that may only say one of these.
FIXED_STATE = {
    "m.room.join_rules": ("join_rule", {"invite"}),
    "m.room.history_visibility": ("history_visibility", {"joined", "invited"}),
    "m.room.guest_access": ("guest_access", {"forbidden"}),
    "m.room.encryption": ("algorithm", {MEGOLM}),
}
WIDGETS = {"im.vector.modular.widgets", "m.widget"}
MEMBER_FREE_TEXT = {"reason", "third_party_invite"}
STAFF_LEVEL = 50

OPTIONS = {"staff_user_types", "widget_hosts", "jitsi_domains"}


class PracticePolicy:
    """Registers the rules. Options: the user types that are staff, and where widgets and calls may be."""

    def __init__(self, config: dict[str, list[str]], api: ModuleApi) -> None:
        self._api = api
        self._staff_types = frozenset(config["staff_user_types"])
        self._widget_hosts = frozenset(config["widget_hosts"])
        self._jitsi_domains = frozenset(config["jitsi_domains"])
        api.register_third_party_rules_callbacks(
            on_create_room=self.on_create_room,
            check_event_allowed=self.check_event_allowed,
            check_threepid_can_be_invited=self.check_threepid_can_be_invited,
            check_visibility_can_be_modified=self.check_visibility_can_be_modified,
        )
        api.register_spam_checker_callbacks(
            check_event_for_spam=self.check_event_for_spam,
            user_may_create_room=self.user_may_create_room,
            user_may_invite=self.user_may_invite,
            user_may_join_room=self.user_may_join_room,
            user_may_create_room_alias=self.forbidden_alias,
            user_may_publish_room=self.forbidden_publication,
            user_may_send_3pid_invite=self.forbidden_threepid_invite,
            check_username_for_spam=self.check_username_for_spam,
        )

    @staticmethod
    def parse_config(config: dict[str, Any]) -> dict[str, Any]:
        """A wrong option ends Synapse before it listens."""
        if set(config) != OPTIONS:
            raise ConfigError(f"practice_policy takes exactly the options {', '.join(sorted(OPTIONS))}.")
        for option, value in config.items():
            if not (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
                raise ConfigError(f"practice_policy: {option} must be a list of texts with at least one entry.")
        return config

    # Who

    async def is_staff(self, user_id: str) -> bool:
        user = await self._api.get_userinfo_by_id(user_id)
        return user is not None and (user.is_admin or user.user_type in self._staff_types)

    async def user_may_create_room(self, user_id: str, room_config: dict) -> str | Codes:
        return NOT_SPAM if await self.is_staff(user_id) else Codes.FORBIDDEN

    async def user_may_invite(self, inviter: str, invitee: str, room_id: str) -> str | Codes:
        return NOT_SPAM if await self.is_staff(inviter) else Codes.FORBIDDEN

    async def user_may_join_room(self, user_id: str, room_id: str, is_invited: bool) -> str | Codes:
        return NOT_SPAM if is_invited else Codes.FORBIDDEN

    async def check_username_for_spam(self, profile: Any, requester_id: str) -> bool:
        """True hides a user from the requester's search."""
        return not await self.is_staff(requester_id)

    async def forbidden_alias(self, user_id: str, alias: Any) -> Codes:
        return Codes.FORBIDDEN

    async def forbidden_publication(self, user_id: str, room_id: str) -> Codes:
        return Codes.FORBIDDEN

    async def forbidden_threepid_invite(self, inviter: str, medium: str, address: str, room_id: str) -> Codes:
        return Codes.FORBIDDEN

    async def check_threepid_can_be_invited(self, medium: str, address: str, state: Any) -> bool:
        return False

    async def check_visibility_can_be_modified(self, room_id: str, state: Any, new_visibility: str) -> bool:
        """Also asked while a room is made."""
        return new_visibility == "private"

    # Rooms

    async def on_create_room(self, requester: Any, config: dict, is_requester_admin: bool) -> None:
        """Leaves of a request what a practice grants: whom to invite, a name and a picture."""
        if not (is_requester_admin or await self.is_staff(requester.user.to_string())):
            raise SynapseError(403, "Only staff of the practice can create rooms.", Codes.FORBIDDEN)
        if config.get("invite_3pid"):
            raise SynapseError(403, "People are invited by their account, not by address.", Codes.FORBIDDEN)
        if (config.get("creation_content") or {}).get("type"):
            raise SynapseError(403, "A practice has plain rooms only.", Codes.FORBIDDEN)
        granted = {key: config[key] for key in ("name", "invite", "is_direct") if key in config}
        shown = [
            event
            for event in config.get("initial_state") or []
            if isinstance(event, dict) and event.get("type") in ("m.room.name", "m.room.avatar")
        ]
        config.clear()
        config.update(
            granted,
            preset="private_chat",
            visibility="private",
            creation_content={"m.federate": False},
            initial_state=[
                *shown,
                state("m.room.join_rules", join_rule="invite"),
                state("m.room.history_visibility", history_visibility="joined"),
                state("m.room.guest_access", guest_access="forbidden"),
                state("m.room.encryption", algorithm=MEGOLM),
            ],
            power_level_content_override={
                "users_default": 0,
                "events_default": 0,
                "state_default": 100,
                "invite": 100,
                "events": {"im.vector.modular.widgets": STAFF_LEVEL, "m.room.pinned_events": STAFF_LEVEL},
            },
        )

    # Events

    async def check_event_allowed(self, event: Any, state_events: Any) -> tuple[bool, dict | None]:
        allowed = await self.state_allowed(event) if event.is_state() else message_allowed(event)
        return allowed, None

    async def check_event_for_spam(self, event: Any) -> str | Codes:
        """The same rule once more where Synapse promises stability, for messages."""
        if event.is_state() or message_allowed(event):
            return NOT_SPAM
        return Codes.FORBIDDEN

    async def state_allowed(self, event: Any) -> bool:
        content = event.content
        if event.type in PLAIN_STATE:
            return True
        if event.type in FIXED_STATE:
            field, values = FIXED_STATE[event.type]
            return isinstance(content.get(field), str) and content[field] in values
        if event.type == "m.room.member":
            return not MEMBER_FREE_TEXT & set(content)
        if event.type == "m.room.create":
            return "type" not in content and await self.all_staff(content.get("additional_creators", []))
        if event.type == "m.room.power_levels":
            return await self.power_levels_allowed(content)
        if event.type in WIDGETS:
            return self.widget_allowed(content)
        return False

    async def power_levels_allowed(self, content: Any) -> bool:
        levels = content.get("users", {})
        if not is_below(content.get("users_default", 0), STAFF_LEVEL):
            return False
        return await self.all_staff([user for user, level in levels.items() if not is_below(level, STAFF_LEVEL)])

    async def all_staff(self, users: Any) -> bool:
        for user in users:
            if not await self.is_staff(user):
                return False
        return True

    def widget_allowed(self, content: Any) -> bool:
        """A call of the practice's own, or the end of one."""
        if not content:
            return True
        url, data = content.get("url"), content.get("data")
        if content.get("type") not in ("jitsi", "m.jitsi") or not isinstance(url, str) or not hasattr(data, "get"):
            return False
        address = urlsplit(url)
        if address.scheme != "https" or address.netloc not in self._widget_hosts:
            return False
        return isinstance(data.get("domain"), str) and data["domain"] in self._jitsi_domains


def message_allowed(event: Any) -> bool:
    """Ciphertext and nothing beside it; a redaction without a reason, because that is never encrypted."""
    content = event.content
    if event.type == DUMMY:
        return not content
    if event.type == "m.room.redaction":
        return set(content) <= {"redacts"}
    if event.type != "m.room.encrypted":
        return False
    return (
        set(content) <= ENCRYPTED_FIELDS
        and content.get("algorithm") == MEGOLM
        and all(isinstance(content.get(field, ""), str) for field in ("device_id", "sender_key"))
        and isinstance(content.get("session_id"), str)
        and isinstance(content.get("ciphertext"), str)
        and CIPHERTEXT.fullmatch(content["ciphertext"]) is not None
        and relation_allowed(content.get("m.relates_to", {}))
    )


def relation_allowed(relation: Any) -> bool:
    """Which message it belongs to. A `key` would be a reaction in clear."""
    return hasattr(relation, "keys") and set(relation) <= RELATION_FIELDS


def is_below(level: Any, limit: int) -> bool:
    return isinstance(level, int) and level < limit


def state(event_type: str, **content: str) -> dict[str, Any]:
    return {"type": event_type, "state_key": "", "content": content}
