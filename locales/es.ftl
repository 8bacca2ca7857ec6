# What people read, in Spanish. src/language/phrases.rs lists every phrase with its arguments; all languages must have
# all of them. Lines of a text keep their breaks. Notes to translators stand above what they are about.

service_name = Búsqueda de contactos it-se.me
service_description = Averigua a cuáles de tus contactos se puede llegar por XMPP, sin guardar el número ni la dirección de nadie.
presence_status = Deja que tus amigos te encuentren por tu número o tu dirección. Escribe «ayuda» para empezar.

## Messages by XMPP. The first three follow the API document (1.4).

code_own = It-se, ¿eres tú, { $jid }? Confirma con: { $code }
code_other =
    It-se, ¿eres tú, { $jid }? { $target } quiere que se le encuentre con esta dirección. Si eres tú, escribe este código donde te lo han pedido, no aquí: { $code }
    Si no, ignora este mensaje: sin el código no pasa nada.
# A list of details follows.
introduction = Hola, { $jid } pregunta si puede ponerse en contacto contigo. Para que puedas confirmar su identidad, ha dado estos datos de contacto:
introduction_advice = El servicio ha comprobado que estos datos son suyos. Si quieres, escríbele; si no, no hagas nada: nadie se entera.
introduction_vouched = La solicitud viene de { $service }, el servicio de su servidor, que declara haber comprobado que estos datos son suyos. Si quieres, escríbele; si no, no hagas nada: nadie se entera.
introduction_mute = Si no quieres más solicitudes suyas, escríbeme: silencia { $jid }
taken_over =
    { $provider ->
        [xmpp] Tu vínculo con un ID de Jabber ha pasado a otras manos: otro ID de Jabber ha demostrado que es suyo.
        [email] Tu vínculo con una dirección de correo ha pasado a otras manos: otro ID de Jabber ha demostrado que es suya.
        [phone] Tu vínculo con un número de teléfono ha pasado a otras manos: otro ID de Jabber ha demostrado que es suyo.
       *[other] Tu vínculo con un nombre de usuario en { $provider } ha pasado a otras manos: otro ID de Jabber ha demostrado que es suyo.
    } Si todavía te pertenece, crea el vínculo de nuevo.
prove_again =
    Durante días, los mensajes a esta dirección volvieron como si no existiera. La persona que la tenía entonces se puede encontrar aquí con un dato que demostró. Si eras tú, crea el vínculo de nuevo con el mismo número, dirección o nombre: alguien pide ponerse en contacto.
    Si no, ignora este mensaje. Los vínculos que no se demuestren de nuevo en { $days } días se eliminan.
forget_code_all =
    Alguien ha pedido por la web que se olvide todo lo vinculado a tu ID de Jabber. Para hacerlo, escribe este código allí, no aquí: { $code }
    Si no has sido tú, ignora este mensaje: sin el código no se olvida nada.
forget_code_some =
    Alguien ha pedido por la web que se olvide una parte de lo vinculado a tu ID de Jabber. Para hacerlo, escribe este código allí, no aquí: { $code }
    Si no has sido tú, ignora este mensaje: sin el código no se olvida nada.
linked =
    { $provider ->
        [xmpp] Listo: otro ID de Jabber está vinculado al tuyo y ya te pueden encontrar con él.
        [email] Listo: una dirección de correo está vinculada a tu ID de Jabber y ya te pueden encontrar con ella.
        [phone] Listo: un número de teléfono está vinculado a tu ID de Jabber y ya te pueden encontrar con él.
       *[other] Listo: tu nombre en { $provider } está vinculado a tu ID de Jabber y ya te pueden encontrar con él.
    } Si no has sido tú, escríbeme: olvida { $hash }

## SMS. With a code of 12 digits and 30 characters of a JID it must fit 160 characters of the GSM 7-bit alphabet.

sms = It-se, ¿eres { $jid }? Confirma con: { $code } (Si no lo eres, ignora este SMS.)
call = Hola. La cuenta de Jabber { $jid } pide que se la encuentre por este número de teléfono. Si es tuya, introduce este código: { $code }. Otra vez, el código es: { $code }. Si no es tuya, simplemente cuelga.
spoken =
    { $mark ->
        [at] arroba
        [dot] punto
        [hyphen] guion
        [plus] más
       *[underscore] guion bajo
    }

