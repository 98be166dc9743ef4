-- What the entry page and the operator may ask, over HTTP, on the host where participants log in.
--
-- Promises: it answers on the internal port only, which no front door leads to. Everything that changes or tells
-- something is asked by a token that the entry page signed for this one request: it holds the whole request, is good
-- for half a minute at most and for one use. Only whether anybody is in a call at all is told without a signature, as a
-- yes or no. No answer and no log names a room, a person or a token.
-- Options: practice_internal_port, practice_muc (host of the rooms), room_token_keys, room_token_issuer,
-- practice_control_audience.

local array = require "prosody.util.array";
local json = require "prosody.util.json";
local keys = module:require "practice_keys";
local window = module:require "practice_window";

local port = assert(module:get_option_integer("practice_internal_port"), "practice_internal_port is missing");
local muc = assert(module:get_option_string("practice_muc"), "practice_muc is missing");
local issuer = assert(module:get_option_string("room_token_issuer"), "room_token_issuer is missing");
local audience = assert(module:get_option_string("practice_control_audience"), "practice_control_audience is missing");
local folder = assert(module:get_option_string("room_token_keys"), "room_token_keys is missing");

local GOOD_FOR, CLOCKS_DIFFER_BY = 30, 5;

module:depends("http");

local verify = keys.new_verifier(folder, "practice-control+jwt");
local used = {}; -- jti -> until when

local function is_used(jti, exp, now)
	for id, till in pairs(used) do
		if now >= till then used[id] = nil; end
	end
	if used[jti] then return true; end
	used[jti] = exp;
	return false;
end

-- What is asked, or nil when nobody who may ask it does so now and for the first time.
local function request_of(body)
	local claims, now = verify(body), os.time();
	if not claims or claims.iss ~= issuer or claims.aud ~= audience or type(claims.jti) ~= "string" then return nil; end
	if math.type(claims.iat) ~= "integer" or math.type(claims.exp) ~= "integer" then return nil; end
	if claims.exp - claims.iat > GOOD_FOR or claims.iat > now + CLOCKS_DIFFER_BY or now >= claims.exp then return nil; end
	if is_used(claims.jti, claims.exp, now) then return nil; end
	return claims;
end

local function to_rooms(event, details)
	local host = prosody.hosts[muc];
	if host then host.events.fire_event(event, details); end
	return details;
end

local function is_room(name)
	return type(name) == "string" and #name >= 26 and #name <= 64 and name:match("^[a-z0-9]+$") ~= nil;
end

-- Each act: what it needs, then what it does and tells; nil when something is missing.
local acts = {};

function acts.revoke(request)
	if type(request.sub) ~= "string" or math.type(request["until"]) ~= "integer" then return nil; end
	window.revoke(request.sub, request["until"]);
	module:fire_event("practice-look", {});
	return {};
end

function acts.waiting(request)
	if not is_room(request.room) then return nil; end
	local found = to_rooms("practice-waiting", { room_jid = request.room .. "@" .. muc, found = array() }).found;
	return { waiting = found };
end

function acts.admit(request)
	if not is_room(request.room) or type(request.sub) ~= "string" then return nil; end
	to_rooms("practice-admit", { room_jid = request.room .. "@" .. muc, holder = request.sub });
	return {};
end

function acts.extend(request)
	if not is_room(request.room) or math.type(request["until"]) ~= "integer" then return nil; end
	to_rooms("practice-extend", { name = request.room, till = request["until"] });
	return {};
end

function acts.ends(request)
	if not is_room(request.room) or math.type(request["until"]) ~= "integer" then return nil; end
	return { ends = window.ends_at({ room = request.room, exp = request["until"] }) };
end

acts["end"] = function (request)
	if not is_room(request.room) then return nil; end
	window.finish(request.room, os.time());
	module:fire_event("practice-look", {});
	return {};
end

local function answer(response, content)
	response.headers.content_type = "application/json";
	return json.encode(content);
end

local function is_inside(event)
	return tonumber(event.request.conn:serverport()) == port;
end

local function control(event)
	if not is_inside(event) then return 404; end
	local request = request_of(event.request.body);
	if not request then return 401; end
	local act = acts[request.act];
	local told = act and act(request);
	if not told then return 400; end
	told.started = window.started;
	return answer(event.response, told);
end

local function busy(event)
	if not is_inside(event) then return 404; end
	return answer(event.response, { busy = to_rooms("practice-busy", { busy = false }).busy });
end

module:provides("http", {
	default_path = "/practice";
	route = { ["POST /control"] = control, ["GET /busy"] = busy };
});
