//! Each command, the registration, the chat and the small things with a client library that nobody here wrote:
//! slixmpp. The stories are in `people/stories/`, each in a file that says what it is about.

use itseme_tests::{World, story};

/// Eve minds the service.
const SETTINGS: &str = r#"
    [component]
    admins = ["eve@localhost"]
    [service.addresses]
    abuse = ["mailto:abuse@example.org"]
    support = ["xmpp:eve@localhost", "mailto:help@example.org"]
"#;

/// A test for each story.
macro_rules! stories {
    ($($file:ident: $($story:ident),+;)+) => {
        $(mod $file {
            $(
                #[tokio::test]
                async fn $story() {
                    super::play(concat!(stringify!($file), "::", stringify!($story))).await;
                }
            )+
        })+

        const STORIES: &[&str] = &[$($(concat!(stringify!($file), "::", stringify!($story))),+),+];
    };
}

stories! {
    discovery: identity_and_features, contact_addresses, what_can_be_had, commands, nodes, capabilities, small_things,
        in_her_language, what_is_not_offered;
    linking: from_choice_to_code, what_cannot_be_is_asked_again, more_than_answers, back_and_on_again,
        begun_anew, begun_anew_at_once,
        her_own_jid_needs_no_code, given_up, the_default_action, in_her_language, shown, forgotten_by_choice, forgotten_by_name,
        everything_forgotten;
    commands: checking, introducing, nothing_to_be_known_by, administrating, unknown_and_impossible, sessions;
    mute: by_command, by_chat, told_how;
    registration: from_form_to_removal, with_the_form, with_nothing, with_what_cannot_be;
    chat: linking_and_forgetting, introducing, in_german, told_what_to_write, help_once, answers_are_of_the_same_kind, silence,
        encrypted, at_either_address, with_nobody;
    bots: an_echo, somebody_away, one_like_the_service, one_that_counts, one_that_speaks_in_commands,
        one_that_quotes;
    presence: subscribing, subscribing_to_the_domain, unsubscribing, strangers, of_nobody;
    asked_back: once, refused;
    codes: marked, corrected, not_corrected, corrected_only_for_all, corrected_only_while_it_is_the_last;
}

async fn play(story: &str) {
    let asks_back = match story.starts_with("asked_back::") {
        true => "subscribe_back = true",
        false => "",
    };
    let limits = match story.ends_with("at_once") {
        true => "[limits]\nresend_after = '1h'",
        false => "",
    };
    let settings = format!("[service]\n{asks_back}\n{SETTINGS}\n{limits}");
    let mut world = World::with(&settings).await;
    if world.server.hinders().contains(&story) {
        return;
    }
    story::play(&mut world, story).await;
}

#[test]
fn every_story_is_played() {
    let mut played = STORIES.to_vec();
    played.sort_unstable();
    let mut written = story::all();
    written.sort_unstable();
    assert_eq!(played, written);
}
