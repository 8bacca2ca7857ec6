# What people read, in English. src/language/phrases.rs lists every phrase with its arguments; all languages must have
# all of them. Lines of a text keep their breaks. Notes to translators stand above what they are about.

service_name = it-se.me contact lookup
service_description = Finds out which of your contacts can be reached by XMPP, without keeping anybody's number or address.
presence_status = Let your friends find you by your number or address. Write “help” to begin.

## Messages by XMPP. The first three follow the API document (1.4).

code_own = It-se, you { $jid }? Verify with: { $code }
code_other =
    It-se, you { $jid }? { $target } wants to be found under this address. If that is you, enter this code where you were asked for it, not here: { $code }
    If not, ignore this message: nothing happens without the code.
# A list of details follows.
introduction = Hey there, { $jid } asked whether they are allowed to get in contact with you. They provided the following contact details for you to confirm their identity:
introduction_advice = The service has checked that these are theirs. If you want to, write to them; if not, do nothing: they are not told.
introduction_vouched = They asked at { $service }, the service of their server, and that service says it has checked that these are theirs. If you want to, write to them; if not, do nothing: they are not told.
introduction_mute = If you want no more of their requests, write to me: mute { $jid }
taken_over =
    { $provider ->
        [xmpp] Your link to a Jabber ID was taken over: another Jabber ID has proven that it is theirs.
        [email] Your link to an e-mail address was taken over: another Jabber ID has proven that it is theirs.
        [phone] Your link to a phone number was taken over: another Jabber ID has proven that it is theirs.
       *[other] Your link to a user name at { $provider } was taken over: another Jabber ID has proven that it is theirs.
    } If it is still yours, link it again.
prove_again =
    For days, messages to this address came back as if it did not exist. The person who had it then can be found here by something they have proven. If that was you, link it again, with the same phone number, address or name: somebody asks for contact.
    If it was not you, ignore this message. Links that are not proven again within { $days } days are removed.
forget_code_all =
    Somebody asked over the web to forget everything linked to your Jabber ID. To do so, enter this code there, not here: { $code }
    If that was not you, ignore this message: nothing is forgotten without the code.
forget_code_some =
    Somebody asked over the web to forget some of what is linked to your Jabber ID. To do so, enter this code there, not here: { $code }
    If that was not you, ignore this message: nothing is forgotten without the code.
linked =
    { $provider ->
        [xmpp] Done: another Jabber ID is linked to yours, and you can be found by it now.
        [email] Done: an e-mail address is linked to your Jabber ID, and you can be found by it now.
        [phone] Done: a phone number is linked to your Jabber ID, and you can be found by it now.
       *[other] Done: your name at { $provider } is linked to your Jabber ID, and you can be found by it now.
    } If that was not you, write to me: forget { $hash }

## SMS. With a code of 12 digits and 30 characters of a JID it must fit 160 characters of the GSM 7-bit alphabet.

sms = It-se, you { $jid }? Verify with: { $code } (Not you? Ignore this.)
call = Hello. The Jabber account { $jid } asks to be found by this phone number. If it is yours, enter this code: { $code }. Once more, the code is: { $code }. If it is not yours, just hang up.
# The marks of a Jabber ID in a call. Speech programs leave most of them out.
spoken =
    { $mark ->
        [at] at
        [dot] dot
        [hyphen] hyphen
        [plus] plus
       *[underscore] underscore
    }

## Mail

mail_subject = { $code } is your code for { $service }
mail_hello = Hello,
mail_asks = { $target } wants to be found under this e-mail address on { $service }.
mail_code = If that is you, this is your code:
mail_enter = Enter it where you were asked for it.
# This is the text of a link, too.
mail_open = Or open this page and press the button:
mail_valid =
    { $hours ->
        [one] The code is valid for one hour.
       *[other] The code is valid for { $hours } hours.
    }
mail_ignore = If that was not you, ignore this mail and tell nobody the code: nothing happens without it, and your address has not been kept.
# This is the text of a link, too.
mail_stop = Never want mail from this service again? Open this page and press the button:

## Pages

