-- Patients wait outside until staff is in the room, on the MUC host of the participants.
--
-- Promises: whoever is not staff joins only while staff is in the room, or when the entry page has let them in. Until
-- then the join is kept unanswered, nobody in the room sees it, and the client shows that it waits; it is answered by
-- itself as soon as staff is there, also in a room that was closed and opened again meanwhile.
-- It comes after the rules of the room, so only who may join is made to wait; and they are asked again at the end.

local st = require "prosody.util.stanza";

local MOST_WAITING = 200;

local waiting = {}; -- full JID -> { origin, stanza, room, since }
local admitted = {}; -- room and holder -> until when

-- How many wait; forgets those who are gone.
local function count_waiting()
	local count = 0;
	for full_jid, entry in pairs(waiting) do
		if prosody.full_sessions[full_jid] == entry.origin then count = count + 1; else waiting[full_jid] = nil; end
	end
	return count;
end

local function key_of(room_jid, holder)
	return room_jid .. " " .. holder;
end

local function has_staff(room)
	for _, occupant in room:each_occupant() do
		for real_jid in occupant:each_session() do
			local session = prosody.full_sessions[real_jid];
			if session and session.practice_claims and session.practice_claims.staff then return true; end
		end
	end
	return false;
end

local function may_enter(room, claims)
	local till = admitted[key_of(room.jid, claims.sub)];
	return claims.staff or (till and os.time() < till) or has_staff(room);
end

module:hook("muc-occupant-pre-join", function (event)
	local room, origin, presence = event.room, event.origin, event.stanza;
	local claims = origin.practice_claims;
	if not claims or may_enter(room, claims) then return; end
	if count_waiting() >= MOST_WAITING then
		origin.send(st.error_reply(presence, "wait", "resource-constraint", "Too many people are waiting.", room.jid));
		return true;
	end
	waiting[origin.full_jid] = { origin = origin, stanza = st.clone(presence), room = room.jid, since = os.time() };
	return true;
end, 4);

-- Answers the joins that wait for a room; only one holder's, where one is named.
local function let_in(room, holder)
	count_waiting();
	local due = {};
	for full_jid, entry in pairs(waiting) do
		if entry.room == room.jid and (not holder or entry.origin.practice_claims.sub == holder) then
			due[#due + 1] = full_jid;
		end
	end
	for _, full_jid in ipairs(due) do
		local entry = waiting[full_jid];
		waiting[full_jid] = nil;
		room:handle_normal_presence(entry.origin, entry.stanza);
	end
end

module:hook("muc-occupant-joined", function (event)
	local claims = event.origin and event.origin.practice_claims;
	if claims and claims.staff then let_in(event.room); end
end, -100);

-- Who goes away no longer waits.
module:hook("presence/full", function (event)
	if event.stanza.attr.type == "unavailable" then waiting[event.stanza.attr.from] = nil; end
end, 100);

module:hook("practice-waiting", function (event)
	count_waiting();
	for _, entry in pairs(waiting) do
		if entry.room == event.room_jid then
			local claims = entry.origin.practice_claims;
			event.found[#event.found + 1] = { sub = claims.sub, since = entry.since, word = claims.word };
		end
	end
end);

module:hook("practice-admit", function (event)
	admitted[key_of(event.room_jid, event.holder)] = os.time() + 86400;
	local room = module:depends("muc").get_room_from_jid(event.room_jid);
	if room then let_in(room, event.holder); end
end);

module:hook("practice-busy", function (event)
	event.busy = event.busy or count_waiting() > 0;
end);

module:add_timer(600, function ()
	local now = os.time();
	for key, till in pairs(admitted) do
		if now >= till then admitted[key] = nil; end
	end
	return 600;
end);

