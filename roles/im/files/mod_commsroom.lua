-- commsroom: bulk reading and writing of accounts and rooms, over the admin socket only.
--
-- A request is one stanza <request xmlns='urn:commsroom:1'>JSON</request> on Prosody's admin socket
-- (a unix socket that only root and prosody may open); the answer is one <response/>. Names and
-- passwords travel as JSON text inside XML text, so nothing is ever spliced into Lua.
--
--   {"do": "state", "host": H, "rooms": R}               everything on H and its rooms on R
--   {"do": "apply", "host": H, "rooms": R, "ops": [...]} one {"ok": …, "error": …} per operation
--
-- With "more": true another apply follows on the same connection, and rooms may wait for it to be saved; the
-- answer to one without it says in "unsaved" which rooms could not be: {room: error}. See "Rooms not yet saved".
--
-- Every write goes through the calls that Prosody's own shell uses (usermanager, mod_pep, mod_muc),
-- so sessions are closed, storage stays right and other modules are told.
--
-- Licence: Apache-2.0, as the rest of the role.

module:set_global();
module:depends("admin_socket");

local array = require "prosody.util.array";
local async = require "prosody.util.async";
local hashes = require "prosody.util.hashes";
local json = require "prosody.util.json";
local nodeprep = require "prosody.util.encodings".stringprep.nodeprep;
local st = require "prosody.util.stanza";
local storagemanager = require "prosody.core.storagemanager";
local usermanager = require "prosody.core.usermanager";

local hosts = prosody.hosts;

local xmlns = "urn:commsroom:1";
local xmlns_pubsub = "http://jabber.org/protocol/pubsub";
local xmlns_vcard4 = "urn:ietf:params:xml:ns:vcard-4.0";
local node_vcard4 = "urn:xmpp:vcard4";
local upload = "http_file_share:upload";
local sharer = "commsroom:sharer";

-- How many accounts are read before other people's stanzas get their turn.
local slice = 250;

-- Seconds a room may wait to be saved.
local longest_wait = 5;

-- Prosody starts a collection of garbage when memory has grown by 5 % (util.startup); reading a thousand
-- accounts took nearly twice as long so. While we work it may double first, which is Lua's own default.
local roomy_pause = 200;

-- An error for the operator, with a plain sentence; anything else that is thrown is a bug.
local function refuse(message)
	error({ commsroom = message }, 0);
end

local function check(ok, err)
	if not ok then refuse(tostring(err or "Prosody refused without saying why")); end
	return ok;
end

local function attempt(action, ...)
	local ok, result = pcall(action, ...);
	if ok then return true, result; end
	if type(result) == "table" and result.commsroom then return false, result.commsroom; end
	module:log("error", "commsroom: %s", result);
	return false, "an unexpected error; Prosody's log has it";
end

-- ── What is there ──────────────────────────────────────────────────────────────────────────

local function local_host(name)
	local host = hosts[name];
	if not host or host.type ~= "local" then refuse("Prosody has no VirtualHost " .. tostring(name)); end
	if usermanager.get_provider(name).name ~= "internal_hashed" then
		refuse("authentication of " .. name .. " is not internal_hashed");
	end
	return host;
end

local function muc_of(name)
	local host = hosts[name];
	local muc = host and host.modules.muc;
	if not muc then refuse("Prosody has no chat rooms at " .. tostring(name)); end
	return muc;
end

local function vcard_store(host)
	return storagemanager.get_driver(host, "pep_data"):open("pep_" .. node_vcard4, "archive");
end

-- The full name in the account's vCard4 (XEP-0292), or nil.
local function full_name(store, login)
	local items = store:find(login, { limit = 1, reverse = true });
	if not items then return nil; end
	local _, vcard = items();
	for tag in (vcard or st.stanza("none")):childtags() do
		if tag.name == "fn" then return tag:get_child_text("text"); end
	end
	return nil;
end

-- A digest of what the password is checked with: tells that it changed, is no help in guessing it.
local function verifier(account)
	if not account.stored_key then return "none"; end
	local parts = { account.stored_key, account.salt, tostring(account.iteration_count) };
	return hashes.sha256(table.concat(parts, "\0"), true);
end

local function account_state(host, names, accounts, login)
	local account = accounts:get(login);
	if not account then return nil; end
	local role = hosts[host].authz.get_user_role(login);
	return {
		login = login;
		suspended = account.disabled and true or false;
		file_sharing = role and role:may(upload) and true or false;
		display_name = full_name(names, login);
		verifier = verifier(account);
	};
end

