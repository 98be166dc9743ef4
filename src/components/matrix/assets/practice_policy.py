# SPDX-License-Identifier: AGPL-3.0-or-later
# This file extends Synapse and is under Synapse's licence, unlike the rest of the project.
"""
What a practice promises about its rooms, as a module of Synapse.

* Nobody sends cleartext: every room is encrypted, so an event that is not encrypted, and is not one of the few that
  every room needs, is refused whatever the room's state says. Those few may hold the listed fields and nothing beside
  them. Names of rooms, receipts, typing and the graph of members stay visible to the server; to-device messages and
  account data have no hook.
* Only staff (by user type, or an administrator of the server) create rooms and invite. A patient joins what they were
  invited to, finds nobody and publishes nothing.
* With a provider of identities, staff is who it says is staff, at each sign-in. Whoever administers people proves that
  they may write on the pod, for one command, and gets a token that soon ends.

Room creation is rewritten rather than refused, because clients ask for more than a practice grants. Synapse calls
`check_event_allowed` for every local event, also while a room is made, when its state is not there yet: no rule
looks at the state of a room. An exception in it refuses the event.
"""

import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from synapse.api.errors import Codes, SynapseError
from synapse.event_auth import get_user_power_level
from synapse.handlers.sso import MappingException
from synapse.http.server import finish_request
from synapse.module_api import NOT_SPAM, ModuleApi
from synapse.module_api.errors import ConfigError
from synapse.types import UserID

MEGOLM = "m.megolm.v1.aes-sha2"
STAFF_LEVEL = 50
MOST_POWER = 100
MEDIA_SAMPLE = 1 << 16

Rule = Callable[[Any], bool]


# What a field may hold


def text(pattern: str) -> Rule:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def one_of(*values: str) -> Rule:
    return lambda value: isinstance(value, str) and value in values


def number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def optional(rule: Rule) -> Rule:
    return lambda value: value is None or rule(value)


def each(rule: Rule) -> Rule:
    return lambda value: isinstance(value, (list, tuple)) and all(map(rule, value))


def mapping(keys: Rule, values: Rule) -> Rule:
    return lambda value: isinstance(value, Mapping) and all(keys(key) and values(value[key]) for key in value)


def record(required: Mapping[str, Rule], others: Mapping[str, Rule] | None = None) -> Rule:
    """Exactly these fields: what is not listed cannot carry anything."""
    known = {**required, **(others or {})}
    return lambda value: (
        isinstance(value, Mapping)
        and set(required) <= set(value) <= set(known)
        and all(known[field](value[field]) for field in value)
    )


