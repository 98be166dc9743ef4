-- What Prosody writes to its log: when, how bad, which part, and the sentence without what was put into it.
--
-- Promises: whatever a module of ours, of Prosody or of the image puts into a line (addresses, rooms, tokens), it stays
-- out of the log; only from the parts that start Prosody are the values kept, because there they are names of files,
-- modules and ports. It takes the place of the configured log as soon as it is loaded, which is before anybody can
-- connect.

local logger = require "prosody.util.logger";
local format = require "prosody.util.format".format;

module:set_global();

local OF_THE_START = {
	startup = true, modulemanager = true, portmanager = true, certmanager = true, configmanager = true, hostmanager = true,
};

local function write(source, level, message, ...)
	local text = OF_THE_START[source] and format(message, ...) or message;
	io.stdout:write(os.date("!%Y-%m-%dT%H:%M:%SZ "), level, " ", source:gsub("%S*@%S*", "…"), " ", text, "\n");
	io.stdout:flush();
end

local function take_over()
	logger.reset();
	for _, level in ipairs({ "warn", "error" }) do logger.add_level_sink(level, write); end
end

take_over();
module:hook_global("logging-reloaded", take_over);
