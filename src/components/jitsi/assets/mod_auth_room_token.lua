-- Participants log in with a room token and with nothing else.
--
-- Promises: without a token that is signed by the practice (ES256, public key from a file), names this practice
-- as issuer and audience, names exactly one room, and is valid now with both a beginning and an end, there is no
-- login. What the token says is kept on the session for mod_practice_room; the token itself is not kept and
-- never logged.
-- Options: room_token_key (path of the PEM file), room_token_issuer, room_token_audience.
--
-- Clients send the token as `token` in the query of the BOSH or websocket address and use SASL ANONYMOUS.
-- For plugins of the image that read it, the session also gets jitsi_meet_room and jitsi_meet_context_user.

local jwt = require "prosody.util.jwt";
local formdecode = require "prosody.util.http".formdecode;
local new_id = require "prosody.util.id".medium;

local issuer = assert(module:get_option_string("room_token_issuer"), "room_token_issuer is missing");
local audience = assert(module:get_option_string("room_token_audience"), "room_token_audience is missing");
local key_path = assert(module:get_option_string("room_token_key"), "room_token_key is missing");

local function read_key()
	local file = assert(io.open(key_path, "r"));
	local pem = file:read("a");
	file:close();
	return pem;
end

local verify = jwt.new_verifier("ES256", read_key());

-- The claims of a token that opens a room now, or nil.
local function claims_of(token)
	if type(token) ~= "string" or #token > 4096 then return nil; end
	local called, ok, claims = pcall(verify, token);
	if not (called and ok) or type(claims) ~= "table" then return nil; end
	local now = os.time();
	if claims.iss ~= issuer or claims.aud ~= audience then return nil; end
	if type(claims.nbf) ~= "number" or type(claims.exp) ~= "number" then return nil; end
	if now < claims.nbf or now >= claims.exp then return nil; end
	-- One room, in the spelling that the address of a room has. No pattern, no list.
	if type(claims.room) ~= "string" or not claims.room:match("^[a-z0-9_-]+$") then return nil; end
	return claims;
end

local function user_of(claims)
	local context = type(claims.context) == "table" and claims.context or {};
	return type(context.user) == "table" and context.user or {};
end

local function remember(event)
	local query = event.request.url and event.request.url.query;
	local fields = query and formdecode(query);
	event.session.practice_token = type(fields) == "table" and fields.token or nil;
end
module:hook_global("bosh-session", remember);
module:hook_global("websocket-session", remember);

-- A SASL handler that knows ANONYMOUS only, and for it asks the token.
local handler = {};
handler.__index = handler;

local function new_handler(session)
	return setmetatable({ session = session }, handler);
end

function handler:mechanisms() -- luacheck: ignore 212/self
	return { ANONYMOUS = true };
end

function handler:select(mechanism)
	if self.selected or mechanism ~= "ANONYMOUS" then return false; end
	self.selected = mechanism;
	return true;
end

function handler:process()
	local session = self.session;
	local claims = claims_of(session.practice_token);
	session.practice_token = nil;
	if not claims then return "failure", "not-authorized", "This link is not valid now."; end
	local user = user_of(claims);
	session.practice_claims = { room = claims.room; exp = claims.exp; staff = user.moderator == true };
	session.jitsi_meet_room = claims.room;
	session.jitsi_meet_context_user = user;
	self.username = new_id():lower();
	return "success";
end

function handler:clean_clone()
	return new_handler(self.session);
end

local provider = {};

function provider.get_sasl_handler(session)
	return new_handler(session);
end

function provider.user_exists()
	return nil, "There are no accounts here";
end

function provider.test_password()
	return nil, "There are no passwords here";
end
provider.get_password = provider.test_password;
provider.set_password = provider.test_password;
provider.create_user = provider.user_exists;

module:provides("auth", provider);
