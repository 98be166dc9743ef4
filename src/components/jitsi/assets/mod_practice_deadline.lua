-- Tells everybody in a room when it ends, and lets staff move that end, on the MUC host of the participants.
--
-- Promises: each participant is told the second at which their own session ends, when they come and whenever it
-- changes, in a message of the room that the stock client hands to the page (an endpoint message without a sender).
-- Staff moves it by saying the wanted time in its presence, an hour at a time at most; of anybody else it is ignored.
-- The wish itself never reaches the others.

local st = require "prosody.util.stanza";
local window = module:require "practice_window";

local WISH = "jitsi_participant_practice_extend";
local MOST_AT_ONCE = 3600;

local function tell(room, real_jid, claims)
	local text = ('{"type":"practice-deadline","at":%d}'):format(window.ends_at(claims));
	room:route_stanza(st.message({ type = "groupchat", from = room.jid, to = real_jid })
		:text_tag("json-message", text, { xmlns = "http://jitsi.org/jitmeet" }));
end

local function tell_all(room)
	for _, occupant in room:each_occupant() do
		for real_jid in occupant:each_session() do
			local session = prosody.full_sessions[real_jid];
			if session and session.practice_claims then tell(room, real_jid, session.practice_claims); end
		end
	end
end

module:hook("muc-occupant-joined", function (event)
	local claims = event.origin and event.origin.practice_claims;
	if not claims then return; end
	if window.entered(claims) then tell_all(event.room); else tell(event.room, event.stanza.attr.from, claims); end
end, -50);

local function wish_of(presence)
	local text;
	presence:maptags(function (tag)
		if tag.name ~= WISH then return tag; end
		text = tag:get_text();
	end);
	return math.tointeger(tonumber(text));
end

-- After the rules of the room, so that who may not stay moves nothing.
module:hook("muc-occupant-pre-change", function (event)
	local wanted = wish_of(event.stanza);
	local claims = event.origin.practice_claims;
	if not wanted or not claims or not claims.staff then return; end
	local more = wanted - window.ends_at(claims);
	if more <= 0 or more > MOST_AT_ONCE then return; end
	window.extend(claims.room, wanted, claims.exp);
	tell_all(event.room);
end, 50);

module:hook("muc-occupant-pre-join", function (event)
	wish_of(event.stanza);
end, 6);

module:hook("practice-extend", function (event)
	window.extend(event.name, event.till);
	local room = module:depends("muc").get_room_from_jid(event.name .. "@" .. module.host);
	if room then tell_all(room); end
end);