def is_megolm_message(value: Any) -> bool:
    """
    Whether it has the frame of a Megolm message: version 3, the index (field 1), the ciphertext in blocks of 16
    (field 2), 8 bytes of authentication, 64 of signature. Text that somebody calls ciphertext has not.
    """
    if not BASE64(value):
        return False
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return False
    if data[:2] != b"\x03\x08":
        return False
    _, at = varint(data, 2)
    length, start = varint(data, at + 1)
    return data[at : at + 1] == b"\x12" and length > 0 and length % 16 == 0 and len(data) == start + length + 72


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length and where it ends."""
    value = 0
    for position in range(at, min(at + 5, len(data))):
        value |= (data[position] & 0x7F) << (7 * (position - at))
        if data[position] < 0x80:
            return value, position + 1
    return 0, len(data)


BASE64 = text(r"[A-Za-z0-9+/]+")
KEY = text(r"[A-Za-z0-9+/]{43}")
DEVICE = text(r"[A-Za-z0-9._~-]{1,43}")
EVENT_ID = text(r"\$[A-Za-z0-9_-]{43}")
ROOM_ID = text(r"![A-Za-z0-9_-]{18,43}(:[A-Za-z0-9.:-]{1,255})?")
USER_ID = text(r"@[a-z0-9._=/+-]{1,128}:[A-Za-z0-9.:-]{1,255}")
EVENT_TYPE = text(r"[a-z0-9_]{1,32}(\.[A-Za-z0-9_-]{1,64}){1,6}")

RELATION = record(
    {},
    {
        "rel_type": one_of("m.thread", "m.replace", "m.reference"),
        "event_id": EVENT_ID,
        "is_falling_back": flag,
        "m.in_reply_to": record({"event_id": EVENT_ID}),
    },
)

MESSAGES: Mapping[str, Rule] = {
    "m.room.encrypted": record(
        {"algorithm": one_of(MEGOLM), "ciphertext": is_megolm_message, "session_id": KEY},
        {"device_id": DEVICE, "sender_key": KEY, "m.relates_to": RELATION},
    ),
    # Never encrypted, so without a reason.
    "m.room.redaction": record({}, {"redacts": EVENT_ID}),
    # Synapse sends these itself to mend a room's history.
    "org.matrix.dummy_event": record({}),
}

LEVELS = ("users_default", "events_default", "state_default", "invite", "kick", "ban", "redact", "historical")

STATE: Mapping[str, Rule] = {
    "m.room.create": record(
        {},
        {
            "creator": USER_ID,
            "room_version": text(r"[0-9]{1,3}"),
            "m.federate": lambda value: value is False,
            "predecessor": record({"room_id": ROOM_ID}, {"event_id": EVENT_ID}),
            "additional_creators": each(USER_ID),
        },
    ),
    "m.room.member": record(
        {"membership": one_of("invite", "join", "leave", "ban")},
        # From the account: Synapse lets nobody have another name in one room.
        {"displayname": optional(text(r".{0,256}")), "avatar_url": optional(one_of("")), "is_direct": flag},
    ),
    "m.room.power_levels": record(
        {},
        {
            **dict.fromkeys(LEVELS, number),
            "users": mapping(USER_ID, number),
            "events": mapping(EVENT_TYPE, number),
            "notifications": record({}, {"room": number}),
        },
    ),
    "m.room.encryption": record(
        {"algorithm": one_of(MEGOLM)}, {"rotation_period_ms": number, "rotation_period_msgs": number}
    ),
    "m.room.join_rules": record({"join_rule": one_of("invite")}),
    "m.room.history_visibility": record({"history_visibility": one_of("joined", "invited")}),
    "m.room.guest_access": record({"guest_access": one_of("forbidden")}),
    # The one text that people read: a room has a name.
    "m.room.name": record({"name": text(r".{0,255}")}),
    "m.room.pinned_events": record({"pinned": each(EVENT_ID)}),
    "m.room.tombstone": record(
        {"replacement_room": ROOM_ID}, {"body": one_of("", "This room has been replaced")}
    ),
    "m.room.retention": record({}, {"min_lifetime": number, "max_lifetime": number}),
}

WIDGET = "im.vector.modular.widgets"
WIDGET_ID = text(r"[A-Za-z0-9]{1,64}")

# What Element writes when somebody calls (element-web of August 2026: apps/web/src/utils/WidgetUtils.ts, addJitsiWidget
# and getLocalJitsiWrapperUrl): names of variables that each client fills in for itself, and nothing that a person typed.
CALL_PARAMETERS = "|".join(
    [
        r"conferenceDomain=\$domain",
        r"conferenceId=\$conferenceId",
        r"isAudioOnly=\$isAudioOnly",
        r"startWithAudioMuted=\$startWithAudioMuted",
        r"startWithVideoMuted=\$startWithVideoMuted",
        r"isVideoChannel=\$isVideoChannel",
        r"displayName=\$matrix_display_name",
        r"avatarUrl=\$matrix_avatar_url",
        r"userId=\$matrix_user_id",
        r"roomId=\$matrix_room_id",
        r"theme=\$theme",
        r"roomName=\$roomName",
        r"supportsScreensharing=(true|false|undefined)",
        r"language=\$org\.matrix\.msc2873\.client_language",
        r"auth=openidtoken-jwt",
    ]
)


def conference_of(room_id: str) -> str:
    """The name that Element gives to the call of a room; ours to check, because a name could be a text."""
    return base64.b32encode(room_id.encode()).decode().rstrip("=")


class Staff:
    """Who is staff: the only list of people is Synapse's own, by user type."""

    def __init__(self, user_types: Iterable[str], api: ModuleApi) -> None:
        self._user_types = frozenset(user_types)
        self._api = api

    async def has(self, user_id: str) -> bool:
        user = await self._api.get_userinfo_by_id(user_id)
        return user is not None and (user.is_admin or user.user_type in self._user_types)

    async def has_all(self, user_ids: Iterable[str]) -> bool:
        for user_id in user_ids:
            if not await self.has(user_id):
                return False
        return True


