//! TLS to PostgreSQL: the server's certificate must be for its name and by an authority that is trusted.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dial::tls;

/// Trusts the authorities of the system, or those of a file (PEM).
///
/// # Errors
/// In words an admin can act on.
pub fn connector(root: Option<&Path>) -> Result<MakeRustlsConnect, String> {
    let trusted = match root {
        Some(file) => {
            let mut trusted = RootCertStore::empty();
            let told = |error: &dyn std::fmt::Display| format!("sslrootcert {}: {error}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| told(&error))? {
                let certificate = certificate.map_err(|error| told(&error))?;
                trusted.add(certificate).map_err(|error| told(&error))?;
            }
            trusted
        }
        None => tls::authorities(),
    };
    if trusted.is_empty() {
        return Err("there is no certificate of an authority: set sslrootcert in store.url to a file with one".into());
    }
    tls::client(trusted).map(MakeRustlsConnect::new)
}