## Mail

mail_subject = { $code } es tu código para { $service }
mail_hello = Hola:
mail_asks = { $target } quiere que se le encuentre con esta dirección de correo en { $service }.
mail_code = Si eres tú, este es tu código:
mail_enter = Escríbelo donde te lo han pedido.
mail_open = O abre esta página y pulsa el botón:
mail_valid =
    { $hours ->
        [one] El código es válido durante una hora.
       *[other] El código es válido durante { $hours } horas.
    }
mail_ignore = Si no has sido tú, ignora este correo y no le digas el código a nadie: sin él no pasa nada, y tu dirección no se ha guardado.
mail_stop = ¿No quieres más correo de este servicio? Abre esta página y pulsa el botón:

## Pages

page_verify_title = Confirma tu dirección
page_verify_question = ¿Eres tú?
page_verify_text = Has recibido un código porque alguien quiere que se le encuentre con tu dirección en it-se.me; el mensaje dice quién. Pulsa el botón solo si eres tú.
page_verify_code = Código
page_verify_button = Sí, soy yo
page_verify_close = Si no eres tú, cierra esta página sin más: sin el botón no pasa nada.
page_sign_in_question = ¿Vincular tu nombre en { $provider } a { $jid }?
page_sign_in_as = Has iniciado sesión en { $provider } como { $name }.
page_sign_in_text = Quien conozca ese nombre podrá hacer que se envíe un mensaje a este ID de Jabber. Pulsa el botón solo si el ID de Jabber es tuyo.
page_sign_in_button = Sí, es mío
page_sign_in_close = Si no es tuyo, cierra esta página sin más: sin el botón no se vincula nada.
page_done_title = Listo
page_done_text = Esta dirección ya está vinculada a { $jid }. Puedes cerrar esta página.
page_signed_in = Tu nombre allí está ahora vinculado a { $jid }. Puedes cerrar esta página.
page_failed_title = No ha funcionado
page_home = A la página de inicio
page_stop_question = ¿No escribirte nunca más?
page_stop_text = it-se.me envía un código cuando alguien quiere que se le encuentre con tu dirección. Si pulsas el botón, no volverá a escribir a esta dirección, lo pida quien lo pida. Tampoco para eso se guarda la dirección, solo una huella cifrada para comparar.
page_stop_button = No me escribáis nunca más
page_stop_close = Si no te molesta, cierra esta página sin más: sin el botón no pasa nada.
page_stopped_title = Ya no te escribiremos
page_stopped_text = it-se.me ya no envía nada a esta dirección, así que tampoco se puede vincular: no llega ningún código. Si cambias de opinión, vuelve aquí por el enlace de tu correo.
page_stopped_button = Podéis volver a escribirme
page_stop_undone = it-se.me puede volver a escribir a esta dirección cuando alguien quiera que se le encuentre con ella. Puedes cerrar esta página.

## The web page. It runs in the browser, so phrases with a number have no plural forms.