def parsed(config: Any, options: set[str]) -> dict[str, list[str]]:
    """@raises ConfigError for an option that is unknown, missing or empty: it ends Synapse before it listens."""
    if not isinstance(config, dict) or set(config) != options:
        raise ConfigError(f"practice_policy takes exactly the options {', '.join(sorted(options))}.")
    for option, value in config.items():
        if not (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
            raise ConfigError(f"practice_policy: {option} must be a list of texts with at least one entry.")
    return config


# What Synapse calls a sign-in through the practice's provider of identities, and the ways in which staff may sign in.
PROVIDER = "oidc-staff"
PASSWORD = "password"
# Acts for whoever administers people. It has no password and nobody signs in as it.
ADMINISTRATOR = "practice-administrator"


class PracticePolicy:
    """
    Registers the rules. Options: the user types that are staff (the first one is given to whoever the provider says is
    staff), the way in which staff signs in, and where widgets and calls may be.
    """

    def __init__(self, config: dict[str, list[str]], api: ModuleApi) -> None:
        self._api = api
        self._staff = Staff(config["staff_user_types"], api)
        self._staff_user_type = config["staff_user_types"][0]
        self._staff_sign_in = config["staff_sign_in"]
        self._widget_hosts = "|".join(map(re.escape, config["widget_hosts"]))
        self._jitsi_domains = config["jitsi_domains"]
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
            check_login_for_spam=self.check_login_for_spam,
            check_media_file_for_spam=self.check_media_file_for_spam,
        )

    @staticmethod
    def parse_config(config: Any) -> dict[str, list[str]]:
        return parsed(config, {"staff_user_types", "staff_sign_in", "widget_hosts", "jitsi_domains"})

    # Who

    async def is_account(self, user_id: Any) -> bool:
        return USER_ID(user_id) and await self._api.get_userinfo_by_id(user_id) is not None

    async def user_may_create_room(self, user_id: str, room_config: dict) -> str | Codes:
        return NOT_SPAM if await self._staff.has(user_id) else Codes.FORBIDDEN

    async def user_may_invite(self, inviter: str, invitee: str, room_id: str) -> str | Codes:
        may = await self._staff.has(inviter) and await self.is_account(invitee)
        return NOT_SPAM if may else Codes.FORBIDDEN

    async def user_may_join_room(self, user_id: str, room_id: str, is_invited: bool) -> str | Codes:
        return NOT_SPAM if is_invited else Codes.FORBIDDEN

    async def check_username_for_spam(self, profile: Any, requester_id: str) -> bool:
        """True hides a user from the requester's search."""
        return not await self._staff.has(requester_id)

    async def check_login_for_spam(
        self, user_id: str, device_id: str | None, name: str | None, requests: Any, provider: str | None = None
    ) -> str | Codes:
        """
        Asked at each sign-in, when it is known who that is. `StaffProvider` has let through only who is staff now, so
        that they are; anybody else may have a password, but staff only where that is the way of staff.
        """
        if UserID.from_string(user_id).localpart == ADMINISTRATOR:
            return Codes.FORBIDDEN
        if provider == PROVIDER:
            await self._api._store.set_user_type(UserID.from_string(user_id), self._staff_user_type)
            return NOT_SPAM
        may = PASSWORD in self._staff_sign_in or not await self._staff.has(user_id)
        return NOT_SPAM if may else Codes.FORBIDDEN

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
        """
        Leaves of a request what a practice grants: whom to invite, and a name. What cannot be granted is refused
        here, because later half of the room is there already.
        """
        if not (is_requester_admin or await self._staff.has(requester.user.to_string())):
            raise SynapseError(403, "Only staff of the practice can create rooms.", Codes.FORBIDDEN)
        if config.get("invite_3pid"):
            raise SynapseError(403, "People are invited by their account, not by address.", Codes.FORBIDDEN)
        creation = config.get("creation_content")
        if isinstance(creation, Mapping) and creation.get("type") is not None:
            raise SynapseError(403, "A practice has plain rooms only.", Codes.FORBIDDEN)
        granted = {key: config[key] for key in ("name", "invite", "is_direct") if config.get(key) is not None}
        if not record({}, {"name": text(r".{0,255}"), "invite": each(USER_ID), "is_direct": flag})(granted):
            raise SynapseError(400, "The name, the invitations or the kind of the room are malformed.", Codes.BAD_JSON)
        for invitee in granted.get("invite", []):
            if not await self.is_account(invitee):
                raise SynapseError(403, "Only accounts of this practice can be invited.", Codes.FORBIDDEN)
        config.clear()
        config.update(
            granted,
            preset="private_chat",
            visibility="private",
            creation_content={"m.federate": False},
            initial_state=[
                state("m.room.join_rules", join_rule="invite"),
                state("m.room.history_visibility", history_visibility="joined"),
                state("m.room.guest_access", guest_access="forbidden"),
                state("m.room.encryption", algorithm=MEGOLM),
            ],
            power_level_content_override={
                "users_default": 0,
                "events_default": 0,
                "state_default": MOST_POWER,
                "invite": MOST_POWER,
                "events": dict.fromkeys((WIDGET, "m.room.pinned_events"), STAFF_LEVEL),
            },
        )

    # Events

    async def check_event_allowed(self, event: Any, state_events: Any) -> tuple[bool, dict | None]:
        return (await self.state_allowed(event) if event.is_state() else message_allowed(event)), None

    async def check_event_for_spam(self, event: Any) -> str | Codes:
        """The same rule once more where Synapse promises stability, for messages."""
        return NOT_SPAM if event.is_state() or message_allowed(event) else Codes.FORBIDDEN

    async def state_allowed(self, event: Any) -> bool:
        content = event.content
        if event.type == WIDGET:
            return WIDGET_ID(event.state_key) and (not content or self.is_call(content, event.room_id))
        rule = STATE.get(event.type)
        if rule is None or not rule(content):
            return False
        if event.type == "m.room.member":
            return await self.is_account(event.state_key)
        if event.state_key != "":
            return False
        if event.type == "m.room.create":
            return await self._staff.has_all(content.get("additional_creators", []))
        if event.type == "m.room.power_levels":
            return await self.power_levels_allowed(content)
        return True

    def is_call(self, content: Any, room_id: str) -> bool:
        """Whether it is the call of this room on the practice's own pages. An empty widget is the end of one."""
        name = conference_of(room_id)
        parameters = rf"#({CALL_PARAMETERS})(&({CALL_PARAMETERS})){{0,20}}"
        rule = record(
            {
                "type": one_of("jitsi"),
                "name": one_of("Jitsi"),
                "url": text(rf"https://({self._widget_hosts})/jitsi\.html\?confId={name}{parameters}"),
                "data": record(
                    {
                        "conferenceId": one_of(name),
                        "domain": one_of(*self._jitsi_domains),
                        # Without it nobody would be let in.
                        "auth": one_of("openidtoken-jwt"),
                    },
                    {"roomName": text(r".{0,255}"), "isAudioOnly": flag, "isVideoChannel": lambda value: value is False},
                ),
            }
        )
        return rule(content)

    async def power_levels_allowed(self, content: Any) -> bool:
        """Power is for staff, and a level for somebody who exists."""
        levels = content.get("users", {})
        if content.get("users_default", 0) >= STAFF_LEVEL:
            return False
        for user in levels:
            if not await self.is_account(user):
                return False
        return await self._staff.has_all(user for user, level in levels.items() if level >= STAFF_LEVEL)

    # Files

    async def check_media_file_for_spam(self, file: Any, file_info: Any) -> str | Codes:
        """Clients encrypt a file before they send it. One that is known by its beginning, or shrinks, is not."""
        sample = bytearray()

        def collect(chunk: bytes) -> None:
            sample.extend(chunk[: MEDIA_SAMPLE - len(sample)])

        await file.write_chunks_to(collect)
        return Codes.FORBIDDEN if is_clear_file(bytes(sample)) else NOT_SPAM


