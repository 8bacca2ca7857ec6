"""What clients find out about the service before anybody uses it."""

import hashlib

from cast import ACCOUNT, SERVICE
from expect import equal
from person import refused
from words import words

COMMANDS = "http://jabber.org/protocol/commands"
FOR_ALL = ["link", "links", "forget", "check", "introduce", "mute", "unmute"]
FOR_ADMINS = ["statistics", "forget-jid", "suppress", "unsuppress"]


async def identity_and_features(world):
    """A directory with a name in every language, and all that it can do; the account is a bot that can do the same."""
    amy = await world.login("amy")
    names = {(language, words(language)["service_name"]) for language in ("en", "de", "fr", "es")}
    features = []
    for address, kind in (SERVICE, ("directory", "user")), (ACCOUNT, ("client", "bot")):
        for jid in address, f"{address}/itseme":
            info = (await amy["xep_0030"].get_info(jid))["disco_info"]
            equal(info["identities"], {(*kind, language, name) for language, name in names})
            features.append(info["features"])
    assert all(found == features[0] for found in features), features
    wanted = {
        "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items",
        "http://jabber.org/protocol/caps", COMMANDS, "jabber:x:data", "jabber:iq:register", "jabber:iq:version",
        "jabber:iq:last", "vcard-temp", "urn:xmpp:ping",
        "it-se.me:register", "it-se.me:verify", "it-se.me:contact", "it-se.me:confirm",
        "it-se.me:register#links", "it-se.me:register#forget", "it-se.me:contact#mute", "it-se.me:service",
    }
    assert wanted <= features[0], wanted - features[0]


async def _form(amy, address, form_type):
    """The fields of the form of that type in what `address` says of itself (XEP-0128), in order."""
    info = (await amy["xep_0030"].get_info(address))["disco_info"]
    forms = [form for form in info["substanzas"] if form.name == "x" and form.namespace == "jabber:x:data"]
    equal({form["type"] for form in forms}, {"result"})
    told = [{var: field["value"] for var, field in form.get_fields().items()} for form in forms]
    [found] = [fields for fields in told if fields.pop("FORM_TYPE") == [form_type]]
    return found


async def contact_addresses(world):
    """Whom to write to (XEP-0157), as the admin has configured it."""
    amy = await world.login("amy")
    addresses = await _form(amy, SERVICE, "http://jabber.org/network/serverinfo")
    wanted = {
        "abuse-addresses": ["mailto:abuse@example.org"],
        "support-addresses": ["xmpp:eve@localhost", "mailto:help@example.org"],
    }
    equal(addresses, wanted)


async def what_can_be_had(world):
    """What programs have to know to use it, at either address, in the order of the fields' names."""
    amy = await world.login("amy")
    for address in SERVICE, ACCOUNT:
        told = await _form(amy, address, "it-se.me:service")
        assert told.pop("http-url").startswith("http://127.0.0.1:"), told
        wanted = {
            "code-digits-email": "6", "code-digits-phone": "4", "code-digits-xmpp": "4",
            "day-hashes": "1000000", "http-tokens": False, "languages": ["en", "de", "fr", "es"],
            "max-confirm-hashes": "500", "max-contact-hashes": "100", "max-details": "100", "max-mute-jids": "100",
            "providers": ["email", "phone", "xmpp"],
        }
        equal(list(told.items()), list(wanted.items()))


async def commands(world):
    """The commands are listed below their node; those for admins to admins alone. The domain also names the account."""
    amy, eve, said = await world.login("amy"), await world.login("eve"), words("en")
    account = {(ACCOUNT, None, said["service_name"])}
    for address, others in (SERVICE, account), (ACCOUNT, set()):
        items = (await amy["xep_0030"].get_items(address))["disco_items"]["items"]
        equal(items, {(address, COMMANDS, said["commands"])} | others)
        for person, expected in (amy, FOR_ALL), (eve, FOR_ALL + FOR_ADMINS):
            items = (await person["xep_0050"].get_commands(address))["disco_items"]["items"]
            names = {(address, node, said["command_" + node.replace("-", "_")]) for node in expected}
            equal(items, names)


