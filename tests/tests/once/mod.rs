//! Tests whose outcome does not depend on the XMPP server. They run on one: Prosody, unless `ITSEME_TEST_SERVER` selects another.

mod api_document;
mod backup;
mod bounces;
mod budgets;
mod clocks;
mod delivery;
mod floods;
mod host_meta;
mod hostile;
mod http_errors;
mod http_requests;
mod membership;
mod moving;
mod oauth;
mod oauth_harness;
mod oauth_rogue;
mod privacy;
mod program;
mod proxies;
mod rekey;
mod strangers;
mod suppressions;
mod takeover;
mod tls;
mod tokens;
mod web_pages;
