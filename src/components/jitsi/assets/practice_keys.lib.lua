-- Checks what the entry page signs: ES256, with a public key from a folder of `<kid>.pem` files.
--
-- Promises: no other algorithm and no other key than the one that the header names. A key that is added to the folder
-- is found without a restart, and one that is taken away is forgotten within a minute; the folder is read at most
-- once in ten seconds, whatever is asked. The check of signatures is Prosody's own util.jwt.

local jwt = require "prosody.util.jwt";
local json = require "prosody.util.json";
local decode64 = require "prosody.util.encodings".base64.decode;
local lfs = require "lfs";

local READ_AGAIN_AFTER, FORGET_AFTER = 10, 60;
local LONGEST_TOKEN = 4096;

local function read_verifier(path)
	local file = io.open(path, "r");
	if not file then return nil; end
	local pem = file:read("a");
	file:close();
	local fits, verify = pcall(jwt.new_verifier, "ES256", pem, { accept_expired = true });
	return fits and verify or nil;
end

local function read_folder(folder)
	local verifiers = {};
	if not lfs.attributes(folder) then return verifiers; end
	for name in lfs.dir(folder) do
		local kid = name:match("^([1-9]%d*)%.pem$");
		if kid then verifiers[kid] = read_verifier(folder .. "/" .. name); end
	end
	return verifiers;
end

local function header_of(token)
	local encoded = token:match("^([%w_-]+)%.[%w_-]+%.[%w_-]+$");
	local text = encoded and decode64(encoded:gsub("-", "+"):gsub("_", "/") .. "==");
	local header = text and json.decode(text);
	return type(header) == "table" and header or nil;
end

-- A function from a token to its claims, or to nil when it is not signed by a key of the folder or of another type.
-- Times are the caller's to judge.
local function new_verifier(folder, type_of_token)
	local verifiers, read_at = read_folder(folder), os.time();

	local function verifier_of(kid)
		local age = os.time() - read_at;
		if age >= FORGET_AFTER or (not verifiers[kid] and age >= READ_AGAIN_AFTER) then
			verifiers, read_at = read_folder(folder), os.time();
		end
		return verifiers[kid];
	end

	return function (token)
		if type(token) ~= "string" or #token > LONGEST_TOKEN then return nil; end
		local header = header_of(token);
		if not header or header.typ ~= type_of_token or type(header.kid) ~= "string" then return nil; end
		local verify = verifier_of(header.kid);
		if not verify then return nil; end
		local called, ok, claims = pcall(verify, token);
		return called and ok and type(claims) == "table" and claims or nil;
	end
end

return { new_verifier = new_verifier };
