-- it-se.me as a component of your Prosody (0.12 or later).
--
-- Put this file into /etc/prosody/conf.d/, or its Component block at the end of prosody.cfg.lua.
-- Change the two values marked <--, and write the same two into the service's component.toml.

-- The service's own domain. It needs no DNS record as long as only users of your server use it; for users
-- of other servers it needs the same SRV or A record as your server, and a certificate.
Component "itseme.example.org"                 -- <-- [component] jid
	-- Only who knows this may speak for the domain. Make one with: openssl rand -hex 24
	component_secret = "change me"         -- <-- [component] secret

	-- A second connection of the same component is refused ("kick_new", the default): a service that was
	-- started twice by mistake does no harm. "kick_old" lets the newer one win instead: set it for several instances over
	-- PostgreSQL, so that the next one that leads need not wait for one that hangs (docs/postgres.md).
	--component_conflict_resolve = "kick_new"

-- The following are not settings of the component but of the whole server: they go into prosody.cfg.lua,
-- above the first VirtualHost. The defaults are right when the service runs on the same machine.

-- Where the service connects. Leave this on loopback: the connection is not encrypted.
--component_interfaces = { "127.0.0.1", "::1" }
--component_ports = { 5347 }                   -- [component] server = "127.0.0.1:5347"

-- Send small stanzas at once. Without this line, Prosody may hold a stanza back until the one before it was acknowledged, which costs
-- up to 40 ms, for clients as well. The service acknowledges at once, so it only matters to your users' connections.
--network_settings = { nagle = false }

-- The longest stanza (in bytes) that is taken from the service. It sends 200 KiB at most; what your
-- users send to it is limited by c2s_stanza_size_limit (256 KiB), not by this.
--component_stanza_size_limit = 524288
