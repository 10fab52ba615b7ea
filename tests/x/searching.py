"""The part of X's search language that tests use: words, phrases, operators, OR, brackets, -."""

import re
from collections.abc import Callable

from tests.x.problems import Problem, invalid
from tests.x.world import Post, World

Test = Callable[[Post], bool]
_TOKEN = re.compile(r'\(|\)|-?[a-z_]+:"[^"]*"|-?"[^"]*"|[^\s()]+')


def matcher(world: World, query: str) -> Test:
    """Whether a post is found by `query`.

    Raises:
        Problem: 400, the query does not follow the language.
    """
    tokens = _TOKEN.findall(query)
    found, rest = _either(world, tokens)
    if rest:
        raise _mistake(query)
    return found


def _either(world: World, tokens: list[str]) -> tuple[Test, list[str]]:
    test, rest = _all(world, tokens)
    tests = [test]
    while rest[:1] == ["OR"]:
        test, rest = _all(world, rest[1:])
        tests.append(test)
    return (lambda post: any(each(post) for each in tests)), rest


def _all(world: World, tokens: list[str]) -> tuple[Test, list[str]]:
    tests: list[Test] = []
    while tokens and tokens[0] not in (")", "OR"):
        test, tokens = _one(world, tokens)
        tests.append(test)
    if not tests:
        raise _mistake(" ".join(tokens))
    return (lambda post: all(each(post) for each in tests)), tokens


def _one(world: World, tokens: list[str]) -> tuple[Test, list[str]]:
    token, rest = tokens[0], tokens[1:]
    if token in ("(", "-") and (token == "(" or rest[:1] == ["("]):
        inner, after = _either(world, rest if token == "(" else rest[1:])
        if after[:1] != [")"]:
            raise _mistake("(")
        return (_not(inner) if token == "-" else inner), after[1:]
    if token.startswith("-") and len(token) > 1:
        return _not(_term(world, token[1:])), rest
    return _term(world, token), rest


def _term(world: World, token: str) -> Test:
    if token.startswith('"'):
        return lambda post: token.strip('"').lower() in post.text.lower()
    name, colon, value = token.partition(":")
    if colon and (name, value) in _FLAGS:
        return _FLAGS[name, value]
    value = value.strip('"')
    if colon and name in ("from", "to", "conversation_id", "lang", "url"):
        return lambda post: _operator(world, name, value.lower(), post)
    if colon and not value.startswith("//"):
        raise _mistake(token)
    wanted = token.lower()
    if wanted.startswith(("#", "@")):
        return lambda post: _tagged(post, wanted)
    return lambda post: wanted in post.text.lower()


_FLAGS: dict[tuple[str, str], Test] = {
    ("has", "images"): lambda post: bool(post.media),
    ("has", "media"): lambda post: bool(post.media),
    ("has", "links"): lambda post: bool(post.entities.get("urls")),
    ("has", "mentions"): lambda post: bool(post.entities.get("mentions")),
    ("has", "hashtags"): lambda post: bool(post.entities.get("hashtags")),
    ("is", "retweet"): lambda post: post.reposts is not None,
    ("is", "reply"): lambda post: post.reply_to is not None,
    ("is", "quote"): lambda post: post.quotes is not None,
}


def _operator(world: World, name: str, value: str, post: Post) -> bool:
    if name == "from":
        return value.removeprefix("@") in (post.author.username.lower(), post.author.id)
    if name == "to":
        answered = world.users.get(post.reply_to_user or "")
        return answered is not None and value in (answered.username.lower(), answered.id)
    if name == "conversation_id":
        return post.conversation_id == value
    if name == "url":
        return any(value in each["expanded_url"].lower() for each in post.entities.get("urls", ()))
    return post.lang == value


def _tagged(post: Post, wanted: str) -> bool:
    kind, key = ("hashtags", "tag") if wanted[0] == "#" else ("mentions", "username")
    return any(each[key].lower() == wanted[1:] for each in post.entities.get(kind, ()))


def _not(test: Test) -> Test:
    return lambda post: not test(post)


def _mistake(token: str) -> Problem:
    return invalid(f"There were errors processing your request: no viable alternative at '{token}'")