web_title = Encuentra a tus amigos en Jabber
web_language = Español
web_languages = Idiomas
web_intro = Haz que te encuentren en Jabber (XMPP) por tu teléfono o tu dirección, y encuentra a tus amigos por los suyos. Nadie entrega su agenda, y el servicio no sabe quién es quién.
web_no_script = Esta página necesita JavaScript. Sin él, escribe «ayuda» a { $account } en tu aplicación de Jabber: hace lo mismo.
web_own = Que te encuentren
web_jid = Tu ID de Jabber
web_jid_hint = Tu dirección en tu aplicación de Jabber, como nombre@example.org. Se le envía un código en un mensaje.
web_begin = Envíame un código
web_waiting = Se ha enviado allí un código. Escríbelo aquí.
web_waits_sign_in = Inicia sesión allí para demostrar que es tuyo.
web_write = Envía este texto desde allí a { $to }: { $text }. Cuando haya llegado, esta página lo mostrará.
web_write_open = Escribir el mensaje
web_call = Llámame en su lugar
web_linked = Se te puede encontrar por esto.
web_lost = Ya no se te puede encontrar por esto: se ha quitado o está vinculado a otro ID de Jabber.
web_verify = Confirmar
web_sign_in = Iniciar sesión
web_resend = Enviar otro código
web_resend_wait = Otro código en { $seconds } s
web_link_again = Vincular de nuevo
web_forget = Quitar
web_add_title = Añadir un número, una dirección o un nombre
web_add = Añadir
web_call_choice = Llámame en vez de enviar un mensaje
web_write_choice = Yo envío un mensaje desde allí
web_friends = Encontrar amigos
web_friends_text = Elige tu agenda. Se lee en este navegador y se queda aquí: solo salen hashes de los números y direcciones. Las personas encontradas reciben tus datos y pueden escribirte. No se te dice quiénes son.
web_book_file = Agenda (vCard si es posible; si no, CSV)
web_book_picker = Elegir entre los contactos de este dispositivo
web_book_text = O números y direcciones, uno por línea
web_book_region = País de los números sin +
web_book_read = Leer la agenda
web_book_found = Contactos: { $contacts }. Números y direcciones por consultar: { $hashes }.
web_book_asked = Consultados en los últimos 30 días, así que no otra vez: { $count }.
web_book_skipped = No leídos: { $count }
web_book_not_plain = Esta página solo lee direcciones con letras simples (a a z).
web_book_empty = Aquí no hay nadie. Elige un archivo vCard o CSV, como los que exportan las agendas.
web_ask_details = Reciben tu ID de Jabber y estos datos:
web_ask_leaves = Salen de este navegador: { $count } hashes y los datos marcados. El hash de un número no es secreto: quien lo tenga puede hallar el número probándolos todos.
web_ask_first = Primero confirma arriba tu ID de Jabber.
web_ask_here = Preguntar solo a este servicio
web_ask = Preguntarles
web_ask_done = Consultados: { $count }. Quienes se pueden encontrar reciben un mensaje y te escriben si quieren.
web_ask_left = Quedan: { $count }. Inténtalo con estos más tarde.
web_check = Comprobar
web_stop = Darte de baja
web_stop_text = Nadie podrá encontrarte por lo que quites. Se envía un código a tu ID de Jabber para que nadie más pueda hacerlo.
web_forget_all = Quitar todo
web_forget_code_some = Se ha enviado un código a { $jid } en un mensaje. Escríbelo aquí para quitar: { $details }
web_forget_code_all = Se ha enviado un código a { $jid } en un mensaje. Escríbelo aquí para quitarlo todo.
web_forget_details = Quitar estos:
web_forget_some = Quitar lo marcado
web_cleared = Borrado: este navegador no guarda nada.
web_prove = Este navegador debe demostrar que tu ID de Jabber es tuyo: envía un código y escríbelo aquí.
web_code_gone = Este código ya no es válido. Envía otro.
web_sign_in_again = Empezar de nuevo el inicio de sesión
web_forgotten = Quitado. Ya nadie puede encontrarte por ello.
web_stop_mail = Para no recibir más correos de aquí, abre el último enlace de cualquiera de ellos.
web_clear_title = Este navegador
web_clear_text = Tus datos y los hashes por los que preguntaste están en este navegador y en ningún otro sitio. En un dispositivo ajeno, bórralos al terminar. Lo vinculado sigue vinculado.
web_clear = Borrar lo que guarda este navegador
web_unreachable = No se puede contactar con el servicio. Comprueba tu conexión e inténtalo de nuevo.
web_insecure = Los navegadores solo calculan hashes para páginas con https:. Abre esta página con https:.
web_about = Sobre este servicio
web_operator = Gestionado por { $operator }
web_privacy = Privacidad
web_developers = Para desarrolladores

## Errors

