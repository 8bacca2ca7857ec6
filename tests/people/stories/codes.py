"""The messages by which the service sends codes to Jabber IDs."""

from cast import ACCOUNT, AMY, SERVICE, hashed
from expect import equal
from slixmpp.xmlstream import ET

REPLACE = "{urn:xmpp:message-correct:0}replace"
CODE = f"/v1/register/xmpp/{AMY}/{AMY}"


async def _two_codes(world, amy):
    """The message with a code, and the one with the code that replaces it."""
    await world.http(CODE)
    first = await amy.hears()
    await world.http(f"{CODE}?resend=1")
    return first, await amy.hears()


async def _show(person):
    """Lets the service see a client."""
    person.send_presence(pto=SERVICE)
    await person.settle()


async def marked(world):
    """A code is to be archived (XEP-0334), and has an id that lasts (XEP-0359); it can be entered by machines."""
    amy = await world.login("amy")
    await world.http(CODE)
    message = await amy.hears()
    equal(message["from"], ACCOUNT)
    assert message["type"] == "chat" and AMY in message["body"], message
    assert message.xml.find("{urn:xmpp:hints}store") is not None, message
    equal(message.xml.find("{urn:xmpp:sid:0}origin-id").attrib["id"], message["id"])
    verify = message.xml.find("{it-se.me:verify}verify")
    assert verify.find("{it-se.me:verify}code").text in message["body"], message

    answer = amy.make_message(SERVICE, mtype="chat")
    answer.xml.append(ET.fromstring(ET.tostring(verify)))
    answer.send()
    equal((await amy.hears())["id"], answer["id"])
    equal(await amy.linked(), {hashed("xmpp", AMY)})


async def corrected(world):
    """To a client that can correct messages (XEP-0308), the new code takes the place of the old one."""
    amy = await world.login("amy", plugins=("xep_0308",))
    await _show(amy)
    first, second = await _two_codes(world, amy)
    assert first.xml.find(REPLACE) is None, first
    equal(second["replace"]["id"], first["id"])
    assert second["id"] != first["id"]


async def not_corrected(world):
    """To one that cannot, it is a message of its own."""
    amy = await world.login("amy")
    await _show(amy)
    _, second = await _two_codes(world, amy)
    assert second.xml.find(REPLACE) is None, second


async def corrected_only_for_all(world):
    """One client that cannot is enough, for both get the message."""
    able, unable = await world.login("amy", plugins=("xep_0308",)), await world.login("amy")
    await _show(able)
    await _show(unable)
    _, second = await _two_codes(world, able)
    assert second.xml.find(REPLACE) is None, second


async def corrected_only_while_it_is_the_last(world):
    """Some clients look at the last message alone (Dino 0.4), and some take one correction of a message (Kaidan 0.8). So what has something
    else below it, or was corrected, is not corrected; the code after that is a message of its own, which the next one corrects."""
    amy = await world.login("amy", plugins=("xep_0308",))
    await _show(amy)
    first, second = await _two_codes(world, amy)
    equal(second["replace"]["id"], first["id"])
    await amy.ask("help")
    await world.http(f"{CODE}?resend=1")
    for _ in range(2):
        own = await amy.hears()
        assert own.xml.find(REPLACE) is None, own
        await world.http(f"{CODE}?resend=1")
        equal((await amy.hears())["replace"]["id"], own["id"])
        await world.http(f"{CODE}?resend=1")
