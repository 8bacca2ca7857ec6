"""The service in a chat, for whoever has nothing else."""

from cast import ACCOUNT, AMY, AMYS_PHONE, MICHAEL, MICHAELS_PHONE, SERVICE
from expect import equal
from words import help_text, words


async def linking_and_forgetting(world):
    """From the first word to the last."""
    amy, said = await world.login("amy"), words("en")
    equal(await amy.ask("help"), help_text("en"))
    equal(await amy.ask("link phone +44 7700 900123"), said["chat_code_sent"])
    code = await world.sms_code(AMYS_PHONE)
    equal(await amy.ask("0000" if code != "0000" else "1111"), said["error_faulty_code"])
    equal(await amy.ask(code), said["verified"])
    equal(await amy.ask(f"link phone {AMYS_PHONE}"), said["linked_already"])
    assert "\n• " in await amy.ask("links")
    equal(await amy.ask("forget phone +44 7700 900123"), said["forget_done"])
    assert words("en", jid=AMY)["links_own"] in await amy.ask("links")
    equal(await amy.ask("forget"), said["forget_all_done"])


async def introducing(world):
    """Michael, whom Amy knows by his number, asks for her."""
    amy, michael, said = await world.login("amy"), await world.login("michael"), words("en")
    for person, number in (amy, AMYS_PHONE), (michael, MICHAELS_PHONE):
        await person.ask(f"link phone {number}")
        await person.ask(await world.sms_code(number))
    request = "introduce +44 7700 900123 as +44 7700 900456"
    equal(await michael.ask(request), said["introduce_done"])
    introduction = await amy.hears()
    assert MICHAEL in introduction["body"] and MICHAELS_PHONE in introduction["body"], introduction


async def in_german(world):
    """Words of her language are understood, and answered in it; English ones always, in English."""
    amy, said = await world.login("amy", "de"), words("de")
    equal(await amy.ask("Hilfe!"), help_text("de"))
    equal(await amy.ask("Verknüpfe Telefon +44 7700 900123"), said["chat_code_sent"])
    equal(await amy.ask(await world.sms_code(AMYS_PHONE)), said["verified"])
    assert "\n• " in await amy.ask("Verknüpfungen")
    equal(await amy.ask("vergiss telefon +44 7700 900123"), said["forget_done"])
    assert words("en", jid=AMY)["links_own"] in await amy.ask("links")


async def told_what_to_write(world):
    """Who is refused is told what to write instead, in words of the chat."""
    michael = await world.login("michael", "fr")
    said = words("fr", kinds="e-mail, téléphone, xmpp")
    equal(await michael.ask("lier télécopie michael@example.org"), said["chat_unknown_kind"])
    equal(await michael.ask("oublier télécopie +44 7700 900456"), said["chat_unknown_kind"])
    equal(await michael.ask("1234"), said["chat_nothing_waits"])


async def help_once(world):
    """What is not understood is answered with help, but not again and again."""
    amy = await world.login("amy")
    equal(await amy.ask("Good morning!"), help_text("en"))
    amy.says("Is anybody there?")
    await amy.hears_nothing()
    equal(await amy.ask("links"), words("en")["links_none"])


async def answers_are_of_the_same_kind(world):
    """An answer has the type and the thread of what it answers."""
    amy = await world.login("amy")
    message = amy.make_message(ACCOUNT, "links", mtype="normal")
    message["thread"] = "a thread"
    message.send()
    answer = await amy.hears()
    equal((answer["type"], answer["thread"]), ("normal", "a thread"))


async def silence(world):
    """Nothing is said to what nobody says here and now."""
    amy = await world.login("amy", plugins=("xep_0085", "xep_0203"))
    for mtype in "error", "groupchat", "headline":
        amy.says("help", mtype)
    late = amy.make_message(ACCOUNT, "help", mtype="chat")
    late["delay"]["stamp"] = "2026-01-01T00:00:00Z"
    late.send()
    typing = amy.make_message(ACCOUNT, mtype="chat")
    typing["chat_state"] = "composing"
    typing.send()
    amy.says(" ")
    await amy.hears_nothing()
    equal(await amy.ask("help"), help_text("en"))


async def encrypted(world):
    """Who writes encrypted is asked to switch that off (XEP-0380)."""
    amy = await world.login("amy", plugins=("xep_0380",))
    message = amy.make_message(ACCOUNT, "This message is encrypted.", mtype="chat")
    amy["xep_0380"].add_eme(message, "eu.siacs.conversations.axolotl")
    message.send()
    equal((await amy.hears())["body"], words("en")["chat_encrypted"])


async def at_either_address(world):
    """The domain chats as the account does. Introductions come from the account, whichever was used before, with the name of the
    service (XEP-0172) for clients that do not have it in their list."""
    amy, michael, said = await world.login("amy"), await world.login("michael"), words("en")
    for person, number in (amy, AMYS_PHONE), (michael, MICHAELS_PHONE):
        equal(await person.ask(f"link phone {number}", to=SERVICE), said["chat_code_sent"])
        equal(await person.ask(await world.sms_code(number), to=ACCOUNT), said["verified"])
    request = "introduce +44 7700 900123 as +44 7700 900456"
    equal(await michael.ask(request, to=SERVICE), said["introduce_done"])
    introduction = await amy.hears()
    equal(introduction["from"], ACCOUNT)
    equal(introduction.xml.find("{http://jabber.org/protocol/nick}nick").text, said["service_name"])


async def with_nobody(world):
    """Whoever writes to another account at the domain is told that there is none, and where to write."""
    amy = await world.login("amy")
    amy.says("help", to=f"nobody@{SERVICE}")
    bounce = await amy.hears()
    equal((bounce["type"], bounce["from"], bounce["error"]["condition"]), ("error", f"nobody@{SERVICE}", "item-not-found"))
    assert ACCOUNT in bounce["error"]["text"], bounce
    amy.says("help", mtype="error", to=f"nobody@{SERVICE}")
    await amy.hears_nothing()
