"""config.toml and the environment → typed settings.

Every key is described in config.example.toml, which a test holds to these defaults. An
environment variable overrides the file: `HANTEI_` and the key, with `__` between section and key,
for example `HANTEI_DISCORD__TOKEN`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.domain import Role
from bot.errors import SettingsError

Choice = TypeVar("Choice")

Share = Annotated[float, Field(ge=0, le=1)]
Locale = Literal["ja", "en"]
HeadName = Literal["idol", "character", "beauty", "taste", "photogenic"]
Rating = Annotated[float, Field(ge=1, le=5)]

LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")
"""Names of this machine to itself."""


X_PLACE = "x"
"""All of X, as a place in which heads are chosen."""


def _is_origin(url: str) -> str:
    """Without a path: what stands behind it is the program's to say."""
    parts = urlsplit(url)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare:
        raise ValueError("write it like 'https://hantei.example.org', without a path")
    return url.rstrip("/")


Origin = Annotated[str, AfterValidator(_is_origin)]
"""Scheme, host and perhaps a port."""
Key = Annotated[SecretStr | None, BeforeValidator(lambda given: given or None)]
"""A secret; an empty one is none."""
Price = Annotated[float, Field(ge=0)]
"""Dollars."""


def _each_once(heads: tuple[str, ...]) -> tuple[str, ...]:
    if not heads or len(set(heads)) < len(heads):
        raise ValueError("name at least one head, and each once")
    return heads


Heads = Annotated[tuple[HeadName, ...], AfterValidator(_each_once)]
"""Heads in the order in which they answer."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Intake(_Section):
    """What one picture may cost, and where pictures may be fetched from."""

    max_megabytes: Annotated[float, Field(gt=0, le=200)] = 20
    max_megapixels: Annotated[float, Field(gt=0, le=500)] = 64
    max_side: Annotated[int, Field(ge=320, le=4096)] = 1280
    decode_seconds: Annotated[float, Field(gt=0)] = 10
    decode_memory_mb: Annotated[int, Field(ge=256)] = 1024
    queue: Annotated[int, Field(ge=1)] = 16
    download_seconds: Annotated[float, Field(gt=0)] = 15
    media_hosts: tuple[str, ...] = ("cdn.discordapp.com", "media.discordapp.net", "pbs.twimg.com")

    @property
    def max_bytes(self) -> int:
        """What a file may have; beyond that it need not be read."""
        return int(self.max_megabytes * 1_000_000)


class Judging(_Section):
    """How much is judged at a time and for how long."""

    workers: Annotated[int, Field(ge=1, le=32)] = 2
    queue: Annotated[int, Field(ge=1)] = 16
    seconds_per_picture: Annotated[float, Field(gt=0)] = 20
    heads: Heads | None = None
    like_from: Rating = 3.0
    text: bool = False
    false_name_rate: Annotated[float, Field(ge=0.0001, le=0.2)] = 0.01


class Detector(_Section):
    """The photograph detector (MTCNN)."""

    min_face: Annotated[int, Field(ge=20)] = 32
    min_score: Share = 0.95


class Embedder(_Section):
    """What turns a face into numbers."""

    name: Literal["auto", "facenet", "dlib", "onnx"] = "auto"
    facenet_url: str = (
        "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/"
        "20180402-114759-vggface2.pt"
    )
    onnx_file: Path | None = None
    onnx_size: Annotated[int, Field(ge=32, le=512)] = 112
    onnx_mean: float = 127.5
    onnx_scale: Annotated[float, Field(gt=0)] = 127.5
    onnx_channels: Literal["rgb", "bgr"] = "rgb"

    @model_validator(mode="after")
    def _onnx_needs_a_file(self) -> "Embedder":
        if self.name == "onnx" and self.onnx_file is None:
            raise ValueError('name = "onnx" needs onnx_file, the path of an ONNX file')
        return self


class Safety(_Section):
    """The gate in front of every head."""

    gate: bool = True
    threshold: Share = 0.8


class Store(_Section):
    """Where everything that is learned is kept."""

    data_dir: Path = Path("data")
    keep_days: Annotated[float, Field(gt=0)] = 7


class Web(_Section):
    """The embedded web page."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    password: SecretStr | None = None
    moderator_password: SecretStr | None = None
    teacher_password: SecretStr | None = None
    viewer_password: SecretStr | None = None
    public_hosts: tuple[str, ...] = ()
    public_url: Origin | None = None

    @model_validator(mode="after")
    def _strangers_need_a_password(self) -> "Web":
        if not self.enabled or Role.ADMIN in self.passwords:
            return self
        if self.host not in LOCAL_HOSTS:
            raise ValueError(
                f"host = {self.host!r} lets other machines in: set web.password as well, "
                "or keep host = '127.0.0.1'"
            )
        if self.public_host not in (None, *LOCAL_HOSTS):
            raise ValueError(
                f"public_url = {self.public_url!r} lets other machines in: set web.password as well"
            )
        return self

    @model_validator(mode="after")
    def _roles_are_told_apart(self) -> "Web":
        given = self.passwords
        if given and Role.ADMIN not in given:
            raise ValueError("the passwords of other roles need web.password, the admins', as well")
        if len(set(given.values())) < len(given):
            raise ValueError("two of the passwords are the same: each role needs one of its own")
        return self

    @property
    def passwords(self) -> dict[Role, str]:
        """Of each role that has one."""
        given = {
            Role.ADMIN: self.password,
            Role.MODERATOR: self.moderator_password,
            Role.TEACHER: self.teacher_password,
            Role.VIEWER: self.viewer_password,
        }
        told = {role: each.get_secret_value() for role, each in given.items() if each is not None}
        return {role: password for role, password in told.items() if password}

    @property
    def public_host(self) -> str | None:
        """The name in `public_url`."""
        return urlsplit(self.public_url).hostname if self.public_url else None


