-- The rules of a room, on the MUC host of the participants.
--
-- Promises:
--   * Nobody joins without saying that end-to-end encryption is supported and on, with both identity keys,
--     nor into another room than the one of their token, nor above the limit of participants.
--   * A later presence that says anything else never reaches the others, and its sender is removed.
--   * Recorders, transcribers and telephone gateways are refused.
--   * Messages with content (a body or a subject) are dropped: chat is not end-to-end encrypted here.
-- Exempt is only the focus, by the address with which it logged in.
-- It cannot see whether media really is encrypted; see the documentation for what that means.
-- Options: practice_room_focus (bare JID), practice_room_max_participants.

local jid = require "prosody.util.jid";
local st = require "prosody.util.stanza";

local focus = assert(module:get_option_string("practice_room_focus"), "practice_room_focus is missing");
local max_participants = module:get_option_integer("practice_room_max_participants", 2, 2);

local E2EE_FEATURE = "https://jitsi.org/meet/e2ee";
local FORBIDDEN_FEATURES = {
	["http://jitsi.org/protocol/jibri"] = true;
	["http://jitsi.org/protocol/jigasi"] = true;
	["http://jitsi.org/protocol/transcriber"] = true;
};

local NOT_ENCRYPTED = "This call is end-to-end encrypted only. Please use the link in a current Chrome or Edge.";

local function is_focus(stanza)
	return jid.bare(stanza.attr.from) == focus;
end

local function has_text(presence, name)
	local text = presence:get_child_text(name);
	return text ~= nil and text ~= "";
end

local function features_of(presence)
	local found = {};
	local features = presence:get_child("features");
	if features then
		for feature in features:childtags("feature") do
			found[feature.attr.var or ""] = true;
		end
	end
	return found;
end

local function claims_encryption(presence)
	return features_of(presence)[E2EE_FEATURE]
		and presence:get_child_text("jitsi_participant_e2ee.enabled") == "true"
		and has_text(presence, "jitsi_participant_e2ee.idKey.curve25519")
		and has_text(presence, "jitsi_participant_e2ee.idKey.ed25519");
end

local function is_service(presence)
	if presence:get_child("initiator", "http://jitsi.org/protocol/jigasi") then return true; end
	for feature in pairs(features_of(presence)) do
		if FORBIDDEN_FEATURES[feature] then return true; end
	end
	return false;
end

local function participants_in(room)
	local count = 0;
	for _, occupant in room:each_occupant() do
		if occupant.bare_jid ~= focus then count = count + 1; end
	end
	return count;
end

-- What is wrong with a presence: error type, condition, text; nil when nothing is.
local function objection_to(presence)
	if is_service(presence) then
		return "cancel", "not-allowed", "Recorders, transcribers and gateways are not part of this practice.";
	end
	if not claims_encryption(presence) then
		return "modify", "not-acceptable", NOT_ENCRYPTED;
	end
end

local function objection_to_join(room, origin, presence)
	local claims = origin.practice_claims;
	if not claims or claims.room ~= jid.node(room.jid) or os.time() >= claims.exp then
		return "cancel", "not-allowed", "This link is for another room or another time.";
	end
	if participants_in(room) >= max_participants then
		return "wait", "service-unavailable", "This call is full.";
	end
	return objection_to(presence);
end

-- May run twice for one join (muc_meeting_id replays it), so it only looks.
module:hook("muc-occupant-pre-join", function (event)
	local room, origin, presence = event.room, event.origin, event.stanza;
	if is_focus(presence) then return; end
	local kind, condition, text = objection_to_join(room, origin, presence);
	if kind then
		origin.send(st.error_reply(presence, kind, condition, text, room.jid));
		return true;
	end
	if origin.practice_claims.staff then
		room:set_affiliation(true, jid.bare(presence.attr.from), "owner");
	end
end, 5);

-- Also runs for a change of the nickname.
module:hook("muc-occupant-pre-change", function (event)
	local room, presence = event.room, event.stanza;
	if is_focus(presence) then return; end
	local kind, _, text = objection_to(presence);
	if kind then
		room:set_role(true, event.orig_occupant.nick, nil, text);
		return true;
	end
end, 100);

local function has_content(message)
	return message:get_child("body") ~= nil
		or message:get_child("subject") ~= nil
		or message:get_child("body", "http://www.w3.org/1999/xhtml") ~= nil
		or message:get_child("html", "http://jabber.org/protocol/xhtml-im") ~= nil;
end

module:hook("muc-occupant-groupchat", function (event)
	if has_content(event.stanza) and not is_focus(event.stanza) then return true; end
end, 100);

module:hook("muc-private-message", function (event)
	if has_content(event.stanza) and not is_focus(event.stanza) then return false; end
end, 100);
