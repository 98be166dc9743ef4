-- Participants log in with a room token and with nothing else.
--
-- Promises: without a token that is signed by the practice (practice_keys.lib.lua), has exactly the claims of the
-- contract (docs/reference/room-token.md) and is good now (practice_window.lib.lua), there is no login. What the token
-- says is kept on the session for the other modules; the token itself is not kept and never logged.
-- Options: room_token_keys (folder of public keys), room_token_issuer, room_token_audience.
--
-- Clients send the token as `token` in the query of the BOSH or websocket address and use SASL ANONYMOUS. The name of
-- the account is the same for one holder as long as Prosody runs, so that an interrupted session can be resumed; its
-- first eight hexadecimal digits are what the stock client calls itself in the room.
-- For plugins of the image that read it, the session also gets jitsi_meet_room and jitsi_meet_context_user.

local formdecode = require "prosody.util.http".formdecode;
local hmac = require "prosody.util.hashes".hmac_sha256;
local random = require "prosody.util.random".bytes;
local keys = module:require "practice_keys";
local window = module:require "practice_window";

local issuer = assert(module:get_option_string("room_token_issuer"), "room_token_issuer is missing");
local audience = assert(module:get_option_string("room_token_audience"), "room_token_audience is missing");
local folder = assert(module:get_option_string("room_token_keys"), "room_token_keys is missing");

local LONGEST_WINDOW = 86400;
local verify = keys.new_verifier(folder, "JWT");
local account_key = random(32);

local function is_time(value)
	return math.type(value) == "integer" and value > 0;
end

local function fits(value, shortest, longest, pattern)
	return type(value) == "string" and #value >= shortest and #value <= longest and value:match(pattern) == value;
end

local function moderator_of(claims)
	local context = claims.context;
	local user = type(context) == "table" and context.user;
	local moderator = type(user) == "table" and user.moderator;
	if type(moderator) == "boolean" then return moderator; end
	return nil;
end

-- Optional: the number of a word, and never a word itself.
local function is_word(value)
	return value == nil or math.type(value) == "integer" and value >= 1 and value <= 99;
end

-- What a token says, or nil when it is not one of this practice, or not good now.
local function admission_of(token)
	local claims = verify(token);
	if not claims or claims.iss ~= issuer or claims.aud ~= audience then return nil; end
	local staff = moderator_of(claims);
	if staff == nil then return nil; end
	-- One room, in the spelling that the address of a room has. No pattern, no list.
	if not fits(claims.room, 26, 64, "[a-z0-9]+") or not fits(claims.sub, 22, 64, "[%w_-]+") then return nil; end
	if not is_time(claims.nbf) or not is_time(claims.exp) then return nil; end
	if claims.exp <= claims.nbf or claims.exp - claims.nbf > LONGEST_WINDOW then return nil; end
	if not is_word(claims.word) then return nil; end
	local admission = { room = claims.room, sub = claims.sub, nbf = claims.nbf, exp = claims.exp, staff = staff, word = claims.word };
	return window.is_open(admission, os.time()) and admission or nil;
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
	local admission = admission_of(session.practice_token);
	-- A plugin of the image keeps one of its own.
	session.practice_token, session.auth_token = nil, nil;
	if not admission then return "failure", "not-authorized", "This link is not valid now."; end
	session.practice_claims = admission;
	session.jitsi_meet_room = admission.room;
	session.jitsi_meet_context_user = { moderator = admission.staff };
	self.username = hmac(account_key, admission.room .. " " .. admission.sub, true):sub(1, 32);
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