class Teaching(_Section):
    """How many people it takes to teach something, and what is not let through."""

    quorum: Annotated[float, Field(gt=0)] = 2.0
    agreement: Annotated[float, Field(gt=0.5, le=1)] = 0.6
    poster_weight: Annotated[float, Field(ge=0)] = 3.0
    moderator_weight: Annotated[float, Field(ge=0)] = 100.0
    gold_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    brigade_voters: Annotated[int, Field(ge=2)] = 5
    brigade_minutes: Annotated[float, Field(gt=0)] = 10
    new_voter_votes: Annotated[int, Field(ge=0)] = 20


class Discord(_Section):
    """The Discord platform; it runs when there is a token."""

    token: SecretStr | None = None
    server_language: Literal["auto", "ja", "en"] = "auto"
    watch_channels: tuple[int, ...] = ()
    read_along: bool = False
    digest_channel: Annotated[int, Field(ge=0)] = 0
    channel_heads: Mapping[int, Heads] = {}
    channel_like_from: Mapping[int, Rating] = {}
    explicit_in_age_restricted: bool = False
    cooldown_pictures: Annotated[int, Field(ge=1)] = 8
    cooldown_seconds: Annotated[float, Field(gt=0)] = 60


class XPrices(_Section):
    """Dollars for one of each, by X's price list; what is not billed is 0."""

    own_read: Price = 0.001
    post_read: Price = 0.005
    user_read: Price = 0.010
    reply: Price = 0.010
    delete: Price = 0.010
    media_upload: Price = 0.0
    media_description: Price = 0.005


class X(_Section):
    """The X (Twitter) platform; it runs when there are keys: see `configured`."""

    consumer_key: Key = None
    consumer_secret: Key = None
    access_token: Key = None
    access_token_secret: Key = None
    client_id: Annotated[str | None, BeforeValidator(lambda given: given or None)] = None
    client_secret: Key = None
    callback_url: str = "http://127.0.0.1:8917/callback"
    api_url: Origin = "https://api.x.com"
    authorize_url: str = "https://x.com/i/oauth2/authorize"
    scope: str = "x"
    heads: Heads | None = None
    moderators: tuple[int, ...] = ()
    poll_seconds: Annotated[float, Field(gt=0)] = 60
    answer_waiting: bool = True
    train: bool = False
    monthly_budget: Price = 20.0
    prices: XPrices = XPrices()

    @model_validator(mode="after")
    def _keys_come_together(self) -> "X":
        missing = [f"x.{name}" for name in _OAUTH_1 if getattr(self, name) is None]
        if missing and len(missing) < len(_OAUTH_1):
            raise ValueError(f"OAuth 1.0a takes four keys; missing: {', '.join(missing)}")
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("client_secret needs client_id, which stands beside it")
        return self

    @property
    def signs_requests(self) -> bool:
        """Whether requests are signed with the four keys of OAuth 1.0a; they go before OAuth 2."""
        return self.consumer_key is not None

    @property
    def configured(self) -> bool:
        """Whether there is anything to sign in with."""
        return self.signs_requests or self.client_id is not None


