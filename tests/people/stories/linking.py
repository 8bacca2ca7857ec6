"""The command by which people link what they can be found by."""

from cast import AMY, AMYS_MAIL, AMYS_PHONE, SERVICE, hashed
from command import Command, link_phone
from expect import equal
from slixmpp.xmlstream import ET
from words import words

# Her Jabber ID needs no proof, so it is linked along with anything else.
ITSELF = {hashed("xmpp", AMY)}


async def from_choice_to_code(world):
    """A kind is chosen from a list, a number typed; a wrong code brings the form again, the right one the end."""
    amy, said = await world.login("amy"), words("en")
    link = await Command(amy, "link").do()
    assert link.status == "executing" and link.answer["actions"] == {"next"}, link.answer
    assert link.form["title"] == said["command_link"] and link.form["instructions"] == said["link_choose"]
    assert "it-se.me:commands:link" in link.field("FORM_TYPE")["value"]
    kind = link.field("provider")
    equal((kind["type"], kind["label"], kind["required"]), ("list-single", said["link_provider"], True))
    names = {provider: said[f"provider.{provider}"] for provider in ("xmpp", "email", "phone")}
    equal({option["value"]: option["label"] for option in kind.get_options()}, names)

    await link.do("next", provider="phone")
    equal(link.answer["actions"], {"prev", "next"})
    equal((link.field("id")["type"], link.field("id")["required"]), ("", True))  # no type means text-single

    await link.do("next", id="+44 7700 900123")
    equal(link.answer["actions"], {"prev", "complete"})
    code = await world.sms_code(AMYS_PHONE)
    session, wrong = link.session, "0000" if code != "0000" else "1111"
    await link.do("complete", code=wrong)
    link.complains(said["error_faulty_code"])
    equal(link.session, session)
    assert link.field("code")["required"]

    await link.do("complete", code=code)
    link.is_done(said["link_done"])
    equal(await amy.linked(), ITSELF | {hashed("phone", AMYS_PHONE)})


async def what_cannot_be_is_asked_again(world):
    """A number that is none is explained, and the form is there to be filled in again."""
    amy = await world.login("amy")
    link = await Command(amy, "link").do()
    await link.do("next", provider="phone")
    await link.do("next", id="07700 900123")
    link.complains(words("en")["invalid_phone_without_country"])
    await link.do("next", id="+44 77O0 900123")
    link.complains(words("en")["invalid_phone_with_letters"])
    await link.do("next", id=AMYS_PHONE)
    await link.do("complete", code=await world.sms_code(AMYS_PHONE))
    equal(link.status, "completed")


async def more_than_answers(world):
    """What a client sends back with the answers does not count: poezio makes a field without a name of a note."""
    amy = await world.login("amy")
    link = await Command(amy, "link").do()
    await link.do("next", provider="phone")
    await link.do("next", id="07700 900123")
    form = link.fill_in(id=AMYS_PHONE)
    form["instructions"] = "A line\nof several"  # each becomes an element
    ET.SubElement(form.xml, "{jabber:x:data}field")
    await link.send("next", form)
    equal(set(link.form.get_fields()), {"FORM_TYPE", "code"})


async def back_and_on_again(world):
    """Who goes back and on again is sent a new code, which replaces the first; or chooses something else."""
    amy, said = await world.login("amy"), words("en")
    link = await Command(amy, "link").do()
    await link.do("next", provider="phone")
    await link.do("next", id=AMYS_PHONE)
    first = await world.sms_code(AMYS_PHONE)
    await link.do("prev")
    assert "id" in link.form.get_fields(), link.answer
    await link.do("next", id=AMYS_PHONE)
    second = await world.sms_code(AMYS_PHONE)
    if first != second:
        await link.do("complete", code=first)
        link.complains(said["error_faulty_code"])

    await link.do("prev")
    await link.do("prev")
    equal(link.answer["actions"], {"next"})
    await link.do("next", provider="email")
    await link.do("next", id=AMYS_MAIL)
    await link.do("complete", code=await world.mail_code(AMYS_MAIL))
    link.is_done(said["link_done"])
    equal(await amy.linked(), ITSELF | {hashed("email", AMYS_MAIL)})


async def begun_anew(world):
    """Who begins anew is sent a new code, too: some clients have no way back."""
    amy, said = await world.login("amy"), words("en")
    for _ in range(2):
        link = await Command(amy, "link").do()
        await link.do("next", provider="phone")
        await link.do("next", id=AMYS_PHONE)
        code = await world.sms_code(AMYS_PHONE)
    await link.do("complete", code=code)
    link.is_done(said["link_done"])


