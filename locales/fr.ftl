# What people read, in French. src/language/phrases.rs lists every phrase with its arguments; all languages must have
# all of them. Lines of a text keep their breaks. Notes to translators stand above what they are about.

service_name = Recherche de contacts it-se.me
service_description = Trouve lesquels de vos contacts sont joignables par XMPP, sans conserver le numéro ni l’adresse de qui que ce soit.
presence_status = Laissez vos amis vous trouver grâce à votre numéro ou à votre adresse. Écrivez « aide » pour commencer.

## Messages by XMPP. The first three follow the API document (1.4).

code_own = It-se, c’est vous, { $jid } ? Confirmez avec : { $code }
code_other =
    It-se, c’est vous, { $jid } ? { $target } souhaite qu’on puisse le trouver grâce à cette adresse. Si c’est bien vous, saisissez ce code là où il vous a été demandé, pas ici : { $code }
    Sinon, ignorez ce message : rien ne se passe sans le code.
# A list of details follows.
introduction = Bonjour, { $jid } demande la permission de vous contacter. Pour que vous puissiez confirmer son identité, voici les coordonnées qui ont été fournies :
introduction_advice = Le service a vérifié que ces données sont bien les siennes. Si vous le souhaitez, écrivez-lui ; sinon, ne faites rien : personne n’en saura rien.
introduction_vouched = La demande vient de { $service }, le service de son serveur, qui déclare avoir vérifié que ces données sont bien les siennes. Si vous le souhaitez, écrivez-lui ; sinon, ne faites rien : personne n’en saura rien.
introduction_mute = Si vous ne voulez plus de ses demandes, écrivez-moi : ignorer { $jid }
taken_over =
    { $provider ->
        [xmpp] Votre lien avec un identifiant Jabber a été repris : un autre identifiant Jabber a prouvé que celui-ci est le sien.
        [email] Votre lien avec une adresse e-mail a été repris : un autre identifiant Jabber a prouvé que cette adresse est la sienne.
        [phone] Votre lien avec un numéro de téléphone a été repris : un autre identifiant Jabber a prouvé que ce numéro est le sien.
       *[other] Votre lien avec un nom d’utilisateur chez { $provider } a été repris : un autre identifiant Jabber a prouvé que ce nom est le sien.
    } Si cela vous appartient toujours, refaites le lien.
prove_again =
    Pendant des jours, les messages envoyés à cette adresse sont revenus comme si elle n’existait pas. La personne qui l’avait alors peut être trouvée ici grâce à une donnée qu’elle a prouvée. Si c’était vous, refaites le lien avec le même numéro, la même adresse ou le même nom : quelqu’un demande à vous contacter.
    Sinon, ignorez ce message. Les liens qui ne sont pas prouvés de nouveau sous { $days } jours sont supprimés.
forget_code_all =
    Quelqu’un a demandé par le Web d’oublier tout ce qui est lié à votre identifiant Jabber. Pour le faire, saisissez ce code là-bas, pas ici : { $code }
    Si ce n’était pas vous, ignorez ce message : rien n’est oublié sans le code.
forget_code_some =
    Quelqu’un a demandé par le Web d’oublier une partie de ce qui est lié à votre identifiant Jabber. Pour le faire, saisissez ce code là-bas, pas ici : { $code }
    Si ce n’était pas vous, ignorez ce message : rien n’est oublié sans le code.
linked =
    { $provider ->
        [xmpp] C’est fait : un autre identifiant Jabber est lié au vôtre, et l’on peut désormais vous trouver grâce à lui.
        [email] C’est fait : une adresse e-mail est liée à votre identifiant Jabber, et l’on peut désormais vous trouver grâce à elle.
        [phone] C’est fait : un numéro de téléphone est lié à votre identifiant Jabber, et l’on peut désormais vous trouver grâce à lui.
       *[other] C’est fait : votre nom chez { $provider } est lié à votre identifiant Jabber, et l’on peut désormais vous trouver grâce à lui.
    } Si ce n’était pas vous, écrivez-moi : oublier { $hash }

