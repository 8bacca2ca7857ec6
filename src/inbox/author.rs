//! Finds out if a mail was written by whom it says: a signature (DKIM, RFC 6376) of the domain of its author, or of one that belongs
//! together with it in the sense of DMARC (RFC 9989).

use std::net::SocketAddr;

use mail_auth::common::crypto::Algorithm;
use mail_auth::common::to_a_label;
use mail_auth::common::verify::{DomainKey, VerifySignature};
use mail_auth::dkim::Signature;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, DnsError, Error, MessageAuthenticator, Parameters,
    SpfOutput, Txt,
};

use crate::model::Identity;

/// The largest number of names of headers that a signature may have: each is looked for among all headers.
const NAMES: usize = 100;
/// What is read of a mail. A signature does not count if one of these is in the mail and the signature is not over it.
const HEAD: [&str; 4] = ["From", "Subject", "To", "Cc"];
/// The recipients among these. Microsoft's servers sign none of them in any mail, so that their signatures say nothing of that.
const RECIPIENTS: [&str; 2] = ["To", "Cc"];
/// What tells how to read the text. Many servers do not sign all of it: then, anybody could have made a text of anything below.
const CONTENT: [&str; 3] = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"];
/// The shortest RSA key that counts, in bits (RFC 8301, 3.2).
const SHORTEST_KEY: usize = 1024;
/// The flag `t=y` of a key: its domain is testing it (RFC 6376, 3.6.1).
const TESTING: u64 = 0x10;

/// The reason why it is not clear that somebody wrote a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No signature shows it.
    Unproven,
    /// The DNS has not answered.
    Unknown,
}

/// Finds out who wrote mails.
pub struct Authors(MessageAuthenticator);

impl Authors {
    /// Asks these DNS servers; if there are none, those of the system.
    ///
    /// # Errors
    /// If the system has none, in words for an admin.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, String> {
        let (config, options) = match servers {
            [] => read_system_conf().map_err(|error| format!("the system's cannot be found: {error}"))?,
            _ => {
                let servers = servers.iter().map(name_server).collect();
                (
                    ResolverConfig::from_parts(None, Vec::new(), servers),
                    ResolverOpts::default(),
                )
            }
        };
        let authors = MessageAuthenticator::new(config, options);
        authors.map(Self).map_err(|error| error.to_string())
    }

    /// Makes sure that `author` wrote a mail to those that it names. Returns true if the text is as the author wrote it, too.
    pub async fn prove(&self, mut message: AuthenticatedMessage<'_>, author: &Identity) -> Result<bool, Doubt> {
        let (_, domain) = author.id.rsplit_once('@').ok_or(Doubt::Unproven)?;
        let (head, content) = (present(&message, &HEAD), present(&message, &CONTENT));
        let dkim = &mut message.dkim_headers;
        dkim.retain(|header| may_count(&header.header, domain) && signs_head(&header.header, &head));
        for header in dkim {
            // Nobody gets a report, and no other domain vouches for a signature (RFC 6541).
            (header.header.r, header.header.atps) = (false, None);
        }
        let checked = self.0.verify_dkim(&message).await;
        let mut good = Vec::new();
        let mut is_unknown = false;
        for output in checked {
            match self.judge(&output).await {
                Ok(()) => good.push(output),
                Err(doubt) => is_unknown |= doubt == Doubt::Unknown,
            }
        }
        let is_of = |output: &DkimOutput<'_>| {
            output
                .signature()
                .is_some_and(|signature| to_a_label(&signature.d) == domain)
        };
        let proven = match good.iter().any(is_of) {
            true => Ok(()),
            false => self.is_aligned(&message, &good, domain).await,
        };
        match proven {
            Ok(()) => Ok(good
                .iter()
                .filter_map(DkimOutput::signature)
                .all(|signature| signs(signature, &content))),
            Err(Doubt::Unproven) if is_unknown => Err(Doubt::Unknown),
            Err(doubt) => Err(doubt),
        }
    }

    /// Makes sure that a signature is right, and its key no weak one.
    async fn judge(&self, output: &DkimOutput<'_>) -> Result<(), Doubt> {
        let (DkimResult::Pass, Some(signature)) = (output.result(), output.signature()) else {
            let is_temporary = matches!(output.result(), DkimResult::TempError(_));
            return Err(if is_temporary { Doubt::Unknown } else { Doubt::Unproven });
        };
        // From the resolver's cache.
        let no_cache = None::<&NoCache>;
        let key = self.0.txt_lookup::<DomainKey>(signature.domain_key(), no_cache).await;
        let key = key.map_err(|error| match error {
            Error::Dns(DnsError::Resolver(_)) => Doubt::Unknown,
            _ => Doubt::Unproven,
        })?;
        let is_strong = signature.a == Algorithm::Ed25519Sha256 || key.p.public_key_bits() >= SHORTEST_KEY;
        match is_strong && !key.has_flag(TESTING) {
            true => Ok(()),
            false => Err(Doubt::Unproven),
        }
    }

    /// Makes sure that the domain of one of these signatures belongs together with the author's, as the policy of the author's has it.
    async fn is_aligned(
        &self,
        message: &AuthenticatedMessage<'_>,
        good: &[DkimOutput<'_>],
        domain: &str,
    ) -> Result<(), Doubt> {
        if good.is_empty() {
            return Err(Doubt::Unproven);
        }
        let parameters = DmarcParameters {
            message,
            dkim_output: good,
            dkim2_output: None,
            rfc5321_mail_from_domain: "",
            spf_output: &SpfOutput::default(),
        };
        let found = self.0.verify_dmarc(Parameters::new(parameters)).await;
        match found.dkim_result() {
            DmarcResult::Pass if found.domain() == domain => Ok(()),
            DmarcResult::TempError(_) => Err(Doubt::Unknown),
            _ => Err(Doubt::Unproven),
        }
    }
}