def message_allowed(event: Any) -> bool:
    rule = MESSAGES.get(event.type)
    return rule is not None and rule(event.content)


# How files of the usual kinds begin that are packed already and would not shrink. None is shorter than three bytes, so
# that of seventeen million encrypted files one is refused by chance, and goes through when it is sent again.
PACKED_FILES = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF|%PDF|PK\x03\x04|\x1f\x8b\x08|OggS|ID3|fLaC|BZh|7z\xbc\xaf|Rar!|\xfd7zXZ|\x1aE\xdf\xa3"
    rb"|\x00\x00\x00.(ftyp|JXL )",
    re.DOTALL,
)


def is_clear_file(sample: bytes) -> bool:
    return PACKED_FILES.match(sample) is not None or len(zlib.compress(sample)) < 0.98 * len(sample)


def state(event_type: str, **content: str) -> dict[str, Any]:
    return {"type": event_type, "state_key": "", "content": content}


TICKET = text(r"ticket\.[0-9]{1,12}\.[A-Za-z0-9_-]{1,400}\.[0-9a-f]{64}")
TICKET_SECONDS = 12 * 3600


class PracticeAnswers:
    """
    Tells the practice's own programs who somebody is: `GET`, on the internal listener alone. Whoever asks shows the
    OpenID token that Synapse gave to that person (`Authorization: Bearer`), so nobody learns of anybody else.
    With `?room=` also whether they are in that room and with what power; a room they are not in, or that is not
    there, looks the same.

    The answer holds a ticket, to be shown instead of the token for half a day: so the entry page can ask again who
    that is without keeping anything with which messages could be read. It ends with the password it was made under.
    """

    def __init__(self, config: dict[str, list[str]], api: ModuleApi) -> None:
        self._api = api
        self._staff = Staff(config["staff_user_types"], api)
        self._key = hmac.digest(api._hs.config.key.macaroon_secret_key, b"practice ticket", "sha256")

    @staticmethod
    def parse_config(config: Any) -> dict[str, list[str]]:
        return parsed(config, {"staff_user_types"})

    async def handle_request(self, request: Any) -> tuple[int, dict[str, Any]]:
        """
        200 with `user_id`, `staff`, `member`, `level` (0 to 100) and `ticket`; 401 for what is nobody's any more.
        """
        scheme, _, shown = (request.getHeader(b"Authorization") or b"").decode("latin-1").partition(" ")
        user_id = await self.owner_of(shown) if scheme == "Bearer" else None
        if user_id is None or request.method != b"GET":
            raise SynapseError(401, "The token is unknown, expired, or its owner is locked out.", Codes.UNKNOWN_TOKEN)
        level = await self.level_in(user_id, request.args.get(b"room", [b""])[0].decode("utf-8", "replace"))
        return 200, {
            "user_id": user_id,
            "staff": await self._staff.has(user_id),
            "member": level is not None,
            "level": level or 0,
            # Not a new one for an old one, so that none is renewed for ever.
            "ticket": shown if TICKET(shown) else await self.ticket_of(user_id, int(time.time()) + TICKET_SECONDS),
        }

    async def owner_of(self, shown: str) -> str | None:
        if TICKET(shown):
            user_id = await self.owner_of_ticket(shown)
        else:
            now = self._api.get_current_time_msec()
            user_id = await self._api._store.get_user_id_for_open_id_token(shown, now)
        # Both live on when their owner is shut out meanwhile.
        user = user_id and await self._api.get_userinfo_by_id(user_id)
        return user_id if user and not (user.locked or user.suspended or user.is_deactivated) else None

    async def ticket_of(self, user_id: str, until: int) -> str:
        hashes = await self._api._store.get_users_by_id_case_insensitive(user_id)
        content = json.dumps([user_id, until, hashes.get(user_id)]).encode()
        name = base64.urlsafe_b64encode(user_id.encode()).decode().rstrip("=")
        return f"ticket.{until}.{name}.{hmac.new(self._key, content, 'sha256').hexdigest()}"

    async def owner_of_ticket(self, ticket: str) -> str | None:
        _, until, name, _ = ticket.split(".")
        if int(until) <= time.time():
            return None
        try:
            user_id = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        except ValueError:
            return None
        return user_id if hmac.compare_digest(ticket, await self.ticket_of(user_id, int(until))) else None

    async def level_in(self, user_id: str, room_id: str) -> int | None:
        if not ROOM_ID(room_id):
            return None
        member = ("m.room.member", user_id)
        found = await self._api.get_room_state(room_id, [("m.room.create", ""), ("m.room.power_levels", ""), member])
        if member not in found or found[member].content.get("membership") != "join":
            return None
        # Whoever made a room of version 12 has more power than any number says.
        return min(get_user_power_level(user_id, found), MOST_POWER)


