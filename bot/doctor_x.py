"""`python bot.py doctor x`: signs in to X, and says what is missing there and what it costs.

What it asks of X itself is not counted as spent: a cent, and a tenth of one for each mention that
waits, which X bills once a day whoever reads it.
"""

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from rich.console import Console
from yarl import URL

from bot.errors import HanteiError, SettingsError
from bot.findings import Finding, show
from bot.platforms.x_auth import Auth, auth_of
from bot.platforms.x_oauth2 import SCOPES, NotSignedIn, SignIn
from bot.platforms.x_sign_in import code_of
from bot.platforms.x_tokens import TokenFile
from bot.settings import Settings, X
from bot.store import Store
from bot.x_store import Spending

_NOTE_FROM = 0.8
"""Of the budget."""
_MOST_MENTIONS = 100
"""On one page, by X's rule."""
_CLOCK = 60.0
"""Seconds that clocks may differ; X refuses signatures that are some minutes off."""
_PATIENCE = aiohttp.ClientTimeout(total=30)

_CONSOLE = "https://console.x.com"
_READ_AND_WRITE = "User authentication settings → App permissions → Read and write"

_KEYS = f"""X needs an account for the bot, and an app, which is where its keys are from.

1. Make an account for the bot on X, and an app at {_CONSOLE} (Create App).
   Answers cost money there: buy some credits.
2. Open the app's User authentication settings:
     App permissions   Read and write
     Type of App       Web App, Automated App or Bot
     Callback URI      {{callback_url}}
     Website URL       a page that says who runs the bot
3. From Keys and tokens copy the Client ID and Client Secret of OAuth 2.0:
     HANTEI_X__CLIENT_ID=... HANTEI_X__CLIENT_SECRET=...
   and run `python bot.py doctor x` again: it signs in as the bot.

If the app belongs to the bot's own account, the four keys of OAuth 1.0a do as
well, copied after step 2, and nobody has to sign in:
     HANTEI_X__CONSUMER_KEY=... HANTEI_X__CONSUMER_SECRET=...
     HANTEI_X__ACCESS_TOKEN=... HANTEI_X__ACCESS_TOKEN_SECRET=...
"""

_SIGN_IN = f"""1. The app's User authentication settings ({_CONSOLE}) need this,
   letter by letter:
     App permissions   Read and write
     Callback URI      {{callback_url}}
2. Open this address in a browser that is signed in to X as the bot:
"""

_THEN = """
3. Press "Authorize app". The browser then comes back to this machine, and all
   goes on by itself. A browser on another machine says that it cannot reach
   {host}: copy the address that it shows, paste it here and press Enter,
   within 30 seconds.
"""


class _Refusal(SettingsError):
    """X said no; `mend` is what to do about it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class _Answer:
    """What X answered.

    Attributes:
        ahead: seconds by which X's clock is before this machine's.
    """

    status: int
    headers: Mapping[str, str]
    told: Mapping[str, Any]
    ahead: float


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the database knows of X; see `bot.x_store`."""

    cursor: int | None
    open: int
    spent: Sequence[Spending]


async def doctor_x(settings: Settings) -> int:
    """Walk an operator through it, in a terminal.

    Returns:
        0 if nothing is bad, else 1.
    """
    console = Console()
    worst = 0
    async for finding in _walk(settings, console):
        show(console, finding)
        worst = max(worst, finding.state == "bad")
    return int(worst)


async def check_x(settings: Settings) -> Finding:
    """Are the keys right, and may the account post?"""
    if not settings.x.configured:
        mend = "to run on X, `python bot.py doctor x` says where to get keys"
        return Finding("X", "note", "no keys, so X is off", mend)
    try:
        answer = await _ask_who(settings)
        access = _access(settings, answer)
    except (HanteiError, aiohttp.ClientError, OSError) as error:
        return _failure(settings.x, error)
    if access.state == "bad":
        return replace(access, about="X")
    return Finding("X", "good", f"signed in as @{answer.told['data']['username']}")


async def check_x_money(settings: Settings) -> Finding:
    """How much of the month's money is spent?"""
    if not settings.x.configured:
        return Finding("money for X", "good", "not used: X is off")
    try:
        kept = await _kept(settings)
    except SettingsError as error:
        return _failure(settings.x, error)
    return _money(settings.x, kept.spent, datetime.now(UTC))


# the walk


