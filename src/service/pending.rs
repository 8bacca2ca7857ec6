//! Registrations that wait for a proof: the requested code, and the content of the row's box.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Core;
use super::how::How;
use super::link::Aliases;
use crate::channel::sign_in::Attempt;
use crate::language::Language;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider};
use crate::store::Pending;

/// A code that is to be sent.
pub struct NewCode {
    /// The MAC of the hash that it is for.
    pub id: Mac,
    /// The hash that it proves; `None` if it lets links be forgotten.
    pub proves: Option<Hash>,
    /// The target.
    pub target: BareJid,
    /// The identity that it is sent to.
    pub identity: Identity,
    /// `true` if a code that still waits is replaced.
    pub resend: bool,
    /// The way in which the code goes.
    pub how: How,
    /// The language of the message.
    pub language: Language,
    /// The address of the requester, over HTTP.
    pub address: Option<IpAddr>,
}

/// The content of a pending row's box.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PendingBox {
    pub(super) target: BareJid,
    pub(super) provider: Provider,
    /// The hash that is proven; `None` if the code lets links be forgotten.
    #[serde(default)]
    pub(super) hash: Option<Hash>,
    /// Other forms of what is proven, which are linked with it.
    #[serde(flatten)]
    pub(super) aliases: Aliases,
    /// The code, so that it can be sealed under another key. Whoever can open the box could also try all codes.
    #[serde(default)]
    pub(super) code: Option<Code>,
    /// `true` if the target itself has asked: nobody else replaces its code then.
    #[serde(default)]
    pub(super) by_target: bool,
    /// `true` if the code was refused for good on its way: nobody has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_undelivered: bool,
    /// The word by which reports on the letter with the code lead here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<String>,
    /// The range of the number that the code was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) range: Option<String>,
    /// `true` if the code counts among those that people of that range should enter.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) counts_in_range: bool,
    /// The hashes by which it is found as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) spellings: Vec<Spelling>,
    /// The word for others who ask to write to the service, while the target has asked itself. It makes the same link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) others: Option<Word>,
    #[serde(flatten)]
    pub(super) proof: Proof,
}

/// The hash of an id as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spelling {
    pub(super) hash: Hash,
    /// `true` if the target has asked with it.
    pub(super) by_target: bool,
}

/// The way in which a registration is proven, with its data. The box has no tag: its members determine the variant.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Proof {
    /// Not here: the row's hash is that of an id as it was typed, or of the link in a mail, and leads to the registration of this one.
    Spelling { identity: Hash },
    /// By a message from the identity to the service, with a word. Whoever else has the word can do nothing with it.
    Write {
        word: Word,
        /// The mailbox by which codes to the identity are counted.
        mailbox: Hash,
        /// As of a code.
        #[serde(default)]
        by_anybody: bool,
    },
    /// By signing in at a provider, which has begun.
    SignIn {
        sign_in: SignInBox,
        /// The sign-in for others who ask for one that the target has begun: it leads nowhere.
        #[serde(default)]
        decoy: Option<SignInBox>,
        /// The browser's next address.
        #[serde(default)]
        next: Option<String>,
    },
    /// By a code that was sent.
    CodeSent {
        /// The id of the first letter with a code. Later letters name it as the one that they replace. The link in a
        /// mail contains it, to find the registration of the code.
        letter: String,
        /// The mailbox by which codes to the identity are counted.
        #[serde(default)]
        mailbox: Option<Hash>,
        /// `true` if others than the target have asked since: they are answered as if no code waited.
        #[serde(default)]
        by_anybody: bool,
        /// `true` if the code was to be read out in a call.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_call: bool,
    },
    /// By a code that a person got after signing in. Codes of the first version, whose letters were not stored, are
    /// read as such.
    SignedIn {
        #[serde(default)]
        decoy: Option<SignInBox>,
        #[serde(default)]
        next: Option<String>,
        /// The page that the browser came back to.
        #[serde(default)]
        page: Option<SignedInBox>,
    },
}

/// Returns the hash under which the word in the link of a mail leads to its registration: as the hash of an id as it was typed does.
pub(super) fn hash_of_link(word: &str) -> Hash {
    Hash::of("link", word)
}

/// Returns the hash under which the word in the address for reports leads to its registration.
pub(super) fn hash_of_report(word: &str) -> Hash {
    Hash::of("report", word)
}

impl Proof {
    /// Returns `true` if the registration can only be proven by signing in.
    pub(super) fn is_sign_in(&self) -> bool {
        matches!(self, Self::SignIn { .. })
    }

    /// Returns `true` for a code that anybody has asked for, after the target had.
    pub(super) fn is_by_anybody(&self) -> bool {
        let (Self::CodeSent { by_anybody, .. } | Self::Write { by_anybody, .. }) = self else {
            return false;
        };
        *by_anybody
    }

    /// Notes that anybody has, or has not, asked for a code after the target had.
    pub(super) fn set_by_anybody(&mut self, is_so: bool) {
        if let Self::CodeSent { by_anybody, .. } | Self::Write { by_anybody, .. } = self {
            *by_anybody = is_so;
        }
    }

    /// Returns `true` for a code that is read out in a call.
    pub(super) fn is_by_call(&self) -> bool {
        matches!(self, Self::CodeSent { by_call: true, .. })
    }

    /// Returns the word, if the registration is proven by a message to the service.
    pub(super) fn word(&self) -> Option<&Word> {
        match self {
            Self::Write { word, .. } => Some(word),
            _ => None,
        }
    }

    /// Returns the id of the first letter with the code, if it was sent.
    pub(super) fn letter(&self) -> Option<&str> {
        match self {
            Self::CodeSent { letter, .. } => Some(letter),
            Self::Spelling { .. } | Self::SignIn { .. } | Self::SignedIn { .. } | Self::Write { .. } => None,
        }
    }
}

/// A word that is to be written to the service, and the language of whoever asked.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Word {
    pub(super) digits: Code,
    #[serde(default)]
    pub(super) language: Language,
}

/// The data with which a browser may open the page after a sign-in again.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignedInBox {
    /// The hash of the state and the provider's code, which the browser had.
    pub(super) came_with: Hash,
    /// The name of the user at the provider.
    pub(super) name: String,
}

/// The data of a sign-in in its pending registration.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignInBox {
    pub(super) attempt: Attempt,
}

impl PendingBox {
    /// Returns the word of those who have asked to write to the service, and not for the target itself.
    pub(super) fn word_of_others(&self) -> Option<&Word> {
        match self.by_target {
            true => self.others.as_ref(),
            false => self.proof.word(),
        }
    }

    /// Notes that the target itself has asked. Others keep their word.
    pub(super) fn make_own(&mut self) {
        self.others = self.word_of_others().cloned();
        self.by_target = true;
    }
}

impl Core {
    pub(super) fn open_pending(&self, pending: &Pending) -> Option<PendingBox> {
        self.open("pending", pending.key, place(pending), &pending.sealed)
    }
}

/// Returns the place of a box: it belongs to its registration and code.
pub(super) fn place(pending: &Pending) -> Purpose<'_> {
    Purpose::Pending {
        id: &pending.id,
        owner: &pending.owner,
        code: &pending.code,
    }
}
