# What people read, in German. src/language/phrases.rs lists every phrase with its arguments; all languages must have
# all of them. Lines of a text keep their breaks. Notes to translators stand above what they are about.

service_name = it-se.me Kontaktsuche
service_description = Findet heraus, welche deiner Kontakte über XMPP erreichbar sind, ohne irgendjemandes Nummer oder Adresse aufzubewahren.
presence_status = Lass dich von deinen Freunden über deine Nummer oder Adresse finden. Schreib „hilfe“, um loszulegen.

## Messages by XMPP. The first three follow the API document (1.4).

code_own = It-se, bist du { $jid }? Bestätige mit: { $code }
code_other =
    It-se, bist du { $jid }? { $target } möchte unter dieser Adresse gefunden werden. Wenn du das bist, gib diesen Code dort ein, wo du danach gefragt wurdest, nicht hier: { $code }
    Wenn nicht, ignoriere diese Nachricht: Ohne den Code passiert nichts.
# A list of details follows.
introduction = Hallo, { $jid } fragt an, ob ein Kontakt mit dir erwünscht ist. Damit du prüfen kannst, wer das ist, wurden diese Kontaktdaten angegeben:
introduction_advice = Der Dienst hat geprüft, dass diese Angaben stimmen. Wenn du möchtest, schreib dorthin; wenn nicht, tu nichts: Niemand erfährt davon.
introduction_vouched = Die Anfrage kommt von { $service }, dem Dienst des dortigen Servers, und dieser Dienst sagt, dass er diese Angaben geprüft hat. Wenn du möchtest, schreib dorthin; wenn nicht, tu nichts: Niemand erfährt davon.
introduction_mute = Wenn du keine Anfragen von dort mehr möchtest, schreib mir: stumm { $jid }
taken_over =
    { $provider ->
        [xmpp] Deine Verknüpfung mit einer Jabber-ID wurde übernommen: Eine andere Jabber-ID hat nachgewiesen, dass diese zu ihr gehört.
        [email] Deine Verknüpfung mit einer E-Mail-Adresse wurde übernommen: Eine andere Jabber-ID hat nachgewiesen, dass die Adresse zu ihr gehört.
        [phone] Deine Verknüpfung mit einer Telefonnummer wurde übernommen: Eine andere Jabber-ID hat nachgewiesen, dass die Nummer zu ihr gehört.
       *[other] Deine Verknüpfung mit einem Benutzernamen bei { $provider } wurde übernommen: Eine andere Jabber-ID hat nachgewiesen, dass der Name zu ihr gehört.
    } Wenn das noch dir gehört, verknüpfe es einfach neu.
prove_again =
    Tagelang kamen Nachrichten an diese Adresse zurück, als gäbe es sie nicht. Wer sie damals hatte, kann hier über eine nachgewiesene Angabe gefunden werden. Wenn du das warst, verknüpfe dieselbe Telefonnummer, dieselbe Adresse oder denselben Namen noch einmal: Jemand bittet um Kontakt.
    Wenn nicht, ignoriere diese Nachricht. Verknüpfungen, die nicht innerhalb von { $days } Tagen neu nachgewiesen werden, werden gelöscht.
forget_code_all =
    Jemand hat über das Web darum gebeten, alles zu vergessen, was mit deiner Jabber-ID verknüpft ist. Wenn du das möchtest, gib diesen Code dort ein, nicht hier: { $code }
    Wenn du das nicht warst, ignoriere diese Nachricht: Ohne den Code wird nichts vergessen.
forget_code_some =
    Jemand hat über das Web darum gebeten, einen Teil von dem zu vergessen, was mit deiner Jabber-ID verknüpft ist. Wenn du das möchtest, gib diesen Code dort ein, nicht hier: { $code }
    Wenn du das nicht warst, ignoriere diese Nachricht: Ohne den Code wird nichts vergessen.
linked =
    { $provider ->
        [xmpp] Fertig: Eine andere Jabber-ID ist mit deiner verknüpft, und du kannst jetzt darüber gefunden werden.
        [email] Fertig: Eine E-Mail-Adresse ist mit deiner Jabber-ID verknüpft, und du kannst jetzt darüber gefunden werden.
        [phone] Fertig: Eine Telefonnummer ist mit deiner Jabber-ID verknüpft, und du kannst jetzt darüber gefunden werden.
       *[other] Fertig: Dein Name bei { $provider } ist mit deiner Jabber-ID verknüpft, und du kannst jetzt darüber gefunden werden.
    } Wenn du das nicht warst, schreib mir: vergiss { $hash }

