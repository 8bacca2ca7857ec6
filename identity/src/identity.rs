//! Identities (a provider and an id) and their canonical form.

use std::fmt;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use crate::jid::{canonical, parse_target};
use crate::provider::named;
use crate::text::{disturbs, trimmed};
use crate::{Hash, InvalidId, Provider, Region, Step, email, numbering, phone, uri, user_name};

/// A provider and an id in canonical form, so that equal identities have equal hashes.
///
/// `Debug` hides the id, which must never reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider where the id is valid.
    pub provider: Provider,
    /// The canonical id.
    pub id: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}:…)", self.provider.name())
    }
}

impl Identity {
    /// Canonicalises `text`, which may be a URI, by the rules of `provider`. Doing so again changes nothing.
    ///
    /// # Errors
    /// If no canonical form exists: the id is not a JID with a localpart, not an addr-spec (RFC 5322) that can be written into a
    /// mail, not a phone number with `+` that comes to 7 to 15 digits (E.164), or empty; or it would disturb a text that it stands in.
    pub fn parse(provider: Provider, text: &str) -> Result<Self, InvalidId> {
        Self::parse_in(provider, text, None)
    }

    /// The same by somebody whose phone is in `region`: a number without `+` is read as it is dialled there.
    ///
    /// # Errors
    /// As for [`Identity::parse`].
    pub fn parse_in(provider: Provider, text: &str, region: Option<Region>) -> Result<Self, InvalidId> {
        Self::read(provider, text, region, |_, _| {})
    }

    /// Like [`Identity::parse_in`]; also calls `said` with each step that changes the id, and with the result.
    ///
    /// # Errors
    /// As for [`Identity::parse`].
    pub fn read(
        provider: Provider,
        text: &str,
        region: Option<Region>,
        mut said: impl FnMut(Step, &str),
    ) -> Result<Self, InvalidId> {
        let (id, invalid) = match provider {
            Provider::Xmpp => (canonical(&parse_target(text)?).into_owned(), InvalidId::Jid),
            Provider::Email => (email::canonical(&uri::id_of("mailto", text))?, InvalidId::Email),
            Provider::Phone => (phone::canonical(text, region, &mut said)?, InvalidId::Phone),
            // With a colon in its name, two identities could have one hash.
            Provider::Named(ref name) if name.is_empty() || name.contains(':') => {
                return Err(InvalidId::Provider);
            }
            Provider::Named(_) => (user_name::canonical(trimmed(text))?, InvalidId::UserName),
        };
        if id.contains(disturbs) {
            return Err(invalid);
        }
        if provider != Provider::Phone && id != text {
            said(Step::Canonical, &id);
        }
        Ok(Self { provider, id })
    }

