"""poezio, a client for terminals, in tmux: filled in with keys as a person does it, and read from the screen."""

import asyncio
import importlib.metadata
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from cast import ACCOUNT, AMYS_PHONE, MICHAELS_PHONE, NOBODYS_PHONE, hashed, password
from expect import PATIENCE, equal
from help import Help
from script import DOMAIN, HELP_PORT, XMPP_PORT, introduce, step, wrong
from with_slixmpp import Slixmpp
from words import words

SAID = words("en", jid=f"michael@{DOMAIN}")
REGISTER = f"/v1/register/xmpp/amy@{DOMAIN}/amy@{DOMAIN}"

# poezio refuses to run as root, as which tests often run in a container; and for tests alone there is no TLS.
START = """
import os
from slixmpp.features.feature_mechanisms import FeatureMechanisms
os.geteuid = lambda: 1
FeatureMechanisms.default_config["unencrypted_scram"] = True
from poezio.poezio import main
main()
"""

SETTINGS = f"""[Poezio]
jid = amy@{DOMAIN}
password = {password("amy")}
custom_host = 127.0.0.1
custom_port = {XMPP_PORT}
force_encryption = false
use_bookmarks_method = local
enable_vertical_tab_list = false
lang = en
"""


class Screen:
    """A terminal with poezio in it, which ends when this program does."""

    def __init__(self, folder):
        self._tmux = ("tmux", "-u", "-f", "/dev/null", "-S", f"{folder}/tmux")
        (folder / "poezio.cfg").write_text(SETTINGS, encoding="utf-8")
        (folder / "start.py").write_text(START, encoding="utf-8")
        # Without its terminal, poezio would not end.
        self._program = ("setpriv", "--pdeathsig", "KILL", "env", f"HOME={folder}", "LANG=C.UTF-8", sys.executable, "-B")
        self._program += (f"{folder}/start.py", "-f", f"{folder}/poezio.cfg")

    async def __aenter__(self):
        subprocess.Popen(("setpriv", "--pdeathsig", "TERM", *self._tmux, "-D"), stderr=subprocess.DEVNULL)
        async with asyncio.timeout(PATIENCE):
            while self._run("new-session", "-d", "-x", "160", "-y", "50", *self._program).returncode:
                await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_):
        print(self.text())  # worth reading when it went wrong
        self._run("kill-server")

    def _run(self, *command):
        return subprocess.run((*self._tmux, *command), capture_output=True, encoding="utf-8", check=False)

    def text(self):
        """What is on the screen."""
        return self._run("capture-pane", "-p").stdout

    async def shows(self, *wanted):
        """Waits until all of this is on the screen, wherever lines end."""
        def spaced(text):
            return re.sub(r"[│\s]+", " ", text)

        try:
            async with asyncio.timeout(PATIENCE):
                while not all(spaced(text) in spaced(self.text()) for text in wanted):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not on the screen: {wanted}") from None

    def lacks(self, text):
        """Makes sure that this is not on the screen; returns what that differs in."""
        assert text[:40] not in self.text(), f"on the screen now: {text}"
        return "poezio shows neither the instructions of a form nor notes"

    async def gone(self, text):
        """Waits until this is on the screen no more."""
        async with asyncio.timeout(PATIENCE):
            while text in self.text():
                await asyncio.sleep(0.05)

    async def press(self, *keys):
        """Presses keys, named as tmux names them."""
        for key in keys:
            self._run("send-keys", key)
            await asyncio.sleep(0.05)

    async def type(self, text):
        """Types a text, and waits until it is there: what comes faster than from a keyboard is taken for something pasted."""
        for letter in text:
            self._run("send-keys", "-l", letter)
            await asyncio.sleep(0.01)
        await self.shows(text)

    async def moves(self, key):
        """Presses a key, and waits until the cursor is elsewhere. It tells a form from the same one that comes again: there, it
        stands before what was typed."""
        def cursor():
            return self._run("display-message", "-p", "#{cursor_x} #{cursor_y}").stdout

        before = cursor()
        await self.press(key)
        async with asyncio.timeout(PATIENCE):
            while cursor() == before:
                await asyncio.sleep(0.05)

    def _input(self):
        """What is in the line for input, the last one."""
        return self.text().rstrip().rpartition("\n")[2].strip()

    async def say(self, text):
        """Types a text, and sends it. A return that is read together with a letter is taken for something pasted, too: then it is
        pressed again."""
        await self.type(text)
        async with asyncio.timeout(PATIENCE):
            while not self._input().endswith(text):
                await asyncio.sleep(0.05)
            while self._input().endswith(text):
                await self.press("Enter")
                await asyncio.sleep(0.5)

    async def command(self, text):
        """Gives a command in a tab in which nothing else can be written: the slash opens a line for it, and what is read together
        with the slash is lost."""
        await self.press("/")
        async with asyncio.timeout(PATIENCE):
            while self._input() != "/":
                await asyncio.sleep(0.05)
        await self.say(text)