## SMS. With a code of 12 digits and 30 characters of a JID it must fit 160 characters of the GSM 7-bit alphabet.

sms = It-se, bist du { $jid }? Bestätige mit: { $code } (Nicht du? Einfach ignorieren.)
call = Hallo. Das Jabber-Konto { $jid } möchte über diese Telefonnummer gefunden werden. Wenn es deins ist, gib diesen Code ein: { $code }. Noch einmal, der Code ist: { $code }. Wenn es nicht deins ist, leg einfach auf.
spoken =
    { $mark ->
        [at] ät
        [dot] Punkt
        [hyphen] Bindestrich
        [plus] plus
       *[underscore] Unterstrich
    }

## Mail

mail_subject = { $code } ist dein Code für { $service }
mail_hello = Hallo,
mail_asks = { $target } möchte auf { $service } unter dieser E-Mail-Adresse gefunden werden.
mail_code = Wenn du das bist, ist das dein Code:
mail_enter = Gib ihn dort ein, wo du danach gefragt wurdest.
mail_open = Oder öffne diese Seite und drücke auf den Knopf:
mail_valid =
    { $hours ->
        [one] Der Code gilt eine Stunde lang.
       *[other] Der Code gilt { $hours } Stunden lang.
    }
mail_ignore = Wenn du das nicht warst, ignoriere diese E-Mail und verrate niemandem den Code: Ohne ihn passiert nichts, und deine Adresse wurde nicht aufbewahrt.
mail_stop = Du willst nie wieder Post von diesem Dienst? Öffne diese Seite und drücke den Knopf:

## Pages

page_verify_title = Bestätige deine Adresse
page_verify_question = Bist du das?
page_verify_text = Du hast einen Code bekommen, weil jemand auf it-se.me unter deiner Adresse gefunden werden möchte; in der Nachricht steht, wer. Drücke nur auf den Knopf, wenn du das bist.
page_verify_code = Code
page_verify_button = Ja, das bin ich
page_verify_close = Wenn du das nicht bist, schließe diese Seite einfach: Ohne den Knopf passiert nichts.
page_sign_in_question = Deinen Namen bei { $provider } mit { $jid } verknüpfen?
page_sign_in_as = Du bist bei { $provider } als { $name } angemeldet.
page_sign_in_text = Wer diesen Namen kennt, kann dann eine Nachricht an diese Jabber-ID schicken lassen. Drücke nur auf den Knopf, wenn die Jabber-ID dir gehört.
page_sign_in_button = Ja, die gehört mir
page_sign_in_close = Wenn sie nicht dir gehört, schließe diese Seite einfach: Ohne den Knopf wird nichts verknüpft.
page_done_title = Fertig
page_done_text = Diese Adresse ist jetzt mit { $jid } verknüpft. Du kannst diese Seite schließen.
page_signed_in = Dein Name dort ist jetzt mit { $jid } verknüpft. Du kannst diese Seite schließen.
page_failed_title = Das hat nicht geklappt
page_home = Zur Startseite
page_stop_question = Dir nie wieder schreiben?
page_stop_text = it-se.me schickt einen Code, wenn jemand unter deiner Adresse gefunden werden will. Drückst du den Knopf, schreibt es nie wieder an diese Adresse, egal, wer darum bittet. Auch dafür wird die Adresse nicht aufbewahrt, nur eine verschlüsselte Prüfsumme zum Vergleichen.
page_stop_button = Schreibt mir nie wieder
page_stop_close = Wenn es dich nicht stört, schließe diese Seite einfach: Ohne den Knopf passiert nichts.
page_stopped_title = Dir wird nicht mehr geschrieben
page_stopped_text = it-se.me schickt nichts mehr an diese Adresse; sie kann daher auch nicht verknüpft werden, denn es kommt kein Code an. Wenn du es dir anders überlegst, komm über den Link in deiner E-Mail wieder hierher.
page_stopped_button = Ihr dürft mir wieder schreiben
page_stop_undone = it-se.me darf wieder an diese Adresse schreiben, wenn jemand unter ihr gefunden werden will. Du kannst diese Seite schließen.

## The web page. It runs in the browser, so phrases with a number have no plural forms.