async def _walk(settings: Settings, console: Console) -> AsyncIterator[Finding]:
    x = settings.x
    if not x.configured:
        console.print(_KEYS.format(callback_url=x.callback_url), markup=False, highlight=False)
        yield Finding("keys", "bad", "there are none yet", "go through these steps")
        return
    yield _keys(x)
    try:
        answer = await _who(settings, console)
        account = answer.told["data"]
        name = f"@{account['username']}"
        yield Finding("account", "good", f"the bot is {name}, number {account['id']}")
        yield _access(settings, answer)
        yield _clock(answer)
        kept = await _kept(settings)
        yield await _waiting(settings, kept, str(account["id"]))
        yield _money(x, kept.spent, datetime.now(UTC))
    except (HanteiError, aiohttp.ClientError, OSError) as error:
        yield _failure(x, error)
        return
    yield Finding(
        "automated label",
        "note",
        f"X asks for a label on {name}, and for the name of who runs it in its profile",
        "on X, as the bot: Settings → Your account → Automation; then say there who runs it",
    )


def _keys(x: X) -> Finding:
    if x.signs_requests:
        found = "OAuth 1.0a, the four keys"
        mend = (
            'if X refuses pictures ("Your media IDs are invalid"), use OAuth 2 instead: '
            "x.client_id, without the four keys"
        )
        return Finding("keys", "good", found, mend)
    kind = "a public client" if x.client_secret is None else "a confidential client"
    return Finding("keys", "good", f"OAuth 2, {kind}")


async def _who(settings: Settings, console: Console) -> _Answer:
    """Ask X who the bot is; somebody signs in first if that is needed."""
    try:
        if lacking := _lacking(settings):
            raise NotSignedIn(f"the account did not allow {', '.join(lacking)}")  # noqa: TRY301
        return await _ask_who(settings)
    except NotSignedIn as why:
        console.print(f"{why.why[0].upper()}{why.why[1:]}.\n", markup=False, highlight=False)
    await _sign_in(settings, console)
    return await _ask_who(settings)


async def _sign_in(settings: Settings, console: Console) -> None:
    x = settings.x

    def say(words: str) -> None:
        # Lines that are wrapped by hand would be copied with their breaks.
        console.print(words, markup=False, highlight=False, soft_wrap=True)

    host = urlsplit(x.callback_url).hostname
    if host is None:
        raise SettingsError(
            f"x.callback_url = {x.callback_url!r}: write it with http:// or https://."
        )
    sign_in = SignIn(x)
    say(_SIGN_IN.format(callback_url=x.callback_url))
    say(sign_in.url)
    say(_THEN.format(host=host))
    tokens = await sign_in.tokens(await code_of(sign_in, x.callback_url, say))
    file = TokenFile(settings.store.data_dir)
    async with file.locked():
        file.write(tokens)
    say(f"Signed in. The tokens are in {file.path}, for its owner only.\n")


# asking X


async def _ask_who(settings: Settings) -> _Answer:
    answer = await _ask(settings, "/2/users/me", {})
    data = answer.told.get("data")
    if not isinstance(data, dict) or not {"id", "username"} <= set(data):
        raise _Refusal(f"{settings.x.api_url} does not answer as X does", "check x.api_url")
    return answer


async def _ask(settings: Settings, path: str, query: Mapping[str, str]) -> _Answer:
    """A GET as the account.

    Raises:
        NotSignedIn: somebody has to sign in.
        SettingsError: X does not do it.
        aiohttp.ClientError, OSError: X is not reached.
    """
    auth = auth_of(settings)
    url = f"{settings.x.api_url}{path}" + (f"?{urlencode(query)}" if query else "")
    try:
        answer = await _get(auth, url)
        if answer.status == 401 and await auth.renew():
            answer = await _get(auth, url)
    finally:
        await auth.close()
    if answer.status != 200:
        raise _refusal(settings.x, answer)
    return answer


async def _get(auth: Auth, url: str) -> _Answer:
    headers = await auth.headers("GET", url)
    async with (
        aiohttp.ClientSession(timeout=_PATIENCE) as session,
        session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as response,
    ):
        return _Answer(
            response.status, response.headers, _json(await response.text()), _ahead(response)
        )