page_verify_title = Confirm your address
page_verify_question = Is this you?
page_verify_text = You were sent a code because somebody wants to be found under your address on it-se.me; the message says who. Press the button only if that is you.
page_verify_code = Code
page_verify_button = Yes, that is me
page_verify_close = If it is not you, just close this page: nothing happens without the button.
page_sign_in_question = Link your name at { $provider } to { $jid }?
page_sign_in_as = You are signed in at { $provider } as { $name }.
page_sign_in_text = Anybody who knows that name can then have a message sent to this Jabber ID. Press the button only if the Jabber ID is yours.
page_sign_in_button = Yes, that is mine
page_sign_in_close = If it is not yours, just close this page: nothing is linked without the button.
page_done_title = Done
page_done_text = This address is now linked to { $jid }. You can close this page.
page_signed_in = Your name there is now linked to { $jid }. You can close this page.
page_failed_title = That did not work
page_home = To the start page
page_stop_question = Never write to you again?
page_stop_text = it-se.me sends a code when somebody wants to be found under your address. If you press the button, it never writes to this address again, no matter who asks. It does not keep the address for this either, only a keyed digest to compare with.
page_stop_button = Never write to me again
page_stop_close = If you do not mind, just close this page: nothing happens without the button.
page_stopped_title = You will get no more mail from here
page_stopped_text = it-se.me sends nothing to this address any more, so it cannot be linked either: no code arrives. If you change your mind, come back here with the link in your mail.
page_stopped_button = You may write to me again
page_stop_undone = it-se.me may write to this address again, when somebody asks to be found under it. You can close this page.

## The web page. It runs in the browser, so phrases with a number have no plural forms.

web_title = Find your friends on Jabber
web_language = English
web_languages = Languages
web_intro = Be found on Jabber (XMPP) by your phone number or address, and find friends by theirs. Nobody hands over an address book, and the service does not know who is who.
web_no_script = This page needs JavaScript. Without it, write “help” to { $account } in your Jabber app: that does the same.
web_own = Be found
web_jid = Your Jabber ID
web_jid_hint = Your address in your Jabber app, like name@example.org. A code is sent to it as a message.
web_begin = Send me a code
web_waiting = A code was sent there. Enter it here.
web_waits_sign_in = Sign in there to prove that it is yours.
web_write = Send this text from there to { $to }: { $text }. When it has arrived, this page shows it.
web_write_open = Write the message
web_call = Call me instead
web_linked = You can be found by this.
web_lost = You can no longer be found by this: it was removed, or is linked to another Jabber ID.
web_verify = Confirm
web_sign_in = Sign in
web_resend = Send another code
web_resend_wait = Another code in { $seconds } s
web_link_again = Link again
web_forget = Remove
web_add_title = Add a number, address or name
web_add = Add
web_call_choice = Call me instead of sending a message
web_write_choice = I send a message from there myself
web_friends = Find friends
web_friends_text = Choose your address book. It is read in this browser and stays here: only hashes of the numbers and addresses leave it. The people who can be found get your details, and may write to you. You are not told who they are.
web_book_file = Address book (vCard if possible, or else CSV)
web_book_picker = Choose from the contacts of this device
web_book_text = Or numbers and addresses, one a line
web_book_region = Country of numbers without +
web_book_read = Read address book
web_book_found = Contacts: { $contacts }. Numbers and addresses to ask for: { $hashes }.
web_book_asked = Asked for in the last 30 days, and so not again: { $count }.
web_book_skipped = Not read: { $count }
web_book_not_plain = This page reads addresses of plain letters only (a to z).
web_book_empty = There is nobody in this. Choose a vCard or CSV file, as address books export them.
web_ask_details = They get your Jabber ID and these details:
web_ask_leaves = Leaves this browser: { $count } hashes, and the details that are ticked. A hash of a number is no secret: whoever has it can find the number by trying all.
web_ask_first = First confirm your Jabber ID above.
web_ask_here = Ask this service alone
web_ask = Ask them
web_ask_done = Asked: { $count }. Those who can be found get a message and write to you if they want to.
web_ask_left = Left: { $count }. Try these again later.
web_check = Check
web_stop = Stop
web_stop_text = Nobody can find you any more by what you remove. A code is sent to your Jabber ID, so that nobody else can do it.
web_forget_all = Remove everything
web_forget_code_some = A code was sent to { $jid } as a message. Enter it here to remove: { $details }
web_forget_code_all = A code was sent to { $jid } as a message. Enter it here to remove everything.
web_forget_details = Remove these:
web_forget_some = Remove what is ticked
web_cleared = Deleted: this browser keeps nothing.
web_prove = This browser has to prove that your Jabber ID is yours: send a code, and enter it here.
web_code_gone = This code is no longer valid. Send another one.
web_sign_in_again = Begin the sign-in again
web_forgotten = Removed. Nobody can find you by it any more.
web_stop_mail = To get no more mail from here, open the last link of any such mail.
web_clear_title = This browser
web_clear_text = Your details, and the hashes that you asked for, are in this browser, and nowhere else. On somebody else’s device, delete them when you are done. What is linked stays linked.
web_clear = Delete what this browser keeps
web_unreachable = The service cannot be reached. Check your connection, and try again.
web_insecure = Browsers compute hashes only for pages from https:. Open this page with https:.
web_about = About this service
web_operator = Run by { $operator }
web_privacy = Privacy
web_developers = For developers