web_title = Finde deine Freunde bei Jabber
web_language = Deutsch
web_languages = Sprachen
web_intro = Lass dich bei Jabber (XMPP) über deine Telefonnummer oder Adresse finden, und finde Freunde über ihre. Niemand gibt ein Adressbuch heraus, und der Dienst weiß nicht, wer wer ist.
web_no_script = Diese Seite braucht JavaScript. Ohne geht dasselbe in deinem Jabber-Programm: Schreib dort „hilfe“ an { $account }.
web_own = Gefunden werden
web_jid = Deine Jabber-ID
web_jid_hint = Deine Adresse in deinem Jabber-Programm, wie name@example.org. Dorthin wird ein Code als Nachricht geschickt.
web_begin = Schick mir einen Code
web_waiting = Dorthin wurde ein Code geschickt. Gib ihn hier ein.
web_waits_sign_in = Melde dich dort an, um zu zeigen, dass das dein Name ist.
web_write = Schick diesen Text von dort an { $to }: { $text }. Wenn er angekommen ist, steht es hier.
web_write_open = Nachricht schreiben
web_call = Ruf mich stattdessen an
web_linked = Darüber kannst du gefunden werden.
web_lost = Darüber kannst du nicht mehr gefunden werden: Es wurde entfernt oder gehört jetzt zu einer anderen Jabber-ID.
web_verify = Bestätigen
web_sign_in = Anmelden
web_resend = Neuen Code schicken
web_resend_wait = Neuer Code in { $seconds } s
web_link_again = Wieder verknüpfen
web_forget = Entfernen
web_add_title = Nummer, Adresse oder Namen hinzufügen
web_add = Hinzufügen
web_call_choice = Ruf mich an, statt eine Nachricht zu schicken
web_write_choice = Ich schreibe von dort selbst eine Nachricht
web_friends = Freunde finden
web_friends_text = Wähle dein Adressbuch. Es wird in diesem Browser gelesen und bleibt hier: Nur Hashes der Nummern und Adressen verlassen ihn. Wer gefunden wird, bekommt deine Angaben und kann dir schreiben. Du erfährst nicht, wer das ist.
web_book_file = Adressbuch (vCard, wenn möglich, sonst CSV)
web_book_picker = Aus den Kontakten dieses Geräts wählen
web_book_text = Oder Nummern und Adressen, eine pro Zeile
web_book_region = Land der Nummern ohne +
web_book_read = Adressbuch lesen
web_book_found = Kontakte: { $contacts }. Nummern und Adressen, nach denen gefragt werden kann: { $hashes }.
web_book_asked = In den letzten 30 Tagen schon gefragt, deshalb nicht noch einmal: { $count }.
web_book_skipped = Nicht gelesen: { $count }
web_book_not_plain = Diese Seite liest nur Adressen aus einfachen Buchstaben (a bis z).
web_book_empty = Darin ist niemand. Wähle eine vCard- oder CSV-Datei, wie Adressbücher sie exportieren.
web_ask_details = Sie bekommen deine Jabber-ID und diese Angaben:
web_ask_leaves = Diesen Browser verlassen: { $count } Hashes und die angekreuzten Angaben. Ein Hash einer Nummer ist kein Geheimnis: Wer ihn hat, findet die Nummer, indem er alle ausprobiert.
web_ask_first = Bestätige zuerst oben deine Jabber-ID.
web_ask_here = Nur diesen Dienst fragen
web_ask = Sie fragen
web_ask_done = Gefragt: { $count }. Wer gefunden werden kann, bekommt eine Nachricht. Wer möchte, schreibt dir.
web_ask_left = Übrig: { $count }. Versuche es mit diesen später noch einmal.
web_check = Prüfen
web_stop = Aufhören
web_stop_text = Was du entfernst, darüber kann dich niemand mehr finden. Ein Code wird an deine Jabber-ID geschickt, damit das niemand sonst tun kann.
web_forget_all = Alles entfernen
web_forget_code_some = Ein Code wurde als Nachricht an { $jid } geschickt. Gib ihn hier ein, um zu entfernen: { $details }
web_forget_code_all = Ein Code wurde als Nachricht an { $jid } geschickt. Gib ihn hier ein, um alles zu entfernen.
web_forget_details = Diese entfernen:
web_forget_some = Angekreuztes entfernen
web_cleared = Gelöscht: Dieser Browser behält nichts.
web_prove = Dieser Browser muss zeigen, dass deine Jabber-ID dir gehört: Schick einen Code, und gib ihn hier ein.
web_code_gone = Dieser Code ist nicht mehr gültig. Schick einen neuen.
web_sign_in_again = Anmeldung neu beginnen
web_forgotten = Entfernt. Darüber kann dich niemand mehr finden.
web_stop_mail = Um keine Mails mehr von hier zu bekommen, öffne den letzten Link in einer solchen Mail.
web_clear_title = Dieser Browser
web_clear_text = Deine Angaben und die Hashes, nach denen du gefragt hast, sind in diesem Browser und nirgends sonst. Auf einem fremden Gerät lösche sie, wenn du fertig bist. Was verknüpft ist, bleibt verknüpft.
web_clear = Löschen, was dieser Browser behält
web_unreachable = Der Dienst ist nicht erreichbar. Prüfe deine Verbindung und versuche es noch einmal.
web_insecure = Browser berechnen Hashes nur für Seiten mit https:. Öffne diese Seite mit https:.
web_about = Über diesen Dienst
web_operator = Betrieben von { $operator }
web_privacy = Datenschutz
web_developers = Für Entwickler

