"""The service in a contact list."""

from expect import equal
from person import SERVICE


async def subscribing(world):
    """Who subscribes sees the service come and go without doing anything, and sees it on every login."""
    amy = await world.login("amy")
    amy.send_presence_subscription(SERVICE)
    await amy.sees("subscribed")
    assert (await amy.sees("available"))["caps"]["ver"]

    await world.stop_service()
    await amy.sees("unavailable")
    await world.start_service()
    assert (await amy.sees("available"))["caps"]["ver"]

    again = await world.login("amy")
    assert (await again.sees("available"))["caps"]["ver"]


async def unsubscribing(world):
    """Who unsubscribes sees it go, and nothing more of it."""
    amy = await world.login("amy")
    amy.send_presence_subscription(SERVICE)
    await amy.sees("subscribed")
    await amy.sees("available")
    amy.send_presence_subscription(SERVICE, ptype="unsubscribe")
    await amy.sees("unavailable")

    await amy.settle()
    while not amy.presences.empty():
        equal(amy.presences.get_nowait()["type"], "unsubscribed")
    await world.stop_service()
    await world.start_service()
    await amy.sees_nothing()


async def strangers(world):
    """Who did not subscribe is told nothing."""
    amy = await world.login("amy")
    await world.stop_service()
    await world.start_service()
    amy.send_presence(pto=SERVICE)
    await amy.sees_nothing()