## SMS. With a code of 12 digits and 30 characters of a JID it must fit 160 characters of the GSM 7-bit alphabet.

sms = It-se, c'est vous, { $jid } ? Confirmez avec : { $code } (Pas vous ? Ignorez ce SMS.)
call = Bonjour. Le compte Jabber { $jid } demande à être trouvé par ce numéro de téléphone. Si c’est le vôtre, saisissez ce code : { $code }. Encore une fois, le code est : { $code }. Sinon, raccrochez simplement.
spoken =
    { $mark ->
        [at] arobase
        [dot] point
        [hyphen] tiret
        [plus] plus
       *[underscore] tiret bas
    }

## Mail

mail_subject = { $code } est votre code pour { $service }
mail_hello = Bonjour,
mail_asks = { $target } souhaite qu’on puisse le trouver grâce à cette adresse e-mail sur { $service }.
mail_code = Si c’est bien vous, voici votre code :
mail_enter = Saisissez-le là où il vous a été demandé.
mail_open = Ou ouvrez cette page et appuyez sur le bouton :
mail_valid =
    { $hours ->
        [one] Le code est valable une heure.
       *[other] Le code est valable { $hours } heures.
    }
mail_ignore = Si ce n’était pas vous, ignorez cet e-mail et ne donnez le code à personne : rien ne se passe sans lui, et votre adresse n’a pas été conservée.
mail_stop = Vous ne voulez plus jamais d’e-mail de ce service ? Ouvrez cette page et appuyez sur le bouton :

## Pages

page_verify_title = Confirmez votre adresse
page_verify_question = Est-ce bien vous ?
page_verify_text = Vous avez reçu un code parce que quelqu’un souhaite qu’on puisse le trouver grâce à votre adresse sur it-se.me ; le message dit qui. N’appuyez sur le bouton que si c’est vous.
page_verify_code = Code
page_verify_button = Oui, c’est moi
page_verify_close = Si ce n’est pas vous, fermez simplement cette page : rien ne se passe sans le bouton.
page_sign_in_question = Lier votre nom chez { $provider } à { $jid } ?
page_sign_in_as = Vous êtes connecté chez { $provider } en tant que { $name }.
page_sign_in_text = Quiconque connaît ce nom pourra alors faire envoyer un message à cet identifiant Jabber. N’appuyez sur le bouton que si cet identifiant est le vôtre.
page_sign_in_button = Oui, c’est le mien
page_sign_in_close = S’il n’est pas le vôtre, fermez simplement cette page : rien n’est lié sans le bouton.
page_done_title = C’est fait
page_done_text = Cette adresse est maintenant liée à { $jid }. Vous pouvez fermer cette page.
page_signed_in = Votre nom là-bas est maintenant lié à { $jid }. Vous pouvez fermer cette page.
page_failed_title = Cela n’a pas fonctionné
page_home = Vers la page d’accueil
page_stop_question = Ne plus jamais vous écrire ?
page_stop_text = it-se.me envoie un code quand quelqu’un veut être trouvé grâce à votre adresse. Si vous appuyez sur le bouton, il n’écrit plus jamais à cette adresse, qui que ce soit qui le demande. Même pour cela, l’adresse n’est pas conservée : seule une empreinte chiffrée l’est, pour comparer.
page_stop_button = Ne m’écrivez plus jamais
page_stop_close = Si cela ne vous dérange pas, fermez simplement cette page : rien ne se passe sans le bouton.
page_stopped_title = On ne vous écrit plus
page_stopped_text = it-se.me n’envoie plus rien à cette adresse ; elle ne peut donc pas non plus être liée, car aucun code n’arrive. Si vous changez d’avis, revenez ici par le lien de votre e-mail.
page_stopped_button = Vous pouvez de nouveau m’écrire
page_stop_undone = it-se.me peut de nouveau écrire à cette adresse, quand quelqu’un veut être trouvé grâce à elle. Vous pouvez fermer cette page.

## The web page. It runs in the browser, so phrases with a number have no plural forms.