def _json(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _ahead(response: aiohttp.ClientResponse) -> float:
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
    except (KeyError, ValueError):
        return 0.0


def _refusal(x: X, answer: _Answer) -> _Refusal:
    """X's statuses in an operator's words: https://docs.x.com/x-api/fundamentals/response-codes."""
    match answer.status:
        case 401 if x.signs_requests and (clock := _clock(answer)).mend:
            return _Refusal(f"X does not accept the signature; {clock.found}", clock.mend)
        case 401 if x.signs_requests:
            return _Refusal(
                "X does not accept the keys",
                f"copy all four again ({_CONSOLE}, Keys and tokens): a new one ends the old one",
            )
        case 401:
            return _Refusal(
                "X does not admit the account", "delete x_tokens.json and run this again"
            )
        case 402:
            return _Refusal("there are no credits left at X", f"buy some at {_CONSOLE}")
        case 403:
            return _Refusal(
                "the app may not do that",
                f"{_CONSOLE}: {_READ_AND_WRITE}; then, with OAuth 1.0a, generate the access token "
                "again; look there as well whether the app or the account is suspended",
            )
        case 429:
            return _Refusal("X takes no more requests for now", "try again in a quarter of an hour")
        case status if status >= 500:
            return _Refusal(f"X is broken at the moment (status {status})", "try again later")
        case status:
            return _Refusal(f"{x.api_url} answers with status {status}", "check x.api_url")


def _failure(x: X, error: Exception) -> Finding:
    if isinstance(error, HanteiError):
        return Finding("X", "bad", str(error), getattr(error, "mend", ""))
    found = f"{x.api_url} is not reached: {error or type(error).__name__}"
    return Finding("X", "bad", found, "check the network, and x.api_url")


# what the answers mean


def _lacking(settings: Settings) -> list[str]:
    """What somebody who signed in did not allow."""
    x = settings.x
    tokens = None if x.signs_requests else TokenFile(settings.store.data_dir).read()
    return [each for each in SCOPES if each not in tokens.scopes] if tokens else []


def _access(settings: Settings, answer: _Answer) -> Finding:
    if lacking := _lacking(settings):
        mend = f"{_CONSOLE}: {_READ_AND_WRITE}; then run `python bot.py doctor x` again"
        return Finding("access", "bad", f"the account did not allow {', '.join(lacking)}", mend)
    level = answer.headers.get("x-access-level", "")
    if settings.x.signs_requests and level == "read":
        mend = f"{_CONSOLE}: {_READ_AND_WRITE}; then generate the access token again and copy it"
        return Finding("access", "bad", "the keys are for reading only", mend)
    if settings.x.signs_requests and not level.startswith("read-write"):
        return Finding("access", "note", "X does not say whether the bot may post")
    return Finding("access", "good", "the bot may read, and post pictures")


def _clock(answer: _Answer) -> Finding:
    if abs(answer.ahead) <= _CLOCK:
        return Finding("clock", "good", "this machine's agrees with X's")
    which = "behind" if answer.ahead > 0 else "ahead of"
    found = f"this machine's clock is {abs(answer.ahead):.0f} s {which} X's"
    mend = "set it right (timedatectl set-ntp true): X refuses what was signed at another time"
    return Finding("clock", "note", found, mend)


async def _waiting(settings: Settings, kept: _Kept, account: str) -> Finding:
    """How many mentions wait; one page of them is read, which costs what it costs."""
    query = {"max_results": str(_MOST_MENTIONS)}
    if kept.cursor is not None:
        query["since_id"] = str(kept.cursor)
    answer = await _ask(settings, f"/2/users/{account}/mentions", query)
    meta = answer.told.get("meta") or {}
    new = int(meta.get("result_count", 0))
    number = f"{new + kept.open}{' or more' if 'next_token' in meta else ''}"
    if not new + kept.open:
        return Finding("mentions", "good", "none waits")
    if kept.cursor is not None:
        return Finding("mentions", "good", f"{number} wait for an answer")
    if not settings.x.answer_waiting:
        return Finding("mentions", "good", f"{number} wait, and are left alone (x.answer_waiting)")
    mend = "set x.answer_waiting = false to answer only those that come after it"
    return Finding("mentions", "note", f"{number} wait: the first start answers them", mend)


# money


async def _kept(settings: Settings) -> _Kept:
    month = datetime.now(UTC).strftime("%Y-%m")
    try:
        async with Store(settings.store.data_dir) as store:
            return _Kept(await store.x.cursor(), await store.x.open(), await store.x.spent(month))
    except Exception as error:
        raise _Refusal(
            f"the database does not open: {error}", "see `python bot.py doctor`"
        ) from error


def _money(x: X, spent: Sequence[Spending], now: datetime) -> Finding:
    """What was spent this month, and when it ends.

    Args:
        now: in UTC.
    """
    total, budget = sum(each.dollars for each in spent), x.monthly_budget
    kinds = ", ".join(f"{each.number} {each.kind} ${each.dollars:.2f}" for each in spent)
    found = f"${total:.2f} of ${budget:.2f} spent in {now:%B %Y}" + (f" ({kinds})" if kinds else "")
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=31)).replace(day=1)
    if total >= budget or budget - total < x.prices.reply:
        mend = f"raise x.monthly_budget; else nothing is answered before 1 {end:%B} (UTC)"
        return Finding("money for X", "bad", found, mend)
    gone = now - begin
    until = begin + gone * (budget / total) if total else end
    if until < end and gone >= timedelta(days=1):
        found += f"; at this pace it is spent on {until.day} {until:%B}"
    if total >= _NOTE_FROM * budget:
        mend = "the bot looks for mentions less often from here on; raise x.monthly_budget"
        return Finding("money for X", "note", found, mend)
    return Finding("money for X", "good", found)