class StaffProvider:
    """
    Decides about everybody who comes from the practice's provider of identities. Options: the claim in the ID token,
    and the value that it has for staff, by itself or in a list. Nobody else gets in; who was staff and no longer is
    loses that, and every session, when they try.
    """

    def __init__(self, config: dict[str, list[str]], api: ModuleApi) -> None:
        [self._claim], [self._value] = config["claim"], config["value"]
        self._api = api

    @staticmethod
    def parse_config(config: Any) -> dict[str, list[str]]:
        return parsed(config, {"claim", "value"})

    def get_remote_user_id(self, userinfo: Any) -> str:
        return userinfo["sub"]

    async def map_user_attributes(self, userinfo: Any, token: Any, failures: int) -> dict[str, Any]:
        """For somebody new: an id that tells nothing, and the name that the provider has for them."""
        await self.get_extra_attributes(userinfo, token)
        name = userinfo.get("name")
        return {
            "localpart": opaque_localpart(),
            "display_name": name if text(r"[^\x00-\x1f]{1,100}")(name) else None,
            "emails": [],
        }

    async def get_extra_attributes(self, userinfo: Any, token: Any) -> dict[str, Any]:
        """Synapse calls it at each sign-in, before anything comes of it."""
        claimed = userinfo.get(self._claim)
        if self._value not in (claimed if isinstance(claimed, list) else [claimed]):
            await self.dismiss(str(userinfo["sub"]))
            raise MappingException("Your account there is not among the staff of this practice.")
        return {}

    async def dismiss(self, remote_user_id: str) -> None:
        user_id = await self._api._store.get_user_by_external_id(PROVIDER, remote_user_id)
        if user_id is not None:
            await self._api._store.set_user_type(UserID.from_string(user_id), None)
            await self._api._hs.get_device_handler().delete_all_devices_for_user(user_id)