web_title = Retrouvez vos amis sur Jabber
web_language = Français
web_languages = Langues
web_intro = Faites-vous trouver sur Jabber (XMPP) grâce à votre numéro ou votre adresse, et retrouvez vos amis grâce aux leurs. Personne ne remet son carnet d’adresses, et le service ne sait pas qui est qui.
web_no_script = Cette page a besoin de JavaScript. Sans lui, écrivez « aide » à { $account } dans votre application Jabber : c’est la même chose.
web_own = Être trouvé
web_jid = Votre identifiant Jabber
web_jid_hint = Votre adresse dans votre application Jabber, comme nom@example.org. Un code y est envoyé par message.
web_begin = Envoyez-moi un code
web_waiting = Un code y a été envoyé. Saisissez-le ici.
web_waits_sign_in = Connectez-vous là-bas pour prouver que c’est le vôtre.
web_write = Envoyez ce texte depuis là à { $to } : { $text }. Quand il sera arrivé, cette page l’indiquera.
web_write_open = Écrire le message
web_call = Appelez-moi plutôt
web_linked = On peut vous trouver grâce à ceci.
web_lost = On ne peut plus vous trouver grâce à ceci : c’est supprimé, ou lié à un autre identifiant Jabber.
web_verify = Confirmer
web_sign_in = Se connecter
web_resend = Envoyer un autre code
web_resend_wait = Autre code dans { $seconds } s
web_link_again = Lier de nouveau
web_forget = Supprimer
web_add_title = Ajouter un numéro, une adresse ou un nom
web_add = Ajouter
web_call_choice = Appelez-moi au lieu d’envoyer un message
web_write_choice = J’envoie moi-même un message depuis là
web_friends = Trouver des amis
web_friends_text = Choisissez votre carnet d’adresses. Il est lu dans ce navigateur et y reste : seules des empreintes des numéros et adresses en sortent. Les personnes trouvées reçoivent vos coordonnées et peuvent vous écrire. On ne vous dit pas qui elles sont.
web_book_file = Carnet d’adresses (vCard si possible, sinon CSV)
web_book_picker = Choisir parmi les contacts de cet appareil
web_book_text = Ou des numéros et adresses, un par ligne
web_book_region = Pays des numéros sans +
web_book_read = Lire le carnet
web_book_found = Contacts : { $contacts }. Numéros et adresses à interroger : { $hashes }.
web_book_asked = Déjà interrogés ces 30 derniers jours, donc pas de nouveau : { $count }.
web_book_skipped = Non lus : { $count }
web_book_not_plain = Cette page ne lit que des adresses en lettres simples (a à z).
web_book_empty = Il n’y a personne dans ce fichier. Choisissez un fichier vCard ou CSV, comme les carnets d’adresses les exportent.
web_ask_details = Ils reçoivent votre identifiant Jabber et ces coordonnées :
web_ask_leaves = Sortent de ce navigateur : { $count } empreintes et les coordonnées cochées. L’empreinte d’un numéro n’est pas un secret : qui l’a peut trouver le numéro en les essayant tous.
web_ask_first = Confirmez d’abord votre identifiant Jabber ci-dessus.
web_ask_here = Demander à ce service seulement
web_ask = Les interroger
web_ask_done = Interrogés : { $count }. Ceux qu’on peut trouver reçoivent un message et vous écrivent s’ils le veulent.
web_ask_left = Restent : { $count }. Réessayez ceux-ci plus tard.
web_check = Vérifier
web_stop = Arrêter
web_stop_text = Plus personne ne peut vous trouver grâce à ce que vous supprimez. Un code est envoyé à votre identifiant Jabber, pour que personne d’autre ne puisse le faire.
web_forget_all = Tout supprimer
web_forget_code_some = Un code a été envoyé à { $jid } par message. Saisissez-le ici pour supprimer : { $details }
web_forget_code_all = Un code a été envoyé à { $jid } par message. Saisissez-le ici pour tout supprimer.
web_forget_details = Supprimer :
web_forget_some = Supprimer ce qui est coché
web_cleared = Effacé : ce navigateur ne garde rien.
web_prove = Ce navigateur doit prouver que votre identifiant Jabber est le vôtre : envoyez un code et saisissez-le ici.
web_code_gone = Ce code n’est plus valable. Envoyez-en un autre.
web_sign_in_again = Recommencer la connexion
web_forgotten = Supprimé. Personne ne peut plus vous trouver ainsi.
web_stop_mail = Pour ne plus recevoir d’e-mails d’ici, ouvrez le dernier lien de l’un d’eux.
web_clear_title = Ce navigateur
web_clear_text = Vos coordonnées et les empreintes demandées sont dans ce navigateur, et nulle part ailleurs. Sur l’appareil d’un autre, effacez-les quand vous avez fini. Ce qui est lié le reste.
web_clear = Effacer ce que garde ce navigateur
web_unreachable = Le service est injoignable. Vérifiez votre connexion et réessayez.
web_insecure = Les navigateurs ne calculent des empreintes que pour les pages en https:. Ouvrez cette page avec https:.
web_about = À propos de ce service
web_operator = Exploité par { $operator }
web_privacy = Confidentialité
web_developers = Pour les développeurs

