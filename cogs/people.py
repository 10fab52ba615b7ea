"""`/people`: moderators enrol, rename, merge and remove."""

from itertools import islice
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.correcting import LONGEST_NAME
from bot.domain import Person, Post
from bot.errors import NotFound
from bot.platforms.discord import (
    LONGEST_MESSAGE,
    DiscordBot,
    attachment_of,
    content_of,
    file_of,
    localised,
    may_manage,
    patiently,
    place_of,
    plain,
    ref_of,
    scope_of,
    user_id,
)
from bot.replying import say
from cogs.confirm import confirmed
from cogs.moderating import ForModerators
from models.heads import NAMING_HEADS

Name = app_commands.Range[str, 1, LONGEST_NAME]

HEAD_CHOICES = [
    app_commands.Choice(name=localised(f"head-{head}"), value=head) for head in NAMING_HEADS
]

_MOST_CHOICES = 25
"""That Discord shows for an option."""


class People(
    ForModerators,
    commands.GroupCog,
    group_name="people",
    group_description=localised("discord-people-description"),
):
    """In a server for its moderators; in a direct message everybody has people of their own."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="enroll", description=localised("discord-enroll-description"))
    @app_commands.describe(
        name=localised("discord-name-option"),
        picture=localised("discord-face-option"),
        i_have_the_right=localised("discord-right-option"),
        head=localised("discord-as-option"),
    )
    @app_commands.rename(head="as")
    @app_commands.choices(head=HEAD_CHOICES)
    async def enroll(
        self,
        interaction: discord.Interaction[Any],
        name: Name,
        picture: discord.Attachment,
        i_have_the_right: bool,
        head: str | None = None,
    ) -> None:
        """Enrol a person from a picture of them alone."""
        await interaction.response.defer(ephemeral=True)
        locale = self._locale(interaction)
        if not i_have_the_right:
            words = say(locale, "discord-right-needed")
            await interaction.edit_original_response(content=words)
            return
        user = user_id(interaction.user)
        post = Post(
            scope=self._scope(interaction),
            key=ref_of(interaction.channel_id or 0, "command", interaction.id),
            author=user,
            asker=user,
            locale=locale,
            pictures=(attachment_of(picture),),
        )
        try:
            part = await patiently(
                lambda: self._service.enroll(post, name, head, place_of(interaction.channel)),
                lambda: interaction.edit_original_response(content=say(locale, "busy")),
            )
        except NotFound as error:  # of the face; the service has worded it
            await interaction.edit_original_response(content=str(error))
            return
        file = file_of(part, 1)
        await interaction.edit_original_response(
            content=content_of(part), attachments=[file] if file is not None else []
        )

    @app_commands.command(name="list", description=localised("discord-list-description"))
    async def list_people(self, interaction: discord.Interaction[Any]) -> None:
        """Say who is enrolled, with how many examples."""
        await interaction.response.defer(ephemeral=True)
        people = await self._service.people(self._scope(interaction))
        words = listed(people, self._locale(interaction))
        await interaction.edit_original_response(content=words)

    @app_commands.command(name="rename", description=localised("discord-rename-description"))
    @app_commands.describe(
        name=localised("discord-name-option"),
        new_name=localised("discord-new-name-option"),
        head=localised("discord-as-option"),
    )
    @app_commands.rename(head="as")
    @app_commands.choices(head=HEAD_CHOICES)
    async def rename(
        self,
        interaction: discord.Interaction[Any],
        name: Name,
        new_name: Name,
        head: str | None = None,
    ) -> None:
        """Rename a person; the old name still leads to them."""
        await interaction.response.defer(ephemeral=True)
        stored = await self._service.rename(
            self._scope(interaction), name, new_name, head, user_id(interaction.user)
        )
        await self._done(interaction, "discord-renamed", name=plain(stored))

    @app_commands.command(name="merge", description=localised("discord-merge-description"))
    @app_commands.describe(
        name=localised("discord-name-option"),
        into=localised("discord-into-option"),
        head=localised("discord-as-option"),
    )
    @app_commands.rename(head="as")
    @app_commands.choices(head=HEAD_CHOICES)
    async def merge(
        self,
        interaction: discord.Interaction[Any],
        name: Name,
        into: Name,
        head: str | None = None,
    ) -> None:
        """Make two people one."""
        await interaction.response.defer(ephemeral=True)
        kept = await self._service.merge(
            self._scope(interaction), name, into, head, user_id(interaction.user)
        )
        await self._done(interaction, "discord-merged", name=plain(kept))

    @app_commands.command(name="remove", description=localised("discord-remove-description"))
    @app_commands.describe(
        name=localised("discord-name-option"), head=localised("discord-as-option")
    )
    @app_commands.rename(head="as")
    @app_commands.choices(head=HEAD_CHOICES)
    async def remove(
        self, interaction: discord.Interaction[Any], name: Name, head: str | None = None
    ) -> None:
        """Forget a person, after a question."""
        await interaction.response.defer(ephemeral=True)
        locale = self._locale(interaction)
        question = say(locale, "discord-remove-sure", name=plain(name))
        if not await confirmed(interaction, question, locale):
            return
        removed, refs = await self._service.remove(
            self._scope(interaction), name, head, user_id(interaction.user)
        )
        await self._done(interaction, "discord-removed", name=plain(removed))
        self._bot.start_work(self._bot.delete_messages(refs), "deleting forgotten answers")

    @rename.autocomplete("name")
    @merge.autocomplete("name")
    @merge.autocomplete("into")
    @remove.autocomplete("name")
    async def _names(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        if not may_manage(interaction):
            return []
        people = await self._service.people(self._scope(interaction))
        names = {each.name: None for each in people if typed.casefold() in each.name.casefold()}
        return [app_commands.Choice(name=name, value=name) for name in islice(names, _MOST_CHOICES)]

    async def _done(
        self, interaction: discord.Interaction[Any], words: str, **values: object
    ) -> None:
        content = say(self._locale(interaction), words, **values)
        await interaction.edit_original_response(content=content, view=None)

    def _scope(self, interaction: discord.Interaction[Any]) -> str:
        return scope_of(interaction.guild_id, interaction.user)

    def _locale(self, interaction: discord.Interaction[Any]) -> str:
        return self._bot.locale_of(interaction)


def listed(people: list[Person], locale: str) -> str:
    """Names and numbers, as many as one message holds."""
    if not people:
        return say(locale, "nearest-nobody")
    lines = [
        say(locale, f"discord-person-{each.head}", name=plain(each.name), examples=each.examples)
        for each in people
    ]
    room = LONGEST_MESSAGE - len(say(locale, "discord-more-people", more=len(people))) - 1
    shown: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            shown.append(say(locale, "discord-more-people", more=len(lines) - len(shown)))
            break
        shown.append(line)
    return "\n".join(shown)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(People(bot))