## Errors

error_target_unconfirmed = Please confirm '{ $jid }' first: register it with the provider 'xmpp', and verify the code that it is sent.
error_token_needed = Please show the token of '{ $jid }' as 'Authorization: Bearer …'. To get one, register that JID with the provider 'xmpp', and verify the code that it is sent.
error_not_registered = No registration waits for a code under this hash. Please register first.
error_nothing_waits = No registration waits for this code. If it was entered already, all is done: check with confirm, or with “links” in chat. Otherwise it has expired, was guessed at too often, or was meant for something else: please ask for a new one.
error_missing_code = Please enter the code that was sent to you.
error_faulty_code = This code is wrong. Look for typing mistakes, and use the newest code: it replaces all before it.
error_undelivered = The code could not be delivered: there is no such number or address, or it takes nothing from here. Check it, and register it again.
error_wrong_user = You signed in under another name than the one that is to be linked. Sign out at the provider, open the same address once more, and sign in under the name that you wanted to link.
error_oauth_no_state = This is proven by signing in: open the address that you were given when you registered.
error_oauth_foreign_state = This sign-in belongs to no registration that waits. If you have pressed the button already, all is done. Otherwise it took too long, or a newer one has replaced it: please begin again.
error_oauth_denied = You did not allow the provider to tell your name, so nothing was linked. To try again, open the same address once more.
error_oauth_provider = The provider could not be asked who you are. Please try again later, or tell the admin of this service.
error_oauth_refused = The provider did not accept this sign-in any more. Please open the address that you were given once more.
error_json = The request is not valid JSON.
error_key = Please provide '{ $key }'.
error_number = This service does not send text messages to that country or kind of number.
error_not_by_writing = That identity cannot be proven by a message to this service. Ask for a code instead.
error_not_by_call = This service does not call to prove that. Ask for a code without a call instead.
error_domain_not_served = This service does not register accounts of that server. Please use the one of your own server.
error_not_an_account = Only accounts, like name@example.org, can do this.
error_insufficient = None of the contact details is confirmed for this JID. Register and verify at least one of them first.
error_too_many_hashes = This is too much at once: at most { $limit } hashes are allowed. Please split the request.
error_too_many_details = This is too much at once: at most { $limit } contact details are allowed. Please split the request.
error_too_many_jids = This is too much at once: at most { $limit } Jabber IDs are allowed. Please split the request.
error_too_many_mutes = At most { $limit } Jabber IDs can be muted. Please unmute some, or mute everybody.
error_too_many_links = At most { $limit } links can be made to one Jabber ID in this way. Please remove some first.
error_unknown_provider = This service does not offer that provider.
error_limit_seconds =
    { $count ->
        [one] That was too often. Please try again in one second.
       *[other] That was too often. Please try again in { $count } seconds.
    }
error_limit_minutes = That was too often. Please try again in { $count } minutes.
error_limit_hours = That was too often. Please try again in { $count } hours.
error_internal = Something went wrong here. Please try again later.
invalid_jid = A Jabber ID like name@example.org is expected.
invalid_email = An e-mail address like name@example.org is expected.
invalid_quoted_email = An e-mail address without quotation marks is expected: no mail can be sent to this one.
invalid_phone = A phone number with its country code is expected: + and 7 to 15 digits, like +44 7700 900123.
invalid_phone_without_country = The country of this phone number is not known. Write it with + and the country code, like +44 7700 900123.
invalid_phone_with_letters = There are letters in this phone number. Write it in digits, and nothing else with it, like +44 7700 900123.
invalid_country_code = No such phone number is possible. Check the country code and the number of digits.
invalid_user_name = A user name is expected.
invalid_provider = The name of a provider is expected, without a colon.
invalid_detail = A number like +44 7700 900123 or an address like name@example.org is expected.
invalid_entry = Entry { $entry }: { $text }
error_path = There is nothing at this path. The API's documentation lists what there is.
error_stop_link = This link is not valid, or no longer valid. The newest mail from here has a valid one.
error_method = This path takes another method. The API's documentation says which.
error_slow = The request took too long to arrive. Please send it again.
error_body = The request's body is larger than { $limit } bytes. Please split the request.
error_origin = Web pages of this origin may not call the API.

## Stanza errors that are XMPP's own

