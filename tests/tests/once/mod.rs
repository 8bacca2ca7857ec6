//! Tests whose outcome does not depend on the XMPP server. They run on one: Prosody, unless `ITSEME_TEST_SERVER` selects another.

mod bounces;
mod budgets;
mod clocks;
mod delivery;
mod host_meta;
mod http_errors;
mod http_requests;
mod oauth;
mod oauth_harness;
mod oauth_rogue;
mod proxies;
mod rekey;
mod strangers;
mod suppressions;
mod takeover;
mod tls;
mod tokens;
mod web_pages;
