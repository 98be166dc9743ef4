-- Says whether Prosody is the practice's: GET /ready answers 200 only while every module of ours is loaded on its host
-- and the rooms really refuse who does not encrypt, else 503 with nothing in it. A module that fails to load only
-- leaves a line in the log, and rooms without rules would stay open; with this the pod is out of service instead.
--
-- Promises: no name of a room, a participant or a module in any answer. nginx does not pass the path on.
-- Options: practice_ready_modules, a table from host to names of modules; practice_muc (the host of the rooms).

local modulemanager = require "prosody.core.modulemanager";
local st = require "prosody.util.stanza";

local required = module:get_option("practice_ready_modules");
assert(type(required) == "table" and next(required), "practice_ready_modules is missing");
local muc = assert(module:get_option_string("practice_muc"), "practice_muc is missing");

module:depends("http");

local function all_loaded()
	for host, names in pairs(required) do
		for _, name in ipairs(names) do
			if not modulemanager.is_loaded(host, name) then return false; end
		end
	end
	return true;
end

-- A room that nobody can enter: it exists in this test alone.
local ROOM = ("0"):rep(32);
local no_room = {
	jid = ROOM .. "@" .. muc;
	_data = { jicofo_lock = false };
	each_occupant = function () return function () end; end;
};

-- Asks the rules themselves: somebody with a good token joins and says nothing about encryption.
local function refuses_cleartext()
	local refusal;
	local user = ("0"):rep(8) .. "@" .. module.host;
	local session = {
		type = "c2s", username = ("0"):rep(8), full_jid = user .. "/ready",
		practice_claims = { room = ROOM, sub = "", nbf = 0, exp = math.maxinteger, staff = true };
		send = function (stanza) refusal = stanza; end;
	};
	local join = st.presence({ from = session.full_jid, to = no_room.jid .. "/" .. ("0"):rep(8) });
	local event = { room = no_room, origin = session, stanza = join, occupant = { bare_jid = user, nick = join.attr.to } };
	local asked, vetoed = pcall(prosody.hosts[muc].events.fire_event, "muc-occupant-pre-join", event);
	local _, condition = (refusal or join):get_error();
	return asked and vetoed == true and refusal ~= nil and condition == "not-acceptable";
end

module:provides("http", {
	default_path = "/ready";
	route = {
		GET = function (event)
			event.response.headers.content_type = "text/plain";
			return all_loaded() and refuses_cleartext() and 200 or 503;
		end;
	};
});