async def nodes(world):
    """The list of commands and each command say what they are; other nodes do not exist."""
    amy = await world.login("amy")
    disco = amy["xep_0030"]
    listed = (await disco.get_info(SERVICE, node=COMMANDS))["disco_info"]
    assert ("automation", "command-list", "en", words("en")["commands"]) in listed["identities"], listed
    for node in FOR_ALL:
        info = (await disco.get_info(SERVICE, node=node))["disco_info"]
        name = words("en")[f"command_{node}"]
        equal(info["node"], node)
        equal(info["identities"], {("automation", "command-node", "en", name)})
        assert {COMMANDS, "jabber:x:data"} <= info["features"], info
        assert not (await disco.get_items(SERVICE, node=node))["disco_items"]["items"]
    for node in "nothing", "statistics", "https://it-se.me/#bogus":
        equal(await refused(disco.get_info(SERVICE, node=node)), ("cancel", "item-not-found"))
        equal(await refused(disco.get_items(SERVICE, node=node)), ("cancel", "item-not-found"))


async def capabilities(world):
    """The hash in the service's presence (XEP-0115) is that of what it says of itself, by slixmpp's own arithmetic."""
    amy = await world.login("amy")
    for address in SERVICE, ACCOUNT:
        amy.send_presence_subscription(address)
        await amy.sees("subscribed")
        presence = await amy.sees("available")
        caps = presence["caps"]
        equal(caps["hash"], "sha-1")
        for node in None, f"{caps['node']}#{caps['ver']}":
            info = (await amy["xep_0030"].get_info(presence["from"], node=node))["disco_info"]
            equal(info["node"], node or "")
            equal(amy["xep_0115"].generate_verstring(info, "sha-1"), caps["ver"])


async def _small_things(amy, address):
    version = (await amy["xep_0092"].get_version(address))["software_version"]
    assert version["name"] == "it-se.me" and version["version"] and not version["os"], version
    assert (await amy["xep_0012"].get_last_activity(address))["last_activity"]["seconds"] >= 0
    await amy["xep_0199"].send_ping(address)

    card = (await amy["xep_0054"].get_vcard(address))["vcard_temp"]
    equal((card["FN"], card["DESC"]), (words("en")["service_name"], words("en")["service_description"]))
    photo = card["PHOTO"]
    assert photo["TYPE"] == "image/png" and photo["BINVAL"].startswith(b"\x89PNG"), photo["TYPE"]
    return photo["BINVAL"]


async def small_things(world):
    """Version, uptime and ping; a vCard with the avatar that presence announces (XEP-0153)."""
    amy = await world.login("amy")
    for address in SERVICE, ACCOUNT, f"{SERVICE}/itseme", f"{ACCOUNT}/itseme":
        photo = await _small_things(amy, address)
    amy.send_presence_subscription(ACCOUNT)
    await amy.sees("subscribed")
    presence = await amy.sees("available")
    announced = presence.xml.find("{vcard-temp:x:update}x/{vcard-temp:x:update}photo").text
    equal(announced, hashlib.sha1(photo).hexdigest())


async def in_her_language(world):
    """Texts are in Amy's language, and say so themselves: what a server writes on the stanza (Prosody 13: en) is not true of them."""
    amy, said = await world.login("amy", "de"), words("de")
    card = await amy["xep_0054"].get_vcard(ACCOUNT)
    items = await amy["xep_0030"].get_items(ACCOUNT)
    registration = await amy["xep_0077"].get_registration(ACCOUNT)
    command = await amy["xep_0050"].send_command(ACCOUNT, "link", action="execute")
    for answer in card, items, registration, command:
        equal(answer.xml[0].get("{http://www.w3.org/XML/1998/namespace}lang"), "de")
    equal((card["vcard_temp"]["FN"], card["vcard_temp"]["DESC"]), (said["service_name"], said["service_description"]))
    equal(items["disco_items"]["items"], {(ACCOUNT, COMMANDS, said["commands"])})
    equal(registration["register"]["instructions"], said["registration_ask"])
    equal(registration["register"]["form"]["instructions"], said["registration_ask"])
    equal(command["command"]["form"]["instructions"], said["link_choose"])


async def what_is_not_offered(world):
    """Anything else is answered, with an error that says so; so is anybody below the service."""
    amy = await world.login("amy")
    request = amy.make_iq_get(queryxmlns="jabber:iq:time", ito=SERVICE)
    equal(await refused(request.send()), ("cancel", "service-unavailable"))
    for nobody, condition in (
        (f"somebody@{SERVICE}", "item-not-found"),
        (f"{SERVICE}/elsewhere", "service-unavailable"),
        (f"{ACCOUNT}/elsewhere", "service-unavailable"),
    ):
        equal(await refused(amy["xep_0030"].get_info(nobody)), ("cancel", condition))
