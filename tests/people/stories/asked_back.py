"""A service that asks to be in the contact lists of those who have it in theirs, because their server keeps strangers away."""

from cast import ACCOUNT
from expect import equal

NICK = "{http://jabber.org/protocol/nick}nick"


async def _has_seen(person, *types):
    """All that the person has seen of the service by now is of these types: servers may ask for its presence at any time."""
    await person.settle()
    seen = {person.presences.get_nowait()["type"] for _ in range(person.presences.qsize())}
    assert seen <= set(types), seen


async def once(world):
    """Amy adds the service, is asked by its name to be added in return, and agrees. The service hears of her presence then, and says
    nothing to it. When she has removed it, it is gone in both directions."""
    amy = await world.login("amy")
    amy.send_presence_subscription(ACCOUNT)
    await amy.sees("subscribed")
    request = await amy.sees("subscribe")
    equal(request["from"], ACCOUNT)
    assert request.xml.find(NICK).text
    await amy.sees("available")
    amy.send_presence_subscription(ACCOUNT, ptype="subscribed")
    await _has_seen(amy, "available")
    await amy.get_roster()
    equal(amy.client_roster[ACCOUNT]["subscription"], "both")
    amy.send_presence(pstatus="still here")
    await amy.sees_nothing()

    again = await world.login("amy")
    await again.sees("available")
    await _has_seen(again, "available")
    await _has_seen(amy, "available")
    amy.del_roster_item(ACCOUNT)
    await _has_seen(amy, "unavailable", "unsubscribed", "unsubscribe")
    await world.stop_service()
    await world.start_service()
    await amy.sees_nothing()


async def refused(world):
    """Amy does not want to be in its list. It goes on being in hers, and does not ask again."""
    amy = await world.login("amy")
    amy.send_presence_subscription(ACCOUNT)
    await amy.sees("subscribed")
    await amy.sees("subscribe")
    await amy.sees("available")
    amy.send_presence_subscription(ACCOUNT, ptype="unsubscribed")
    again = await world.login("amy")
    await again.sees("available")
    await _has_seen(again, "available")
    assert await amy.ask("help")