error_target_unconfirmed = Primero confirma '{ $jid }': registra ese ID con el proveedor 'xmpp' y confirma el código que se le envía.
error_token_needed = Muestra el token de '{ $jid }' como 'Authorization: Bearer …'. Para obtener uno, registra ese ID con el proveedor 'xmpp' y confirma el código que se le envía.
error_not_registered = Ningún registro espera un código con este hash. Haz primero el registro.
error_nothing_waits = Ningún registro espera este código. Si ya lo has usado, está todo hecho: compruébalo con confirm, o con «vínculos» en el chat. Si no, ha caducado, se ha fallado demasiadas veces o era para otra cosa: pide uno nuevo, por favor.
error_missing_code = Escribe el código que has recibido, por favor.
error_faulty_code = Este código no es correcto. Busca errores al teclear y usa el código más reciente: sustituye a todos los anteriores.
error_undelivered = El código no se pudo entregar: ese número o esa dirección no existe, o no acepta nada de aquí. Compruébalo y regístralo otra vez.
error_wrong_user = Has iniciado sesión con un nombre distinto del que se va a vincular. Cierra la sesión en el proveedor, abre otra vez la misma dirección e inicia sesión con el nombre que querías vincular.
error_oauth_no_state = Esto se demuestra iniciando sesión: abre la dirección que recibiste al registrarte.
error_oauth_foreign_state = Este inicio de sesión no pertenece a ningún registro pendiente. Si ya has pulsado el botón, está todo hecho; si no, tardó demasiado o uno más reciente lo ha reemplazado: empieza de nuevo, por favor.
error_oauth_denied = No has permitido que el proveedor diga tu nombre, así que no se ha vinculado nada. Para volver a intentarlo, abre otra vez la misma dirección.
error_oauth_provider = No se ha podido preguntar al proveedor quién eres. Vuelve a intentarlo más tarde o avisa al administrador de este servicio.
error_oauth_refused = El proveedor ya no ha aceptado este inicio de sesión. Abre otra vez la dirección que recibiste, por favor.
error_json = La petición no es JSON válido.
error_key = Indica '{ $key }', por favor.
error_number = Este servicio no envía mensajes de texto a ese país o a ese tipo de número.
error_not_by_writing = Eso no se puede demostrar con un mensaje a este servicio. Pide un código en su lugar.
error_not_by_call = Este servicio no llama para demostrar eso. Pide un código sin llamada en su lugar.
error_domain_not_served = Este servicio no registra cuentas de ese servidor. Usa el servicio de tu propio servidor, por favor.
error_not_an_account = Solo pueden hacer esto las cuentas, como nombre@example.org.
error_insufficient = Ninguno de los datos de contacto está confirmado para este JID. Registra y confirma primero al menos uno de ellos.
error_too_many_hashes = Es demasiado de una vez: se permiten como máximo { $limit } hashes. Divide la petición, por favor.
error_too_many_details = Es demasiado de una vez: se permiten como máximo { $limit } datos de contacto. Divide la petición, por favor.
error_too_many_jids = Es demasiado de una vez: se permiten como máximo { $limit } ID de Jabber. Divide la petición, por favor.
error_too_many_mutes = Se pueden silenciar como mucho { $limit } ID de Jabber. Permite algunos de nuevo, o silencia a todo el mundo.
error_too_many_links = De esta manera se pueden vincular como mucho { $limit } elementos a un ID de Jabber. Elimina primero algunos.
error_unknown_provider = Este servicio no ofrece ese proveedor.
error_limit_seconds =
    { $count ->
        [one] Han sido demasiadas veces. Vuelve a intentarlo dentro de un segundo.
       *[other] Han sido demasiadas veces. Vuelve a intentarlo dentro de { $count } segundos.
    }
error_limit_minutes = Han sido demasiadas veces. Vuelve a intentarlo dentro de { $count } minutos.
error_limit_hours = Han sido demasiadas veces. Vuelve a intentarlo dentro de { $count } horas.
error_internal = Algo ha fallado aquí. Vuelve a intentarlo más tarde.
invalid_jid = Aquí va un ID de Jabber como nombre@example.org.
invalid_email = Aquí va una dirección de correo como nombre@example.org.
invalid_quoted_email = Aquí va una dirección de correo sin comillas: a esta no se le puede enviar ningún correo.
invalid_phone = Aquí va un número de teléfono con el prefijo del país: + y de 7 a 15 cifras, como +44 7700 900123.
invalid_phone_without_country = No se sabe de qué país es este número de teléfono. Escríbelo con + y el prefijo del país, como +44 7700 900123.
invalid_phone_with_letters = Hay letras en este número de teléfono. Escríbelo en cifras y sin nada más, como +44 7700 900123.
invalid_country_code = No puede existir un número de teléfono así. Revisa el prefijo del país y la cantidad de cifras.
invalid_user_name = Aquí va un nombre de usuario.
invalid_provider = Aquí va el nombre de un proveedor, sin dos puntos.
invalid_detail = Aquí va un número como +44 7700 900123 o una dirección como nombre@example.org.
invalid_entry = Entrada { $entry }: { $text }
error_path = No hay nada en esta ruta. La documentación de la API indica lo que hay.
error_stop_link = Este enlace no es válido o ya no lo es. El correo más reciente enviado desde aquí contiene uno válido.
error_method = Esta ruta requiere otro método. La documentación de la API indica cuál.
error_slow = La petición ha tardado demasiado en llegar. Envíala de nuevo, por favor.
error_body = El cuerpo de la petición supera los { $limit } bytes. Divide la petición, por favor.
error_origin = Las páginas web de este origen no pueden llamar a la API.