stanza_unavailable = This is not offered here.
stanza_nobody = Nobody has this address. Write to { $jid }.
stanza_no_node = There is no such node.
stanza_malformed = An IQ request needs an id and exactly one payload.
stanza_misnamed = The sender's address is not in its normal form (RFC 7622).
stanza_busy = Too many requests at once. Try again later.
stanza_too_large = This would be too much at once for one answer.

## Commands (XEP-0050), as menus and forms

commands = Commands
command_link = Link a number or an address
command_links = My links
command_forget = Forget
command_check = Check somebody
command_introduce = Ask to be introduced
command_mute = Mute contact requests
command_unmute = Unmute contact requests
command_statistics = Statistics
command_forget_jid = Forget a Jabber ID
command_suppress = Never write to a number or address
command_unsuppress = Write to a number or address again
provider =
    { $provider ->
        [xmpp] Jabber ID
        [email] E-mail address
        [phone] Phone number
        [github] GitHub
        [twitter] Twitter
        [facebook] Facebook
       *[other] { $provider }
    }
command_admins_only = This command is for the admins of the service.
command_unknown_action = This action is not possible at this step.
command_malformed_action = There is no such action.
command_bad_session = There is no such session. Please start the command again.
command_expired = This took too long. Please start the command again.
command_missing_field = Please fill in “{ $field }”.
command_bad_form = The form cannot be read, or is missing. Please send it filled in.

link_choose = What do you want to be found by?
link_provider = Kind
link_type =
    { $provider ->
        [xmpp] Which other Jabber ID? A code is sent to it. It is kept only until you have entered the code.
        [email] Which e-mail address? A code is sent to it. It is kept only until you have entered the code.
        [phone] Which number, with its country code, like +44 7700 900123? A code is sent to it. It is kept only until you have entered the code.
       *[other] Which user name at { $provider }? Only its hash is kept.
    }
link_id = Number, address or name
link_enter = A code is on its way to you. Enter it here. If none arrives, go back and forward again, or start the command again: another one is sent.
link_goto = Open this address in a browser and sign in there; a chat message tells you when it is done: { $url }
link_how = Proof
link_how_code = A code is sent there
link_how_send = I send a message from there
link_how_call = The service calls and reads a code out
link_send = Send this text from there to { $to }; a chat message tells you when it has arrived: { $text }
link_code = Code
link_done = Done: you can be found by it now. The service has forgotten the number or address itself.

links_title = What you can be found by
links_none = You cannot be found by anything yet.
links_count =
    { $count ->
        [one] You can be found by one thing.
       *[other] You can be found by { $count } things.
    }
links_own = Your Jabber ID, { $jid }
# Which number or address it is, nobody knows any more: only its hash is kept.
links_other = Hash { $hash }…, since { $date }
links_explained = The service keeps no numbers or addresses, only hashes, so it cannot tell which is which.

forget_choose = Choose what is to be forgotten, or type it. Nobody can find you by it afterwards.
forget_links = Links
forget_details = Numbers and addresses, one a line
forget_everything = Everything
forget_done = Forgotten.
forget_all_done = Everything is forgotten. If this service is in your contact list, it stays there until you remove it.
forget_nothing = Nothing was chosen, so nothing was forgotten.
forget_unknown = Nothing of yours is linked to that, so nothing was forgotten.

check_ask = Does a number or address belong to a Jabber ID? The service answers yes or no, and nothing else.
check_jid = Jabber ID
check_detail = Number or address
check_yes = Yes, that belongs to { $jid }.
check_yes_by = Yes, that belongs to { $jid }, confirmed by { $service }.
check_no = No, that is not linked to { $jid }.

introduce_ask = The people who can be found by these numbers and addresses are told yours, and may write to you. You are not told who they are. Your input is hashed when it arrives and forgotten at once; your own details are forgotten once they are delivered.
introduce_details = Your own numbers and addresses, one a line (only linked ones are sent, and your Jabber ID)
introduce_contacts = Those of the people you look for, one a line
introduce_done = Those who can be found have been asked. They write to you if they want to.
introduce_peers = Your request also goes to other services: { $services }. They see the same of it as this one.
introduce_scope = Services that are asked
introduce_scope_peers = This one and the others
introduce_scope_here = This one alone