async def begun_anew_at_once(world):
    """Who begins anew before another code may be sent comes to the form for the one that was."""
    amy, said = await world.login("amy"), words("en")
    for _ in range(2):
        link = await Command(amy, "link").do()
        await link.do("next", provider="phone")
        await link.do("next", id=AMYS_PHONE)
        equal((link.form["instructions"], link.answer["notes"]), (said["link_enter"], []))
    await link.do("complete", code=await world.sms_code(AMYS_PHONE))
    link.is_done(said["link_done"])


async def her_own_jid_needs_no_code(world):
    """The server vouches for it."""
    amy, said = await world.login("amy"), words("en")
    link = await Command(amy, "link").do()
    await link.do("next", provider="xmpp")
    await link.do("next", id=AMY)
    link.is_done(said["linked_already"])
    links = await Command(amy, "links").do()
    equal(links.field("links")["value"], [words("en", jid=AMY)["links_own"]])


async def given_up(world):
    """A command that is cancelled leaves nothing behind."""
    amy = await world.login("amy")
    link = await Command(amy, "link").do()
    await link.do("next", provider="phone")
    await link.do("cancel")
    equal((link.status, await amy.linked()), ("canceled", set()))


async def the_default_action(world):
    """`execute` and `next` go on from a form, and complete the last one, for clients that know no other button (poezio 0.14)."""
    amy = await world.login("amy")
    for action, number in ("execute", AMYS_PHONE), ("next", "+447700900124"):
        link = await Command(amy, "link").do()
        await link.do(action, provider="phone")
        await link.do(action, id=number)
        await link.do(action, code=await world.sms_code(number))
        equal(link.status, "completed")


async def in_her_language(world):
    """Menus, forms and notes are in the language of the client."""
    for language in "de", "fr", "es":
        amy, said = await world.login("amy", language), words(language)
        items = (await amy["xep_0050"].get_commands(SERVICE))["disco_items"]["items"]
        assert said["command_link"] in {name for _, _, name in items}, items
        link = await Command(amy, "link").do()
        equal(link.form["title"], said["command_link"])
        equal(link.field("provider")["label"], said["link_provider"])
        await link.do("next", provider="phone")
        await link.do("next", id="+1")
        link.complains(said["invalid_phone"])


async def shown(world):
    """Links are listed, as far as the service knows what they are."""
    amy, said = await world.login("amy"), words("en", jid=AMY)
    links = await Command(amy, "links").do()
    links.is_done(said["links_none"])
    await link_phone(world, amy, AMYS_PHONE)
    links = await Command(amy, "links").do()
    equal(links.form["type"], "result")
    itself, phone = links.field("links")["value"]
    equal(itself, said["links_own"])
    assert hashed("phone", AMYS_PHONE)[:8] in phone, phone


async def forgotten_by_choice(world):
    """A link is chosen from the list of those there are."""
    amy, phone = await world.login("amy"), hashed("phone", AMYS_PHONE)
    await link_phone(world, amy, AMYS_PHONE)
    forget = await Command(amy, "forget").do()
    choices = {option["value"]: option["label"] for option in forget.field("links").get_options()}
    equal(set(choices), await amy.linked())
    assert phone[:8] in choices[phone], choices
    await forget.do("complete", links=[phone])
    forget.is_done(words("en")["forget_done"])
    equal(await amy.linked(), ITSELF)


async def forgotten_by_name(world):
    """Numbers and addresses are typed, one a line."""
    amy = await world.login("amy")
    await link_phone(world, amy, AMYS_PHONE)
    forget = await Command(amy, "forget").do()
    await forget.do("complete", details=["+44 7700 900123", "nobody@example.org"])
    forget.is_done(words("en")["forget_done"])
    equal(await amy.linked(), ITSELF)


async def everything_forgotten(world):
    """All is forgotten at once, but not by accident."""
    amy, said = await world.login("amy"), words("en")
    await link_phone(world, amy, AMYS_PHONE)
    forget = await Command(amy, "forget").do()
    equal(forget.field("everything")["value"], False)
    await forget.do("complete", everything=False)
    forget.is_done(said["forget_nothing"])
    equal(len(await amy.linked()), 2)
    forget = await Command(amy, "forget").do()
    await forget.do("complete", everything=True)
    forget.is_done(said["forget_all_done"])
    equal(await amy.linked(), set())