## Stanza errors that are XMPP's own

stanza_unavailable = Esto no se ofrece aquí.
stanza_nobody = Nadie tiene esta dirección. Escribe a { $jid }.
stanza_no_node = No existe ese nodo.
stanza_malformed = Una petición IQ necesita un id y exactamente un contenido (payload).
stanza_misnamed = La dirección del remitente no está en su forma normal (RFC 7622).
stanza_busy = Demasiadas peticiones a la vez. Vuelve a intentarlo más tarde.
stanza_too_large = Sería demasiado para una sola respuesta.

## Commands (XEP-0050), as menus and forms

commands = Comandos
command_link = Vincular un número o una dirección
command_links = Mis vínculos
command_forget = Olvidar
command_check = Comprobar a alguien
command_introduce = Pedir contacto
command_mute = Silenciar solicitudes de contacto
command_unmute = Dejar de silenciar solicitudes de contacto
command_statistics = Estadísticas
command_forget_jid = Olvidar un ID de Jabber
command_suppress = No escribir nunca a un número o una dirección
command_unsuppress = Volver a escribir a un número o una dirección
provider =
    { $provider ->
        [xmpp] ID de Jabber
        [email] Dirección de correo
        [phone] Número de teléfono
        [github] GitHub
        [twitter] Twitter
        [facebook] Facebook
       *[other] { $provider }
    }
command_admins_only = Este comando es para quienes administran el servicio.
command_unknown_action = Esta acción no es posible en este paso.
command_malformed_action = No existe esa acción.
command_bad_session = No existe esa sesión. Vuelve a iniciar el comando, por favor.
command_expired = Ha tardado demasiado. Vuelve a iniciar el comando, por favor.
command_missing_field = Rellena «{ $field }», por favor.
command_bad_form = El formulario falta o no se puede leer. Envíalo relleno, por favor.

link_choose = ¿Con qué quieres que te encuentren?
link_provider = Tipo
link_type =
    { $provider ->
        [xmpp] ¿Qué otro ID de Jabber? Allí se envía un código. Ese dato solo se guarda hasta que hayas escrito el código.
        [email] ¿Qué dirección de correo? Allí se envía un código. Ese dato solo se guarda hasta que hayas escrito el código.
        [phone] ¿Qué número, con el prefijo del país, como +44 7700 900123? Allí se envía un código. Ese dato solo se guarda hasta que hayas escrito el código.
       *[other] ¿Qué nombre de usuario en { $provider }? Solo se guarda su hash.
    }
link_id = Número, dirección o nombre
link_enter = Un código va de camino. Escríbelo aquí. Si no llega ninguno, vuelve atrás y avanza de nuevo, o empieza desde el principio: se envía otro.
link_goto = Abre esta dirección en un navegador e inicia sesión allí; un mensaje de chat te avisará cuando esté hecho: { $url }
link_how = Prueba
link_how_code = Se envía allí un código
link_how_send = Envío un mensaje desde allí
link_how_call = El servicio llama y dice un código
link_send = Envía este texto desde allí a { $to }; un mensaje de chat te avisará cuando haya llegado: { $text }
link_code = Código
link_done = Listo: ya te pueden encontrar así. El servicio ha olvidado el número o la dirección en sí.

links_title = Con qué te pueden encontrar
links_none = Todavía no te pueden encontrar con nada.
links_count =
    { $count ->
        [one] Te pueden encontrar con un solo dato.
       *[other] Te pueden encontrar con { $count } datos.
    }