    /// Returns the possible meanings of a typed number or address: an e-mail address may be a Jabber ID as
    /// well. `provider:id` means just that.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn typed(text: &str) -> Result<Vec<Self>, InvalidId> {
        Self::typed_in(text, None)
    }

    /// The same by somebody whose phone is in `region`.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn typed_in(text: &str, region: Option<Region>) -> Result<Vec<Self>, InvalidId> {
        let parse = |provider, id| Self::parse_in(provider, id, region);
        let text = trimmed(text);
        // An address in brackets has colons, too.
        let named_by = text.split_once(':').filter(|(scheme, _)| !scheme.contains('@'));
        let guesses = match named_by {
            // Of a number, all that stands around it counts.
            Some((scheme, _)) if named(scheme) == Provider::Phone || scheme.starts_with(begins_number) => {
                return parse(Provider::Phone, text).map(|identity| vec![identity]);
            }
            Some((scheme, id)) => {
                let id = if uri::is_scheme(scheme) { text } else { id };
                return parse(named(scheme), id).map(|identity| vec![identity]);
            }
            None if text.contains('@') => match parse(Provider::Email, text) {
                Err(reason @ InvalidId::QuotedEmail) => return Err(reason),
                email => vec![email, parse(Provider::Xmpp, text)],
            },
            None if text.contains(char::is_numeric) => {
                return parse(Provider::Phone, text).map(|identity| vec![identity]);
            }
            None => Vec::new(),
        };
        let meant: Vec<Self> = guesses.into_iter().flatten().collect();
        if meant.is_empty() {
            Err(InvalidId::Detail)
        } else {
            Ok(meant)
        }
    }

    /// Returns the identity of a JID itself. It is the same whether the domain is in A-labels or U-labels. Its id is
    /// not an address for messages: that is the JID as its server spells it.
    pub fn of_jid(jid: &BareJid) -> Self {
        Self {
            provider: Provider::Xmpp,
            id: canonical(jid).into_owned(),
        }
    }

    /// Returns the mailbox or subscriber of the identity, by which messages are limited and suppressed: an address
    /// without its subaddress (RFC 5233), and at Gmail without dots; of a number's two forms in use always the same
    /// one. Any other identity is itself.
    #[must_use]
    pub fn mailbox(&self) -> Self {
        let id = match self.provider {
            Provider::Email => email::mailbox(&self.id),
            Provider::Phone => numbering::subscriber(&self.id),
            _ => self.id.clone(),
        };
        Self {
            provider: self.provider.clone(),
            id,
        }
    }

    /// Returns the hash that everybody exchanges instead of the identity.
    pub fn hash(&self) -> Hash {
        Hash::of(self.provider.name(), &self.id)
    }

    /// Checks if a code can be sent to the identity: if a phone number can exist at all.
    ///
    /// # Errors
    /// If libphonenumber's rules say that no such number is possible.
    pub fn check_reachable(&self) -> Result<(), InvalidId> {
        let possible = self.provider != Provider::Phone || phone::is_possible(&self.id);
        if possible {
            Ok(())
        } else {
            Err(InvalidId::PossiblePhone)
        }
    }

    /// Returns `true` if it is a number that the numbering plan of its country lets somebody earn by: premium rate, shared cost.
    pub fn costs_extra(&self) -> bool {
        self.provider == Provider::Phone && phone::costs_extra(&self.id)
    }
}

