"""Contact requests that somebody does not want: who is muted by command or in chat reaches her no more, and does not notice."""

from cast import AMYS_PHONE, MICHAEL, MICHAELS_PHONE
from command import Command, link_phone
from expect import equal
from words import words

EVE, EVES_PHONE = "eve@localhost", "+447700900789"


async def _three(world):
    """Amy, whom Eve and Michael look for."""
    people = [await world.login(name) for name in ("amy", "eve", "michael")]
    for person, number in zip(people, (AMYS_PHONE, EVES_PHONE, MICHAELS_PHONE), strict=True):
        await link_phone(world, person, number)
    return people


async def _asks(person, number, *contacts):
    """Asks for whoever has these numbers, and is answered as ever."""
    answer = await person.ask(f"introduce {', '.join(contacts)} as {number}")
    equal(answer, words("en")["introduce_done"])


async def _is_asked_by(person, jid):
    """The next that is heard is a request of `jid`."""
    contact = (await person.hears()).xml.find("{it-se.me:contact}contact")
    equal(contact.find("{it-se.me:contact}jid").text, jid)


async def by_command(world):
    """A form to mute, one to unmute; with neither a Jabber ID nor everybody, nothing is changed."""
    (amy, eve, michael), said = await _three(world), words("en")
    (await Command(amy, "unmute").do()).is_done(said["mutes_none"])
    mute = await Command(amy, "mute").do()
    equal((mute.form["title"], mute.field("jids")["type"]), (said["command_mute"], "jid-multi"))
    equal(mute.field("everybody")["value"], False)
    await mute.do("complete", everybody=False)
    mute.is_done(said["mute_nothing"])
    mute = await Command(amy, "mute").do()
    await mute.do("complete", jids=["eve"])
    mute.complains(said["invalid_jid"])
    await mute.do("complete", jids=[f"{EVE}/phone", "bob@localhost"])
    mute.is_done(said["mute_done"])

    await _asks(eve, EVES_PHONE, AMYS_PHONE, MICHAELS_PHONE)
    await _is_asked_by(michael, EVE)
    await _asks(michael, MICHAELS_PHONE, AMYS_PHONE)
    await _is_asked_by(amy, MICHAEL)

    unmute = await Command(amy, "unmute").do()
    equal([option["value"] for option in unmute.field("jids").get_options()], ["bob@localhost", EVE])
    await unmute.do("complete", jids=[EVE])
    unmute.is_done(said["unmute_done"])
    await _asks(eve, EVES_PHONE, AMYS_PHONE)
    await _is_asked_by(amy, EVE)

    await (await Command(amy, "mute").do()).do("complete", everybody=True)
    unmute = await Command(amy, "unmute").do()
    assert said["mutes_all"] in unmute.form["instructions"], unmute.form
    await unmute.do("complete", everybody=True)
    unmute.is_done(said["unmute_all_done"])
    (await Command(amy, "unmute").do()).is_done(said["mutes_none"])


async def by_chat(world):
    """One word, with a Jabber ID or without, also in her language."""
    (amy, eve, michael), said, german = await _three(world), words("en"), words("de")
    equal(await amy.ask("mutes"), said["mutes_none"])
    equal(await amy.ask(f"mute {EVE}"), said["mute_done"])
    equal(await amy.ask("mute somebody"), said["invalid_jid"])
    equal(await amy.ask("mutes"), f"{said['mutes_some']}\n• {EVE}")
    await _asks(eve, EVES_PHONE, AMYS_PHONE, MICHAELS_PHONE)
    await _is_asked_by(michael, EVE)
    await amy.hears_nothing()

    equal(await amy.ask("stumm"), german["mute_all_done"])
    await _asks(michael, MICHAELS_PHONE, AMYS_PHONE, EVES_PHONE)
    await _is_asked_by(eve, MICHAEL)
    await amy.hears_nothing()
    equal(await amy.ask(f"unmute {EVE}"), said["unmute_vain"])
    equal(await amy.ask("laut"), german["unmute_all_done"])
    equal(await amy.ask(f"unmute {EVE}, {MICHAEL}"), said["unmute_unknown"])
    await _asks(eve, EVES_PHONE, AMYS_PHONE)
    await _is_asked_by(amy, EVE)


async def told_how(world):
    """Whoever is asked is told how to be asked no more, in words that can be copied."""
    (amy, eve, _), said = await _three(world), words("en")
    await _asks(eve, EVES_PHONE, AMYS_PHONE)
    advice = (await amy.hears())["body"].rsplit(": ", 1)[1]
    equal(advice, f"mute {EVE}")
    equal(await amy.ask(advice), said["mute_done"])
    equal(await amy.ask("mutes"), f"{said['mutes_some']}\n• {EVE}")
