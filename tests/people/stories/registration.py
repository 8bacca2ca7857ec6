"""In-band registration (XEP-0077), for clients that know nothing else."""

from cast import ACCOUNT, AMY, AMYS_MAIL, AMYS_PHONE, SERVICE, hashed
from expect import equal
from person import refused
from words import words


def _registration(amy):
    iq = amy.make_iq_set(ito=SERVICE)
    iq.enable("register")
    return iq


async def from_form_to_removal(world):
    """Amy registers with her number, proves it in the chat, and leaves."""
    amy, said = await world.login("amy"), words("en")
    for address in SERVICE, ACCOUNT:
        amy.send_presence_subscription(address)
        await amy.sees("subscribed")
        await amy.sees("available")

    asked = (await amy["xep_0077"].get_registration(SERVICE))["register"]
    assert asked["fields"] == {"phone", "email"} and not asked["registered"], asked
    equal(asked["instructions"], said["registration_ask"])
    equal(set(asked["form"].get_fields()), {"FORM_TYPE", "phone", "email"})

    iq = _registration(amy)
    iq["register"]["phone"] = AMYS_PHONE
    await iq.send()
    confirmation = await amy.hears()
    equal((confirmation["from"], confirmation["body"]), (ACCOUNT, said["registration_codes"]))
    equal(await amy.ask(await world.sms_code(AMYS_PHONE)), said["verified"])
    equal(await amy.linked(), {hashed("xmpp", AMY), hashed("phone", AMYS_PHONE)})
    assert (await amy["xep_0077"].get_registration(SERVICE))["register"]["registered"]

    iq = _registration(amy)
    iq["register"]["phone"] = AMYS_PHONE
    await iq.send()
    already = f"{said['registration_done']}\n{AMYS_PHONE}: {said['linked_already']}"
    equal((await amy.hears())["body"], already)

    await amy["xep_0077"].cancel_registration(SERVICE)
    for address in SERVICE, ACCOUNT:
        equal((await amy.sees("unavailable"))["from"], f"{address}/itseme")
        equal((await amy.sees("unsubscribed"))["from"], address)
    equal(await amy.linked(), set())
    assert not (await amy["xep_0077"].get_registration(SERVICE))["register"]["registered"]
    removal = amy["xep_0077"].cancel_registration(SERVICE)
    equal((await refused(removal))[:2], ("auth", "registration-required"))


async def with_the_form(world):
    """The same by the form, with an address."""
    amy, said = await world.login("amy"), words("en")
    form = (await amy["xep_0077"].get_registration(SERVICE))["register"]["form"]
    form["values"] = {"email": AMYS_MAIL}
    form["type"] = "submit"
    iq = _registration(amy)
    iq["register"].append(form)
    await iq.send()
    equal((await amy.hears())["body"], said["registration_codes"])
    equal(await amy.ask(await world.mail_code(AMYS_MAIL)), said["verified"])
    equal(await amy.linked(), {hashed("xmpp", AMY), hashed("email", AMYS_MAIL)})


async def with_nothing(world):
    """An empty form registers the Jabber ID alone."""
    amy = await world.login("amy")
    await _registration(amy).send()
    equal((await amy.hears())["body"], words("en")["registration_done"])
    equal(await amy.linked(), {hashed("xmpp", AMY)})


async def with_what_cannot_be(world):
    """A number that is none is refused, and registers nothing."""
    amy = await world.login("amy")
    iq = _registration(amy)
    iq["register"]["phone"] = "07700 900123"
    equal(await refused(iq.send()), ("modify", "not-acceptable", "value-error"))
    equal(await amy.linked(), set())
    await amy.hears_nothing()
