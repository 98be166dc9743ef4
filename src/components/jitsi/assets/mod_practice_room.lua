-- Who may be in a room and what they may say there, on the MUC host of the participants.
--
-- Promises:
--   * Nobody joins without saying that end-to-end encryption is supported and on, with both identity keys,
--     nor into another room than the one of their token, under another name than their account's, or above the limit.
--   * A later presence that says anything else about encryption, or names other keys, never reaches the others, and
--     its sender is removed.
--   * Recorders, transcribers, telephone gateways and visitors are refused.
--   * Between participants no message passes but those that exchange keys: chat is not end-to-end encrypted here.
--     What a presence carries beside the claim, as a name or a raised hand, is not encrypted and is passed on.
-- Exempt is only the focus, by the address with which it logged in.
-- It cannot see whether media really is encrypted; docs/video.md says what that means.
-- Options: practice_room_focus (bare JID), practice_room_max_participants.

local jid = require "prosody.util.jid";
local json = require "prosody.util.json";
local st = require "prosody.util.stanza";
local window = module:require "practice_window";

local focus = assert(module:get_option_string("practice_room_focus"), "practice_room_focus is missing");
local max_participants = module:get_option_integer("practice_room_max_participants", 2, 2);

local E2EE_FEATURE = "https://jitsi.org/meet/e2ee";
local FORBIDDEN_FEATURES = {
	["http://jitsi.org/protocol/jibri"] = true;
	["http://jitsi.org/protocol/jigasi"] = true;
	["http://jitsi.org/protocol/transcriber"] = true;
};
local CLAIM = {
	enabled = "jitsi_participant_e2ee.enabled";
	curve25519 = "jitsi_participant_e2ee.idKey.curve25519";
	ed25519 = "jitsi_participant_e2ee.idKey.ed25519";
};

local NOT_ENCRYPTED = "This call is end-to-end encrypted only. Please use the link in a current Chrome or Edge.";
local NO_SERVICES = "Recorders, transcribers, gateways and visitors are not part of this practice.";

local function is_focus(stanza)
	return jid.bare(stanza.attr.from) == focus;
end

-- What a presence says once; of two lists the client believes the last one alone.
local function features_of(presence)
	local found, lists = {}, 0;
	for _, features in ipairs(presence.tags) do
		if features.name == "features" then
			lists = lists + 1;
			for feature in features:childtags("feature") do found[feature.attr.var or ""] = true; end
		end
	end
	return lists == 1 and found or {};
end

-- The text of a claim that is made exactly once; of two the client and we might each believe another one.
local function claim(presence, name)
	local text;
	for _, tag in ipairs(presence.tags) do
		if tag.name == name then
			if text then return nil; end
			text = tag:get_text() or "";
		end
	end
	return text ~= "" and text or nil;
end

-- What a presence says about encryption: its identity keys as one text, or nil when it does not claim everything.
local function keys_of(presence)
	local curve, ed = claim(presence, CLAIM.curve25519), claim(presence, CLAIM.ed25519);
	if not (features_of(presence)[E2EE_FEATURE] and claim(presence, CLAIM.enabled) == "true" and curve and ed) then
		return nil;
	end
	return curve .. " " .. ed;
end

local function is_service(presence)
	for _, tag in ipairs(presence.tags) do
		if tag.attr.xmlns == "http://jitsi.org/protocol/jigasi" or tag.name == "visitor" then return true; end
	end
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

-- Why somebody may not join: error type, condition, text; nil when they may.
local function objection_to_join(room, origin, presence)
	local claims = origin.practice_claims;
	if not claims or claims.room ~= jid.node(room.jid) or not window.is_open(claims, os.time()) then
		return "cancel", "not-allowed", "This link is for another room or another time.";
	end
	if jid.resource(presence.attr.to) ~= origin.username:sub(1, 8) then
		return "cancel", "not-allowed", "This name in the room is not yours.";
	end
	if participants_in(room) >= max_participants then
		return "wait", "service-unavailable", "This call is full.";
	end
	if is_service(presence) then return "cancel", "not-allowed", NO_SERVICES; end
	if not keys_of(presence) then return "modify", "not-acceptable", NOT_ENCRYPTED; end
end

-- May run several times for one join (muc_meeting_id and the lobby replay it), so it only looks.
module:hook("muc-occupant-pre-join", function (event)
	local room, origin, presence = event.room, event.origin, event.stanza;
	if is_focus(presence) then return; end
	local kind, condition, text = objection_to_join(room, origin, presence);
	if kind then
		origin.send(st.error_reply(presence, kind, condition, text, room.jid));
		return true;
	end
end, 5);

-- After the lobby: whoever comes here is about to be let in.
module:hook("muc-occupant-pre-join", function (event)
	if is_focus(event.stanza) then return; end
	event.origin.practice_keys = keys_of(event.stanza);
	-- A role for this stay and no affiliation: staff moderates, and only the focus owns the room.
	if event.origin.practice_claims.staff then event.occupant.role = "moderator"; end
end, 3);

module:hook("muc-occupant-pre-change", function (event)
	local room, origin, presence = event.room, event.origin, event.stanza;
	if is_focus(presence) then return; end
	local keys = keys_of(presence);
	local is_same = keys and keys == origin.practice_keys and presence.attr.to == event.orig_occupant.nick;
	if not is_same or is_service(presence) then
		room:set_role(true, event.orig_occupant.nick, nil, NOT_ENCRYPTED);
		return true;
	end
end, 100);

-- What Prosody itself adds to a message in a room, empty.
local ADDED = { x = "http://jabber.org/protocol/muc#user", ["occupant-id"] = "urn:xmpp:occupant-id:0" };

-- The type that the stock client gives its exchange of keys (lib-jitsi-meet, OlmAdapter). Polls are json-messages too.
local function is_key(tag)
	if tag.name ~= "json-message" or tag.attr.xmlns ~= "http://jitsi.org/jitmeet" then return false; end
	local read, content = pcall(json.decode, tag:get_text() or "");
	return read and type(content) == "table" and content.type == "olm";
end

local function exchanges_keys(message)
	-- Whatever is beside the elements is text.
	if #message ~= #message.tags then return false; end
	local found = false;
	for _, tag in ipairs(message.tags) do
		if is_key(tag) then
			found = true;
		elseif not tag.attr.xmlns or ADDED[tag.name] ~= tag.attr.xmlns or #tag > 0 then
			return false;
		end
	end
	return found;
end

module:hook("muc-occupant-groupchat", function (event)
	if not is_focus(event.stanza) and not exchanges_keys(event.stanza) then return true; end
end, 100);

module:hook("muc-private-message", function (event)
	if not is_focus(event.stanza) and not exchanges_keys(event.stanza) then return false; end
end, 100);

module:hook("practice-busy", function (event)
	for room in module:depends("muc").each_room() do
		event.busy = event.busy or participants_in(room) > 0;
	end
end);