local function all_accounts(host)
	local_host(host);
	local accounts = module:context(host):open_store("accounts");
	local names = vcard_store(host);
	local logins = {};
	for login in usermanager.users(host) do
		logins[#logins + 1] = login;
	end
	table.sort(logins);
	local found = {};
	for count, login in ipairs(logins) do
		found[#found + 1] = account_state(host, names, accounts, login);
		if count % slice == 0 then async.sleep(0); end
	end
	return array(found);
end

local function room_state(room)
	local members = {};
	for jid, affiliation in room:each_affiliation() do
		members[#members + 1] = { jid = jid; affiliation = affiliation; };
	end
	return {
		room = room.jid:match("^[^@]+");
		title = room:get_name();
		members_only = room:get_members_only() and true or false;
		moderated = room:get_moderated() and true or false;
		members = array(members);
	};
end

-- Temporary rooms are people's own business; tombstones stand for rooms that are gone.
local function managed(room)
	return room:get_persistent() and not room._data.destroyed;
end

local function all_rooms(name)
	local found = {};
	for room in muc_of(name).all_rooms() do
		if managed(room) then found[#found + 1] = room_state(room); end
	end
	return array(found);
end

local function state(request)
	return {
		version = prosody.version;
		accounts = all_accounts(request.host);
		rooms = all_rooms(request.rooms);
	};
end

-- ── Rooms not yet saved ────────────────────────────────────────────────────────────────────

-- A room writes its whole file for every affiliation; once for all of them is enough. Such a room waits here
-- until the last parcel of an apply, until the connection that brought it ends, until the server stops, but
-- never longer than `longest_wait`. It is Prosody's own room all the while: whoever else saves it (an owner
-- who configures it, eviction from memory, mod_muc being unloaded) writes ours too.
-- One that cannot be written stays and is tried again until it can.
local unsaved, waiting = {}, false;

-- Not the one in memory any more: it was saved when it went, or is deleted.
local function gone(room)
	local host = hosts[room.jid:match("@(.+)$")];
	local muc = host and host.modules.muc;
	return not muc or muc.get_room_from_jid(room.jid) ~= room;
end

-- Save all that waits; returns what could not be: {room: error}.
local function save_waiting()
	local failed = {};
	for room in pairs(unsaved) do
		local ok, err = true, nil;
		if not gone(room) then ok, err = attempt(function() check(room:save(true)); end); end
		if ok then
			unsaved[room] = nil;
		else
			failed[room.jid:match("^[^@]+")] = err;
		end
	end
	return failed;
end

local function save_in_time()
	save_waiting();
	waiting = next(unsaved) ~= nil;
	return waiting and longest_wait or nil;
end

local function wait_to_be_saved(room)
	unsaved[room] = true;
	if not waiting then
		waiting = true;
		module:add_timer(longest_wait, save_in_time);
	end
end

-- They return nothing: an answer would keep the event from those who come after.
module:hook("admin-disconnected", function() save_waiting(); end);
module:hook("server-stopping", function() save_waiting(); end, 10);
function module.unload() save_waiting(); end

-- ── Writing ────────────────────────────────────────────────────────────────────────────────

local ops = {};

local function checked_login(login)
	if type(login) ~= "string" or nodeprep(login, true) ~= login then
		refuse("it is not a login as XMPP wants it (small letters, no spaces)");
	end
	return login;
end

local function set_full_name(host, login, name)
	local pep = hosts[host].modules.pep;
	if not pep then refuse("mod_pep is not loaded, so there is nowhere to keep a name"); end
	local service = pep.get_pep_service(login);
	local ok, _, last = service:get_last_item(node_vcard4, true);
	local old = ok and last and last:get_child("vcard", xmlns_vcard4);
	local vcard = st.stanza("vcard", { xmlns = xmlns_vcard4 })
		:tag("fn"):text_tag("text", name):up();
	for child in (old or st.stanza("none")):childtags() do
		if child.name ~= "fn" then vcard:add_child(st.clone(child)); end
	end
	local item = st.stanza("item", { xmlns = xmlns_pubsub; id = "current" }):add_child(vcard);
	check(service:publish(node_vcard4, true, "current", item, {
		access_model = "open"; -- as mod_vcard_legacy: colleagues may see it
		_defaults_only = true;
	}));
end

-- A new account that is to be closed is never open, not even for a moment.
local function create(host, op)
	if op.suspended then
		check(usermanager.create_user(op.login, nil, host)); -- closed, and without a password
	else
		if not op.password then refuse("a new account needs a password"); end
		check(usermanager.create_user(op.login, op.password, host));
		op.password = nil;
	end
end

-- Closing comes first, opening last; so one that fails half way is not open by mistake.
function ops.account_put(request, op)
	local host, login = request.host, checked_login(op.login);
	local new = not usermanager.user_exists(login, host);
	if new then create(host, op); end
	if not new and op.suspended == true and usermanager.user_is_enabled(login, host) then
		check(usermanager.disable_user(login, host));
	end
	if op.password then
		check(usermanager.set_password(login, op.password, host));
	end
	if op.file_sharing ~= nil then
		local authz = hosts[host].authz;
		local role = op.file_sharing and sharer
			or module:context(host):get_option_string("default_user_role", "prosody:registered");
		if not authz.get_all_roles()[role] then refuse("Prosody has no role " .. role); end
		local current = authz.get_user_role(login);
		if not current or current.name ~= role then
			check(usermanager.set_user_role(login, host, role));
		end
	end
	if op.display_name then
		set_full_name(host, login, op.display_name);
	end
	if not new and op.suspended == false and not usermanager.user_is_enabled(login, host) then
		check(usermanager.enable_user(login, host));
	end
end

function ops.account_delete(request, op)
	local host, login = request.host, op.login;
	if not usermanager.user_exists(login, host) then return; end
	check(usermanager.delete_user(login, host));
end

local function room_jid(request, op)
	return checked_login(op.room) .. "@" .. request.rooms;
end

-- People in the room see at once that it changed (XEP-0045, status 104).
local function announce(room)
	room:broadcast(st.message({ type = "groupchat"; from = room.jid })
		:tag("x", { xmlns = "http://jabber.org/protocol/muc#user" })
		:tag("status", { code = "104" }));
end

function ops.room_put(request, op)
	local muc, jid = muc_of(request.rooms), room_jid(request, op);
	local room = muc.get_room_from_jid(jid);
	if room and room._data.destroyed then
		room:destroy();
		room = nil;
	end
	if not room then
		room = check(muc.create_room(jid));
		room:set_public(false);
	end
	room:set_persistent(true);
	if op.title then room:set_name(op.title); end
	if op.members_only ~= nil then room:set_members_only(op.members_only); end
	if op.moderated ~= nil then room:set_moderated(op.moderated); end
	check(room:save(true));
	unsaved[room] = nil;
	announce(room);
end

function ops.room_delete(request, op)
	local room = muc_of(request.rooms).get_room_from_jid(room_jid(request, op));
	if not room or room._data.destroyed then return; end
	room:set_persistent(false); -- or else a tombstone would keep the name for a month
	check(room:destroy(nil, op.reason));
end

local function member_jid(request, op)
	return op.login:find("@", 1, true) and op.login or checked_login(op.login) .. "@" .. request.host;
end

local function set_affiliation(request, op, affiliation)
	local room = muc_of(request.rooms).get_room_from_jid(room_jid(request, op));
	if not room or not managed(room) then
		if affiliation then refuse("there is no such room"); end
		return;
	end
	local who, save = member_jid(request, op), room.save;
	room.save = function() return true; end;
	local lived, ok, err, condition = pcall(room.set_affiliation, room, true, who, affiliation);
	room.save = save;
	wait_to_be_saved(room);
	if not lived then error(ok, 0); end
	check(ok, condition or err);
end

function ops.member_put(request, op)
	set_affiliation(request, op, op.affiliation);
end

function ops.member_delete(request, op)
	set_affiliation(request, op, nil);
end

local function apply(request)
	local results = array();
	for index, op in ipairs(request.ops) do
		local name = tostring(op["do"]);
		local action = ops[name] or function() refuse("no operation is called " .. name); end;
		local ok, err = attempt(action, request, op);
		results[index] = { ok = ok; error = not ok and err or nil; };
	end
	if request.more then return { results = results }; end
	local failed = save_waiting();
	for index, op in ipairs(request.ops) do
		local err = tostring(op["do"]):find("^member_") and failed[op.room];
		if err then results[index] = { ok = false; error = err; }; end
	end
	return { results = results; unsaved = next(failed) and failed or nil; };
end

-- ── The socket ─────────────────────────────────────────────────────────────────────────────

-- Prosody 13 sends 4 MiB at a time (max_send_chunk), and of a first write that is longer it forgets the
-- rest when those are not taken at once (net.server_epoll, onwritable): so never so much in one write.
local piece = 1024 * 1024;

local function say(origin, text)
	for start = 1, #text, piece do
		origin.rawsend(text:sub(start, start + piece - 1));
	end
end

local verbs = { state = state; apply = apply; };

-- Do something without collecting garbage all the time. Requests may overlap, for `state` gives way.
local busy, usual_pause = 0, nil;

local function roomy(action, request)
	if busy == 0 then usual_pause = collectgarbage("setpause", roomy_pause); end
	busy = busy + 1;
	local ok, result = attempt(action, request);
	busy = busy - 1;
	if busy == 0 then collectgarbage("setpause", usual_pause); end
	return ok, result;
end

module:hook("admin/" .. xmlns .. ":request", function(event)
	local request = json.decode(event.stanza:get_text() or "");
	local verb = type(request) == "table" and verbs[request["do"]];
	local ok, result = roomy(verb or function() refuse("this request makes no sense"); end, request);
	local answer = ok and { ok = result } or { error = result };
	say(event.origin, tostring(st.stanza("response", { xmlns = xmlns }):text(json.encode(answer))));
	return true;
end);