## Errors

error_target_unconfirmed = Veuillez d’abord confirmer '{ $jid }' : enregistrez cet identifiant avec le fournisseur 'xmpp', puis confirmez le code qui lui est envoyé.
error_token_needed = Veuillez présenter le jeton de '{ $jid }' sous la forme 'Authorization: Bearer …'. Pour en obtenir un, enregistrez cet identifiant avec le fournisseur 'xmpp', puis confirmez le code qui lui est envoyé.
error_not_registered = Aucun enregistrement n’attend de code sous cette empreinte (hash). Veuillez d’abord en faire un.
error_nothing_waits = Aucun enregistrement n’attend ce code. S’il a déjà servi, tout est fait : vérifiez-le avec confirm, ou avec « liens » dans la discussion. Sinon, il a expiré, il y a eu trop d’essais erronés ou il était destiné à autre chose : veuillez en demander un nouveau.
error_missing_code = Veuillez saisir le code qui vous a été envoyé.
error_faulty_code = Ce code est erroné. Cherchez une faute de frappe et utilisez le code le plus récent : il remplace tous les précédents.
error_undelivered = Le code n’a pas pu être remis : ce numéro ou cette adresse n’existe pas, ou n’accepte rien d’ici. Vérifiez-le et enregistrez-le à nouveau.
error_wrong_user = Vous vous êtes connecté sous un autre nom que celui qui doit être lié. Déconnectez-vous chez le fournisseur, rouvrez la même adresse et connectez-vous sous le nom que vous vouliez lier.
error_oauth_no_state = Cela se prouve en se connectant : ouvrez l’adresse que vous avez reçue lors de l’enregistrement.
error_oauth_foreign_state = Cette connexion ne correspond à aucun enregistrement en attente. Si vous avez déjà appuyé sur le bouton, tout est fait ; sinon, elle a pris trop de temps, ou une plus récente l’a remplacée : veuillez recommencer.
error_oauth_denied = Vous n’avez pas autorisé le fournisseur à communiquer votre nom : rien n’a donc été lié. Pour réessayer, ouvrez de nouveau la même adresse.
error_oauth_provider = Impossible de demander au fournisseur qui vous êtes. Veuillez réessayer plus tard, ou prévenir l’administrateur de ce service.
error_oauth_refused = Le fournisseur n’a plus accepté cette connexion. Veuillez rouvrir l’adresse que vous avez reçue.
error_json = La requête n’est pas du JSON valide.
error_key = Veuillez fournir '{ $key }'.
error_number = Ce service n’envoie pas de SMS vers ce pays ou ce type de numéro.
error_not_by_writing = Cela ne peut pas être prouvé par un message à ce service. Demandez plutôt un code.
error_not_by_call = Ce service n’appelle pas pour prouver cela. Demandez plutôt un code sans appel.
error_domain_not_served = Ce service n’enregistre pas les comptes de ce serveur. Veuillez utiliser le service de votre propre serveur.
error_not_an_account = Seuls les comptes, comme nom@example.org, peuvent faire cela.
error_insufficient = Aucune de ces coordonnées n’est confirmée pour ce JID. Enregistrez-en et confirmez-en d’abord au moins une.
error_too_many_hashes = C’est trop à la fois : { $limit } empreintes (hash) au maximum. Veuillez diviser la requête.
error_too_many_details = C’est trop à la fois : { $limit } coordonnées au maximum. Veuillez diviser la requête.
error_too_many_jids = C’est trop à la fois : { $limit } identifiants Jabber au maximum. Veuillez diviser la requête.
error_too_many_mutes = On peut ignorer { $limit } identifiants Jabber au plus. Veuillez en autoriser certains, ou ignorer tout le monde.
error_too_many_links = De cette manière, on peut lier { $limit } éléments au plus à un identifiant Jabber. Veuillez d’abord en supprimer certains.
error_unknown_provider = Ce service ne propose pas ce fournisseur.
error_limit_seconds =
    { $count ->
        [one] Trop de tentatives. Veuillez réessayer dans une seconde.
       *[other] Trop de tentatives. Veuillez réessayer dans { $count } secondes.
    }
