"""`python -m bot.collect forget`: all that was collected of an author, and what it taught."""

from rich.console import Console

from bot import judge_files
from bot.collecting import user_of
from bot.domain import is_of_x
from bot.errors import SettingsError
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.types import Scope


async def forget(settings: Settings, author: str, scope: Scope) -> str:
    """Forget an author in a scope, as if they had asked the bot for it.

    Args:
        author: as a folder, a table or a feed names them, or an account (`x:1`, `discord:1`).

    Returns:
        What was done.

    Raises:
        SettingsError: nothing of theirs is there.
        WeightsError: weights are missing or damaged.
    """
    async with Store(settings.store.data_dir) as store:
        users = [each for each in (user_of(author), author) if await store.posts_by(scope, each)]
        if not users:
            raise SettingsError(f"forget {author}: nothing of theirs was collected in {scope}.")
        pictures = sum([len(await store.posts_by(scope, each)) for each in users])
        async with judge_files.at_work(settings, Console(stderr=True)) as (intake, judge):
            service = Service(settings, store, intake, judge)
            answers = [ref for user in users for ref in await service.forget_user(scope, user)]
    told = f"{scope}: {pictures} pictures of {author} are forgotten. Restart a bot that is running."
    # Those on X are deleted by the bot, as soon as it runs.
    left = sum(not is_of_x(ref) for ref in answers)
    shown = f" {left} messages that answered them are still on the platform."
    return told + shown * bool(left)