async def commands(screen, help):
    """The command of two forms and a code, all by keys."""
    await screen.say(f"/ad-hoc {ACCOUNT}")
    await screen.shows(*(SAID[f"command_{name}"] for name in ("link", "links", "forget", "check", "introduce", "mute")))
    step("commands")

    await screen.press("Enter")
    await screen.shows(SAID["link_provider"], SAID["provider.phone"])
    await screen.press("C-y")
    await screen.shows(SAID["link_id"])
    await screen.moves("Space")
    await screen.moves("C-y")
    await screen.shows(SAID["link_id"])
    step("missing", screen.lacks(SAID["command_missing_field"].replace("{ $field }", SAID["link_id"])))

    await screen.type(NOBODYS_PHONE)
    await screen.press("C-y")
    await screen.shows(SAID["link_code"])
    code = await help.sms_code(NOBODYS_PHONE)
    await screen.type(wrong(code))
    await screen.moves("C-y")
    await screen.shows(SAID["link_code"])
    step("mistake", screen.lacks(SAID["error_faulty_code"]))

    await screen.press("End", *["BSpace"] * len(code))
    await screen.type(code)
    await screen.press("C-y")
    await screen.gone(SAID["link_code"])
    await screen.shows(SAID["command_link"], "Ctrl+Y: send form")
    step("done", screen.lacks(SAID["link_done"]))
    await screen.press("C-y")
    await screen.shows(SAID["command_links"])  # the list of commands again
    await screen.command(f"message {ACCOUNT}")
    await screen.say(f"forget phone {NOBODYS_PHONE}")
    await screen.shows(SAID["forget_done"])
    step("forms")


async def introduction(screen, help):
    """Michael asks for Amy."""
    michael, number = Slixmpp("michael"), {"provider": "phone", "id": MICHAELS_PHONE}
    await michael.login()
    await michael.register(*number.values())
    await michael.verify(await help.sms_code(MICHAELS_PHONE), hashed("phone", MICHAELS_PHONE))
    await michael.contact([number], [hashed("phone", AMYS_PHONE)])
    await screen.shows(SAID["introduction"].split("\n")[0].strip(), MICHAELS_PHONE)
    step("introduction")


async def correction(screen, help):
    """A second code takes the place of the first."""
    def codes():
        return re.findall(rf"{re.escape(f'It-se, you amy@{DOMAIN}?')} Verify with: (\d+)", screen.text())

    async with asyncio.timeout(PATIENCE):
        await help.http(REGISTER)
        while not (first := codes()):
            await asyncio.sleep(0.05)
        await help.http(f"{REGISTER}?resend=1")
        while (second := codes()) == first:
            await asyncio.sleep(0.05)
    equal(len(second), 1)
    step("correction")


async def chat(screen, help):
    """What can be said, and what comes."""
    await screen.say("help")
    await screen.shows(SAID["chat_help_end"])
    step("help")

    await screen.say(f"link phone {AMYS_PHONE}")
    await screen.shows(SAID["chat_code_sent"])
    await screen.say(await help.sms_code(AMYS_PHONE))
    await screen.shows(SAID["verified"])
    step("chat-link")

    await screen.say("links")
    await screen.shows(f"Hash {hashed('phone', AMYS_PHONE)[:8]}")
    step("links")


async def main():
    introduce("poezio", importlib.metadata.version("poezio"))
    with tempfile.TemporaryDirectory() as folder:
        async with Help(HELP_PORT) as help, Screen(Path(folder)) as screen:
            await screen.shows(f"Your JID is amy@{DOMAIN}")
            await screen.command(f"add {ACCOUNT}")
            await screen.shows(f"{ACCOUNT} was added to the roster", f"{ACCOUNT} accepted your contact proposal")
            step("add")
            await screen.shows(f"{ACCOUNT} (1)")  # one of its resources is there
            step("online")

            await screen.command(f"message {ACCOUNT}")
            await correction(screen, help)  # before Amy is linked by whatever else she does
            await chat(screen, help)
            await introduction(screen, help)
            await commands(screen, help)


asyncio.run(main())