class StaffSignIn:
    """
    Where a sign-in through the provider begins. Synapse's own place for it only answers a listener with TLS, or one that
    is told the client's address. Option: the addresses to which people may come back (`clients`).
    """

    def __init__(self, config: dict[str, list[str]], api: ModuleApi) -> None:
        self._clients = tuple(client.encode() for client in config["clients"])
        self._sso = api._hs.get_sso_handler()

    @staticmethod
    def parse_config(config: Any) -> dict[str, list[str]]:
        return parsed(config, {"clients"})

    async def handle_request(self, request: Any) -> None:
        back = request.args.get(b"redirectUrl", [b""])[0]
        if request.method != b"GET" or not back.startswith(self._clients):
            raise SynapseError(400, "A sign-in begins in this practice's own programs.", Codes.INVALID_PARAM)
        try:
            address = await self._sso.handle_redirect_request(request, back, PROVIDER)
        except Exception:
            message = "The place where staff signs in cannot be reached now. Please try again later."
            self._sso.render_error(request, "provider_unavailable", message, 503)
            return
        request.redirect(address)
        finish_request(request)


def opaque_localpart() -> str:
    """Ten characters that nobody mistakes for others, 50 bits; a letter first."""
    letters, more = "abcdefghijkmnpqrstuvwxyz", "abcdefghijkmnpqrstuvwxyz23456789"
    return secrets.choice(letters) + "".join(secrets.choice(more) for _ in range(9))