type NoCache = mail_auth::common::cache::NoCache<Box<str>, Txt>;

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let ports = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, ports.into())
}

fn is_header(name: &[u8], wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted.as_bytes())
}

/// Returns those of `names` that headers of a mail have, as often as they do.
fn present<'n>(message: &AuthenticatedMessage<'_>, names: &[&'n str]) -> Vec<&'n str> {
    let headers = message.headers.iter();
    let named = headers.filter_map(|(name, _)| names.iter().find(|wanted| is_header(name, wanted)));
    named.copied().collect()
}

/// Returns true if a signature is over all headers of these names, which are those of the mail: what is more than it has is not signed.
fn signs(signature: &Signature, names: &[&str]) -> bool {
    let signed = |name: &str| {
        signature
            .h
            .iter()
            .filter(|signed| is_header(signed.as_bytes(), name))
            .count()
    };
    let there = |name: &str| names.iter().filter(|other| **other == name).count();
    names.iter().all(|name| there(name) <= signed(name))
}

/// Returns true if a signature is over these headers, which are those of [`HEAD`] in the mail; to whom it goes, or nothing of that.
fn signs_head(signature: &Signature, head: &[&str]) -> bool {
    let is_recipient = |name: &str| RECIPIENTS.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut head = head.to_vec();
    if !signature.h.iter().any(|name| is_recipient(name)) {
        head.retain(|name| !is_recipient(name));
    }
    signs(signature, &head)
}

/// Returns true if a signature, once it is verified, may show that somebody at `domain` wrote a mail: its text is signed, and the domain
/// of the signature is at least of the same owner, as registries have it. That alone is for the policy to say.
fn may_count(signature: &Signature, domain: &str) -> bool {
    let signer = to_a_label(&signature.d);
    let has_one_owner =
        signer == domain || psl::domain_str(&signer).is_some_and(|owner| Some(owner) == psl::domain_str(domain));
    let is_whole = signature.l == 0 && signature.h.len() <= NAMES;
    is_whole && has_one_owner && signature.a != Algorithm::RsaSha1
}
