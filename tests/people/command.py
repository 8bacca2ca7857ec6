"""Commands, walked through as a client does that shows menus and forms (XEP-0050, XEP-0004)."""

from cast import ACCOUNT
from expect import equal


class Command:
    """A command of the service that somebody executes."""

    def __init__(self, person, node, to=ACCOUNT):
        self.node = node
        self.to = to
        self.session = None
        self.answer = None
        self._answers = {}
        self._person = person

    async def do(self, action="execute", /, **answers):
        """Takes an action; if there are answers, with the form filled in."""
        self._answers = answers
        filled_in = self.fill_in(**answers) if answers else None
        return await self.send(action, filled_in)

    async def send(self, action, form=None):
        """Takes an action with any form."""
        request = self._person["xep_0050"].send_command(
            self.to, self.node, action=action, payload=form, sessionid=self.session
        )
        self.answer = (await request)["command"]
        equal(self.answer["node"], self.node)
        self.session = self.answer["sessionid"]
        return self

    def fill_in(self, **answers):
        """The form of the last answer, filled in."""
        form = self.form
        form["values"] = answers
        form["type"] = "submit"
        return form

    @property
    def form(self):
        """The form of the last answer."""
        return self.answer["form"]

    @property
    def status(self):
        """How far the command is."""
        return self.answer["status"]

    def is_done(self, text):
        """The command is completed, and says so in these words."""
        equal((self.status, self.answer["notes"]), ("completed", [("info", text)]))
        # Not every client shows notes.
        equal(self.form["type"], "result")
        assert self.form["instructions"], self.answer
        if not set(self.form.get_fields()) - {"FORM_TYPE"}:
            equal(self.form["instructions"], text)

    def complains(self, text):
        """The form is there again, with what is wrong with it, and with what it was filled in with."""
        equal((self.status, self.answer["notes"]), ("executing", [("error", text)]))
        assert self.form["instructions"].startswith(text), self.answer
        fields = self.form.get_fields()
        equal({var: fields[var]["value"] for var in self._answers}, self._answers)

    def field(self, var):
        """A field of the form."""
        return self.form.get_fields()[var]


async def link_phone(world, person, number):
    """Links a number, by the command."""
    link = await Command(person, "link").do()
    await link.do("next", provider="phone")
    await link.do("next", id=number)
    await link.do("complete", code=await world.sms_code(number))
    equal(link.status, "completed")