## Errors

error_target_unconfirmed = Bitte bestätige zuerst '{ $jid }': Registriere diese Jabber-ID mit dem Anbieter 'xmpp' und bestätige den Code, der an sie geschickt wird.
error_token_needed = Bitte zeige das Token von '{ $jid }' als 'Authorization: Bearer …'. Um eines zu bekommen, registriere diese Jabber-ID mit dem Anbieter 'xmpp' und bestätige den Code, der an sie geschickt wird.
error_not_registered = Unter diesem Hash wartet keine Registrierung auf einen Code. Bitte registriere die Angabe zuerst.
error_nothing_waits = Auf diesen Code wartet keine Registrierung. Wurde er schon eingegeben, ist alles erledigt: Das zeigen confirm und „verknüpfungen“ im Chat. Sonst ist er abgelaufen, wurde zu oft falsch geraten oder war für etwas anderes gedacht: Bitte fordere einen neuen an.
error_missing_code = Bitte gib den Code ein, den du bekommen hast.
error_faulty_code = Dieser Code ist falsch. Achte auf Tippfehler und nimm den neuesten Code: Er ersetzt alle vorherigen.
error_undelivered = Der Code konnte nicht zugestellt werden: Diese Nummer oder Adresse gibt es nicht, oder sie nimmt von hier nichts an. Prüfe sie und registriere sie noch einmal.
error_wrong_user = Du hast dich unter einem anderen Namen angemeldet als dem, der verknüpft werden soll. Melde dich beim Anbieter ab, öffne dieselbe Adresse noch einmal und melde dich unter dem Namen an, den du verknüpfen wolltest.
error_oauth_no_state = Das wird durch Anmelden nachgewiesen: Öffne die Adresse, die du beim Registrieren bekommen hast.
error_oauth_foreign_state = Diese Anmeldung gehört zu keiner Registrierung, die noch wartet. Wenn du schon auf den Knopf gedrückt hast, ist alles erledigt; sonst hat sie zu lange gedauert, oder eine neuere hat sie ersetzt: Bitte fang noch einmal an.
error_oauth_denied = Du hast dem Anbieter nicht erlaubt, deinen Namen zu nennen, also wurde nichts verknüpft. Um es noch einmal zu versuchen, öffne dieselbe Adresse erneut.
error_oauth_provider = Der Anbieter konnte nicht gefragt werden, wer du bist. Bitte versuch es später noch einmal, oder sag dem Admin dieses Dienstes Bescheid.
error_oauth_refused = Der Anbieter hat diese Anmeldung nicht mehr angenommen. Bitte öffne die Adresse, die du bekommen hast, noch einmal.
error_json = Die Anfrage ist kein gültiges JSON.
error_key = Bitte gib '{ $key }' an.
error_number = Dieser Dienst verschickt keine SMS in dieses Land oder an diese Art von Nummer.
error_not_by_writing = Das lässt sich nicht durch eine Nachricht an diesen Dienst belegen. Fordere stattdessen einen Code an.
error_not_by_call = Dieser Dienst ruft dafür nicht an. Fordere stattdessen einen Code ohne Anruf an.
error_domain_not_served = Dieser Dienst registriert keine Konten dieses Servers. Bitte nutze den Dienst deines eigenen Servers.
error_not_an_account = Das können nur Konten wie name@example.org.
error_insufficient = Keine dieser Kontaktangaben ist für diese JID bestätigt. Registriere und bestätige zuerst mindestens eine davon.
error_too_many_hashes = Das ist zu viel auf einmal: Höchstens { $limit } Hashes sind erlaubt. Bitte teile die Anfrage auf.
error_too_many_details = Das ist zu viel auf einmal: Höchstens { $limit } Kontaktangaben sind erlaubt. Bitte teile die Anfrage auf.
error_too_many_jids = Das ist zu viel auf einmal: Höchstens { $limit } Jabber-IDs sind erlaubt. Bitte teile die Anfrage auf.
error_too_many_mutes = Höchstens { $limit } Jabber-IDs können stummgeschaltet sein. Bitte lass einige davon wieder zu oder schalte alle stumm.
error_too_many_links = Auf diesem Weg können höchstens { $limit } Einträge mit einer Jabber-ID verknüpft werden. Bitte entferne zuerst einige.
error_unknown_provider = Diesen Anbieter gibt es bei diesem Dienst nicht.
error_limit_seconds =
    { $count ->
        [one] Das war zu oft. Bitte versuch es in einer Sekunde noch einmal.
       *[other] Das war zu oft. Bitte versuch es in { $count } Sekunden noch einmal.
    }
