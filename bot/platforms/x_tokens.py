"""The tokens of whom the bot is on X, after signing in by OAuth 2.

    DATA_DIR/x_tokens.json   for its owner only; replaced by one rename
    DATA_DIR/x_tokens.lock   held while that is being done

Each refresh token can be used once. So whoever gets new tokens writes them down before using them,
and holds the lock from reading the old ones until then: the bot and a collector run side by side.
"""

import os
import stat
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import SettingsError
from models.shared_files import locked, sync_folder

_OWNER_ONLY = 0o600


class Tokens(BaseModel):
    """What X gave.

    Attributes:
        client_id: of the app that it was given to.
        access: goes with every request.
        refresh: is exchanged for new tokens, once; None if X gave none.
        scopes: what the account allowed.
        renew_from: Unix time, by this machine's clock.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_id: str
    access: str = Field(repr=False)
    refresh: str | None = Field(repr=False)
    scopes: tuple[str, ...]
    renew_from: float


class TokenFile:
    """The file in a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self.path = data_dir / "x_tokens.json"

    def read(self) -> Tokens | None:
        """The tokens; None if nobody has signed in.

        Raises:
            SettingsError: others can read it, or it is damaged.
        """
        try:
            with self.path.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                content = stream.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(f"{self.path}: {error.strerror}.") from error
        if stat.S_IMODE(mode) & ~_OWNER_ONLY:
            raise SettingsError(
                f"{self.path} holds the keys to the account on X, and not only its owner may read "
                f"it (mode {stat.S_IMODE(mode):o}): `chmod 600 {self.path}`, or, if somebody may "
                "have looked, delete it and sign in again with `python bot.py doctor x`."
            )
        try:
            return Tokens.model_validate_json(content)
        except ValidationError:
            raise SettingsError(
                f"{self.path} is damaged: delete it and sign in again, `python bot.py doctor x`."
            ) from None

    def locked(self) -> AbstractAsyncContextManager[None]:
        """Keep everybody else, in this process or another, from replacing the tokens."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return locked(self._folder / "x_tokens.lock")

    def write(self, tokens: Tokens) -> None:
        """Replace the tokens; inside `locked`. They are on disk when this returns.

        Raises:
            SettingsError: they cannot be written.
        """
        try:
            self._write(tokens)
        except OSError as error:
            raise SettingsError(
                f"{self.path} cannot be written ({error.strerror}): mend that, and sign in again "
                "with `python bot.py doctor x`."
            ) from error

    def _write(self, tokens: Tokens) -> None:
        new = self.path.with_name(self.path.name + ".new")
        new.unlink(missing_ok=True)  # of a process that died; its mode might be another
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(handle, "w") as stream:
            stream.write(tokens.model_dump_json())
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self.path)
        sync_folder(self._folder)
