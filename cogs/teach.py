"""`/teach`: a link to the page, by direct message, for members of a server."""

from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.domain import Role
from bot.member_store import Access
from bot.members import INVITED_SECONDS, Invitation
from bot.platforms.discord import DiscordBot, localised, place_of, plain, scope_of, user_id
from bot.replying import say
from cogs.subscribing import readable
from models.types import Scope, UserId


class Teach(commands.Cog):
    """Lets members of a server in to its page, and says what they may do there."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._members = bot.service.members

    async def cog_load(self) -> None:
        """From now on the page can ask about members."""
        self._members.ask("discord", self.access)

    async def cog_unload(self) -> None:
        """From now on it cannot."""
        self._members.ask("discord", None)

    @app_commands.command(name="teach", description=localised("discord-teach-description"))
    @app_commands.guild_only()
    async def teach(self, interaction: discord.Interaction[Any]) -> None:
        """Send a link to who asks."""
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=await self._sent(interaction))

    async def _sent(self, interaction: discord.Interaction[Any]) -> str:
        """Send the link; returns what to say of that."""
        locale, page = self._bot.locale_of(interaction), self._bot.settings.web
        member, guild = interaction.user, interaction.guild
        if not isinstance(member, discord.Member) or guild is None:
            return say(locale, "discord-servers-only")
        if not page.enabled or page.public_url is None:
            return say(locale, "discord-teach-no-page")
        scope, access = scope_of(guild.id, member), access_of(member)
        token = self._members.invite(Invitation(scope, user_id(member), access))
        words = say(
            locale,
            "discord-teach-message",
            server=plain(guild.name),
            link=f"<{page.public_url}/enter/{token}>",  # in brackets there is no preview
            minutes=round(INVITED_SECONDS / 60),
        )
        try:
            await member.send(words)
        except discord.Forbidden:
            return say(locale, "discord-teach-closed")
        return say(locale, "discord-teach-sent")

    async def access(self, scope: Scope, user: UserId) -> Access | None:
        """What a member may do at present; None for one who has left, or was banned.

        Raises:
            ConnectionError: Discord does not say.
        """
        if not self._bot.is_ready():
            raise ConnectionError("not connected to Discord yet")
        guild = self._bot.get_guild(int(scope.partition(":")[2]))
        if guild is None:
            return None
        if guild.unavailable:
            raise ConnectionError("the server is out of Discord's reach")
        try:
            return access_of(await guild.fetch_member(int(user.partition(":")[2])))
        except discord.NotFound:
            return None
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise ConnectionError(f"Discord does not say: {error}") from error


def access_of(member: discord.Member) -> Access:
    """What a member may do on the page: what their rights in the server allow.

    They are shown what was posted where they may read back. Age-restricted channels are left out,
    for the page does not ask how old somebody is.
    """
    places = frozenset(
        place_of(each)
        for each in member.guild.channels
        if readable(each, member) and not getattr(each, "nsfw", False)
    )
    return Access(_role(member), member.display_name, places)


def _role(member: discord.Member) -> Role:
    may = member.guild_permissions
    if may.administrator or may.manage_guild:
        return Role.ADMIN
    if may.manage_messages:
        return Role.MODERATOR
    return Role.VIEWER if member.is_timed_out() else Role.TEACHER


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Teach(bot))
