-- When a room token is good: the one answer that login, joining and ending share.
--
-- A token is good from nbf to exp. Once staff has been in its room everybody gets some more time, and staff or the
-- entry page can add more. A revoked holder's token is not good until the time that was said, nor is one for a room that
-- was ended for all.
-- All of it is kept in memory and bounded: what is over is forgotten.
-- Option: practice_grace_seconds (what staff's presence adds); the same on every host that loads this.

local state = module:shared("/*/practice/state");
state.rooms = state.rooms or {}; -- room -> { staffed, ended, extra, exp }
state.revoked = state.revoked or {}; -- holder -> until when
state.started = state.started or os.time();

local grace = module:get_option_integer("practice_grace_seconds", 0, 0);
local MOST_EXTRA = 4 * 3600;

local window = { started = state.started };

local function room_of(name)
	state.rooms[name] = state.rooms[name] or { staffed = false, ended = false, extra = 0, exp = 0 };
	return state.rooms[name];
end

local function later(room, exp)
	if not room then return exp; end
	return exp + room.extra + (room.staffed and grace or 0);
end

-- When a session with these claims has to end, in seconds since 1970.
function window.ends_at(claims)
	return later(state.rooms[claims.room], claims.exp);
end

-- Whether these claims open their room at a time.
function window.is_open(claims, now)
	local room, revoked_until = state.rooms[claims.room], state.revoked[claims.sub];
	if room and room.ended or revoked_until and now < revoked_until then return false; end
	return now >= claims.nbf and now < window.ends_at(claims);
end

-- Somebody with these claims has come into the room. Whether that moved the end of those who were there.
function window.entered(claims)
	local room = room_of(claims.room);
	local moved = claims.staff and not room.staffed;
	room.exp = math.max(room.exp, claims.exp);
	room.staffed = room.staffed or claims.staff;
	return moved;
end

-- Moves the end of a token's session in its room to a later time, and everybody's there by as much; without `exp`, the
-- end of the token that lasts longest. At most four hours in all. Does nothing for a room nobody was in.
function window.extend(name, till, exp)
	local room = state.rooms[name];
	if not room then return; end
	local extra = room.extra + till - later(room, exp or room.exp);
	room.extra = math.min(MOST_EXTRA, math.max(room.extra, extra));
end

-- Ends a room for a day at least, which is as long as a window is. A token for a later window is to be revoked.
function window.finish(name, now)
	local room = room_of(name);
	room.ended, room.exp = true, math.max(room.exp, now + 86400);
end

-- Closes every room to a holder until a time.
function window.revoke(holder, till)
	state.revoked[holder] = math.max(state.revoked[holder] or 0, till);
end

-- Forgets what is over. To be called now and then.
function window.tidy(now)
	for name, room in pairs(state.rooms) do
		if now >= room.exp + MOST_EXTRA + grace then state.rooms[name] = nil; end
	end
	for holder, till in pairs(state.revoked) do
		if now >= till then state.revoked[holder] = nil; end
	end
end

return window;
