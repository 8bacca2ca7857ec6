//! TLS to servers whose certificates must be for their names and by an authority that is trusted.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Returns the authorities that this machine trusts.
pub fn authorities() -> RootCertStore {
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusted
}

/// Returns the settings of a client that trusts these authorities.
///
/// # Errors
/// In words an admin can act on.
pub fn client(trusted: RootCertStore) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}
