-- mod_block_strangers with exceptions: whoever is named in the option "block_strangers_except", a list of domains and
-- JIDs, may write to all users of the host. mod_block_strangers has no such option.
--
-- Put this file where Prosody looks for modules ("plugin_paths"), and into modules_enabled instead of "block_strangers".

local jid = require "util.jid";

local except = module:get_option_set("block_strangers_except", {});
local check_subscribed = module:depends("block_strangers").check_subscribed;

local function check_others(event)
	local from = event.stanza.attr.from;
	if except:contains(jid.host(from)) or except:contains(jid.bare(from)) then
		return nil; -- it goes on to whom it is for
	end
	return check_subscribed(event);
end

for _, name in ipairs({ "message/bare", "message/full", "iq/full" }) do
	module:unhook(name, check_subscribed);
	module:hook(name, check_others, 200);
end
