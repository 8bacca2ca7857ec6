"""The service in a contact list."""

from cast import ACCOUNT, SERVICE
from expect import equal


async def _subscribe(amy, address):
    amy.send_presence_subscription(address)
    equal((await amy.sees("subscribed"))["from"], address)
    equal((await amy.sees("available"))["from"], f"{address}/itseme")


async def subscribing(world):
    """Who subscribes sees the service come and go without doing anything, and sees it on every login. Its presence has a resource,
    or some clients would show it offline."""
    amy = await world.login("amy")
    await _subscribe(amy, ACCOUNT)

    await world.stop_service()
    equal((await amy.sees("unavailable"))["from"], f"{ACCOUNT}/itseme")
    await world.start_service()
    assert (await amy.sees("available"))["caps"]["ver"]

    again = await world.login("amy")
    equal((await again.sees("available"))["from"], f"{ACCOUNT}/itseme")


async def subscribing_to_the_domain(world):
    """Who has added the domain goes on with that; whoever adds both sees both, and removes each for itself."""
    amy = await world.login("amy")
    await _subscribe(amy, SERVICE)
    await world.stop_service()
    equal((await amy.sees("unavailable"))["from"], f"{SERVICE}/itseme")
    await world.start_service()
    equal((await amy.sees("available"))["from"], f"{SERVICE}/itseme")

    await _subscribe(amy, ACCOUNT)
    await world.stop_service()
    equal({(await amy.sees("unavailable"))["from"] for _ in range(2)}, {f"{SERVICE}/itseme", f"{ACCOUNT}/itseme"})
    await world.start_service()
    equal({(await amy.sees("available"))["from"] for _ in range(2)}, {f"{SERVICE}/itseme", f"{ACCOUNT}/itseme"})

    amy.send_presence_subscription(SERVICE, ptype="unsubscribe")
    equal((await amy.sees("unavailable"))["from"], f"{SERVICE}/itseme")
    await amy.settle()
    while not amy.presences.empty():
        equal(amy.presences.get_nowait()["type"], "unsubscribed")
    again = await world.login("amy")
    equal((await again.sees("available"))["from"], f"{ACCOUNT}/itseme")
    await again.sees_nothing()


async def of_nobody(world):
    """There is no other account at the service's domain to be added."""
    amy = await world.login("amy")
    amy.send_presence_subscription(f"nobody@{SERVICE}")
    equal((await amy.sees("unsubscribed"))["from"], f"nobody@{SERVICE}")
    await amy.sees_nothing()


async def unsubscribing(world):
    """Who unsubscribes sees it go, and nothing more of it."""
    amy = await world.login("amy")
    await _subscribe(amy, ACCOUNT)
    amy.send_presence_subscription(ACCOUNT, ptype="unsubscribe")
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
    amy.send_presence(pto=ACCOUNT)
    await amy.sees_nothing()