error_limit_minutes = Trop de tentatives. Veuillez réessayer dans { $count } minutes.
error_limit_hours = Trop de tentatives. Veuillez réessayer dans { $count } heures.
error_internal = Un problème est survenu ici. Veuillez réessayer plus tard.
invalid_jid = Il faut un identifiant Jabber comme nom@example.org.
invalid_email = Il faut une adresse e-mail comme nom@example.org.
invalid_quoted_email = Il faut une adresse e-mail sans guillemets : aucun message ne peut être envoyé à celle-ci.
invalid_phone = Il faut un numéro de téléphone avec l’indicatif du pays : + et 7 à 15 chiffres, comme +44 7700 900123.
invalid_phone_without_country = Le pays de ce numéro de téléphone est inconnu. Écrivez-le avec + et l’indicatif du pays, comme +44 7700 900123.
invalid_phone_with_letters = Ce numéro de téléphone contient des lettres. Écrivez-le en chiffres, sans rien d’autre, comme +44 7700 900123.
invalid_country_code = Un tel numéro de téléphone ne peut pas exister. Vérifiez l’indicatif du pays et le nombre de chiffres.
invalid_user_name = Il faut un nom d’utilisateur.
invalid_provider = Il faut le nom d’un fournisseur, sans deux-points.
invalid_detail = Il faut un numéro comme +44 7700 900123 ou une adresse comme nom@example.org.
invalid_entry = Entrée { $entry } : { $text }
error_path = Il n’y a rien à ce chemin. La documentation de l’API indique ce qui existe.
error_stop_link = Ce lien n’est pas valable, ou ne l’est plus. L’e-mail le plus récent envoyé d’ici en contient un valable.
error_method = Ce chemin demande une autre méthode. La documentation de l’API indique laquelle.
error_slow = La requête a mis trop de temps à arriver. Veuillez la renvoyer.
error_body = Le corps de la requête dépasse { $limit } octets. Veuillez diviser la requête.
error_origin = Les pages web de cette origine ne peuvent pas appeler l’API.

## Stanza errors that are XMPP's own

stanza_unavailable = Cela n’est pas proposé ici.
stanza_nobody = Personne n’a cette adresse. Écrivez à { $jid }.
stanza_no_node = Ce nœud n’existe pas.
stanza_malformed = Une requête IQ doit avoir un id et exactement un contenu (payload).
stanza_misnamed = L’adresse de l’expéditeur n’est pas sous sa forme normale (RFC 7622).
stanza_busy = Trop de requêtes à la fois. Réessayez plus tard.
stanza_too_large = Ce serait trop pour une seule réponse.

## Commands (XEP-0050), as menus and forms

