-- To whom a participant may send, on the host where participants log in.
--
-- Promises: a participant reaches the room of its token, the focus (for that room only), this host for the upkeep of
-- its own session, and, as staff, the components that moderate. Nothing else: no other account, no other room, no list
-- of rooms, no settings of a room, and no other participant except through the room. What is refused leaves no trace
-- in a log.
-- Options: practice_muc (host of the rooms), practice_focus_proxy (address of the focus),
-- practice_moderation (components that staff may send messages to).

local jid = require "prosody.util.jid";
local st = require "prosody.util.stanza";

local muc = assert(module:get_option_string("practice_muc"), "practice_muc is missing");
local focus_proxy = assert(module:get_option_string("practice_focus_proxy"), "practice_focus_proxy is missing");
local moderation = module:get_option_set("practice_moderation", {});

local DISCO_INFO = "http://jabber.org/protocol/disco#info";
local UPKEEP = {
	["urn:ietf:params:xml:ns:xmpp-bind"] = true;
	["urn:ietf:params:xml:ns:xmpp-session"] = true;
	["urn:xmpp:ping"] = true;
	["urn:xmpp:extdisco:2"] = true;
	[DISCO_INFO] = true;
	["http://jabber.org/protocol/disco#items"] = true;
};

local function payload_of(iq)
	return iq.tags[1] or { attr = {}, tags = {} };
end

local function is_answer(iq)
	return iq.attr.type == "result" or iq.attr.type == "error";
end

-- The other types ask for subscriptions, which a list of contacts would keep, or are an error with words in it.
local function is_coming_or_going(presence)
	return presence.attr.type == nil or presence.attr.type == "unavailable";
end

-- A session's own keeping.
local function may_send_home(stanza)
	if stanza.name == "iq" then return is_answer(stanza) or UPKEEP[payload_of(stanza).attr.xmlns] == true; end
	return stanza.name == "presence" and is_coming_or_going(stanza);
end

local function may_ask_focus(stanza, room_jid)
	local payload = stanza.name == "iq" and payload_of(stanza) or { attr = {} };
	if payload.attr.xmlns == DISCO_INFO then return true; end
	return payload.name == "conference" and payload.attr.xmlns == "http://jitsi.org/protocol/focus"
		and jid.prep(payload.attr.room) == room_jid;
end

-- Staff may remove somebody. Nobody gives or takes rights: those come from tokens.
local function is_removal(payload)
	if payload.name ~= "query" or payload.attr.xmlns ~= "http://jabber.org/protocol/muc#admin" then return false; end
	for _, item in ipairs(payload.tags) do
		local attr = item.attr;
		if item.name ~= "item" or attr.role ~= "none" or attr.affiliation or attr.jid or attr.nick == "focus" then
			return false;
		end
	end
	return #payload.tags > 0;
end

local function may_ask_room(iq, occupant, staff)
	if is_answer(iq) or occupant == "focus" then return true; end
	if occupant then return false; end
	local payload = payload_of(iq);
	return payload.attr.xmlns == DISCO_INFO or iq.attr.type == "set" and staff and is_removal(payload);
end

local function may_send_to_room(stanza, occupant, staff)
	if stanza.name == "iq" then return may_ask_room(stanza, occupant, staff); end
	if stanza.name == "message" then return stanza.attr.type == (occupant and "chat" or "groupchat"); end
	return occupant ~= nil and is_coming_or_going(stanza);
end

local function may_send(session, stanza)
	local claims, to = session.practice_claims, stanza.attr.to;
	if not claims then return false; end
	local node, host, resource = jid.prepped_split(to);
	if to == nil or host == module.host and (node == nil or node == session.username) then return may_send_home(stanza); end
	local room_jid = claims.room .. "@" .. muc;
	if host == focus_proxy then return may_ask_focus(stanza, room_jid); end
	if host == muc then
		if node == claims.room then return may_send_to_room(stanza, resource, claims.staff); end
		return node == nil and stanza.name == "iq" and payload_of(stanza).attr.xmlns == DISCO_INFO;
	end
	return claims.staff and stanza.name == "message" and moderation:contains(host);
end

local function check(event)
	local session, stanza = event.origin, event.stanza;
	if session.type ~= "c2s" or may_send(session, stanza) then return; end
	if stanza.attr.type ~= "error" and stanza.attr.type ~= "result" then
		session.send(st.error_reply(stanza, "cancel", "not-allowed"));
	end
	return true;
end

for _, kind in ipairs({ "iq", "message", "presence" }) do
	for _, target in ipairs({ "bare", "full", "host", "self" }) do
		module:hook("pre-" .. kind .. "/" .. target, check, 1000);
	end
end