error_limit_minutes = Das war zu oft. Bitte versuch es in { $count } Minuten noch einmal.
error_limit_hours = Das war zu oft. Bitte versuch es in { $count } Stunden noch einmal.
error_internal = Hier ist etwas schiefgegangen. Bitte versuch es später noch einmal.
invalid_jid = Hier gehört eine Jabber-ID wie name@example.org hin.
invalid_email = Hier gehört eine E-Mail-Adresse wie name@example.org hin.
invalid_quoted_email = Hier gehört eine E-Mail-Adresse ohne Anführungszeichen hin: An diese kann keine Mail geschickt werden.
invalid_phone = Hier gehört eine Telefonnummer mit Landesvorwahl hin: + und 7 bis 15 Ziffern, wie +44 7700 900123.
invalid_phone_without_country = Das Land dieser Telefonnummer ist nicht bekannt. Schreibe sie mit + und der Landesvorwahl, wie +44 7700 900123.
invalid_phone_with_letters = In dieser Telefonnummer stehen Buchstaben. Schreibe sie in Ziffern und nichts weiter dazu, wie +44 7700 900123.
invalid_country_code = Eine solche Telefonnummer kann es nicht geben. Prüfe die Landesvorwahl und die Anzahl der Ziffern.
invalid_user_name = Hier gehört ein Benutzername hin.
invalid_provider = Hier gehört der Name eines Anbieters hin, ohne Doppelpunkt.
invalid_detail = Hier gehört eine Nummer wie +44 7700 900123 oder eine Adresse wie name@example.org hin.
invalid_entry = Eintrag { $entry }: { $text }
error_path = Unter diesem Pfad gibt es nichts. Was es gibt, steht in der Dokumentation der API.
error_stop_link = Dieser Link gilt nicht oder nicht mehr. In der neuesten E-Mail von hier steht einer, der gilt.
error_method = Dieser Pfad verlangt eine andere Methode. Welche, steht in der Dokumentation der API.
error_slow = Die Anfrage hat zu lange gebraucht, um anzukommen. Bitte schick sie noch einmal.
error_body = Der Inhalt der Anfrage ist größer als { $limit } Bytes. Bitte teile die Anfrage auf.
error_origin = Webseiten dieser Herkunft dürfen die API nicht aufrufen.

## Stanza errors that are XMPP's own

stanza_unavailable = Das wird hier nicht angeboten.
stanza_nobody = Diese Adresse gehört niemandem. Schreib an { $jid }.
stanza_no_node = Diesen Knoten gibt es nicht.
stanza_malformed = Eine IQ-Anfrage braucht eine id und genau einen Inhalt (Payload).
stanza_misnamed = Die Adresse des Absenders steht nicht in ihrer Normalform (RFC 7622).
stanza_busy = Zu viele Anfragen auf einmal. Versuch es später noch einmal.
stanza_too_large = Das wäre zu viel auf einmal für eine Antwort.

## Commands (XEP-0050), as menus and forms

