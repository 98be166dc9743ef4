-- One account on a host of its own, for a program of the practice (the focus, the bridge).
--
-- Promises: only the one configured name can log in, only with the configured password, and never over the HTTP
-- ways that browsers use, which are open to everybody. There is no account database, nothing can be registered,
-- and a short or missing password is refused when the module loads.
-- Options: service_account_username, service_account_password.

local new_sasl = require "prosody.util.sasl".new;
local secure_equals = require "prosody.util.hashes".equals;

local account = assert(module:get_option_string("service_account_username"), "service_account_username is missing");
local password = assert(module:get_option_string("service_account_password"), "service_account_password is missing");
assert(#password >= 16, "service_account_password is too short");

local provider = {};

function provider.test_password(username, given)
	return username == account and type(given) == "string" and secure_equals(given, password);
end

function provider.user_exists(username)
	return username == account;
end

function provider.get_password(username)
	if username == account then return password; end
	return nil, "There is only one account here";
end

function provider.set_password()
	return nil, "The password stands in the configuration";
end

function provider.create_user()
	return nil, "Accounts stand in the configuration";
end

function provider.get_sasl_handler(session)
	-- Not `bosh_version`, which is what the client says of itself, if it says anything.
	if session and (session.websocket_request or session.bosh_wait) then return new_sasl(module.host, {}); end
	return new_sasl(module.host, {
		plain = function (_, username)
			if username == account then return password, true; end
			return "", nil;
		end;
	});
end

module:provides("auth", provider);
