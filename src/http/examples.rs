//! The identities of the examples, those of the protocol document.

/// The hash of `phone:+447700900123`, Amy's number.
pub const PHONE: &str = "a7bb3f5af025c43ecaedf2349d1bb0f62813ffa68008f9a858a0e1fbaedc020b1bd9c79b3e236b223c1e08fe48aff7e30967c8380e3936847b58d917998661ce";
/// The hash of `xmpp:amy@example.org`.
pub const JID: &str = "d887300f5e30c6047dbefb0c02b2134b81e5114468b9a22d43019a5893fd1a60c9e120962d0af572ccb206f7ab069353063c0ab08ddc6728ee2dafd292fa0e15";

/// The word in the link of a mail.
pub const LINK: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[cfg(test)]
#[test]
fn the_hashes_are_those_of_the_ids() {
    use crate::model::Hash;

    assert_eq!(Hash::of("phone", "+447700900123").to_string(), PHONE);
    assert_eq!(Hash::of("xmpp", "amy@example.org").to_string(), JID);
}