commands = Befehle
command_link = Nummer oder Adresse verknüpfen
command_links = Meine Verknüpfungen
command_forget = Vergessen
command_check = Jemanden prüfen
command_introduce = Um Vermittlung bitten
command_mute = Kontaktanfragen stummschalten
command_unmute = Kontaktanfragen wieder zulassen
command_statistics = Statistik
command_forget_jid = Eine Jabber-ID vergessen
command_suppress = Nie an eine Nummer oder Adresse schreiben
command_unsuppress = Wieder an eine Nummer oder Adresse schreiben
provider =
    { $provider ->
        [xmpp] Jabber-ID
        [email] E-Mail-Adresse
        [phone] Telefonnummer
        [github] GitHub
        [twitter] Twitter
        [facebook] Facebook
       *[other] { $provider }
    }
command_admins_only = Dieser Befehl ist den Admins des Dienstes vorbehalten.
command_unknown_action = Diese Aktion ist bei diesem Schritt nicht möglich.
command_malformed_action = Diese Aktion gibt es nicht.
command_bad_session = Diese Sitzung gibt es nicht. Bitte starte den Befehl neu.
command_expired = Das hat zu lange gedauert. Bitte starte den Befehl neu.
command_missing_field = Bitte fülle „{ $field }“ aus.
command_bad_form = Das Formular fehlt oder kann nicht gelesen werden. Bitte schick es ausgefüllt ab.

link_choose = Worüber möchtest du gefunden werden?
link_provider = Art
link_type =
    { $provider ->
        [xmpp] Welche andere Jabber-ID? Ein Code wird dorthin geschickt. Die Angabe wird nur aufbewahrt, bis du den Code eingegeben hast.
        [email] Welche E-Mail-Adresse? Ein Code wird dorthin geschickt. Die Angabe wird nur aufbewahrt, bis du den Code eingegeben hast.
        [phone] Welche Nummer, mit Landesvorwahl, wie +44 7700 900123? Ein Code wird dorthin geschickt. Die Angabe wird nur aufbewahrt, bis du den Code eingegeben hast.
       *[other] Welcher Benutzername bei { $provider }? Nur sein Hash wird aufbewahrt.
    }
link_id = Nummer, Adresse oder Name
link_enter = Ein Code ist unterwegs zu dir. Gib ihn hier ein. Wenn keiner ankommt, geh einen Schritt zurück und wieder weiter, oder fang von vorn an: Dann wird ein neuer geschickt.
link_goto = Öffne diese Adresse in einem Browser und melde dich dort an; eine Chatnachricht sagt dir, wenn es geklappt hat: { $url }
link_how = Beleg
link_how_code = Ein Code wird dorthin geschickt
link_how_send = Ich schicke von dort eine Nachricht
link_how_call = Der Dienst ruft an und sagt einen Code
link_send = Schick diesen Text von dort an { $to }; eine Chatnachricht sagt dir, wenn er angekommen ist: { $text }
link_code = Code
link_done = Fertig: Du kannst jetzt darüber gefunden werden. Die Nummer oder Adresse selbst hat der Dienst schon vergessen.

links_title = Worüber man dich findet
links_none = Du kannst noch über nichts gefunden werden.
links_count =
    { $count ->
        [one] Du kannst über eine Angabe gefunden werden.
       *[other] Du kannst über { $count } Angaben gefunden werden.
    }
links_own = Deine Jabber-ID, { $jid }
# Which number or address it is, nobody knows any more: only its hash is kept.
links_other = Hash { $hash }…, seit { $date }
links_explained = Der Dienst bewahrt keine Nummern oder Adressen auf, nur Hashes. Deshalb kann er nicht sagen, was wozu gehört.

forget_choose = Wähle aus, was vergessen werden soll, oder tippe es ein. Danach kann dich niemand mehr darüber finden.
forget_links = Verknüpfungen
forget_details = Nummern und Adressen, eine pro Zeile
forget_everything = Alles
forget_done = Vergessen.
forget_all_done = Alles ist vergessen. Falls dieser Dienst in deiner Kontaktliste steht, bleibt er dort, bis du ihn entfernst.
forget_nothing = Es war nichts ausgewählt, also wurde nichts vergessen.
forget_unknown = Damit ist nichts von dir verknüpft, also wurde nichts vergessen.

