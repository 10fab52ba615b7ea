"""`/unknown` and the daily digest: moderators say who the faces are that nobody named.

One message shows one cluster and changes in place. All it needs is in the custom ids of its
buttons, so that they work after a restart; the right to press them is looked at each time.
"""

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.correcting import LONGEST_NAME, clean_name
from bot.domain import Cluster
from bot.errors import NotFound
from bot.platforms.discord import (
    DiscordBot,
    localised,
    may_manage,
    place_of,
    plain,
    ref_of,
    scope_of,
    user_id,
)
from bot.replying import MOST_IN_GRID, say
from cogs.wording import wording
from models.types import Scope

log = logging.getLogger(__name__)

DIGEST_LOOK = 3600.0
"""Seconds between two looks whether a digest is due."""

_DEEDS = ("name", "merge", "split", "ignore")
_NEXT, _SHOW, _INTO, _OUT = "next", "show", "into", "out"
_CUSTOM_ID = r"hantei:unknown:(?P<cluster>[0-9]+):"


class ClusterButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=_CUSTOM_ID + r"(?P<deed>[a-z]+)"
):
    """Something to do with the cluster that a message shows."""

    def __init__(self, cluster_id: int, deed: str, locale: str = "en") -> None:
        style = discord.ButtonStyle.primary if deed == "name" else discord.ButtonStyle.secondary
        super().__init__(
            discord.ui.Button(
                label=say(locale, f"discord-unknown-{deed}"),
                style=style,
                custom_id=f"hantei:unknown:{cluster_id}:{deed}",
            )
        )
        self._cluster_id = cluster_id
        self._deed = deed

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py passes it
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """See discord.py."""
        return cls(int(match["cluster"]), match["deed"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """See discord.py. The cog listens for the event."""
        interaction.client.dispatch("cluster_deed", interaction, self._cluster_id, self._deed, [])


class ClusterChoice(
    discord.ui.DynamicItem[discord.ui.Select[Any]], template=_CUSTOM_ID + r"(?P<deed>into|out)\?"
):
    """A choice among what the grid numbers: other clusters, or faces of this one.

    Args:
        values: what the numbers stand for, from 1.
        most: how many may be chosen.
    """

    def __init__(
        self,
        cluster_id: int,
        deed: str,
        values: Sequence[int] = (),
        most: int = 1,
        locale: str = "en",
    ) -> None:
        options = [
            discord.SelectOption(label=str(number), value=str(value))
            for number, value in enumerate(values, start=1)
        ]
        super().__init__(
            discord.ui.Select(
                placeholder=say(locale, f"discord-unknown-choose-{deed}"),
                options=options,
                max_values=most,
                custom_id=f"hantei:unknown:{cluster_id}:{deed}?",
            )
        )
        self._cluster_id = cluster_id
        self._deed = deed

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py passes it
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """See discord.py."""
        return cls(int(match["cluster"]), match["deed"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """See discord.py. The cog listens for the event."""
        chosen = [int(value) for value in self.item.values]
        interaction.client.dispatch(
            "cluster_deed", interaction, self._cluster_id, self._deed, chosen
        )


class NameForm(discord.ui.Modal):
    """Asks for the name of who a cluster shows."""

    def __init__(self, cluster: Cluster, locale: str) -> None:
        super().__init__(title=say(locale, "discord-unknown-who", times=len(cluster.faces)))
        self._cluster_id = cluster.id
        self._name: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="name", max_length=LONGEST_NAME
        )
        self.add_item(discord.ui.Label(text=say(locale, "web-name"), component=self._name))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """See discord.py. The cog listens for the event."""
        interaction.client.dispatch(
            "cluster_named", interaction, self._cluster_id, self._name.value
        )


class Clusters(commands.Cog):
    """In a server for its moderators; in a direct message for everybody's own pictures."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service
        self._digests: asyncio.Task[None] | None = None

    @app_commands.command(name="unknown", description=localised("discord-unknown-description"))
    async def unknown(self, interaction: discord.Interaction[Any]) -> None:
        """Show the first cluster that nobody has named yet."""
        if not may_manage(interaction):
            raise app_commands.MissingPermissions(["manage_messages"])
        await interaction.response.defer(ephemeral=True)
        await self._show_next(interaction, 0)

    # buttons, choices and the form

    @commands.Cog.listener()
    async def on_cluster_deed(
        self,
        interaction: discord.Interaction[Any],
        cluster_id: int,
        deed: str,
        chosen: Sequence[int],
    ) -> None:
        """Somebody presses a button or makes a choice."""
        try:
            if not may_manage(interaction):
                raise app_commands.MissingPermissions(["manage_messages"])  # noqa: TRY301
            if deed == "name":
                await self._ask_name(interaction, cluster_id)
            else:
                await interaction.response.defer()
                await self._do(interaction, cluster_id, deed, chosen)
        except Exception as error:  # whatever it was, who pressed is told
            await self._explain(interaction, error)

    @commands.Cog.listener()
    async def on_cluster_named(
        self, interaction: discord.Interaction[Any], cluster_id: int, name: str
    ) -> None:
        """Somebody has filled in the form."""
        try:
            if not may_manage(interaction):
                raise app_commands.MissingPermissions(["manage_messages"])  # noqa: TRY301
            await interaction.response.defer()
            await self._name(interaction, cluster_id, name)
        except Exception as error:  # whatever it was, who wrote is told
            await self._explain(interaction, error)

    async def _do(
        self,
        interaction: discord.Interaction[Any],
        cluster_id: int,
        deed: str,
        chosen: Sequence[int],
    ) -> None:
        scope = _scope(interaction)
        match deed:
            case "next":
                await self._show_next(interaction, cluster_id)
            case "merge":
                await self._offer_others(interaction, cluster_id)
            case "split":
                await self._offer_faces(interaction, cluster_id)
            case "ignore":
                await self._service.ignore_cluster(scope, cluster_id)
                await self._note(interaction, "ignored", cluster_id)
                words = self._say(interaction, "discord-unknown-ignored")
                await self._close(interaction, cluster_id, words)
            case "into":
                both = await self._service.merge_clusters(scope, cluster_id, chosen[0])
                await self._note(interaction, "merged", cluster_id)
                await self._show(interaction, both)
            case "out":
                left = await self._service.split_cluster(scope, cluster_id, chosen)
                await self._note(interaction, "split", cluster_id)
                await self._show(interaction, left)
            case _:
                await self._show(interaction, await self._service.cluster(scope, cluster_id))

    async def _ask_name(self, interaction: discord.Interaction[Any], cluster_id: int) -> None:
        cluster = await self._service.cluster(_scope(interaction), cluster_id)
        form = NameForm(cluster, self._bot.locale_of(interaction))
        await interaction.response.send_modal(form)

    async def _name(
        self, interaction: discord.Interaction[Any], cluster_id: int, typed: str
    ) -> None:
        try:
            name = clean_name(typed)
        except NotFound:
            words = self._say(interaction, "discord-name-length", longest=LONGEST_NAME)
            await interaction.followup.send(words, ephemeral=True)
            return
        voter = user_id(interaction.user)
        place = place_of(interaction.channel)
        learned = await self._service.name_cluster(
            _scope(interaction), cluster_id, name, voter, place
        )
        await self._note(interaction, "named", cluster_id)
        words = self._say(interaction, "discord-unknown-named", name=plain(name), faces=learned)
        await self._close(interaction, cluster_id, words)

    async def _note(
        self, interaction: discord.Interaction[Any], deed: str, cluster_id: int
    ) -> None:
        user = user_id(interaction.user)
        await self._service.members.note(_scope(interaction), user, deed, f"cluster:{cluster_id}")

    async def _explain(self, interaction: discord.Interaction[Any], error: Exception) -> None:
        locale = self._bot.locale_of(interaction)
        gone = isinstance(error, NotFound)
        words = say(locale, "discord-unknown-gone") if gone else wording(error, locale)
        if interaction.response.is_done():
            await interaction.followup.send(words, ephemeral=True)
        else:
            await interaction.response.send_message(words, ephemeral=True)

    # what the message shows

    async def _show_next(self, interaction: discord.Interaction[Any], cluster_id: int) -> None:
        """The cluster after this one, around and around; words alone if there is none."""
        waiting = await self._service.unknown(_scope(interaction))
        if not waiting:
            await self._edit(interaction, self._say(interaction, "discord-unknown-none"))
            return
        ids = [each.id for each in waiting]
        after = ids.index(cluster_id) + 1 if cluster_id in ids else 0
        await self._show(interaction, waiting[after % len(waiting)])

    async def _show(self, interaction: discord.Interaction[Any], cluster: Cluster) -> None:
        locale = self._locale(interaction)
        buttons = [*_DEEDS, _NEXT] if _is_private(interaction) else _DEEDS
        picture = await self._service.grid(cluster)
        await self._edit(
            interaction,
            question(cluster, locale),
            _file(picture, cluster, locale),
            view_of(ClusterButton(cluster.id, deed, locale) for deed in buttons),
        )
        await self._bind(interaction, cluster)

    async def _offer_others(self, interaction: discord.Interaction[Any], cluster_id: int) -> None:
        """A face of each other cluster, to choose the one that shows the same person."""
        scope, locale = _scope(interaction), self._locale(interaction)
        cluster = await self._service.cluster(scope, cluster_id)
        others = [
            each
            for each in await self._service.unknown(scope)
            if each.id != cluster.id and each.head == cluster.head
        ][:MOST_IN_GRID]
        if not others:
            words = say(self._bot.locale_of(interaction), "discord-unknown-no-others")
            await interaction.followup.send(words, ephemeral=True)
            return
        faces = tuple(each.faces[0] for each in others)
        shown = Cluster(cluster.id, scope, cluster.head, faces, any(o.spoiler for o in others))
        await self._edit(
            interaction,
            say(locale, "discord-unknown-merge-which"),
            _file(await self._service.grid(shown), shown, locale),
            view_of(
                (
                    ClusterChoice(cluster.id, _INTO, [o.id for o in others], locale=locale),
                    ClusterButton(cluster.id, _SHOW, locale),
                )
            ),
        )
        await self._bind(interaction, shown)

    async def _offer_faces(self, interaction: discord.Interaction[Any], cluster_id: int) -> None:
        """The faces by number, to choose those that do not belong."""
        locale = self._locale(interaction)
        cluster = await self._service.cluster(_scope(interaction), cluster_id)
        faces = cluster.faces[:MOST_IN_GRID]
        most = min(len(faces), len(cluster.faces) - 1)
        if most == 0:
            words = say(self._bot.locale_of(interaction), "discord-unknown-one-face")
            await interaction.followup.send(words, ephemeral=True)
            return
        await self._edit(
            interaction,
            say(locale, "discord-unknown-split-which"),
            _file(await self._service.grid(cluster), cluster, locale),
            view_of(
                (
                    ClusterChoice(cluster.id, _OUT, faces, most, locale),
                    ClusterButton(cluster.id, _SHOW, locale),
                )
            ),
        )
        await self._bind(interaction, cluster)

    async def _close(
        self, interaction: discord.Interaction[Any], cluster_id: int, words: str
    ) -> None:
        """Nothing more to ask about this cluster."""
        locale = self._locale(interaction)
        onward = [ClusterButton(cluster_id, _NEXT, locale)] if _is_private(interaction) else []
        await self._edit(interaction, words, view=view_of(onward))
        await self._bind(interaction, None)

    async def _edit(
        self,
        interaction: discord.Interaction[Any],
        words: str,
        file: discord.File | None = None,
        view: discord.ui.View | None = None,
    ) -> None:
        files = [] if file is None else [file]
        await interaction.edit_original_response(content=words, attachments=files, view=view)

    async def _bind(self, interaction: discord.Interaction[Any], shown: Cluster | None) -> None:
        """Remember what a message shows that others can see, so that it can be forgotten."""
        message = interaction.message
        if message is not None and not _is_private(interaction):
            await self._bound(message, shown or Cluster(0, _scope(interaction), "", ()))

    async def _bound(self, message: discord.Message, shown: Cluster) -> None:
        ref = ref_of(message.channel.id, message.id)
        if not await self._service.sent_grid(ref, shown):
            await self._bot.delete_messages([ref])  # a face was forgotten while it was sent

    def _locale(self, interaction: discord.Interaction[Any]) -> str:
        """Of who alone sees the message, or of the server."""
        return self._bot.locale_of(interaction if _is_private(interaction) else interaction.guild)

    def _say(self, interaction: discord.Interaction[Any], words: str, **values: object) -> str:
        return say(self._locale(interaction), words, **values)

    # the digest

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Begin to look whether a digest is due, if the operator wants any."""
        wanted = self._bot.settings.discord.digest_channel
        if wanted and (self._digests is None or self._digests.done()):
            self._digests = self._bot.start_work(self._post_digests(wanted), "posting digests")

    async def _post_digests(self, channel_id: int) -> None:
        while True:
            try:
                await self.post_digest(channel_id)
            except discord.HTTPException as error:
                log.warning("cannot post a digest in channel %s: %s", channel_id, error)
            await asyncio.sleep(DIGEST_LOOK)

    async def post_digest(self, channel_id: int) -> None:
        """Show the moderators what is new, if a digest is due.

        Raises:
            discord.HTTPException: the channel cannot be had, or written to.
        """
        channel = self._bot.get_channel(channel_id) or await self._bot.fetch_channel(channel_id)
        if not isinstance(channel, discord.TextChannel | discord.Thread):
            log.warning("discord.digest_channel = %s is no text channel of a server", channel_id)
            return
        may = channel.permissions_for(channel.guild.me)
        if not (may.send_messages and may.attach_files):
            log.warning("no permission to post a digest with pictures in channel %s", channel_id)
            return
        locale = self._bot.locale_of(channel.guild)
        for cluster in await self._service.digest(f"discord:{channel.guild.id}"):
            file = _file(await self._service.grid(cluster), cluster, locale)
            if file is not None:
                view = view_of(ClusterButton(cluster.id, deed, locale) for deed in _DEEDS)
                words = question(cluster, locale)
                await self._bound(await channel.send(words, file=file, view=view), cluster)


def question(cluster: Cluster, locale: str) -> str:
    """Who is this, how often it was seen, and how many of the faces are shown."""
    words = say(locale, "discord-unknown-who", times=len(cluster.faces))
    if len(cluster.faces) > MOST_IN_GRID:
        words += "\n" + say(locale, "discord-unknown-newest", most=MOST_IN_GRID)
    return words


def view_of(items: Iterable[discord.ui.Item[Any]]) -> discord.ui.View:
    """Items that stand for ever."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def _file(picture: bytes | None, cluster: Cluster, locale: str) -> discord.File | None:
    if picture is None:
        return None
    return discord.File(
        BytesIO(picture),
        filename="unknown.jpg",
        spoiler=cluster.spoiler,
        description=say(locale, "discord-unknown-grid", faces=len(cluster.faces)),
    )


def _is_private(interaction: discord.Interaction[Any]) -> bool:
    """Whether only one person sees the message: the answer to a command, or what came of it."""
    message = interaction.message
    return message is None or message.flags.ephemeral or interaction.guild_id is None


def _scope(interaction: discord.Interaction[Any]) -> Scope:
    return scope_of(interaction.guild_id, interaction.user)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Clusters(bot))
    bot.add_dynamic_items(ClusterButton, ClusterChoice)