mute_ask = Whose contact requests do you not want? They will not reach you any more, and nobody is told.
mute_jids = Jabber IDs, one a line
mute_all = Everybody’s
mute_done = Muted: their contact requests do not reach you any more. They are not told.
mute_all_done = Muted: nobody’s contact requests reach you any more. Nobody is told.
mute_nothing = Nothing was chosen, so nothing was changed.
unmute_ask = Whose contact requests do you want again?
unmute_all = Everybody’s
unmute_done = Their contact requests reach you again.
unmute_all_done = Everybody’s contact requests reach you again.
unmute_vain = Everybody is still muted, so they are as well. Unmute everybody, then mute those you do not want.
unmute_unknown = They were not muted, so nothing was changed.
mutes_none = Nobody is muted: everybody’s contact requests reach you.
# A list of Jabber IDs follows.
mutes_some = Muted Jabber IDs
mutes_all = Everybody is muted: no contact requests reach you.
mutes_more = … and { $count } more

statistics_title = Statistics
statistics_links = Links
statistics_people = Jabber IDs with links
statistics_pending = Registrations that wait for a code
statistics_outbox = Messages that wait to be sent
statistics_subscribers = Contact lists with the service
statistics_mutes = Mutes
statistics_tokens = Tokens for the HTTP API
statistics_suppressions = Addresses and numbers that are never written to
statistics_counters = Counters for limits
statistics_bytes = Size of the database (bytes)
statistics_uptime = Running for (seconds)
forget_jid_ask = Everything that is linked to this Jabber ID is removed, with what waits for it.
forget_jid_done = Everything of { $jid } is forgotten.
suppress_ask = For people who want no SMS or mail from this service: no code is sent there again, no matter who asks, and the person who asks is not told. Only a keyed digest is kept.
suppress_done = Nothing is sent there any more.
unsuppress_ask = For people who have changed their mind: codes are sent there again.
unsuppress_done = Codes are sent there again.
unsuppress_unknown = Codes were sent there all along.

## In-band registration (XEP-0077)

registration_ask = Your Jabber ID can be found as soon as you send this form. With your number or e-mail address you can be found by them, too: you are sent a code, which you send to this service as a chat message.
registration_done = You are registered. To be found by more, write “help” to this service.
registration_codes = You are registered. A code is on its way to each number and address that you gave; send each of them to me here.

## Search (XEP-0055), of which there is none

search_none = Nobody can be searched for here: that is intended. To link your own number or address, and to be introduced to your contacts, add { $jid } as a contact and write “help” to it. To search in another directory, begin again and type its address in place of this one.

## Chat. Words in “quotes” are the commands below, which are understood in every language.

chat_help =
    I help your friends find you. You can write to me:
    • link phone +44 7700 900123 – be found by a number (or: link email name@example.org). You are sent a code; send it to me.
    • links – what you can be found by
    • forget phone +44 7700 900123 – no longer be found by it; “forget” alone forgets everything
    • introduce +44 7700 900456 – ask somebody to write to you. So that they recognise you, add a detail by which they know you: introduce +44 7700 900456 as +44 7700 900123
    • mute eve@example.org – get no more contact requests from them; “mute” alone: from nobody. “unmute” ends that, “mutes” shows who is muted
    • help – this text
chat_help_provider = • link { $provider } NAME – be found by your name there; you sign in there with a browser
chat_help_send = • link phone +44 7700 900123 send – prove it by a message that you send from there, instead of by a code
chat_help_call = • link phone +44 7700 900123 call – get the code in a call, which reads it out
chat_help_here = • introduce +44 7700 900456 here – ask at this service alone. Without “here”, your request also goes to { $services }
chat_help_end = I keep no numbers or addresses, only hashes.
chat_code_sent = A code is on its way there. Send it to me, and it is linked.
chat_link_usage = Please write what is to be linked, like: link phone +44 7700 900123
chat_introduce_usage = Please write who is to be asked, like: introduce +44 7700 900456, name@example.org
chat_verify_usage = Please write the code that you were sent, like: verify 1234
chat_unknown_kind = That kind is not offered here. Put one of these words before the number, address or name: { $kinds }
chat_nothing_waits = No registration waits for this code. If you have sent it to me already, all is done: “links” shows it. Otherwise it has expired, was guessed at too often, or was meant for something else: link once more, and you are sent a new one.
chat_encrypted = I cannot read encrypted messages. Please switch encryption off for this chat.
verified = Thank you, that is proven: you can be found by it now.
linked_already = You can be found by it already: no code is needed.

# Single words, in lower case, that begin a command. The English ones are always understood.
word_help = help
word_link = link
word_verify = verify
word_links = links
word_forget = forget
word_introduce = introduce
word_mute = mute
word_unmute = unmute
word_mutes = mutes
word_as = as
word_here = here
word_send = send
word_call = call
word_phone = phone
word_email = email
words_for_phone = mobile number cell
words_for_email = e-mail mail