class PracticeAdministration:
    """
    Gives a token of an administrator to a command that proves that it may write on this very pod, on a listener inside
    the pod alone. Option: the file in which the kubelet shows what stands on the pod (`proof_file`, one path).

    `GET` answers with a challenge. The command thinks of a secret, writes SHA-256 of both (`challenge.secret`, in
    hexadecimal digits) on the pod, and sends both with `POST`. So there is no credential before the command, what stands
    on the pod is none, and it is good for this process, once, for a short time. Whoever may only reach the listener
    cannot write on the pod, and whoever may only read the pod does not know the secret.
    """

    CHALLENGE_SECONDS = 180
    TOKEN_SECONDS = 300

    def __init__(self, config: dict[str, list[str]], api: ModuleApi) -> None:
        [proof_file] = config["proof_file"]
        self._proof_file = Path(proof_file)
        self._api = api
        # Of this process alone: whatever was asked of a former one is void.
        self._key = secrets.token_bytes(32)
        self._spent: dict[str, float] = {}

    @staticmethod
    def parse_config(config: Any) -> dict[str, list[str]]:
        return parsed(config, {"proof_file"})

    async def handle_request(self, request: Any) -> tuple[int, dict[str, Any]]:
        """200 with `challenge`, or with `user_id`, `access_token` and `expires_in_ms`; 403 for what proves nothing."""
        if request.method == b"GET":
            return 200, {"challenge": self.challenge()}
        if request.method != b"POST" or not self.is_proven(*self.sent(request)):
            raise SynapseError(403, "The proof is missing, spent, expired, or not on the pod yet.", Codes.FORBIDDEN)
        user_id = await self.administrator()
        return 200, {
            "user_id": user_id,
            "access_token": await self.token_of(user_id),
            "expires_in_ms": self.TOKEN_SECONDS * 1000,
        }

    def challenge(self) -> str:
        stem = f"{time.monotonic():.3f}-{secrets.token_hex(16)}"
        return f"{stem}-{self.signature(stem)}"

    def signature(self, stem: str) -> str:
        return hmac.new(self._key, stem.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def sent(request: Any) -> tuple[str, str]:
        try:
            body = json.loads(request.content.read(1000))
        except ValueError:
            body = None
        rule = record({"challenge": text(r"[0-9a-f.-]{100,150}"), "secret": text(r"[A-Za-z0-9_-]{43}")})
        return (body["challenge"], body["secret"]) if rule(body) else ("", "")

    def is_proven(self, challenge: str, secret: str) -> bool:
        """Whether a challenge of this process, not too old and never used, was answered on the pod. Uses it up."""
        stem, _, signature = challenge.rpartition("-")
        if not hmac.compare_digest(signature, self.signature(stem)):
            return False
        now, age = time.monotonic(), self.CHALLENGE_SECONDS
        if now - float(stem.partition("-")[0]) > age or challenge in self._spent:
            return False
        answer = hashlib.sha256(f"{challenge}.{secret}".encode()).hexdigest()
        try:
            on_the_pod = self._proof_file.read_text().strip()
        except OSError:
            return False
        if not hmac.compare_digest(on_the_pod.encode(), answer.encode()):
            return False
        self._spent = {used: at for used, at in self._spent.items() if now - at <= age} | {challenge: now}
        return True

    async def administrator(self) -> str:
        """The account that acts, made when it is first needed. Of a type that Synapse shows in no directory."""
        user_id = f"@{ADMINISTRATOR}:{self._api.server_name}"
        user = await self._api.get_userinfo_by_id(user_id)
        if user is None:
            await self._api._hs.get_registration_handler().register_user(
                localpart=ADMINISTRATOR, admin=True, user_type="support", approved=True
            )
        elif not user.is_admin or user.is_deactivated or user.locked:
            raise SynapseError(403, f"{user_id} was changed and cannot act. Nobody should use it.", Codes.FORBIDDEN)
        return user_id

    async def token_of(self, user_id: str) -> str:
        """Without a device, so that no client lists it. Tokens of commands that were cut off go when they have ended."""
        now = self._api.get_current_time_msec()
        await self._api.run_db_interaction(
            "practice_administration_tokens",
            lambda db: db.execute("DELETE FROM access_tokens WHERE user_id = ? AND valid_until_ms < ?", (user_id, now)),
        )
        return await self._api._auth_handler.create_access_token_for_user_id(
            user_id, device_id=None, valid_until_ms=now + self.TOKEN_SECONDS * 1000
        )


class StartFailure(logging.Formatter):
    """Why Synapse could not start, for the pod's status: the error's first line, because further ones quote rows.

    What a connection says has no rows in it, and tells of each address that was tried in a line of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        lines = str(error or "").splitlines()[: None if type(error).__name__ == "OperationalError" else 1]
        return "\n".join([f"{record.getMessage()}: {type(error).__name__}", *lines])
