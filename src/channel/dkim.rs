//! Signs mails (DKIM, RFC 6376), where the server that relays them does not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lettre::Message;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::HeaderName;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, LineEnding};
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfo, SecretDocument};
use rsa::traits::PublicKeyParts;
use zeroize::Zeroizing;

/// The fields that are signed. Those that a mail does not have cannot be added on the way. RFC 8058, 4, wants both of the last.
/// Content-Type is not among them, because lettre 0.11.23 does not find that of a mail of several parts, and signs that there is none.
const SIGNED: [&str; 10] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Language",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];
/// The least length of an RSA key in bytes (RFC 8301, 3.2).
const LEAST: usize = 128;
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The key that signs mails, and the place of its public half in the DNS.
pub struct Dkim {
    config: DkimConfig,
    selector: String,
    domain: String,
}

impl Dkim {
    /// Returns the signer for a private key in PEM: of RSA or Ed25519, as openssl and opendkim-genkey write it.
    ///
    /// # Errors
    /// In words for an admin, without the key.
    pub fn new(selector: &str, domain: &str, pem: &str) -> Result<Self, String> {
        let key = key(pem)?;
        let relaxed = DkimCanonicalization {
            header: DkimCanonicalizationType::Relaxed,
            body: DkimCanonicalizationType::Relaxed,
        };
        let fields = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
        Ok(Self {
            config: DkimConfig::new(selector.to_owned(), domain.to_owned(), key, fields, relaxed),
            selector: selector.to_owned(),
            domain: domain.to_owned(),
        })
    }

    /// Signs a mail.
    pub fn sign(&self, mail: &mut Message) {
        mail.sign(&self.config);
    }

    /// Returns the name at which others look for the public key.
    pub fn record(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Returns the domain that signs.
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

fn key(pem: &str) -> Result<DkimSigningKey, String> {
    const EXPECTED: &str = "expected a private key of RSA or Ed25519 in PEM, as `openssl genrsa 2048` and `openssl genpkey -algorithm \
                            ed25519` write it";
    let (label, der) = SecretDocument::from_pem(pem).map_err(|_| EXPECTED)?;
    if label == "RSA PRIVATE KEY" {
        return rsa_key(der.as_bytes());
    }
    if label != "PRIVATE KEY" {
        return Err(EXPECTED.into());
    }
    let info: PrivateKeyInfo<'_> = der.decode_msg().map_err(|_| EXPECTED)?;
    if info.algorithm.oid == RSA {
        return rsa_key(info.private_key);
    }
    // RFC 8410, 7: the key is an octet string of 32 bytes.
    let seed = info.private_key.strip_prefix(&[4, 32]).filter(|seed| seed.len() == 32);
    let seed = seed.filter(|_| info.algorithm.oid == ED25519).ok_or(EXPECTED)?;
    let seed = Zeroizing::new(BASE64_STANDARD.encode(seed));
    DkimSigningKey::new(&seed, DkimSigningAlgorithm::Ed25519).map_err(|_| EXPECTED.into())
}

/// Returns the key of RSA in this form (RFC 8017, A.1.2).
fn rsa_key(der: &[u8]) -> Result<DkimSigningKey, String> {
    const BROKEN: &str = "its private key of RSA cannot be read";
    let key = RsaPrivateKey::from_pkcs1_der(der).map_err(|_| BROKEN)?;
    if key.size() < LEAST {
        return Err("a key of RSA needs at least 1024 bits; others do not accept it".into());
    }
    let pem = key.to_pkcs1_pem(LineEnding::LF).map_err(|_| BROKEN)?;
    DkimSigningKey::new(&pem, DkimSigningAlgorithm::Rsa).map_err(|_| BROKEN.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Of RFC 8410, 10.3. Integration tests have openssl make keys of both kinds.
    const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
                           MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                           -----END PRIVATE KEY-----";

    #[test]
    fn what_is_no_key_is_refused_without_its_words() {
        let dkim = Dkim::new("mail", "example.org", ED25519).unwrap();
        assert_eq!(dkim.record(), "mail._domainkey.example.org");
        let elliptic = "-----BEGIN PRIVATE KEY-----\n\
                        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n\
                        OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n\
                        1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n\
                        -----END PRIVATE KEY-----";
        for wrong in [
            "",
            "hunter2",
            elliptic,
            &ED25519.replace("MC4C", "MC4D"),
            &ED25519.replace("PRIVATE", "PUBLIC"),
        ] {
            let error = Dkim::new("mail", "example.org", wrong).err().unwrap();
            assert!(
                error.contains("expected") && !error.contains("hunter2"),
                "{wrong}: {error}"
            );
        }
    }
}