_OAUTH_1 = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


class Settings(BaseSettings):
    """All settings. Sections are described on their classes, keys in config.example.toml."""

    model_config = SettingsConfigDict(
        env_prefix="HANTEI_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    locale: Locale = "ja"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    intake: Intake = Intake()
    judging: Judging = Judging()
    detector: Detector = Detector()
    embedder: Embedder = Embedder()
    safety: Safety = Safety()
    store: Store = Store()
    teaching: Teaching = Teaching()
    web: Web = Web()
    discord: Discord = Discord()
    x: X = X()

    def heads_in(self, place: str) -> tuple[str, ...] | None:
        """The heads that answer in a place, in order; None for each where it is at home.

        Args:
            place: as in `bot.domain.Post`.
        """
        if place == X_PLACE:
            return self.x.heads or self.judging.heads
        return _of_channel(self.discord.channel_heads, place) or self.judging.heads

    def like_from(self, place: str) -> float:
        """The score, 1..5, from which a place calls something a like; see `heads_in`."""
        return _of_channel(self.discord.channel_like_from, place) or self.judging.like_from

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the file that `load` names."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _of_channel(chosen: Mapping[int, Choice], place: str) -> Choice | None:
    """What the settings say for a Discord channel, if the place is one."""
    platform, _, channel = place.partition(":")
    return chosen.get(int(channel)) if platform == "discord" else None


def load(file: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        file: the TOML file; by default `config.toml` in the working directory, which may be
            absent: every key has a default.

    Raises:
        SettingsError: one sentence a mistake, naming the key, the value and what is allowed.
    """
    if file is not None and not file.is_file():
        raise SettingsError(f"{file}: there is no such file.")
    path = file or Path("config.toml")

    _refuse_unknown_variables()

    class _FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return _FromFile()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        sentences = [_sentence(mistake, path) for mistake in error.errors()]
        raise SettingsError("\n".join(sentences)) from error


def _refuse_unknown_variables() -> None:
    """One `_` instead of two makes a variable that pydantic would silently leave alone."""
    known = set()
    for name, field in Settings.model_fields.items():
        section = getattr(field.annotation, "model_fields", None)
        known |= {f"HANTEI_{name}__{key}".upper() for key in section or ()} | {
            f"HANTEI_{name}".upper()
        }
    by_letters = {name.replace("_", ""): name for name in known}
    for variable in os.environ:
        upper = variable.upper()
        meant = by_letters.get(upper.replace("_", ""))
        if upper.startswith("HANTEI_") and meant is not None and upper != meant:
            raise SettingsError(f"{variable}: there is no such variable; {meant} is one.")


def _sentence(mistake: Any, path: Path) -> str:
    """One pydantic error in the operator's words. Values of secrets are left out."""
    key = ".".join(str(step) for step in mistake["loc"])
    where = _source(mistake["loc"], path)
    if mistake["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(mistake["loc"][:-1]))
        return f"{where}: there is no setting {key!r}; known here are: {known}."
    message = str(mistake["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if mistake["type"] == "value_error":
        return f"{where}: [{key}] {message}."
    secret = any(word in key for word in ("token", "password", "secret", "consumer_key"))
    value = "(hidden)" if secret else repr(mistake["input"])
    return f"{where}: {key} = {value} is not allowed: {message}."


def _source(loc: tuple[int | str, ...], path: Path) -> str:
    """The environment variable if one sets this key, else the file."""
    variable = "HANTEI_" + "__".join(str(step) for step in loc)
    match = next((name for name in os.environ if name.upper() == variable.upper()), None)
    return match or str(path)


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for step in loc:
        annotation = model.model_fields[str(step)].annotation
        assert isinstance(annotation, type)  # noqa: S101 - sections are plain classes
        model = annotation
    return sorted(model.model_fields)