fn begins_number(c: char) -> bool {
    c.is_numeric() || matches!(c, '+' | '＋' | '(')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::parse_target;

    fn hash(provider: &str, id: &str) -> String {
        let hash = Identity::parse(provider.into(), id).unwrap().hash();
        hash.to_string()[..32].to_owned()
    }

    #[test]
    fn check_values_of_the_protocol() {
        for (provider, id, expected) in [
            ("xmpp", "my_jabber@example.com", "397ee3ee893ba686b8f228078803ce34"),
            ("xmpp", "xmpp@example.com", "abce880ed2d448abffa8efa8939d8e15"),
            ("phone", "+00112345678", "868629caa99a9a45df39fd1783d73609"),
            ("email", "hunter@jobs.com", "e73e75f1d339ad55a26710736159f3a6"),
        ] {
            assert_eq!(hash(provider, id), expected, "{provider}:{id}");
        }
    }

    #[test]
    fn spellings_of_a_mailbox_are_one() {
        for (provider, id, same) in [
            ("email", "victim+1@mail.example", "victim@mail.example"),
            ("email", "victim+@mail.example", "victim@mail.example"),
            ("email", "+1@mail.example", "+1@mail.example"),
            ("email", "vic.tim@mail.example", "vic.tim@mail.example"),
            ("email", "vic.tim+x@googlemail.com", "victim@gmail.com"),
            ("phone", "+54 11 2345-6789", "+5491123456789"),
            ("phone", "+54 9 11 2345-6789", "+5491123456789"),
            ("xmpp", "amy+1@example.org", "amy+1@example.org"),
        ] {
            let identity = Identity::parse(provider.into(), id).unwrap();
            assert_eq!(identity.mailbox().id, same, "{id}");
        }
    }

    #[test]
    fn a_jid_is_not_normalised_however_long_it_is() {
        // Soft hyphens are mapped to nothing (RFC 3454, B.1).
        let padded = |length| format!("amy{}@example.org", "\u{ad}".repeat(length));
        assert_eq!(parse_target(&padded(100)).unwrap().as_str(), "amy@example.org");
        assert_eq!(parse_target(&padded(100_000)), Err(InvalidId::Jid));
    }

    #[test]
    fn resource_case_and_final_dot_of_a_jid_do_not_count() {
        for id in ["XMPP@Example.COM", " xmpp@example.com/phone ", "xmpp@example.com."] {
            assert_eq!(hash("xmpp", id), "abce880ed2d448abffa8efa8939d8e15", "{id}");
        }
    }

    #[test]
    fn ids_without_a_canonical_form_are_rejected() {
        for (provider, id) in [
            ("xmpp", "example.com"),
            ("xmpp", "@example.com"),
            ("xmpp", "a b@example.com"),
            ("xmpp", "xmpp@example.com.."),
            // Found by fuzzing: these become something else again when they are normalised once more.
            ("xmpp", "xmpp@ß--example.com"),
            ("xmpp", "ae@mςple.Áoᴼc)om"),
            ("xmpp", ""),
            ("email", "hunter"),
            ("email", "Hunter <hunter@jobs.com>"),
            ("email", "a@b@c"),
            ("email", "a@example.org\r\nBcc: b@example.org"),
            ("phone", "00447700900123"),
            ("phone", "+123456"),
            ("phone", "+1234567890123456"),
            ("phone", "+447700O900123"),
            ("github", "  "),
            ("github", "@"),
            ("github", "@@octo"),
            ("", "octo"),
            ("git:hub", "octo"),
        ] {
            assert!(Identity::parse(provider.into(), id).is_err(), "{provider}:{id}");
        }
    }

    #[test]
    fn no_name_can_forge_a_line_or_turn_the_text_around_it() {
        let every = (0..=char::MAX.into()).filter_map(char::from_u32);
        for c in every.filter(|c| disturbs(*c)) {
            for id in [
                format!("a{c}b"),
                format!("a{c}b@example.org"),
                format!("\"a{c}b\"@example.org"),
                format!("a@b{c}c.org"),
            ] {
                for provider in ["xmpp", "email", "github"] {
                    // Stringprep leaves some out altogether, which is as good.
                    let shown = Identity::parse(provider.into(), &id).map(|identity| identity.id);
                    assert!(
                        shown.is_err() || shown.is_ok_and(|id| !id.contains(disturbs)),
                        "{provider}: {c:?}"
                    );
                }
            }
        }
        assert!(Identity::parse("github".into(), "octo\nIt-se: 1234").is_err());
        assert!(Identity::parse("email".into(), "a\u{202e}b@example.org").is_err());
    }

    #[test]
    fn only_possible_numbers_can_be_sent_a_code() {
        let reachable = |id| Identity::parse(Provider::Phone, id).unwrap().check_reachable();
        assert!(reachable("+44 7700 900123").is_ok());
        assert!(reachable("+1 500 555 0006").is_ok());
        assert!(reachable("+0011234567").is_err());
        assert!(reachable("+1 555 010 01000").is_err());
        // Possible within an area only, which nobody can dial from elsewhere.
        assert!(reachable("+44 77009").is_err());
    }

    #[test]
    fn numbers_that_earn_somebody_money_are_known() {
        let costs_extra = |provider, id| Identity::parse(provider, id).unwrap().costs_extra();
        for number in ["+44 909 879 0123", "+49 900 1 123456", "+1 900 234 5678"] {
            assert!(costs_extra(Provider::Phone, number), "{number}");
        }
        for number in ["+44 7700 900123", "+49 171 3920000", "+1 500 555 0006"] {
            assert!(!costs_extra(Provider::Phone, number), "{number}");
        }
        assert!(!costs_extra(Provider::Named("github".into()), "+449098790123"));
    }

    #[test]
    fn what_people_type_may_mean_two_things() {
        let meant = |text: &str| -> Vec<String> {
            let meant = Identity::typed(text).unwrap_or_default();
            meant
                .iter()
                .map(|identity| format!("{}:{}", identity.provider.name(), identity.id))
                .collect()
        };
        assert_eq!(meant(" +44 7700 900123 "), ["phone:+447700900123"]);
        assert_eq!(meant("tel:+44-7700-900123"), ["phone:+447700900123"]);
        assert_eq!(
            meant("Amy@example.org"),
            ["email:amy@example.org", "xmpp:amy@example.org"]
        );
        assert_eq!(meant("mailto:amy@example.org"), ["email:amy@example.org"]);
        assert_eq!(
            meant("MAILTO://Amy%2Bx@example.org?subject=a"),
            ["email:amy+x@example.org"]
        );
        assert_eq!(meant("email: amy%2Bx@example.org"), ["email:amy%2bx@example.org"]);
        assert_eq!(meant("xmpp:a%C3%A4@example.org/x?message"), ["xmpp:aä@example.org"]);
        assert_eq!(meant("jabber: Amy@example.org/x"), ["xmpp:amy@example.org"]);
        assert_eq!(
            meant("\u{202a}ju\u{308}rgen@bu\u{308}cher.example\u{202c}"),
            ["email:jürgen@xn--bcher-kva.example", "xmpp:jürgen@bücher.example"]
        );
        assert_eq!(meant("amy@[2001:db8::1]"), ["xmpp:amy@[2001:db8::1]"]);
        assert_eq!(Identity::typed("\"a b\"@example.org"), Err(InvalidId::QuotedEmail));
        assert_eq!(meant("GitHub: Octo"), ["github:octo"]);
        for nothing in ["", "amy", "12", "a@", ":x", "phone:12"] {
            assert!(meant(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn debug_hides_the_id() {
        let identity = Identity::parse(Provider::Email, "hunter@jobs.com").unwrap();
        assert_eq!(format!("{identity:?}"), "Identity(email:…)");
    }

    fn separators() -> impl Strategy<Value = String> {
        "[ .()/-]{0,3}"
    }

    proptest! {
        #[test]
        fn canonicalising_twice_changes_nothing(
            provider in prop::sample::select(vec!["xmpp", "email", "phone", "github"]),
            id in prop_oneof![any::<String>(), "[@ A-ZÄÖÜa-z0-9+.-]{1,12}@?[A-Za-z.]{0,9}", "\\+[0-9 ()/-]{5,18}"],
        ) {
            if let Ok(once) = Identity::parse(provider.into(), &id) {
                let twice = Identity::parse(provider.into(), &once.id);
                prop_assert_eq!(Ok(once), twice);
            }
        }

        #[test]
        fn separators_never_change_the_hash_of_a_number(
            digits in "[0-9]{7,15}",
            gaps in prop::collection::vec(separators(), 15),
        ) {
            let spaced: String = digits.chars().zip(&gaps).map(|(d, gap)| format!("{d}{gap}")).collect();
            let plain = Identity::parse(Provider::Phone, &format!("+{digits}"));
            let spaced = Identity::parse(Provider::Phone, &format!(" +{spaced} "));
            prop_assert_eq!(plain, spaced);
        }

        #[test]
        fn case_and_outer_spaces_never_change_a_hash(
            provider in prop::sample::select(vec!["xmpp", "email", "twitter"]),
            local in "[a-zäöü0-9][a-z0-9äöü]{0,8}",
            domain in "[a-z][a-z0-9]{0,8}\\.org",
        ) {
            let id = format!("{local}@{domain}");
            let plain = Identity::parse(provider.into(), &id).unwrap();
            let shouted = Identity::parse(provider.into(), &format!("  {} ", id.to_uppercase())).unwrap();
            prop_assert_eq!(plain.hash(), shouted.hash());
        }
    }
}
