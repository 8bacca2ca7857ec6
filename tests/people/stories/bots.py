"""Two programs that answer each other come to an end within five messages."""

from words import help_text, words

FIRST = {"amy": "Hello!", "michael": "help", "eve": "link phone +44 7700 900123"}


async def _talk(world, answer):
    """Lets a program that answers everything with `answer` begin with each of the first words."""
    for name, first in FIRST.items():
        bot = await world.login(name)
        talk = [first]
        bot.says(first)
        heard = await bot.hears()
        while heard:
            talk += heard["body"], answer(heard["body"])
            bot.says(talk[-1])
            await bot.settle()
            heard = None if bot.messages.empty() else bot.messages.get_nowait()
        assert len(talk) <= 5, "\n---\n".join([f"{len(talk)} messages:", *talk])


async def an_echo(world):
    """It repeats what it hears."""
    await _talk(world, lambda heard: heard)


async def somebody_away(world):
    """It says that nobody is there."""
    await _talk(world, lambda _: "I am away. I will read this when I am back.")


async def one_like_the_service(world):
    """It explains itself to what it does not understand, which is everything."""
    await _talk(world, lambda _: help_text("en"))


async def one_that_counts(world):
    """It never says the same twice."""
    numbers = iter(range(1_000_000))
    await _talk(world, lambda _: f"This is message {next(numbers)}.")


async def one_that_speaks_in_commands(world):
    """It says by accident what is a command here."""
    await _talk(world, lambda _: "Help")


async def one_that_quotes(world):
    """It answers above a copy of what it heard."""
    await _talk(world, lambda heard: f"I do not understand {heard!r}.")