links_own = Tu ID de Jabber, { $jid }
# Which number or address it is, nobody knows any more: only its hash is kept.
links_other = Hash { $hash }…, desde el { $date }
links_explained = El servicio no guarda números ni direcciones, solo hashes, así que no puede decir a qué corresponde cada uno.

forget_choose = Elige lo que se debe olvidar, o escríbelo. Después nadie te podrá encontrar con eso.
forget_links = Vínculos
forget_details = Números y direcciones, uno por línea
forget_everything = Todo
forget_done = Olvidado.
forget_all_done = Todo está olvidado. Si este servicio está en tu lista de contactos, seguirá ahí hasta que lo quites.
forget_nothing = No se ha elegido nada, así que no se ha olvidado nada.
forget_unknown = Nada tuyo está vinculado a eso, así que no se ha olvidado nada.

check_ask = ¿Pertenece un número o una dirección a un ID de Jabber? El servicio responde sí o no, y nada más.
check_jid = ID de Jabber
check_detail = Número o dirección
check_yes = Sí, pertenece a { $jid }.
check_yes_by = Sí, pertenece a { $jid }, confirmado por { $service }.
check_no = No, no está vinculado a { $jid }.

introduce_ask = Quienes se puedan encontrar con estos números y direcciones reciben los tuyos y pueden escribirte. A ti no se te dice quiénes son. Lo que escribes se convierte en un hash al llegar y se olvida al instante; tus propios datos se olvidan en cuanto se entregan.
introduce_details = Tus propios números y direcciones, uno por línea (solo se envían los vinculados, y tu ID de Jabber)
introduce_contacts = Los de las personas que buscas, uno por línea
introduce_done = Se ha preguntado a quienes se puede encontrar. Te escribirán si quieren.
introduce_peers = Tu solicitud también va a otros servicios: { $services }. Ven de ella lo mismo que este.
introduce_scope = Servicios a los que se pregunta
introduce_scope_peers = Este y los demás
introduce_scope_here = Solo este

mute_ask = ¿De quién no quieres más solicitudes de contacto? Ya no te llegarán; nadie se entera.
mute_jids = ID de Jabber, uno por línea
mute_all = De todo el mundo
mute_done = Silenciado: esas solicitudes de contacto ya no te llegarán. Nadie se entera.
mute_all_done = Silenciado: ya no te llegará ninguna solicitud de contacto, sea de quien sea. Nadie se entera.
mute_nothing = No se ha elegido nada, así que no se ha cambiado nada.
unmute_ask = ¿De quién quieres recibir de nuevo las solicitudes de contacto?
unmute_all = De todo el mundo
unmute_done = Esas solicitudes de contacto te llegan de nuevo.
unmute_all_done = Las solicitudes de contacto de todo el mundo te llegan de nuevo.
unmute_vain = Todo el mundo sigue silenciado, y por tanto también esas personas. Permite primero a todo el mundo y silencia después a quien no quieras.
unmute_unknown = Nada de eso estaba silenciado, así que no se ha cambiado nada.
mutes_none = Nadie está silenciado: te llegan las solicitudes de contacto de todo el mundo.
# A list of Jabber IDs follows.
mutes_some = ID de Jabber silenciados
mutes_all = Todo el mundo está silenciado: no te llega ninguna solicitud de contacto.
mutes_more = … y { $count } más

statistics_title = Estadísticas
statistics_links = Vínculos
statistics_people = ID de Jabber con vínculos
statistics_pending = Registros que esperan un código
statistics_outbox = Mensajes que esperan su envío
statistics_subscribers = Listas de contactos con el servicio
statistics_mutes = Silencios
statistics_tokens = Tokens para la API HTTP
statistics_suppressions = Direcciones y números a los que nunca se escribe
statistics_counters = Contadores de límites
statistics_bytes = Tamaño de la base de datos (bytes)
statistics_uptime = En marcha desde hace (segundos)
forget_jid_ask = Se elimina todo lo vinculado a este ID de Jabber, junto con lo que está a su espera.
forget_jid_done = Todo lo de { $jid } está olvidado.
suppress_ask = Para quienes no quieren SMS ni correo de este servicio: allí no se envía ningún código más, lo pida quien lo pida, y quien lo pide no se entera. Solo se guarda una huella cifrada.
suppress_done = Ya no se envía nada allí.
unsuppress_ask = Para quienes han cambiado de opinión: allí se vuelven a enviar códigos.
unsuppress_done = Allí se vuelven a enviar códigos.
unsuppress_unknown = Allí se enviaban códigos todo el tiempo.

