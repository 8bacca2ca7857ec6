//! The list of phrases. Each is a method of [`Language`]; its words are in `locales/*.ftl`, under the same name.

use fluent_bundle::FluentArgs;

use super::{Argument, Language};

macro_rules! phrases {
    ($($name:ident($($argument:ident),*);)*) => {
        impl Language {
            $(
                #[doc = concat!("What `", stringify!($name), "` is in this language.")]
                pub fn $name(self $(, $argument: impl Argument)*) -> String {
                    #[allow(unused_mut)]
                    let mut arguments = FluentArgs::new();
                    $(arguments.set(stringify!($argument), $argument.value());)*
                    self.say(stringify!($name), arguments)
                }
            )*
        }

        /// Every phrase with the names of its arguments.
        #[cfg(test)]
        pub const PHRASES: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($argument)),*])),*];
    };
}

phrases! {
    service_name();
    service_description();
    presence_status();

    // Messages by XMPP
    code_own(jid, code);
    code_other(jid, target, code);
    introduction(jid);
    introduction_advice();
    introduction_vouched(service);
    introduction_mute(jid);
    taken_over(provider);
    forget_code_all(code);
    forget_code_some(code);
    linked(provider, hash);
    prove_again(days);

    // SMS
    sms(jid, code);

    // Calls
    call(jid, code);
    spoken(mark);

    // Mail
    mail_subject(code, service);
    mail_hello();
    mail_asks(target, service);
    mail_code();
    mail_enter();
    mail_open();
    mail_valid(hours);
    mail_ignore();
    mail_stop();

    // Pages
    page_verify_title();
    page_verify_question();
    page_verify_text();
    page_verify_code();
    page_verify_button();
    page_verify_close();
    page_sign_in_question(provider, jid);
    page_sign_in_as(name, provider);
    page_sign_in_text();
    page_sign_in_button();
    page_sign_in_close();
    page_done_title();
    page_done_text(jid);
    page_signed_in(jid);
    page_failed_title();
    page_home();
    page_stop_question();
    page_stop_text();
    page_stop_button();
    page_stop_close();
    page_stopped_title();
    page_stopped_text();
    page_stopped_button();
    page_stop_undone();

    // The web page
    web_title();
    web_language();
    web_languages();
    web_intro();
    web_no_script(account);
    web_own();
    web_jid();
    web_jid_hint();
    web_begin();
    web_waiting();
    web_waits_sign_in();
    web_write(to, text);
    web_write_open();
    web_call();
    web_linked();
    web_lost();
    web_verify();
    web_sign_in();
    web_resend();
    web_resend_wait(seconds);
    web_link_again();
    web_forget();
    web_add_title();
    web_add();
    web_call_choice();
    web_write_choice();
    web_friends();
    web_friends_text();
    web_book_file();
    web_book_picker();
    web_book_text();
    web_book_region();
    web_book_read();
    web_book_found(contacts, hashes);
    web_book_asked(count);
    web_book_skipped(count);
    web_book_not_plain();
    web_book_empty();
    web_ask_details();
    web_ask_leaves(count);
    web_ask_first();
    web_ask();
    web_ask_here();
    web_ask_done(count);
    web_ask_left(count);
    web_check();
    web_stop();
    web_stop_text();
    web_forget_all();
    web_forget_code_some(jid, details);
    web_forget_code_all(jid);
    web_forget_details();
    web_forget_some();
    web_cleared();
    web_prove();
    web_code_gone();
    web_sign_in_again();
    web_forgotten();
    web_stop_mail();
    web_clear_title();
    web_clear_text();
    web_clear();
    web_unreachable();
    web_insecure();
    web_about();
    web_operator(operator);
    web_privacy();
    web_developers();

    // Errors
    error_target_unconfirmed(jid);
    error_token_needed(jid);
    error_not_registered();
    error_nothing_waits();
    error_missing_code();
    error_faulty_code();
    error_undelivered();
    error_wrong_user();
    error_oauth_no_state();
    error_oauth_foreign_state();
    error_oauth_denied();
    error_oauth_provider();
    error_oauth_refused();
    error_json();
    error_key(key);
    error_number();
    error_not_by_writing();
    error_not_by_call();
    error_domain_not_served();
    error_not_an_account();
    error_insufficient();
    error_too_many_hashes(limit);
    error_too_many_details(limit);
    error_too_many_jids(limit);
    error_too_many_mutes(limit);
    error_too_many_links(limit);
    error_unknown_provider();
    error_limit_seconds(count);
    error_limit_minutes(count);
    error_limit_hours(count);
    error_internal();
    invalid_jid();
    invalid_email();
    invalid_quoted_email();
    invalid_phone();
    invalid_phone_without_country();
    invalid_phone_with_letters();
    invalid_country_code();
    invalid_user_name();
    invalid_provider();
    invalid_detail();
    invalid_entry(entry, text);
    error_path();
    error_stop_link();
    error_method();
    error_slow();
    error_body(limit);
    error_origin();

    // Stanza errors that are XMPP's own
    stanza_unavailable();
    stanza_nobody(jid);
    stanza_no_node();
    stanza_malformed();
    stanza_misnamed();
    stanza_busy();
    stanza_too_large();

    // Commands (XEP-0050), as menus and forms
    commands();
    command_link();
    command_links();
    command_forget();
    command_check();
    command_introduce();
    command_mute();
    command_unmute();
    command_statistics();
    command_forget_jid();
    command_suppress();
    command_unsuppress();
    provider(provider);
    command_admins_only();
    command_unknown_action();
    command_malformed_action();
    command_bad_session();
    command_expired();
    command_missing_field(field);
    command_bad_form();
    link_choose();
    link_provider();
    link_type(provider);
    link_id();
    link_enter();
    link_goto(url);
    link_how();
    link_how_code();
    link_how_send();
    link_how_call();
    link_send(to, text);
    link_code();
    link_done();
    links_title();
    links_none();
    links_count(count);
    links_own(jid);
    links_other(hash, date);
    links_explained();
    forget_choose();
    forget_links();
    forget_details();
    forget_everything();
    forget_done();
    forget_all_done();
    forget_nothing();
    forget_unknown();
    check_ask();
    check_jid();
    check_detail();
    check_yes(jid);
    check_yes_by(jid, service);
    check_no(jid);
    introduce_ask();
    introduce_details();
    introduce_contacts();
    introduce_done();
    introduce_peers(services);
    introduce_scope();
    introduce_scope_peers();
    introduce_scope_here();
    mute_ask();
    mute_jids();
    mute_all();
    mute_done();
    mute_all_done();
    mute_nothing();
    unmute_ask();
    unmute_all();
    unmute_done();
    unmute_all_done();
    unmute_vain();
    unmute_unknown();
    mutes_none();
    mutes_some();
    mutes_all();
    mutes_more(count);
    statistics_title();
    statistics_links();
    statistics_people();
    statistics_pending();
    statistics_outbox();
    statistics_subscribers();
    statistics_mutes();
    statistics_tokens();
    statistics_suppressions();
    statistics_counters();
    statistics_bytes();
    statistics_uptime();
    forget_jid_ask();
    forget_jid_done(jid);
    suppress_ask();
    suppress_done();
    unsuppress_ask();
    unsuppress_done();
    unsuppress_unknown();

    // In-band registration (XEP-0077)
    registration_ask();
    registration_done();
    registration_codes();

    // Search (XEP-0055)
    search_none(jid);

    // Chat
    chat_help();
    chat_help_provider(provider);
    chat_help_send();
    chat_help_call();
    chat_help_here(services);
    chat_help_end();
    chat_code_sent();
    chat_link_usage();
    chat_introduce_usage();
    chat_verify_usage();
    chat_unknown_kind(kinds);
    chat_nothing_waits();
    chat_encrypted();
    verified();
    linked_already();
    word_help();
    word_link();
    word_verify();
    word_links();
    word_forget();
    word_introduce();
    word_mute();
    word_unmute();
    word_mutes();
    word_as();
    word_here();
    word_send();
    word_call();
    word_phone();
    word_email();
    words_for_phone();
    words_for_email();
}
