-- Ends what a participant's token no longer opens, on the host where participants log in.
--
-- Promises: a session ends within three seconds of the end of its token's window or of a revocation, in the room and
-- as a whole; and a holder has one session at a time, so that a copied link cannot listen in beside its owner: whoever
-- comes later replaces whoever was there.
-- Option: practice_muc (the host of the rooms).

local window = module:require "practice_window";

local muc = assert(module:get_option_string("practice_muc"), "practice_muc is missing");

local LOOK_EVERY = 2;
local OVER = "The time of this call is over.";
local REPLACED = "This link was opened somewhere else.";

local function leave_room(session, reason)
	local rooms = prosody.hosts[muc].modules.muc;
	local room = rooms and rooms.get_room_from_jid(session.practice_claims.room .. "@" .. muc);
	local occupant = room and room:get_occupant_by_real_jid(session.full_jid);
	if occupant then room:set_role(true, occupant.nick, nil, reason); end
end

local function finish(session, condition, reason)
	leave_room(session, reason);
	session:close({ condition = condition, text = reason });
end

-- A copy, because ending a session takes it out of the table.
local function sessions_of(user)
	local found = {};
	for _, session in pairs(user and user.sessions or {}) do
		if session.practice_claims then found[#found + 1] = session; end
	end
	return found;
end

local function end_what_is_over()
	local now, users = os.time(), {};
	for _, user in pairs(prosody.hosts[module.host].sessions) do users[#users + 1] = user; end
	for _, user in ipairs(users) do
		for _, session in ipairs(sessions_of(user)) do
			if not window.is_open(session.practice_claims, now) then finish(session, "policy-violation", OVER); end
		end
	end
	window.tidy(now);
end

module:add_timer(LOOK_EVERY, function ()
	end_what_is_over();
	return LOOK_EVERY;
end);
module:hook("practice-look", end_what_is_over);

module:hook("pre-resource-bind", function (event)
	local user = prosody.hosts[module.host].sessions[event.session.username];
	for _, session in ipairs(sessions_of(user)) do finish(session, "conflict", REPLACED); end
end);
