"""The only code that knows a chat service: each module here is one."""

from typing import Protocol

from bot.service import Service


class Platform(Protocol):
    """A place where people post pictures."""

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    async def run(self, service: Service) -> None:
        """Serve until cancelled.

        Raises:
            SettingsError: it cannot run with these settings; trying again will not help.
        """
        ...
