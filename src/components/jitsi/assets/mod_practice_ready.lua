-- Says whether Prosody is the practice's: GET /ready answers 200 only while every module of ours is loaded on
-- its host, else 503 with nothing in it. A module that fails to load only leaves a line in the log, and rooms
-- without rules would stay open; with this the pod is out of service instead.
--
-- Promises: no name of a room, a participant or a module in any answer. nginx does not pass the path on.
-- Option: practice_ready_modules, a table from host to names of modules.

local required = module:get_option("practice_ready_modules");
assert(type(required) == "table" and next(required), "practice_ready_modules is missing");

module:depends("http");

local function all_loaded()
	for host, names in pairs(required) do
		local session = prosody.hosts[host];
		if not session then return false; end
		for _, name in ipairs(names) do
			if not (session.modules and session.modules[name]) then return false; end
		end
	end
	return true;
end

module:provides("http", {
	default_path = "/ready";
	route = {
		GET = function (event)
			event.response.headers.content_type = "text/plain";
			return all_loaded() and 200 or 503;
		end;
	};
});