commands = Commandes
command_link = Lier un numéro ou une adresse
command_links = Mes liens
command_forget = Oublier
command_check = Vérifier quelqu’un
command_introduce = Demander une mise en relation
command_mute = Ignorer des demandes de contact
command_unmute = Ne plus ignorer des demandes de contact
command_statistics = Statistiques
command_forget_jid = Oublier un identifiant Jabber
command_suppress = Ne jamais écrire à un numéro ou une adresse
command_unsuppress = Écrire de nouveau à un numéro ou une adresse
provider =
    { $provider ->
        [xmpp] Identifiant Jabber (JID)
        [email] Adresse e-mail
        [phone] Numéro de téléphone
        [github] GitHub
        [twitter] Twitter
        [facebook] Facebook
       *[other] { $provider }
    }
command_admins_only = Cette commande est réservée aux admins du service.
command_unknown_action = Cette action n’est pas possible à cette étape.
command_malformed_action = Cette action n’existe pas.
command_bad_session = Cette session n’existe pas. Veuillez relancer la commande.
command_expired = Cela a pris trop de temps. Veuillez relancer la commande.
command_missing_field = Veuillez remplir « { $field } ».
command_bad_form = Le formulaire est illisible ou absent. Veuillez l’envoyer rempli.

link_choose = Par quoi souhaitez-vous qu’on vous trouve ?
link_provider = Type
link_type =
    { $provider ->
        [xmpp] Quel autre identifiant Jabber ? Un code y sera envoyé. Cette donnée n’est conservée que jusqu’à ce que vous ayez saisi le code.
        [email] Quelle adresse e-mail ? Un code y sera envoyé. Cette donnée n’est conservée que jusqu’à ce que vous ayez saisi le code.
        [phone] Quel numéro, avec l’indicatif du pays, comme +44 7700 900123 ? Un code y sera envoyé. Cette donnée n’est conservée que jusqu’à ce que vous ayez saisi le code.
       *[other] Quel nom d’utilisateur chez { $provider } ? Seule son empreinte (hash) est conservée.
    }
link_id = Numéro, adresse ou nom
link_enter = Un code est en route vers vous. Saisissez-le ici. S’il n’arrive pas, revenez en arrière puis avancez de nouveau, ou recommencez depuis le début : un autre sera envoyé.
link_goto = Ouvrez cette adresse dans un navigateur et connectez-vous-y ; un message de discussion vous préviendra quand ce sera fait : { $url }
link_how = Preuve
link_how_code = Un code y est envoyé
link_how_send = J’envoie un message depuis là
link_how_call = Le service appelle et dit un code
link_send = Envoyez ce texte depuis là à { $to } ; un message de discussion vous préviendra quand il sera arrivé : { $text }
link_code = Code
link_done = C’est fait : on peut maintenant vous trouver ainsi. Le service a oublié le numéro ou l’adresse en question.

links_title = Par quoi on peut vous trouver
links_none = On ne peut encore vous trouver par aucun moyen.
links_count =
    { $count ->
        [one] Il y a un seul moyen de vous trouver.
       *[other] Il y a { $count } moyens de vous trouver.
    }
links_own = Votre identifiant Jabber, { $jid }
# Which number or address it is, nobody knows any more: only its hash is kept.
links_other = Empreinte { $hash }…, depuis le { $date }
links_explained = Le service ne conserve ni numéros ni adresses, seulement des empreintes (hash) : il ne peut donc pas dire à quoi chacune correspond.

forget_choose = Choisissez ce qui doit être oublié, ou saisissez-le. Ensuite, plus personne ne pourra vous trouver par ce moyen.
forget_links = Liens
forget_details = Numéros et adresses, un par ligne
forget_everything = Tout
forget_done = Oublié.
forget_all_done = Tout est oublié. Si ce service est dans votre liste de contacts, il y reste jusqu’à ce que vous l’en retiriez.
forget_nothing = Rien n’a été choisi, donc rien n’a été oublié.
forget_unknown = Vous n’avez aucun lien avec cela : rien n’a donc été oublié.