## In-band registration (XEP-0077)

registration_ask = Tu ID de Jabber se podrá encontrar en cuanto envíes este formulario. Con tu número o tu dirección de correo también te podrán encontrar así: recibes un código, que envías a este servicio en un mensaje de chat.
registration_done = El registro está hecho. Para que te encuentren con más datos, escribe «ayuda» a este servicio.
registration_codes = Estás registrado. A cada número y dirección que has indicado va de camino un código; envíame cada uno de ellos aquí.

## Search (XEP-0055), of which there is none

search_none = Aquí no se puede buscar a nadie: es a propósito. Para vincular tu número o tu dirección y pedir contacto con quienes conoces, añade { $jid } a tus contactos y escríbele «ayuda». Para buscar en otro directorio, empieza de nuevo y escribe su dirección en lugar de esta.

## Chat. Words in “quotes” are the commands below, which are understood in every language.

chat_help =
    Ayudo a tus amigos a encontrarte. Puedes escribirme:
    • vincula teléfono +44 7700 900123 – que te encuentren por un número (o: vincula correo nombre@example.org). Recibes un código; envíamelo.
    • vínculos – con qué te pueden encontrar
    • olvida teléfono +44 7700 900123 – que ya no te encuentren así; «olvida» a secas lo olvida todo
    • contacta +44 7700 900456 – pedir a alguien que te escriba. Para que te reconozca, añade un dato por el que te conoce: contacta +44 7700 900456 como +44 7700 900123
    • silencia eve@example.org – no recibir más solicitudes de contacto suyas; «silencia» a secas: de nadie. «permite» lo anula, «silenciados» muestra a quién afecta
    • ayuda – este texto
chat_help_provider = • vincula { $provider } NOMBRE – que te encuentren por tu nombre allí; inicias sesión allí con un navegador
chat_help_send = • vincula teléfono +44 7700 900123 enviar – demuéstralo con un mensaje que envías desde allí, en vez de con un código
chat_help_call = • vincula teléfono +44 7700 900123 llamar – recibe el código en una llamada que lo dice
chat_help_here = • contacta +44 7700 900456 aquí – preguntar solo en este servicio. Sin «aquí», tu solicitud también va a { $services }
chat_help_end = No guardo números ni direcciones, solo hashes.
chat_code_sent = Un código va de camino. Envíamelo, y el vínculo estará hecho.
chat_link_usage = Escribe qué se debe vincular, por ejemplo: vincula teléfono +44 7700 900123
chat_introduce_usage = Escribe a quién hay que preguntar, por ejemplo: contacta +44 7700 900456, nombre@example.org
chat_verify_usage = Escribe el código que has recibido, por ejemplo: confirma 1234
chat_unknown_kind = Ese tipo no se ofrece aquí. Pon una de estas palabras delante del número, la dirección o el nombre: { $kinds }
chat_nothing_waits = Ningún registro espera este código. Si ya me lo has enviado, está todo hecho: «vínculos» lo muestra. Si no, ha caducado, se ha fallado demasiadas veces o era para otra cosa: vincula otra vez y recibirás uno nuevo.
chat_encrypted = No puedo leer mensajes cifrados. Desactiva el cifrado en este chat, por favor.
verified = Gracias, está demostrado: ya te pueden encontrar así.
linked_already = Ya te pueden encontrar así: no hace falta ningún código.

# Single words, in lower case, that begin a command. The English ones are always understood.
word_help = ayuda
word_link = vincula
word_verify = confirma
word_links = vínculos
word_forget = olvida
word_introduce = contacta
word_mute = silencia
word_unmute = permite
word_mutes = silenciados
word_as = como
word_here = aquí
word_send = enviar
word_call = llamar
word_phone = teléfono
word_email = correo
words_for_phone = número móvil celular
words_for_email = email e-mail mail
