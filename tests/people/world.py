"""What is around the people of a story."""

from help import Help
from person import Person


class World(Help):
    """Where people log in, and the test that plays the story, which does what they cannot."""

    def __init__(self, xmpp_port, help_port):
        super().__init__(help_port)
        self._xmpp_port = xmpp_port
        self._people = []

    async def __aexit__(self, *exit):
        for person in self._people:
            person.abort()
        await super().__aexit__(*exit)

    async def login(self, name, lang="en", plugins=()):
        """Somebody who is online. Two logins of one name are two clients of one account."""
        person = Person(name, lang, plugins)
        self._people.append(person)
        await person.login(self._xmpp_port)
        return person
