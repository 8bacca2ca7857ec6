//! Muting: whose contact requests do not arrive.

use super::*;

#[tokio::test]
async fn muted_requests_reach_nobody_until_they_are_unmuted() {
    let it = with_amy_and_michael(|settings| settings.limits.repeat_contact_after = Duration::ZERO).await;
    let michaels = named(&["MICHAEL@example.net/phone"]);
    for (muted, unmuted, reached) in [
        (Some(michaels.clone()), None, 0),
        (None, Some(named(&["eve@example.org"])), 0),
        (None, Some(michaels.clone()), 1),
        (Some(named(&["eve@example.org", "amy@example.org"])), None, 1),
        (Some(Vec::new()), None, 0),
        (None, Some(michaels.clone()), 0),
        (None, Some(Vec::new()), 1),
    ] {
        if let Some(muted) = &muted {
            it.service.mute(&amy(), muted).await.unwrap();
        }
        if let Some(unmuted) = &unmuted {
            it.service.unmute(&amy(), unmuted).await.unwrap();
        }
        michael_asks_for_amy(&it).await;
        assert_eq!(it.introductions().await.len(), reached, "{muted:?} {unmuted:?}");
    }
}

#[tokio::test]
async fn a_muted_request_counts_as_one_that_reached() {
    let it = with_amy_and_michael(|_| {}).await;
    it.service.mute(&amy(), &named(&["michael@example.net"])).await.unwrap();
    michael_asks_for_amy(&it).await;
    it.service.unmute(&amy(), &[]).await.unwrap();
    michael_asks_for_amy(&it).await;
    assert_eq!(it.introductions().await, []);
}

#[tokio::test]
async fn whom_one_has_muted_is_listed_and_forgotten_with_everything() {
    let it = with_amy_and_michael(|_| {}).await;
    let muted = async |jid: &BareJid| it.service.muted(jid).await.unwrap();
    assert_eq!(muted(&amy()).await, Muted::default());
    let two = named(&["michael@example.net", "eve@example.org", "eve@example.org/x"]);
    it.service.mute(&amy(), &two).await.unwrap();
    it.service.mute(&amy(), &[]).await.unwrap();
    let expected = Muted {
        everybody: true,
        jids: named(&["eve@example.org", "michael@example.net"]),
    };
    assert_eq!(muted(&amy()).await, expected);
    assert_eq!(muted(&michael()).await, Muted::default());

    let unmuted = async |jids: &[&str]| {
        let Unmuted { gone, everybody } = it.service.unmute(&amy(), &named(jids)).await.unwrap();
        (gone, everybody)
    };
    assert_eq!(unmuted(&["bob@example.org"]).await, (0, true));
    assert_eq!(unmuted(&["eve@example.org", "michael@example.net"]).await, (2, true));
    assert_eq!(unmuted(&[]).await, (1, false));

    it.service.mute(&amy(), &two).await.unwrap();
    it.service.forget_native(&amy(), &[own_hash(&amy())]).await.unwrap();
    assert_eq!(muted(&amy()).await.jids.len(), 2);
    it.service.forget_native(&michael(), &[]).await.unwrap();
    assert_eq!(muted(&amy()).await.jids.len(), 2);
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert_eq!(muted(&amy()).await, Muted::default());
}

#[tokio::test]
async fn what_cannot_be_muted_changes_nothing() {
    let it = Fixture::new();
    for wrong in ["", " ", "example.org", "a@b@c"] {
        let jids = named(&["eve@example.org", wrong]);
        assert_eq!(code_of(it.service.mute(&amy(), &jids).await), "value_error", "{wrong}");
        let unmuted = it.service.unmute(&amy(), &jids).await;
        assert_eq!(code_of(unmuted), "value_error", "{wrong}");
    }
    assert_eq!(it.service.muted(&amy()).await.unwrap(), Muted::default());
    let server = BareJid::new("example.org").unwrap();
    assert!(matches!(it.service.mute(&server, &[]).await, Err(Error::NotAnAccount)));
}

#[tokio::test]
async fn so_many_and_no_more_can_be_muted() {
    let it = Fixture::new();
    let jids = |range: std::ops::Range<usize>| range.map(|n| format!("{n}@example.org")).collect::<Vec<_>>();
    let mute = async |jids: Vec<String>| it.service.mute(&amy(), &jids).await;
    mute(Vec::new()).await.unwrap();
    assert_eq!(code_of(mute(jids(0..101)).await), "too_many_requested");
    for from in (0..1000).step_by(100) {
        mute(jids(from..from + 100)).await.unwrap();
    }
    assert_eq!(code_of(mute(jids(999..1001)).await), "too_many_requested");
    mute(jids(0..100)).await.unwrap();
    assert_eq!(it.service.muted(&amy()).await.unwrap().jids.len(), 1000);
    it.service.unmute(&amy(), &jids(0..1)).await.unwrap();
    mute(jids(999..1001)).await.unwrap();
}