check_ask = Un numéro ou une adresse correspond-il à un identifiant Jabber ? Le service répond oui ou non, et rien d’autre.
check_jid = Identifiant Jabber (JID)
check_detail = Numéro ou adresse
check_yes = Oui, cela correspond à { $jid }.
check_yes_by = Oui, cela correspond à { $jid }, confirmé par { $service }.
check_no = Non, cela n’est pas lié à { $jid }.

introduce_ask = Les personnes que l’on peut trouver par ces numéros et adresses reçoivent les vôtres et peuvent vous écrire. Vous ne saurez pas de qui il s’agit. Ce que vous saisissez est haché dès son arrivée et oublié aussitôt ; vos propres coordonnées sont oubliées dès qu’elles sont remises.
introduce_details = Vos propres numéros et adresses, un par ligne (seuls ceux qui sont liés sont envoyés, avec votre identifiant Jabber)
introduce_contacts = Ceux des personnes que vous cherchez, un par ligne
introduce_done = Les personnes que l’on peut trouver ont reçu votre demande. Elles vous écriront si elles le souhaitent.
introduce_peers = Votre demande est aussi transmise à d’autres services : { $services }. Ils en voient la même chose que celui-ci.
introduce_scope = Services interrogés
introduce_scope_peers = Celui-ci et les autres
introduce_scope_here = Celui-ci seulement

mute_ask = De qui ne voulez-vous plus de demandes de contact ? Elles ne vous parviendront plus ; personne n’en saura rien.
mute_jids = Identifiants Jabber, un par ligne
mute_all = De tout le monde
mute_done = C’est noté : ces demandes de contact ne vous parviendront plus. Personne n’en saura rien.
mute_all_done = C’est noté : plus aucune demande de contact ne vous parviendra, de qui que ce soit. Personne n’en saura rien.
mute_nothing = Rien n’a été choisi, donc rien n’a été changé.
unmute_ask = De qui voulez-vous de nouveau recevoir les demandes de contact ?
unmute_all = De tout le monde
unmute_done = Ces demandes de contact vous parviennent de nouveau.
unmute_all_done = Les demandes de contact de tout le monde vous parviennent de nouveau.
unmute_vain = Tout le monde est encore ignoré, et donc ces personnes aussi. Autorisez d’abord tout le monde, puis ignorez ceux que vous ne voulez pas.
unmute_unknown = Rien de cela n’était ignoré, donc rien n’a été changé.
mutes_none = Personne n’est ignoré : les demandes de contact de tout le monde vous parviennent.
# A list of Jabber IDs follows.
mutes_some = Identifiants Jabber ignorés
mutes_all = Tout le monde est ignoré : aucune demande de contact ne vous parvient.
mutes_more = … et { $count } autres

statistics_title = Statistiques
statistics_links = Liens
statistics_people = Identifiants Jabber avec des liens
statistics_pending = Enregistrements en attente d’un code
statistics_outbox = Messages en attente d’envoi
statistics_subscribers = Listes de contacts où figure le service
statistics_mutes = Identifiants ignorés
statistics_tokens = Jetons pour l’API HTTP
statistics_suppressions = Adresses et numéros auxquels rien n’est jamais envoyé
statistics_counters = Compteurs de limites
statistics_bytes = Taille de la base de données (octets)
statistics_uptime = En marche depuis (secondes)
forget_jid_ask = Tout ce qui est lié à cet identifiant Jabber est supprimé, ainsi que ce qui l’attend encore.
forget_jid_done = Tout ce qui concerne { $jid } est oublié.
suppress_ask = Pour ceux qui ne veulent ni SMS ni e-mail de ce service : aucun code n’y est plus envoyé, qui que ce soit qui le demande, et cette personne n’en est pas informée. Seule une empreinte chiffrée est conservée.
suppress_done = Plus rien n’y est envoyé.
unsuppress_ask = Pour ceux qui ont changé d’avis : des codes y sont de nouveau envoyés.
unsuppress_done = Des codes y sont de nouveau envoyés.
unsuppress_unknown = Des codes y étaient envoyés tout ce temps.

## In-band registration (XEP-0077)

