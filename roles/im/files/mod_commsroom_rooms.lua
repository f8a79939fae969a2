-- commsroom: a moderated room is one where owners and admins speak and members listen.
--
-- XEP-0045 lets members speak in a moderated room, and only denies it to strangers, who cannot enter
-- a members-only room anyway; so `moderated` would mean nothing there. A moderator may still give
-- somebody voice for a visit. Loaded on the component with the rooms.
--
-- Licence: Apache-2.0, as the rest of the role.

local muc_util = module:require "muc/util";
local admin = muc_util.valid_affiliations.admin;

-- Before Prosody's own answer, which is given at priority 1 and below.
module:hook("muc-get-default-role", function(event)
	if event.room:get_moderated() and event.affiliation_rank >= 0 and event.affiliation_rank < admin then
		return "visitor";
	end
end, 10);
