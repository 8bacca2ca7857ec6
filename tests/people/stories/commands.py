"""The other commands, and what happens to those who do not follow XEP-0050."""

from cast import AMY, AMYS_PHONE, MICHAEL, MICHAELS_PHONE, NOBODYS_PHONE
from command import Command, link_phone
from expect import equal
from person import refused
from words import words


async def checking(world):
    """Whether a number belongs to a JID: yes or no."""
    amy, michael = await world.login("amy"), await world.login("michael")
    await link_phone(world, amy, AMYS_PHONE)
    said = words("en", jid=AMY)
    for number, expected in ("+44 7700 900123", "check_yes"), ("+44 7700 900124", "check_no"):
        check = await Command(michael, "check").do()
        assert check.field("jid")["type"] == "jid-single" and check.field("detail")["required"], check.answer
        await check.do("complete", jid=AMY, detail=number)
        check.is_done(said[expected])


async def introducing(world):
    """Michael asks for whoever has Amy's number; she is told his. The form says what becomes of what he types."""
    amy, michael, said = await world.login("amy"), await world.login("michael"), words("en")
    await link_phone(world, amy, AMYS_PHONE)
    await link_phone(world, michael, MICHAELS_PHONE)
    introduce = await Command(michael, "introduce").do()
    explained = introduce.form["instructions"]
    assert explained == said["introduce_ask"] and "hashed" in explained and "forgotten" in explained
    equal({introduce.field(var)["type"] for var in ("details", "contacts")}, {"text-multi"})
    await introduce.do("complete", details=[MICHAELS_PHONE], contacts=["+44 7700 900123", NOBODYS_PHONE])
    introduce.is_done(said["introduce_done"])

    introduction = await amy.hears()
    assert MICHAEL in introduction["body"] and MICHAELS_PHONE in introduction["body"], introduction
    contact = introduction.xml.find("{it-se.me:contact}contact")
    equal(contact.find("{it-se.me:contact}jid").text, MICHAEL)
    await michael.hears_nothing()


async def nothing_to_be_known_by(world):
    """Who has proven nothing is told so, and can correct the form."""
    michael = await world.login("michael")
    introduce = await Command(michael, "introduce").do()
    await introduce.do("complete", details=[MICHAELS_PHONE], contacts=[AMYS_PHONE])
    introduce.complains(words("en")["error_insufficient"])


async def administrating(world):
    """The admin sees counts and can forget a JID; others may not."""
    amy, eve, said = await world.login("amy"), await world.login("eve"), words("en", jid=AMY)
    await link_phone(world, amy, AMYS_PHONE)
    statistics = await Command(eve, "statistics").do()
    statistics.is_done(said["statistics_title"])
    equal(statistics.form["type"], "result")
    equal({var: statistics.field(var)["value"] for var in ("links", "people")}, {"links": "2", "people": "1"})

    forget = await Command(eve, "forget-jid").do()
    await forget.do("complete", jid=AMY)
    forget.is_done(said["forget_jid_done"])
    equal(await amy.linked(), set())

    for node in "statistics", "forget-jid", "suppress", "unsuppress":
        equal(await refused(Command(amy, node).do()), ("auth", "forbidden"))


async def unknown_and_impossible(world):
    """The errors of the XEP, each for its mistake; a session survives them."""
    amy = await world.login("amy")
    equal(await refused(Command(amy, "nothing").do()), ("cancel", "item-not-found"))
    for first in "next", "prev", "complete", "cancel":
        equal(await refused(Command(amy, "link").do(first)), ("modify", "bad-request", "bad-action"))

    link = await Command(amy, "link").do()
    equal(await refused(link.do("dance")), ("modify", "bad-request", "malformed-action"))
    equal(await refused(link.do("prev")), ("modify", "bad-request", "bad-action"))
    equal(await refused(link.do("complete", provider="phone")), ("modify", "bad-request", "bad-action"))
    equal(await refused(link.do("next")), ("modify", "bad-request", "bad-payload"))
    await link.do("next", provider="")
    equal((link.status, link.answer["notes"][0][0]), ("executing", "error"))
    form = link.fill_in(provider="phone")
    form["type"] = "cancel"
    equal(await refused(link.send("next", form)), ("modify", "bad-request", "bad-payload"))

    again = await Command(amy, "link").do()
    again.session = link.session
    await again.do("next", provider="phone")
    assert "id" in again.form.get_fields()


async def sessions(world):
    """A session is its owner's, belongs to one command, and ends when the command does."""
    amy, michael = await world.login("amy"), await world.login("michael")
    bad = ("modify", "bad-request", "bad-sessionid")
    link = await Command(amy, "link").do()

    for somebody in michael, await world.login("amy"):
        stolen = Command(somebody, "link")
        stolen.session, stolen.answer = link.session, link.answer
        equal(await refused(stolen.do("next", provider="phone")), bad)
    other = Command(amy, "check")
    other.session = link.session
    equal(await refused(other.do("cancel")), bad)

    link = await Command(amy, "link").do()
    await link.do("cancel")
    equal(await refused(link.do("cancel")), bad)

    forget = await Command(amy, "forget").do()
    form = forget.fill_in(everything=True)
    await forget.send("complete", form)
    equal(forget.status, "completed")
    equal(await refused(forget.send("complete", form)), bad)
