//! Signs mails, with all that a signature can have.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mail_auth::common::crypto::{DkimKey, Ed25519Key, RsaKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rsa::pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rustls::pki_types::PrivateKeyDer;

/// The fields that are signed usually.
const USUAL: [&str; 9] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
];

/// The key of a domain.
pub struct Signer {
    pub domain: String,
    /// What stands in the DNS.
    pub record: String,
    /// The key in DER: Ed25519, or else RSA.
    key: Result<Vec<u8>, Vec<u8>>,
}

impl Signer {
    pub fn ed25519(domain: &str) -> Self {
        let key = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_der(&key).unwrap().public_key();
        Self {
            domain: domain.into(),
            record: format!("v=DKIM1; k=ed25519; p={}", BASE64_STANDARD.encode(public)),
            key: Ok(key),
        }
    }

    pub fn rsa(domain: &str, bits: usize) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap();
        let public = key.to_public_key().to_pkcs1_der().unwrap();
        Self {
            domain: domain.into(),
            record: format!("v=DKIM1; k=rsa; p={}", BASE64_STANDARD.encode(public.as_bytes())),
            key: Err(key.to_pkcs1_der().unwrap().as_bytes().to_vec()),
        }
    }

    pub fn sign(&self, mail: &str) -> String {
        self.sign_with(mail, &USUAL, |signer| signer)
    }

    /// Signs these fields, in a manner of its own.
    pub fn sign_with(
        &self,
        mail: &str,
        fields: &[&str],
        manner: impl FnOnce(DkimSigner<DkimKey, Done>) -> DkimSigner<DkimKey, Done>,
    ) -> String {
        let key = match &self.key {
            Ok(key) => Ed25519Key::from_pkcs8_der(key).unwrap().into(),
            Err(key) => RsaKey::from_key_der(PrivateKeyDer::Pkcs1(key.clone().into()))
                .unwrap()
                .into(),
        };
        let signer = DkimSigner::from_key(key)
            .domain(&self.domain)
            .selector("s")
            .headers(fields.iter().copied());
        manner(signer).sign(mail.as_bytes()).unwrap().to_header() + mail
    }
}