check_ask = Gehört eine Nummer oder Adresse zu einer Jabber-ID? Der Dienst antwortet mit Ja oder Nein und verrät sonst nichts.
check_jid = Jabber-ID
check_detail = Nummer oder Adresse
check_yes = Ja, das gehört zu { $jid }.
check_yes_by = Ja, das gehört zu { $jid }, bestätigt von { $service }.
check_no = Nein, das ist nicht mit { $jid } verknüpft.

introduce_ask = Wer über diese Nummern und Adressen gefunden werden kann, erfährt deine und darf dir schreiben. Wer das ist, erfährst du nicht. Was du eintippst, wird bei der Ankunft gehasht und sofort vergessen; deine eigenen Angaben werden vergessen, sobald sie zugestellt sind.
introduce_details = Deine eigenen Nummern und Adressen, eine pro Zeile (nur verknüpfte werden geschickt, und deine Jabber-ID)
introduce_contacts = Die der Leute, die du suchst, eine pro Zeile
introduce_done = Wer davon gefunden werden kann, wurde gefragt. Wer möchte, schreibt dir.
introduce_peers = Deine Anfrage geht auch an andere Dienste: { $services }. Sie sehen davon dasselbe wie dieser.
introduce_scope = Gefragte Dienste
introduce_scope_peers = Dieser und die anderen
introduce_scope_here = Nur dieser

mute_ask = Wessen Kontaktanfragen möchtest du nicht bekommen? Sie erreichen dich dann nicht mehr; wer fragt, erfährt nichts davon.
mute_jids = Jabber-IDs, eine pro Zeile
mute_all = Die von allen
mute_done = Stummgeschaltet: Diese Kontaktanfragen erreichen dich nicht mehr. Niemand erfährt davon.
mute_all_done = Stummgeschaltet: Kontaktanfragen erreichen dich nicht mehr, egal von wem. Niemand erfährt davon.
mute_nothing = Es war nichts ausgewählt, also wurde nichts geändert.
unmute_ask = Wessen Kontaktanfragen möchtest du wieder bekommen?
unmute_all = Die von allen
unmute_done = Diese Kontaktanfragen erreichen dich wieder.
unmute_all_done = Kontaktanfragen von allen erreichen dich wieder.
unmute_vain = Noch sind alle stummgeschaltet, diese also auch. Lass erst alle wieder zu und schalte dann stumm, wen du nicht möchtest.
unmute_unknown = Hier war nichts stummgeschaltet, also wurde nichts geändert.
mutes_none = Niemand ist stummgeschaltet: Kontaktanfragen von allen erreichen dich.
# A list of Jabber IDs follows.
mutes_some = Stummgeschaltete Jabber-IDs
mutes_all = Alle sind stummgeschaltet: Kontaktanfragen erreichen dich nicht.
mutes_more = … und { $count } weitere

statistics_title = Statistik
statistics_links = Verknüpfungen
statistics_people = Jabber-IDs mit Verknüpfungen
statistics_pending = Registrierungen, die auf einen Code warten
statistics_outbox = Nachrichten, die auf den Versand warten
statistics_subscribers = Kontaktlisten mit dem Dienst
statistics_mutes = Stummschaltungen
statistics_tokens = Token für die HTTP-API
statistics_suppressions = Adressen und Nummern, an die nie geschrieben wird
statistics_counters = Zähler für Limits
statistics_bytes = Größe der Datenbank (Bytes)
statistics_uptime = Läuft seit (Sekunden)
forget_jid_ask = Alles, was mit dieser Jabber-ID verknüpft ist, wird entfernt, auch was noch auf sie wartet.
forget_jid_done = Alles von { $jid } ist vergessen.
suppress_ask = Für Leute, die keine SMS oder E-Mails von diesem Dienst wollen: Dorthin wird kein Code mehr geschickt, egal, wer darum bittet, und wer darum bittet, erfährt es nicht. Aufbewahrt wird nur eine verschlüsselte Prüfsumme.
suppress_done = Dorthin wird nichts mehr geschickt.
unsuppress_ask = Für Leute, die es sich anders überlegt haben: Dorthin werden wieder Codes geschickt.
unsuppress_done = Dorthin werden wieder Codes geschickt.
unsuppress_unknown = Dorthin wurden die ganze Zeit Codes geschickt.

## In-band registration (XEP-0077)

