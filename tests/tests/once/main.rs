//! Tests whose outcome does not depend on which XMPP server there is: they run on one, Prosody if nobody wishes another.

mod bounces;
mod budgets;
mod clocks;
mod delivery;
mod host_meta;
mod http_errors;
mod http_requests;
mod oauth;
mod oauth_harness;
mod proxies;
mod rekey;
mod strangers;
mod suppressions;
mod takeover;
mod tls;
mod tokens;
mod web_pages;
