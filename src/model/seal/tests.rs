//! MACs and boxes.

#![allow(clippy::unwrap_used)]
use super::*;

fn keys(byte: u8) -> Keys {
    Keys::new(&Zeroizing::new([byte; KEY_LENGTH]))
}

#[test]
fn a_mac_depends_on_key_use_and_value() {
    let (a, b) = (Hash::of("phone", "+1"), Hash::of("phone", "+2"));
    assert_eq!(keys(1).id(&a), keys(1).id(&a));
    assert_ne!(keys(1).id(&a), keys(2).id(&a));
    assert_ne!(keys(1).id(&a), keys(1).id(&b));
    assert_ne!(keys(1).check(), keys(2).check());
    let (x, y) = (keys(1).id(&a), keys(1).id(&b));
    assert_ne!(keys(1).quota("q", &[&x, &y]), keys(1).quota("q", &[&y, &x]));
    assert_ne!(keys(1).quota("q", &[&x]), keys(1).quota("r", &[&x]));
}

#[test]
fn a_mute_is_another_for_each_owner() {
    let keys = keys(1);
    let [a, b, c] = [1, 2, 3].map(|n| Mac([n; 16]));
    assert_eq!(keys.mute(&a, Some(&b)), keys.mute(&a, Some(&b)));
    assert_ne!(keys.mute(&a, Some(&c)), keys.mute(&b, Some(&c)));
    assert_ne!(keys.mute(&a, Some(&b)), keys.mute(&b, Some(&a)));
    assert_ne!(keys.mute(&a, None), keys.mute(&b, None));
    assert_ne!(keys.mute(&a, None), keys.mute(&a, Some(&a)));
}

#[test]
fn a_code_is_valid_for_one_identity_and_target() {
    let keys = keys(1);
    let [a, b] = [1, 2].map(|n| Mac([n; 16]));
    let code = Code::typed("3991");
    assert_ne!(keys.code(&a, &b, &code), keys.code(&b, &a, &code));
    assert_ne!(keys.code(&a, &b, &code), keys.code(&a, &b, &Code::typed("3992")));
}

const A: Mac = Mac([1; 16]);
const B: Mac = Mac([2; 16]);
const LINK: Purpose<'_> = Purpose::Link { id: &A, owner: &B };

#[test]
fn a_box_opens_with_its_key_alone() {
    let sealed = keys(1).seal(LINK, b"secret", &mut rand::rng());
    assert!(!sealed.windows(6).any(|w| w == b"secret"));
    assert_eq!(*keys(1).open(LINK, &sealed).unwrap(), b"secret");
    assert!(keys(2).open(LINK, &sealed).is_err());
}

#[test]
fn a_box_opens_in_its_row_alone() {
    let keys = keys(1);
    let pending = |owner, code| Purpose::Pending { id: &A, owner, code };
    let outbox = |queue, about| Purpose::Outbox { queue, about };
    let (hash, other) = (TokenHash([1; 32]), TokenHash([2; 32]));
    let token = |hash, owner| Purpose::Token { hash, owner };
    let subscriber = |owner, address: OwnAddress| Purpose::Subscriber {
        owner,
        addresses: address.into(),
    };
    let rows = [
        LINK,
        Purpose::Link { id: &B, owner: &A },
        Purpose::Link { id: &A, owner: &A },
        Purpose::Mute { owner: &A, muted: &B },
        Purpose::Mute { owner: &A, muted: &A },
        subscriber(&A, OwnAddress::Domain),
        subscriber(&B, OwnAddress::Domain),
        subscriber(&A, OwnAddress::Account),
        pending(&A, &A),
        pending(&A, &B),
        pending(&B, &A),
        outbox(1, None),
        outbox(2, None),
        outbox(1, Some(&A)),
        outbox(1, Some(&B)),
        token(&hash, &A),
        token(&other, &A),
        token(&hash, &B),
        Purpose::SuppressionKeys,
    ];
    for (n, row) in rows.iter().enumerate() {
        let sealed = keys.seal(*row, b"secret", &mut rand::rng());
        for (m, other) in rows.iter().enumerate() {
            assert_eq!(keys.open(*other, &sealed).is_ok(), n == m, "{row:?} in {other:?}");
        }
    }
}

#[test]
fn keys_are_told_apart_by_whether_they_are_bound() {
    let (bound, unbound) = (keys(1), keys(1).unbound());
    let before = unbound.seal(LINK, b"secret", &mut rand::rng());
    assert!(bound.open(LINK, &before).is_err());
    assert!(unbound.open(LINK, &before).is_ok());
    assert_ne!(bound.check(), unbound.check());
    assert!(bound.are_of(&unbound) && !bound.are_of(&keys(2)));
    assert_eq!(unbound.bound().check(), bound.check());
}

#[test]
fn a_proof_is_of_one_pair() {
    let keys = keys(1);
    assert_ne!(keys.proof(&A, &B), keys.proof(&B, &A));
    assert_ne!(keys.proof(&A, &B), keys.proof(&A, &A));
}

#[test]
fn a_changed_or_cut_box_does_not_open() {
    let sealed = keys(1).seal(LINK, b"secret", &mut rand::rng());
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(keys(1).open(LINK, &changed).is_err());
        assert!(keys(1).open(LINK, &sealed[..at]).is_err());
    }
}

#[test]
fn equal_values_make_different_boxes() {
    let mut rng = rand::rng();
    let mut seal = || keys(1).seal(LINK, b"secret", &mut rng);
    assert_ne!(seal(), seal());
}