registration_ask = On peut trouver votre identifiant Jabber dès que vous envoyez ce formulaire. Avec votre numéro ou votre adresse e-mail, on peut aussi vous trouver par ce moyen : vous recevez un code, que vous envoyez à ce service dans un message de discussion.
registration_done = Votre inscription est faite. Pour qu’on vous trouve par d’autres moyens, écrivez « aide » à ce service.
registration_codes = Vous êtes inscrit. Un code est en route vers chaque numéro et adresse que vous avez indiqués ; envoyez-moi chacun d’eux ici.

## Search (XEP-0055), of which there is none

search_none = Ici, on ne peut chercher personne : c’est voulu. Pour lier votre numéro ou votre adresse et demander une mise en relation avec vos contacts, ajoutez { $jid } à vos contacts et écrivez-lui « aide ». Pour chercher dans un autre annuaire, recommencez et saisissez son adresse à la place de celle-ci.

## Chat. Words in “quotes” are the commands below, which are understood in every language.

chat_help =
    J’aide vos amis à vous trouver. Vous pouvez m’écrire :
    • lier téléphone +44 7700 900123 – pour qu’on vous trouve par un numéro (ou : lier e-mail nom@example.org). Vous recevez un code ; envoyez-le-moi.
    • liens – par quoi on peut vous trouver
    • oublier téléphone +44 7700 900123 – pour qu’on ne vous trouve plus ainsi ; « oublier » tout seul oublie tout
    • contacter +44 7700 900456 – demander à quelqu’un de vous écrire. Pour qu’on vous reconnaisse, ajoutez ce par quoi on vous connaît : contacter +44 7700 900456 comme +44 7700 900123
    • ignorer eve@example.org – ne plus recevoir ses demandes de contact ; « ignorer » tout seul : celles de tout le monde. « autoriser » y met fin, « ignorés » montre qui est ignoré
    • aide – ce texte
chat_help_provider = • lier { $provider } NOM – pour qu’on vous trouve par votre nom là-bas ; vous vous y connectez avec un navigateur
chat_help_send = • lier téléphone +44 7700 900123 envoyer – le prouver par un message que vous envoyez depuis là, au lieu d’un code
chat_help_call = • lier téléphone +44 7700 900123 appeler – recevoir le code par un appel qui le dit
chat_help_here = • contacter +44 7700 900456 ici – demander à ce service seulement. Sans « ici », votre demande est aussi transmise à { $services }
chat_help_end = Je ne conserve ni numéros ni adresses, seulement des empreintes (hash).
chat_code_sent = Un code est en route. Envoyez-le-moi, et le lien sera fait.
chat_link_usage = Veuillez écrire ce qui doit être lié, par exemple : lier téléphone +44 7700 900123
chat_introduce_usage = Veuillez écrire à qui demander, par exemple : contacter +44 7700 900456, nom@example.org
chat_verify_usage = Veuillez écrire le code que vous avez reçu, par exemple : confirmer 1234
chat_unknown_kind = Ce type n’est pas proposé ici. Mettez un de ces mots devant le numéro, l’adresse ou le nom : { $kinds }
chat_nothing_waits = Aucun enregistrement n’attend ce code. Si vous me l’avez déjà envoyé, tout est fait : « liens » le montre. Sinon, il a expiré, il y a eu trop d’essais erronés ou il était destiné à autre chose : liez encore une fois, et vous en recevez un nouveau.
chat_encrypted = Je ne peux pas lire les messages chiffrés. Veuillez désactiver le chiffrement pour cette discussion.
verified = Merci, c’est prouvé : on peut maintenant vous trouver ainsi.
linked_already = On peut déjà vous trouver ainsi : aucun code n’est nécessaire.

# Single words, in lower case, that begin a command. The English ones are always understood.
word_help = aide
word_link = lier
word_verify = confirmer
word_links = liens
word_forget = oublier
word_introduce = contacter
word_mute = ignorer
word_unmute = autoriser
word_mutes = ignorés
word_as = comme
word_here = ici
word_send = envoyer
word_call = appeler
word_phone = téléphone
word_email = e-mail
words_for_phone = numéro portable mobile
words_for_email = courriel email mail mél