registration_ask = Deine Jabber-ID kann gefunden werden, sobald du dieses Formular abschickst. Mit deiner Nummer oder E-Mail-Adresse kannst du auch darüber gefunden werden: Du bekommst einen Code, den du diesem Dienst als Chatnachricht schickst.
registration_done = Du bist registriert. Um über mehr gefunden zu werden, schreib diesem Dienst „hilfe“.
registration_codes = Du bist registriert. An jede Nummer und Adresse, die du angegeben hast, ist ein Code unterwegs; schick mir jeden davon hierher.

## Search (XEP-0055), of which there is none

search_none = Hier kann man niemanden suchen: Das ist so gewollt. Um deine Nummer oder Adresse zu verknüpfen und an deine Kontakte vermittelt zu werden, füge { $jid } als Kontakt hinzu und schreib „hilfe“ dorthin. Um in einem anderen Verzeichnis zu suchen, beginne noch einmal und gib dessen Adresse statt dieser ein.

## Chat. Words in “quotes” are the commands below, which are understood in every language.

chat_help =
    Ich helfe deinen Freunden, dich zu finden. Du kannst mir schreiben:
    • verknüpfe telefon +44 7700 900123 – über eine Nummer gefunden werden (oder: verknüpfe mail name@example.org). Du bekommst einen Code; schick ihn mir.
    • verknüpfungen – worüber man dich findet
    • vergiss telefon +44 7700 900123 – nicht mehr darüber gefunden werden; „vergiss“ allein vergisst alles
    • vermittle +44 7700 900456 – jemanden bitten, dir zu schreiben. Damit man dich erkennt, füge hinzu, worüber man dich kennt: vermittle +44 7700 900456 als +44 7700 900123
    • stumm eve@example.org – keine Kontaktanfragen von dort mehr bekommen; „stumm“ allein: von niemandem. „laut“ hebt das auf, „stummgeschaltet“ zeigt, wen es betrifft
    • hilfe – dieser Text
chat_help_provider = • verknüpfe { $provider } NAME – über deinen Namen dort gefunden werden; du meldest dich dort mit einem Browser an
chat_help_send = • verknüpfe telefon +44 7700 900123 senden – belege es durch eine Nachricht, die du von dort schickst, statt durch einen Code
chat_help_call = • verknüpfe telefon +44 7700 900123 anrufen – erhalte den Code durch einen Anruf, der ihn vorliest
chat_help_here = • vermittle +44 7700 900456 hier – nur bei diesem Dienst fragen. Ohne „hier“ geht deine Anfrage auch an { $services }
chat_help_end = Ich bewahre keine Nummern oder Adressen auf, nur Hashes.
chat_code_sent = Ein Code ist dorthin unterwegs. Schick ihn mir, dann ist es verknüpft.
chat_link_usage = Bitte schreib, was verknüpft werden soll, zum Beispiel: verknüpfe telefon +44 7700 900123
chat_introduce_usage = Bitte schreib, wer gefragt werden soll, zum Beispiel: vermittle +44 7700 900456, name@example.org
chat_verify_usage = Bitte schreib den Code, den du bekommen hast, zum Beispiel: bestätige 1234
chat_unknown_kind = Diese Art gibt es hier nicht. Schreib eins dieser Wörter vor die Nummer, die Adresse oder den Namen: { $kinds }
chat_nothing_waits = Auf diesen Code wartet keine Registrierung. Hast du ihn mir schon geschickt, ist alles erledigt: „verknüpfungen“ zeigt es. Sonst ist er abgelaufen, wurde zu oft falsch geraten oder war für etwas anderes gedacht: Verknüpfe noch einmal, dann bekommst du einen neuen.
chat_encrypted = Verschlüsselte Nachrichten kann ich nicht lesen. Bitte schalte die Verschlüsselung für diesen Chat aus.
verified = Danke, das ist nachgewiesen: Du kannst jetzt darüber gefunden werden.
linked_already = Du kannst schon darüber gefunden werden: Ein Code ist nicht nötig.

# Single words, in lower case, that begin a command. The English ones are always understood.
word_help = hilfe
word_link = verknüpfe
word_verify = bestätige
word_links = verknüpfungen
word_forget = vergiss
word_introduce = vermittle
word_mute = stumm
word_unmute = laut
word_mutes = stummgeschaltet
word_as = als
word_here = hier
word_send = senden
word_call = anrufen
word_phone = telefon
word_email = mail
words_for_phone = nummer telefonnummer handy handynummer mobil
words_for_email = e-mail email mailadresse
